// The sheet that slides over the page: one trust or one identity, with everything that was found about it.

let opener = null;

function showSheet() {
  const sheet = at("sheet");
  if (!state.open) {
    if (sheet.open) sheet.close();
    return;
  }
  const subject = state.open.finding ? SUBJECTS[state.open.finding.subject] : state.open.subject;
  sheet.replaceChildren(...sheetParts(subject));
  if (!sheet.open) {
    opener = document.activeElement;
    sheet.showModal();
  }
  sheet.scrollTop = 0;
  const wanted = state.open.finding && at("finding-" + state.open.finding.id);
  if (wanted) {
    wanted.open = true;
    if (subject.trust || subject.findings.length > 1) wanted.scrollIntoView({ block: "start" });
  }
  (wanted ? wanted.querySelector("summary") : at("sheet-title")).focus({ preventScroll: true });
}

function closeSheet() {
  if (!state.open) return;
  const back = opener;
  change({ open: null }, true);
  if (back && back.isConnected) back.focus();
}

function sheetParts(subject) {
  const identity = subject.trust ? SUBJECTS[subject.identity] : subject;
  const about = detail(subject.place);
  const [before, after] = [neighbour(-1), neighbour(1)];
  const step = (text, target) => h("button", {
    type: "button", class: "quiet", disabled: !target, onclick: () => change({ open: target }),
  }, text);
  const made = [h("div", { class: "sheet-bar" },
    h("p", { class: "crumbs" }, subject.provider ? [cloudName(cloudOf(subject)), " / ", breakable(subject.scope), " / ", subject.kind] : "the audit itself"),
    h("div", { class: "sheet-buttons" }, before || after ? [step("← Previous", before), step("Next →", after)] : null,
      h("button", { type: "button", class: "quiet", onclick: closeSheet }, "Close")))];
  made.push(h("h2", { id: "sheet-title", tabindex: "-1" }, breakable(titleOf(subject))));
  if (subject.trust) made.push(...trustParts(subject, identity, about));
  else made.push(...identityParts(subject, about));
  return made;
}

function titleOf(subject) {
  if (subject.trust) return subject.statement;
  if (subject.name) return subject.name;
  return subject.findings.length ? subject.findings[0].title : "Nothing is known of this";
}

function trustParts(trust, identity, about) {
  const behind = detail(identity.place);
  return [
    h("p", { class: "tags" }, reachTag(trust.reach), powerTag(trust.power), trust.badness ? severityTag(SEVERITIES[SEVERITIES.length - trust.badness]) : null),
    trust.then ? h("p", { class: "then" }, "Who gets in may " + trust.then + ".") : null,
    part("Whom it lets in",
      about.boxes.length ? chips(about.boxes) : h("p", { class: "muted" }, trust.dead ? "Nobody: no token gets in." : "That is not known."),
      about.boxes_in_all > about.boxes.length ? h("p", { class: "muted" }, "and " + number(about.boxes_in_all - about.boxes.length) + " more ways, in the JSON report") : null,
      about.whole ? null : h("p", { class: "muted" }, "At most: something about it is not known.")),
    part("Who was tried", matrix(about.classes, about.tokens, about.texts)),
    trust.findings.length ? part(counted(trust.findings.length, "finding"), findingsOf(trust, about)) : null,
    part("What is written", about.excerpts.map((one) => excerpt(one, trust.findings)), missing(about)),
    part("What " + identity.name + " may then do", power(behind.power, identity),
      identity.findings.length ? [h("h4", {}, "Found about " + identity.name), findingsOf(identity, behind)] : null,
      h("p", {}, h("a", { href: opened(null, identity), "data-open": "subject", "data-place": identity.place }, "All about " + identity.name))),
    part("Names", facts([
      ["Identity", trust.resource], ["Issuer", about.issuer], ["By way of", about.via], ["Member", about.member],
      ["Audiences", about.audiences === null ? null : about.audiences.join(", ") || "none is registered"], ["Link", trust.id],
    ])),
  ];
}

function identityParts(subject, about) {
  return [
    subject.power ? h("p", { class: "tags" }, powerTag(subject.power)) : null,
    subject.findings.length ? part(counted(subject.findings.length, "finding"), findingsOf(subject, about)) : null,
    about.power ? part("What it may do", power(about.power, subject)) : null,
    subject.trusts.length ? part("Who becomes it", h("ul", { class: "ways-in" }, subject.trusts.slice().sort(worse).map((trust) =>
      h("li", {}, h("a", { class: "row", href: opened(null, trust), "data-open": "subject", "data-place": trust.place },
        h("span", { class: "lead" }, reachTag(trust.reach)), h("span", { class: "what" }, breakable(trust.statement))))))) : null,
    about.excerpts.length || about.missing.length
      ? part("What is written", about.excerpts.map((one) => excerpt(one, subject.findings)), missing(about)) : null,
    subject.resource ? part("Names", facts([["Identity", subject.resource], ["Kind", subject.kind], ["Link", subject.id]])) : null,
  ];
}

function part(title, ...children) {
  return h("section", { class: "part" }, h("h3", {}, title), children);
}

function missing(about) {
  return about.missing.length ? h("p", { class: "muted" }, "Not part of this report: ", about.missing.map((name, index) => [index ? ", " : "", h("code", {}, breakable(name))])) : null;
}

function facts(pairs) {
  return h("dl", { class: "facts" }, pairs.filter((pair) => pair[1]).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, breakable(value)))));
}

// The first one is open, and whichever the address names.
function findingsOf(subject, about) {
  return h("div", { class: "found" }, subject.findings.map((finding, index) => {
    const more = about.findings[finding.number];
    return h("details", { class: "finding", id: "finding-" + finding.id, open: index === 0 && finding.status !== "waived" },
      h("summary", {}, severityTag(finding.severity, finding.status), h("span", { class: "title" }, breakable(finding.title)), h("code", {}, finding.rule.id)),
      h("div", { class: "finding-body" },
        more.waived ? h("p", { class: "waived" }, h("strong", {}, "Waived: "), more.waived) : null,
        finding.confidence === "high" ? null : h("p", { class: "muted" }, "Confidence " + finding.confidence + "."),
        finding.news ? h("p", { class: "muted" }, finding.news === "known" ? "The baseline has it too." : "The baseline does not have it.") : null,
        more.detail ? h("p", {}, breakable(more.detail)) : null,
        more.token === undefined ? null : disclosed(subjectOf(about.tokens[more.token], about.texts), () => tokenTable(about.tokens[more.token], about.texts)),
        more.fix ? changesOf(more.fix) : null,
        more.places.length ? disclosed(counted(more.places_in_all, "place"), () => h("ul", { class: "places" },
          more.places.map((place) => h("li", {}, h("code", {}, breakable(place)))),
          more.places_in_all > more.places.length ? h("li", {}, "and " + number(more.places_in_all - more.places.length) + " more") : null)) : null,
        finding.rule.sections.length ? disclosed("About this rule: " + finding.rule.summary, () => ruleText(finding.rule)) : null,
        h("p", { class: "permalink" }, h("a", { href: opened(finding), "data-open": "finding", "data-place": finding.place }, "Link to this finding"))));
  }));
}
