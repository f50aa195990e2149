// Pieces of what is shown of one trust: chips, the table of classes, tokens, changes, source documents.

function chips(boxes) {
  return h("ul", { class: "boxes" }, boxes.map((box) => h("li", { class: "box" }, h("ul", {}, box.map(([name, label, values, all]) =>
    h("li", { class: "extent extent-" + label },
      h("span", { class: "dimension" }, name),
      label === "any" ? h("span", { class: "value" }, "any") : values.map((value) => h("span", { class: "value" }, value === "" ? "(empty)" : breakable(value))),
      label === "pattern" ? h("span", { class: "note" }, "pattern") : null,
      all > values.length ? h("span", { class: "note" }, "and " + number(all - values.length) + " more") : null))))));
}

const RESULTS = {
  accepted: { word: "gets in", glyph: "▲" },
  rejected: { word: "kept out", glyph: "✓" },
  unknown: { word: "not known", glyph: "?" },
};

// For "anybody at all" getting in is as it should be: a trust that lets nobody in is dead.
function tone(name, result) {
  if (name === "reachable") return result === "accepted" ? "plain" : result === "rejected" ? "dead" : "unknown";
  return result;
}

function matrix(classes, tokens, texts) {
  return h("table", { class: "matrix" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Who tries"), h("th", { scope: "col" }, "Result"), h("th", { scope: "col" }, "Proof"))),
    h("tbody", {}, classes.map(([name, result, token, reason]) => h("tr", { class: "result-" + tone(name, result) },
      h("th", { scope: "row" }, CLASSES[name] || name, h("code", {}, name)),
      h("td", {}, h("span", { class: "result" }, h("span", { class: "glyph", "aria-hidden": "true" }, RESULTS[result].glyph), RESULTS[result].word)),
      h("td", {},
        reason ? h("p", {}, result === "rejected" ? "given that " + reason : reason) : null,
        token === null ? (reason || result !== "rejected" ? null : h("p", { class: "muted" }, "No such token gets in."))
          : disclosed(subjectOf(tokens[token], texts), () => tokenTable(tokens[token], texts)))))));
}

function subjectOf(token, texts) {
  for (let at = 0; at < token.claims.length; at += 2) {
    if (texts[token.claims[at]] === "sub") return h("span", {}, "sub = ", h("code", {}, breakable(texts[token.claims[at + 1]])));
  }
  return "a token";
}

// A summary whose content is made when it is first opened.
function disclosed(summary, content) {
  const box = h("details", {}, h("summary", {}, summary));
  box.addEventListener("toggle", () => {
    if (box.open && box.children.length === 1) box.append(content());
  });
  return box;
}

function tokenTable(token, texts) {
  const rows = [];
  for (let at = 0; at < token.claims.length; at += 2) {
    const read = at / 2 < token.read;
    rows.push(h("tr", { class: read ? "read" : null },
      h("th", { scope: "row" }, breakable(texts[token.claims[at]])), h("td", {}, breakable(texts[token.claims[at + 1]]))));
  }
  return h("div", { class: "token" },
    h("p", { class: "muted" }, "A token that gets in. The claims in bold are those by which this is decided."),
    h("table", {}, h("tbody", {}, rows)));
}

function changesOf(fix) {
  const made = [h("p", { class: "advice" }, h("strong", {}, "Instead: "), fix.summary)];
  if (!fix.changes.length) return made;
  const names = { "-": "goes", "+": "comes", " ": null, "…": null };
  const classes = { "-": "minus", "+": "plus", "…": "skip" };
  made.push(h("div", { class: "code diff", role: "region", "aria-label": "Before and after", tabindex: "0" }, fix.changes.map(([mark, line]) =>
    h("div", { class: "line " + (classes[mark] || "") },
      h("span", { class: "gutter" }, mark === " " ? "" : mark === "-" ? "−" : mark, names[mark] ? h("span", { class: "unseen" }, names[mark]) : null),
      codeText(line, line || " ")))));
  return made;
}

// What does not fit on a line goes on below its own beginning.
function codeText(line, ...children) {
  const text = h("span", { class: "text" }, children);
  text.style.setProperty("--hang", Math.min(line.length - line.trimStart().length, 24) + 2 + "ch");
  return text;
}

// A document with the lines that findings point at; the names of those findings stand behind their first line.
function excerpt(source, findings) {
  const guilty = new Map();
  const spans = new Map();
  for (const [index, first, last, begin, end] of source.marks) {
    for (let line = first; line <= last; line += 1) {
      if (!guilty.has(line)) guilty.set(line, { granted: true });
      if (index !== null) guilty.get(line).granted = false;
    }
    if (index !== null) {
      const head = guilty.get(first);
      head.names = (head.names || new Set()).add(findings[index].rule.id);
      if (begin !== null) spans.set(first, [...(spans.get(first) || []), [begin, end]]);
    }
  }
  const lines = source.lines.map((line, index) => {
    const mark = guilty.get(index);
    return h("div", { class: "line" + (mark ? (mark.granted ? " granted" : " guilty") : "") },
      h("span", { class: "gutter", "aria-hidden": "true" }, String(index + 1)),
      codeText(line, mark && !mark.granted ? h("span", { class: "unseen" }, "guilty line: ") : null, marked(line, spans.get(index))),
      mark && mark.names ? h("span", { class: "names" }, [...mark.names].join(", ")) : null);
  });
  return h("figure", { class: "source" },
    h("figcaption", {}, h("code", {}, breakable(source.document)), source.pointer ? h("code", { class: "pointer" }, breakable(source.pointer)) : null),
    h("div", { class: "code", role: "region", "aria-label": "Source document", tabindex: "0" }, lines));
}

// Parts of a line are marked where they do not overlap.
function marked(line, spans) {
  if (!spans) return line;
  const made = [];
  let from = 0;
  for (const [begin, end] of spans.sort((a, b) => a[0] - b[0])) {
    if (begin < from) continue;
    made.push(line.slice(from, begin), h("mark", {}, line.slice(begin, end)));
    from = end;
  }
  made.push(line.slice(from));
  return made;
}

function power(one, subject) {
  if (!one) return [h("p", { class: "muted" }, "What it may do was not looked at.")];
  const made = [h("p", { class: "sentence" }, powerTag(one.level), h("span", {}, "It may " + one.words + ".")),
    one.level === "none" ? null
      : h("p", { class: "muted" }, one.certain ? "The documents prove it." : "That is the most that the documents leave open; not all of it is certain.")];
  if (one.hops.length) {
    made.push(h("h4", {}, "The way there"), h("ol", { class: "way" }, one.hops.map((hop) => h("li", {}, breakable(hop)))));
  }
  if (one.capabilities.length) {
    const all = one.capabilities_in_all;
    const list = () => h("ul", { class: "capabilities" }, one.capabilities.map((item) => h("li", {},
      powerTag(item.level, true), h("span", {}, h("span", { class: "does" }, item.what), item.doubt ? ", if " + item.doubt : "",
        h("span", { class: "meta" }, item.permissions.map((permission, index) => [index ? ", " : "", h("code", {}, breakable(permission))]),
          " on ", h("code", {}, breakable(item.scope)))))),
    all > one.capabilities.length ? h("li", { class: "muted" }, "and " + number(all - one.capabilities.length) + " more, in the JSON report") : null);
    made.push(all > 4 ? disclosed("What " + subject.name + " may do by itself: " + number(all) + " things that count", list) : list());
  }
  if (one.gaps.length) {
    made.push(h("h4", {}, "Not known"), h("ul", { class: "gaps" }, one.gaps.map((gap) => h("li", {}, breakable(gap)))));
  }
  return made;
}

function ruleText(rule) {
  const made = rule.sections.map(([heading, text]) => [h("h4", {}, heading), prose(text)]);
  const links = rule.references.filter((url) => url.startsWith("https://"));
  if (links.length) {
    made.push(h("h4", {}, "References"), h("ul", {}, links.map((url) =>
      h("li", {}, h("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, breakable(url))))));
  }
  if (rule.controls.length) {
    made.push(h("h4", {}, "Controls"), h("ul", { class: "controls" }, rule.controls.map(([framework, control]) => h("li", {}, framework + ": " + control))));
  }
  return h("div", { class: "prose" }, made);
}

// Paragraphs; what is indented is code, and what stands between back quotes too.
function prose(text) {
  return text.split(/\n\s*\n/).map((part) => (/^ {4}/.test(part)
    ? h("pre", {}, part.replace(/^ {4}/gm, ""))
    : h("p", {}, part.split("`").map((piece, index) => (index % 2 ? h("code", {}, piece) : piece)))));
}
