// What is looked at: the filters, the tab, the opened subject. All of it stands in the address, so that a link holds it.

const FILTERS = ["q", "cloud", "severity", "rule", "status", "news", "reach", "power", "issuer", "origin", "scope", "undecided"];
const TABS = { findings: "Findings", trusts: "Trusts" };

let state = parse(location.hash);

// #/findings?cloud=aws, #/trust/ID?…, #/finding/ID?…, #/identity/ID?…; whatever else stands there is no address of ours.
function parse(hash) {
  const [path, query] = split(hash.replace(/^#\/?/, ""), "?");
  const [kind, id] = split(path, "/");
  const given = new URLSearchParams(query);
  const made = { tab: "findings", open: null, filters: {} };
  for (const name of FILTERS) {
    if (given.get(name)) made.filters[name] = given.get(name);
  }
  if (given.get("tab") === "trusts" || kind === "trusts") made.tab = "trusts";
  if (kind === "finding" && FINDING_PLACES.has(id)) made.open = { finding: FINDINGS[FINDING_PLACES.get(id)] };
  if ((kind === "trust" || kind === "identity") && PLACES.has(id)) made.open = { subject: SUBJECTS[PLACES.get(id)] };
  return made;
}

function split(text, mark) {
  const where = text.indexOf(mark);
  return where < 0 ? [text, ""] : [text.slice(0, where), text.slice(where + mark.length)];
}

function address(changes) {
  const wanted = { ...state, ...changes };
  const query = new URLSearchParams();
  for (const name of FILTERS) {
    if (wanted.filters[name]) query.set(name, wanted.filters[name]);
  }
  let path = wanted.tab;
  if (wanted.open) {
    if (wanted.tab !== "findings") query.set("tab", wanted.tab);
    const { finding, subject } = wanted.open;
    path = finding ? "finding/" + finding.id : (subject.trust ? "trust/" : "identity/") + subject.id;
  }
  const text = query.toString();
  return "#/" + path + (text ? "?" + text : "");
}

function opened(finding, subject) {
  return address({ open: finding ? { finding } : { subject } });
}

// Filters are changed without a trace in the history; opening something is a step that Back takes back.
function change(changes, remember) {
  const wanted = address(changes);
  if (remember) history.pushState(null, "", wanted);
  else history.replaceState(null, "", wanted);
  state = { ...state, ...changes };
  show();
}

function filter(name, value) {
  const filters = { ...state.filters };
  if (value) filters[name] = value;
  else delete filters[name];
  change({ filters });
}

function trustPasses(trust, filters) {
  return (!filters.issuer || HEAD.issuers[trust.issuer][0] === filters.issuer)
    && (!filters.origin || trust.origins.includes(filters.origin))
    && (!filters.reach || trust.reach === filters.reach)
    && (!filters.undecided || trust.undecided);
}

function subjectPasses(subject, filters) {
  if (filters.cloud && cloudOf(subject) !== filters.cloud) return false;
  if (filters.scope && subject.scope !== filters.scope) return false;
  if (filters.power && subject.power !== filters.power) return false;
  if (filters.issuer || filters.origin || filters.reach || filters.undecided) {
    // An identity is looked for by the trusts through which one becomes it.
    return subject.trust ? trustPasses(subject, filters) : subject.trusts.some((one) => trustPasses(one, filters));
  }
  return true;
}

function terms(text) {
  return (text || "").toLowerCase().split(/\s+/).filter(Boolean);
}

function findingPasses(finding, filters, wanted) {
  const subject = SUBJECTS[finding.subject];
  return (!filters.severity || (finding.severity === filters.severity && (filters.status || finding.status === "open")))
    && (!filters.rule || finding.rule.id === filters.rule)
    && (!filters.status || finding.status === filters.status)
    && (!filters.news || finding.news === filters.news)
    && subjectPasses(subject, filters)
    && wanted.every((term) => finding.words.includes(term) || subject.words.includes(term));
}

function selection(tab, filters) {
  const wanted = terms(filters.q);
  if (wanted.length) prepareSearch();
  if (tab === "findings") return FINDINGS.filter((finding) => findingPasses(finding, filters, wanted));
  const { severity, rule, status, news } = filters;
  const aboutFindings = severity || rule || status || news;
  const bare = { severity, rule, status, news };
  const found = (trust) => [...trust.findings, ...SUBJECTS[trust.identity].findings];
  return TRUSTS.filter((trust) => subjectPasses(trust, filters)
    && (!aboutFindings || found(trust).some((finding) => findingPasses(finding, bare, [])))
    && wanted.every((term) => trust.words.includes(term)));
}
