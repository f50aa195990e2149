"""A first `auditor.toml`, written from what an audit saw: whose names the trusts pin, what was read.

What belongs to whom only a person knows. So names that most trusts of their kind pin are written down, all others
stand beside them commented out, and the file says how often each was seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from auditor.claims.verdict import Rejected
from auditor.model import Decision, Finding, Status
from auditor.report.base import Report
from auditor.report.text import visible

OFTEN = 2
"""Trusts that must pin a name before it is taken for ours, unless it is the only one of its kind."""

SHARE = 4
"""A name that is pinned this many times less often than the most frequent one of its kind is doubtful."""

MOST = 30
"""Names written down per kind, and issuers."""

WAIVED_FOR = timedelta(days=90)

_FINE = re.compile(r"[^*?@]+")
"""Names that `[ours]` takes as they are: no wildcards, and `@` begins an id."""


@dataclass
class _Name:
    """A tenant as trusts pin it."""

    trusts: int = 0
    live: int = 0
    """Those of them that let somebody in."""
    identities: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    bare: bool = False
    """Whether some trust pins the name without an id."""


def draft(report: Report | None, given: Mapping[str, Any], kinds: Collection[str], today: date) -> str:
    """The text of the file.

    `report`: of the first audit, None where nothing was read; `given`: the options it was read with; `kinds`: the
    issuers that may stand under `[ours]`; `today`: from when the example of a waiver counts its days. A line that
    begins with `# ` and a word is prose, one that begins with `#` otherwise a setting, in force without that mark.
    """
    lines = [
        *_head(report),
        *_ours(report, kinds),
        *_targets(report, given),
        *_thresholds(),
        *_waiver(report, today),
        *_issuer(),
    ]
    return "\n".join(lines) + "\n"


def _head(report: Report | None) -> Iterator[str]:
    yield "# Settings of auditor. `auditor schema config` prints the JSON Schema; a key nobody knows is an error."
    if report is None:
        yield "# Nothing was read to write this: `auditor init --from SNAPSHOT` fills in the names that trusts pin."
    else:
        trusts, identities = len(report.decisions), len({one.trust.identity for one in report.decisions})
        yield f"# Written from what was read on {report.finished[:10]}: {trusts:,} trusts of {identities:,} identities."
        yield "# Read it before you rely on it: what stands under [ours] is taken for yours from now on."
    yield "# Settings behind a # are not in force."


def _ours(report: Report | None, kinds: Collection[str]) -> Iterator[str]:
    yield ""
    yield "# What belongs to you, per kind of issuer (`auditor issuers` lists them). Once this table is here, trust in"
    yield "# anybody else is a finding. A name is compared whole; NAME@ID pins the platform's own id as well."
    found = _pinned(report.decisions if report else (), kinds)
    yield "[ours]" if any(_sure(names) for names in found.values()) else "#[ours]"
    if not found:
        yield '#github = ["my-org"]'
        yield '#gitlab = ["my-group"]'
    everywhere = {name.lower() for names in found.values() for name in _sure(names)}
    for kind, names in found.items():
        yield from _kind(kind, names, everywhere)
    yield from _whole_issuers(report)
    yield ""
    yield "# Owners or repositories that have customised the subject of their tokens, and the claims it is made of."
    yield "#[ours.subject-templates]"
    yield '#"github:my-org" = ["repo", "context", "job_workflow_ref"]'


def _kind(kind: str, names: Mapping[str, _Name], everywhere: Collection[str]) -> Iterator[str]:
    sure = _sure(names)
    also = [name for name in names if name not in sure and name.lower() in everywhere and names[name].live]
    listed = sorted(names, key=lambda name: (name not in sure, name not in also, -names[name].trusts, name))
    ours = [*sure, *also] if sure else []
    mark = "" if ours else "#"
    yield f"{mark}{kind} = ["
    for name in listed[:MOST]:
        yield _entry(name, names[name], ours=name in ours, off=bool(mark))
    if len(listed) > MOST:
        yield f"    # and {len(listed) - MOST:,} more names, each pinned by few trusts"
    yield f"{mark}]"


def _entry(name: str, seen: _Name, *, ours: bool, off: bool) -> str:
    trusts = f"{seen.trusts:,} {'trust' if seen.trusts == 1 else 'trusts'}"
    examples = ", ".join(visible(one) for one in seen.identities[:2])
    about = f"{trusts}, such as {examples}" if examples else trusts
    if not _writable(name):
        return f"    # {visible(name)}: {about}; it cannot be written here"
    text = name
    if len(seen.ids) == 1 and not seen.bare:
        text = f"{name}@{next(iter(seen.ids))}"
    elif len(seen.ids) > 1:
        about += f"; with different ids: {', '.join(sorted(visible(one) for one in seen.ids))}"
    about += "" if seen.live else "; none of them lets anybody in"
    about += "" if ours or off else "; yours?"
    value = f"{json.dumps(text, ensure_ascii=False)},"
    return f"{'' if ours else '#'}    {value}  # {about}"


def _sure(names: Mapping[str, _Name]) -> list[str]:
    """The names that are most likely ours: pinned as often as others, by trusts that let somebody in."""
    usable = {name: seen for name, seen in names.items() if seen.live and _writable(name)}
    top = max((seen.trusts for seen in usable.values()), default=0)
    alone = len(names) == 1
    return [name for name, seen in usable.items() if alone or (seen.trusts >= OFTEN and seen.trusts * SHARE >= top)]


def _writable(name: str) -> bool:
    plain = name == name.strip() and name.isprintable() and name == visible(name)
    return bool(name) and plain and _FINE.fullmatch(name) is not None


def _pinned(decisions: Iterable[Decision], kinds: Collection[str]) -> dict[str, dict[str, _Name]]:
    """Kind of issuer → the tenants its trusts pin exactly, both sorted."""
    found: dict[str, dict[str, _Name]] = {}
    for decision in decisions:
        trust = decision.trust
        if trust.issuer.kind not in kinds:
            continue
        ids = _ids(decision)
        for name in decision.tenants:
            seen = found.setdefault(trust.issuer.kind, {}).setdefault(name, _Name())
            seen.trusts += 1
            seen.live += not isinstance(decision.reachable, Rejected)
            if trust.identity.name not in seen.identities:
                seen.identities.append(trust.identity.name)
            seen.ids |= ids.get(name, set())
            seen.bare = seen.bare or not ids.get(name)
    return {kind: dict(sorted(names.items())) for kind, names in sorted(found.items())}


def _ids(decision: Decision) -> dict[str, set[str]]:
    """Tenant → the id that stands beside it wherever the trust names it; absent where it may go without."""
    found: dict[str, set[str]] = {}
    bare: set[str] = set()
    for box in decision.breadth:
        names, ids = box.get("tenant"), box.get("tenant-id")
        if names is None or names.label not in ("exact", "list"):
            continue
        if ids is not None and ids.label == "exact" and len(names.values) == 1:
            found.setdefault(names.values[0], set()).update(ids.values)
        else:
            bare.update(names.values)
    return {name: ids for name, ids in found.items() if name not in bare and all(map(_writable, ids))}


def _whole_issuers(report: Report | None) -> Iterator[str]:
    """Issuers of which nobody else may have a part: clusters, installations of one's own. They are only offered."""
    urls: dict[str, int] = {}
    for decision in report.decisions if report else ():
        issuer = decision.trust.issuer
        own = issuer.kind == "unknown" or issuer.grammar.single_tenant
        if own and issuer.url.startswith("https://") and re.fullmatch(r"https://[^\s/?#]+[^\s?#]*", issuer.url):
            urls[issuer.url] = urls.get(issuer.url, 0) + 1
    often = sorted(urls, key=lambda url: (-urls[url], url))
    usable = [url for url in often if url.isprintable() and url == visible(url)]
    yield "# Issuers that are yours altogether, with all their tokens: an own GitHub Enterprise Server, a cluster."
    yield "#issuers = ["
    for url in usable[:MOST] or ["https://ghe.example.com/_services/token"]:
        seen = f"  # {urls[url]:,} {'trust' if urls[url] == 1 else 'trusts'}" if url in urls else ""
        yield f"#    {json.dumps(url, ensure_ascii=False)},{seen}"
    yield "#]"


def _targets(report: Report | None, given: Mapping[str, Any]) -> Iterator[str]:
    scopes: dict[str, set[str]] = {}
    for row in report.coverage if report else ():
        if row.status.value == "read":
            scopes.setdefault(row.provider, set()).add(row.scope)
    yield ""
    yield "# What `auditor scan` covers when it is called without a provider; without these tables, every cloud that"
    yield "# there are credentials for."
    for name, write in (("aws", _aws), ("gcp", _gcp), ("azure", _azure)):
        read = name in scopes
        yield f"{'' if read else '#'}[targets.{name}]"
        yield from write(scopes.get(name, set()), given)


def _aws(scopes: Collection[str], given: Mapping[str, Any]) -> Iterator[str]:
    accounts = sorted(visible(scope) for scope in scopes if scope != "-")
    if given.get("profile"):
        yield from _list("profiles", [given["profile"]])
        return
    if accounts:
        yield f"# Read here: {', '.join(accounts[:MOST])}. Name a profile for each account, or none."
    yield '#profiles = ["production", "staging"]'


def _gcp(scopes: Collection[str], given: Mapping[str, Any]) -> Iterator[str]:
    seen: dict[str, list[str]] = {kind: [] for kind in ("organizations", "folders", "projects")}
    for scope in sorted(scopes):
        kind, slash, number = scope.partition("/")
        if slash and kind in seen:
            seen[kind].append(number)
        elif scope != "-" and not slash:
            seen["projects"].append(scope)
    asked = {kind: list(given.get(kind) or ()) for kind in seen}
    found = asked if any(asked.values()) else _outermost(seen)
    for kind, names in found.items():
        if names:
            yield from _list(kind, names)
    if not any(found.values()):
        yield '#organizations = ["123456789012"]'


def _outermost(seen: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
    """What holds the rest: organisations, else folders (one may be below another), else projects."""
    return next(({kind: names} for kind, names in seen.items() if names), {})


def _azure(scopes: Collection[str], given: Mapping[str, Any]) -> Iterator[str]:
    tenants = (
        [given["tenant"]]
        if given.get("tenant")
        else sorted(scope.partition("/")[2] for scope in scopes if scope.startswith("tenants/"))
    )
    if len(tenants) == 1 and _plain(tenants[0]):
        yield f"tenant = {json.dumps(tenants[0], ensure_ascii=False)}"
    else:
        yield '#tenant = "my-org.onmicrosoft.com"'
    for option, key in (("subscriptions", "subscriptions"), ("management_groups", "management-groups")):
        yield from _list(key, list(given.get(option) or ()))
    if not given.get("subscriptions") and not given.get("management_groups"):
        yield '#management-groups = ["production"]'


def _list(key: str, names: Sequence[str]) -> Iterator[str]:
    usable = [name for name in names if _plain(name)]
    if usable:
        yield f"{key} = {json.dumps(usable, ensure_ascii=False)}"


def _plain(name: str) -> bool:
    return bool(name) and name == name.strip() and name.isprintable()


def _thresholds() -> Iterator[str]:
    yield ""
    yield "# What makes a run fail and how much there is to hear, where the command line does not say."
    yield "#[thresholds]"
    yield '#fail-on = "medium"'
    yield '#persona = "pedantic"'
    yield ""
    yield "# What single rules are to do; `auditor rules` lists them."
    yield "#[rules.unused-identity]"
    yield "#days = 180"
    yield "#[rules.environment-gate]"
    yield '#severity = "info"'


def _waiver(report: Report | None, today: date) -> Iterator[str]:
    yield ""
    yield "# A finding you have decided to live with: all five are needed. Its subject is the id of the finding, of the"
    yield "# trust, or of the identity, as the JSON report has them. It stays in every report, and fails no run."
    example = _example(report)
    if example is not None:
        yield f"# {visible(example.title)} ({example.severity})"
    rule = "any-branch" if example is None else example.rule
    subject = "arn:aws:iam::111122223333:role/deploy" if example is None else example.id
    yield "#[[waiver]]"
    yield f"#rule = {json.dumps(rule)}"
    yield f"#subject = {json.dumps(subject)}"
    yield '#reason = "why nobody can or will change it"'
    yield '#owner = "platform@example.com"'
    yield f"#expires = {(today + WAIVED_FOR).isoformat()}"


def _example(report: Report | None) -> Finding | None:
    """The least of the open findings that count."""
    found = [one for one in report.findings if one.status is Status.OPEN and one.severity] if report else []
    return min(found, key=lambda one: (one.severity, one.rule, one.id), default=None)


def _issuer() -> Iterator[str]:
    yield ""
    yield "# An address of a product auditor knows (`auditor issuers`), or an issuer of your own, by any name."
    yield "#[[issuer]]"
    yield '#like = "gitlab"'
    yield "#issuers = [{ url = 'https://code\\.example\\.com', tenancy = \"instance\" }]"
