// The first screen: the verdict, what was read, and how bad it is where.

const MOST_GAPS = 6;
const MOST_ROWS = 400;

function moment(text) {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return text;
  return time.toISOString().slice(0, 16).replace("T", " ") + " UTC";
}

function showOverview() {
  const { verdict, tool } = HEAD;
  document.body.dataset.tone = verdict.tone;
  const [point, rest] = split(verdict.headline.replace(/(\d) /g, "$1\u00a0"), ": ");
  put("headline", h("span", { class: "point" }, rest ? point + ": " : point), rest);
  put("lead", verdict.detail, HEAD.comparison ? " " + HEAD.comparison : "");
  put("about", "as of ", h("time", { datetime: HEAD.finished }, moment(HEAD.finished)));
  put("colophon", tool.name + " " + tool.version + ". Everything on this page is in this one file; it loads nothing.");
  put("coverage", coverage());
  put("severity", severityTable());
}

function coverage() {
  const rows = HEAD.coverage;
  const made = [];
  const gaps = HEAD.gaps.filter((gap) => gap[0] === "not-read");
  const undecided = HEAD.summary.undecided;
  const complete = HEAD.summary.coverage_complete;
  made.push(h("p", { class: "state " + (complete ? "state-good" : "state-bad") },
    h("span", { class: "glyph", "aria-hidden": "true" }, complete ? "✓" : "!"),
    complete ? "Everything that was asked for was read." : rows.length
      ? "Incomplete: what was not read may hold anything." : "Nothing was read."));
  if (gaps.length && rows.length) {
    const listed = gaps.map((gap) => h("li", {}, gap[2], gap[3] ? ": " + gap[3] : "",
      gap[4] ? h("span", { class: "needs" }, "needs ", h("code", {}, breakable(gap[4]))) : null));
    made.push(h("ul", { class: "gaps" }, listed.slice(0, MOST_GAPS)));
    if (listed.length > MOST_GAPS) {
      made.push(h("details", {}, h("summary", {}, "and " + number(listed.length - MOST_GAPS) + " more"),
        h("ul", { class: "gaps" }, listed.slice(MOST_GAPS, MOST_ROWS), tooMany(listed.length))));
    }
  }
  if (undecided) {
    made.push(h("p", { class: "muted" }, counted(undecided, "trust") + " not decided in every respect: ",
      h("a", { href: address({ tab: "trusts", filters: { undecided: "yes" } }), class: "jump" }, "see which"), "."));
  }
  if (HEAD.summary.errors) {
    made.push(h("p", { class: "muted" }, counted(HEAD.summary.errors, "check") + " failed, which is no pass: ",
      h("a", { href: address({ tab: "findings", filters: { status: "error" } }), class: "jump" }, "see which"), "."));
  }
  if (rows.length) made.push(h("ul", { class: "reading" }, [...new Set(rows.map((row) => row[0]))].map((cloud) => readingOf(cloud, rows))), ledger(rows));
  return made;
}

function readingOf(cloud, rows) {
  const here = rows.filter((row) => row[0] === cloud);
  const missed = here.filter((row) => row[6]).length;
  const read = here.filter((row) => row[3] === "read").length;
  const skipped = here.filter((row) => row[3] === "skipped").length;
  const scopes = new Set(here.map((row) => row[1])).size;
  return h("li", { class: missed ? "missed" : null }, h("span", {}, cloudName(cloud)),
    h("span", { class: missed ? null : "muted" }, missed ? number(missed) + " of " + number(read + missed) + " not read"
      : read ? "all " + number(read) + " read, " + counted(scopes, "scope") + (skipped ? ", " + number(skipped) + " passed over" : "") : "passed over"));
}

function tooMany(count) {
  return count > MOST_ROWS ? h("li", {}, number(count - MOST_ROWS) + " more are in the JSON report") : null;
}

// Written when somebody opens it.
function ledger(rows) {
  const box = h("details", {}, h("summary", {}, "The whole ledger"));
  box.addEventListener("toggle", () => {
    if (!box.open || box.querySelector("table")) return;
    const body = rows.slice(0, MOST_ROWS).map((row) => h("tr", { class: row[6] ? "missed" : null },
      h("td", {}, cloudName(row[0])), h("td", {}, breakable(row[1])), h("td", {}, breakable(row[2])),
      h("td", {}, row[3], row[4] ? ": " + row[4] : "", row[5] ? h("span", { class: "needs" }, "needs ", h("code", {}, breakable(row[5]))) : null)));
    box.append(h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Coverage ledger" },
      h("table", { class: "ledger" },
        h("thead", {}, h("tr", {}, ["cloud", "scope", "documents", "state"].map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, body))));
    if (rows.length > MOST_ROWS) box.append(h("p", { class: "muted" }, number(rows.length - MOST_ROWS) + " more rows are in the JSON report."));
  });
  return box;
}

function severityTable() {
  const counts = new Map(CLOUDS.map((cloud) => [cloud, Object.fromEntries(SEVERITIES.map((one) => [one, 0]))]));
  for (const finding of FINDINGS) {
    if (finding.status === "open") counts.get(cloudOf(SUBJECTS[finding.subject]))[finding.severity] += 1;
  }
  const trusts = new Map(CLOUDS.map((cloud) => [cloud, 0]));
  for (const trust of TRUSTS) trusts.set(cloudOf(trust), trusts.get(cloudOf(trust)) + 1);
  const most = Math.max(1, ...[...counts.values()].map((row) => SEVERITIES.reduce((sum, one) => sum + row[one], 0)));
  const body = CLOUDS.map((cloud) => {
    const row = counts.get(cloud);
    return h("tr", {},
      h("th", { scope: "row" }, cloudName(cloud), h("span", { class: "muted trusts" }, counted(trusts.get(cloud), "trust"))),
      SEVERITIES.map((severity) => h("td", {}, severityCell(cloud, severity, row[severity]))),
      h("td", { class: "share" }, proportions(row, most)));
  });
  return [
    h("div", { class: "scroll" }, h("table", { class: "severity" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, h("span", { class: "unseen" }, "cloud")),
        SEVERITIES.map((severity) => h("th", { scope: "col" }, severityTag(severity))),
        h("td", { class: "share", "aria-hidden": "true" }))),
      h("tbody", {}, body, CLOUDS.length ? null : h("tr", {}, h("td", { colspan: SEVERITIES.length + 1, class: "muted" }, "Nothing was read."))))),
    h("p", { class: "muted" }, totals()),
  ];
}

function totals() {
  const { by_severity: severities, waived } = HEAD.summary;
  const open = SEVERITIES.reduce((sum, one) => sum + severities[one], 0);
  return counted(open, "open finding") + (waived ? ", " + counted(waived, "waived one") + " beside them" : "") + ".";
}

function severityCell(cloud, severity, count) {
  if (!count) return h("span", { class: "zero" }, "0");
  return h("a", {
    class: "number jump sev-" + severity,
    href: address({ tab: "findings", filters: { cloud, severity, status: "open" } }),
    "aria-label": counted(count, severity + " finding") + " in " + cloudName(cloud),
  }, number(count));
}

// How the findings of one cloud divide, at the scale of the cloud that has most.
function proportions(row, most) {
  const bar = svg("svg", { class: "proportions", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" });
  let from = 0;
  for (const severity of SEVERITIES) {
    const width = (100 * row[severity]) / most;
    if (width) bar.append(svg("rect", { class: "fill-" + severity, x: from, y: 0, width: Math.max(width - 0.4, 0.4), height: 6 }));
    from += width;
  }
  return bar;
}
