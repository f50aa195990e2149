// What the report holds. The first part is read now, the others when a subject of theirs is opened.

function block(id) {
  return JSON.parse(at(id).textContent);
}

const HEAD = block("head");

const SEVERITIES = ["critical", "high", "medium", "low", "info"];
const STATUSES = { open: "open", waived: "waived", error: "failed checks" };
const POWERS = ["admin", "escalation", "wide-write", "unknown", "sensitive-read", "scoped", "none"];
const POWER_WORDS = {
  "admin": "administrator",
  "escalation": "escalation",
  "wide-write": "wide write",
  "unknown": "power unknown",
  "sensitive-read": "sensitive read",
  "scoped": "scoped",
  "none": "no power",
};
const POWER_MEANING = {
  "admin": "may do everything, or give itself everything",
  "escalation": "has a known path to more than it was given",
  "wide-write": "may change whole services or accounts",
  "unknown": "was not read or not understood; taken for wide write",
  "sensitive-read": "may read secrets or stored data at large",
  "scoped": "may use named things only",
  "none": "may do nothing that was found",
};

// From wide to narrow; weight, colour and form of a line say the same thing three times.
const REACH = {
  anyone: { rank: 5, short: "anyone", glyph: "▲", long: "open to anyone on the platform" },
  organisation: { rank: 4, short: "whole organisation", glyph: "◆", long: "open to every project of an organisation" },
  run: { rank: 3, short: "any run", glyph: "●", long: "one project, but any branch, tag, environment or pull request" },
  unknown: { rank: 2, short: "not known", glyph: "?", long: "not decided: something was not read or understood" },
  pinned: { rank: 1, short: "pinned", glyph: "–", long: "exactly who is named" },
  nobody: { rank: 0, short: "nobody", glyph: "∅", long: "a dead trust: nobody gets in" },
};
const REACHES = Object.keys(REACH);

const CLASSES = {
  "reachable": "Anybody at all",
  "any-tenant": "A stranger on the platform",
  "any-project": "Any project of the named organisation",
  "pull-request": "Code that nobody has merged",
  "any-branch": "Any branch",
  "any-tag": "Any tag",
  "any-environment": "Any environment",
  "unchecked-audience": "A token made for another audience",
};

const SUBJECTS = HEAD.subjects;
const PLACES = new Map(SUBJECTS.map((subject, place) => [subject.id, place]));
const FINDINGS = HEAD.findings.map((row, place) => ({
  place, severity: row[0], status: row[1], rule: HEAD.rules[row[2]], subject: row[3], number: row[4],
  title: row[5], id: row[6], confidence: row[7], news: row[8] === null ? null : row[8] ? "known" : "new",
}));
const FINDING_PLACES = new Map(FINDINGS.map((finding) => [finding.id, finding.place]));

for (const subject of SUBJECTS) {
  subject.trust = subject.reach !== undefined;
  subject.findings = [];
  subject.trusts = [];
}
for (const finding of FINDINGS) SUBJECTS[finding.subject].findings.push(finding);
const TRUSTS = [];
SUBJECTS.forEach((subject, place) => {
  subject.place = place;
  if (!subject.trust) return;
  TRUSTS.push(subject);
  SUBJECTS[subject.identity].trusts.push(subject);
});

// 0 for nothing found to 5 for critical: of the trust itself, and of the identity behind it.
function badness(subject) {
  let worst = 0;
  for (const one of subject.findings) {
    if (one.status === "open") worst = Math.max(worst, SEVERITIES.length - SEVERITIES.indexOf(one.severity));
  }
  return worst;
}
for (const subject of SUBJECTS) subject.badness = badness(subject);

// Worst first; then the wider, the more powerful.
function worse(one, other) {
  return other.badness - one.badness
    || REACH[other.reach].rank - REACH[one.reach].rank
    || POWERS.indexOf(one.power) - POWERS.indexOf(other.power)
    || one.place - other.place;
}
TRUSTS.sort(worse);

function cloudOf(subject) {
  return subject.provider || "estate";
}

function cloudName(provider) {
  return provider === "estate" ? "Estate" : Object.hasOwn(HEAD.clouds, provider) ? HEAD.clouds[provider] : provider;
}

const CLOUDS = [...new Set([...HEAD.coverage.map((row) => row[0]), ...SUBJECTS.map(cloudOf)])]
  .filter((cloud) => cloud !== "estate" || SUBJECTS.some((one) => !one.provider && one.findings.length));

function words(...texts) {
  return texts.filter(Boolean).join(" \n").toLowerCase();
}

function subjectWords(one) {
  return words(one.name, one.resource, one.scope, one.kind, one.statement, one.then,
    one.trust ? HEAD.issuers[one.issuer].join(" ") + " " + one.origins.join(" ") : "");
}

// What the search box looks through: made when somebody first searches, a few milliseconds for thousands.
let searchable = false;
function prepareSearch() {
  if (searchable) return;
  searchable = true;
  for (const one of SUBJECTS) one.words = subjectWords(one);
  for (const one of FINDINGS) one.words = words(one.title, one.rule.id, one.rule.summary, one.id);
}

const parts = new Map();
function detail(place) {
  const index = Math.floor(place / HEAD.chunk);
  let part = parts.get(index);
  if (!part) {
    part = block("part-" + index);
    parts.set(index, part);
  }
  return { ...part.subjects[place % HEAD.chunk], texts: part.texts };
}
