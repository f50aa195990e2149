// The list of findings or trusts, its filters and its tabs. Rows are written as somebody scrolls, a screenful at a time.

const BATCH = 60;

const CHOICES = {
  cloud: { label: "Cloud", values: () => CLOUDS, name: cloudName },
  severity: { label: "Severity", least: 1, values: () => SEVERITIES.filter((one) => FINDINGS.some((finding) => finding.severity === one)) },
  rule: { label: "Rule", values: () => HEAD.rules.map((rule) => rule.id).sort() },
  status: { label: "Status", values: () => Object.keys(STATUSES).filter((one) => FINDINGS.some((finding) => finding.status === one)), name: (one) => STATUSES[one] },
  news: { label: "News", least: 1, values: () => ["new", "known"].filter((one) => FINDINGS.some((finding) => finding.news === one)) },
  reach: { label: "Width", values: () => REACHES.filter((one) => TRUSTS.some((trust) => trust.reach === one)), name: (one) => REACH[one].short },
  power: { label: "Power", values: () => POWERS.filter((one) => SUBJECTS.some((subject) => subject.power === one)), name: (one) => POWER_WORDS[one] },
};

// Filters without a control of their own: they come from the picture, and are shown as chips to take away.
const CHIPS = {
  issuer: (url) => "issuer: " + ((HEAD.issuers.find((one) => one[0] === url) || [url, url])[1]),
  origin: (name) => "lets in: " + name,
  scope: (name) => "scope: " + name,
  undecided: () => "not decided in every respect",
};

let listed = [];
let written = 0;
let shown = null;

function showControls() {
  put("tabs", Object.entries(TABS).map(([tab, name]) => h("button", {
    type: "button", role: "tab", id: "tab-" + tab, "aria-controls": "rows", "data-tab": tab,
    onclick: () => change({ tab }),
    onkeydown: (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      const next = tab === "findings" ? "trusts" : "findings";
      change({ tab: next });
      at("tab-" + next).focus();
    },
  }, name, h("span", { class: "many" }, number(tab === "findings" ? FINDINGS.length : TRUSTS.length)))));
  const search = h("input", {
    type: "search", id: "q", placeholder: "Search names, rules, repositories …", autocomplete: "off", spellcheck: "false",
    "aria-label": "Search", "aria-keyshortcuts": "/", oninput: (event) => filter("q", event.target.value), onchange: (event) => filter("q", event.target.value),
  });
  const selects = Object.entries(CHOICES).map(([name, choice]) => {
    const values = choice.values();
    if (values.length < (choice.least || 2)) return null;
    return h("label", { class: "choice" }, h("span", { class: "unseen" }, choice.label),
      h("select", { id: "by-" + name, "data-filter": name, onchange: (event) => filter(name, event.target.value) },
        h("option", { value: "" }, choice.label),
        values.map((value) => h("option", { value }, choice.name ? choice.name(value) : value))));
  });
  const form = put("filters", search, selects);
  form.addEventListener("submit", (event) => event.preventDefault());
  new IntersectionObserver((seen) => {
    if (seen.some((one) => one.isIntersecting)) writeMore();
  }, { rootMargin: "800px" }).observe(put("rows-end"));
}

// Opening something leaves the list as it is, with its place and its focus.
function showList() {
  const wanted = address({ open: null });
  if (wanted === shown) return;
  shown = wanted;
  for (const tab of Object.keys(TABS)) {
    at("tab-" + tab).setAttribute("aria-selected", String(tab === state.tab));
    at("tab-" + tab).tabIndex = tab === state.tab ? 0 : -1;
  }
  at("rows").setAttribute("aria-labelledby", "tab-" + state.tab);
  const search = at("q");
  if (search.value !== (state.filters.q || "")) search.value = state.filters.q || "";
  for (const select of document.querySelectorAll("[data-filter]")) {
    const value = state.filters[select.dataset.filter] || "";
    select.value = value;
    select.classList.toggle("set", Boolean(value));
  }
  const chips = Object.entries(CHIPS).filter(([name]) => state.filters[name]).map(([name, say]) =>
    h("button", { type: "button", class: "chip", onclick: () => filter(name, "") },
      say(state.filters[name]), h("span", { "aria-hidden": "true" }, "×"), h("span", { class: "unseen" }, "take this filter away")));
  const anything = Object.keys(state.filters).length > 0;
  put("chosen", chips, anything ? h("button", { type: "button", class: "chip clear", onclick: () => change({ filters: {} }) }, "Show all") : null);
  listed = selection(state.tab, state.filters);
  const whole = state.tab === "findings" ? FINDINGS.length : TRUSTS.length;
  const noun = state.tab === "findings" ? "finding" : "trust";
  put("count", listed.length === whole ? counted(whole, noun) + (whole ? ", worst first" : "") : number(listed.length) + " of " + counted(whole, noun));
  written = 0;
  put("rows", listed.length ? null : h("p", { class: "nothing" }, anything ? "Nothing here matches." : nothingAtAll()));
  writeMore();
}

function nothingAtAll() {
  return HEAD.summary.coverage_complete ? "There is nothing to show." : "There is nothing to show, but not everything was read: see the coverage above.";
}

function writeMore() {
  const more = listed.slice(written, written + BATCH);
  if (more.length) {
    const rows = at("rows");
    let group = rows.lastElementChild;
    for (const item of more) {
      const heading = headingOf(item);
      if (!group || group.dataset.heading !== heading) {
        group = h("section", { class: "group", "data-heading": heading }, h("h3", {}, heading), h("ol", {}));
        rows.append(group);
      }
      group.lastElementChild.append(h("li", {}, item.severity ? findingRow(item) : trustRow(item)));
    }
    written += more.length;
  }
  put("rows-end", written < listed.length
    ? h("button", { type: "button", class: "quiet", onclick: writeMore }, number(listed.length - written) + " more") : null);
}

function headingOf(item) {
  if (!item.severity) return item.badness ? "Worst finding: " + SEVERITIES[SEVERITIES.length - item.badness] : "Without a finding of their own";
  if (item.status === "error") return "Failed checks, which are no passes";
  if (item.status === "waived") return "Waived";
  return item.severity[0].toUpperCase() + item.severity.slice(1);
}

function findingRow(finding) {
  const subject = SUBJECTS[finding.subject];
  return h("a", { class: "row row-finding", href: opened(finding), "data-open": "finding", "data-place": finding.place },
    h("span", { class: "lead" }, severityTag(finding.severity, finding.status)),
    h("span", { class: "what" },
      h("span", { class: "title" }, breakable(finding.title)),
      h("span", { class: "meta" }, h("code", {}, finding.rule.id), finding.news ? h("strong", {}, finding.news) : null, where(subject),
        finding.confidence === "high" ? null : h("span", {}, "confidence " + finding.confidence))),
    h("span", { class: "end" }, subject.power ? powerTag(subject.power, true) : null));
}

function trustRow(trust) {
  return h("a", { class: "row", href: opened(null, trust), "data-open": "subject", "data-place": trust.place },
    h("span", { class: "lead" }, reachTag(trust.reach)),
    h("span", { class: "what" },
      h("span", { class: "title" }, breakable(trust.statement)),
      h("span", { class: "meta" }, where(trust), trust.undecided ? h("span", {}, "not decided in every respect") : null)),
    h("span", { class: "end" }, powerTag(trust.power, true)));
}

function where(subject) {
  if (!subject.provider) return h("span", {}, "the audit itself");
  return h("span", {}, cloudName(cloudOf(subject)) + " ", h("span", { class: "scope" }, breakable(subject.scope)), " · ", breakable(subject.name));
}

// Arrow keys walk from row to row, as in a mail program.
function walk(event) {
  const row = event.target.closest && event.target.closest(".row");
  if (!row || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
  const rows = [...document.querySelectorAll("#rows .row")];
  const next = rows[rows.indexOf(row) + (event.key === "ArrowDown" ? 1 : -1)];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

// Where the opened one stands in the list as it is filtered now, for the buttons that go on to the next.
function neighbour(step) {
  const { finding, subject } = state.open;
  const index = listed.findIndex((item) => (finding ? item === finding : item === subject));
  const next = index < 0 ? null : listed[index + step];
  if (!next) return null;
  return next.severity ? { finding: next } : { subject: next };
}
