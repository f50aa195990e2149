"""What the user declares: whose names are ours, and what an audit without arguments covers.

Read from `auditor.toml`, or from `[tool.auditor]` of `pyproject.toml`. A key nobody reads is an error, not a shrug: a
misspelt `[ours]` would quietly change what counts as a stranger. Every error names the file and the line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from auditor.config_reader import Place, Reader, as_table, listing, parsed, text_of
from auditor.errors import ConfigError
from auditor.organizations import ACCOUNT, ANY, ID, LONGEST, SHORTEST
from auditor.toml_lines import Written, line_of

FILE = "auditor.toml"
PROJECT_FILE = "pyproject.toml"

ISSUER, ISSUER_TABLES = "issuer", "issuer-tables"
ISSUERS = "issuers"
WAIVER = "waiver"
THRESHOLDS = "thresholds"
RULES = "rules"
SEVERITIES = ("low", "medium", "high", "critical")
PERSONAS = ("regular", "pedantic", "auditor")
TIMED = ("unused-identity",)
"""Rules that measure days."""
SUBJECT_TEMPLATES = "subject-templates"
AZURE_CLOUDS = ("AzureCloud", "AzureUSGovernment", "AzureChinaCloud")
"""As the Azure CLI names them."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A tenant that is ours, by name and, where it was pinned, by the platform's own immutable id."""

    name: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Ours:
    """What belongs to us. Nothing declared at all and an empty declaration are different things: see `declared`."""

    tenants: Mapping[str, tuple[Owned, ...]] = field(default_factory=dict)
    """Issuer kind → the tenants there that are ours. A kind with an empty tuple: nothing there is ours."""
    issuers: tuple[str, ...] = ()
    """URLs of issuers that are ours altogether (an own GHES, a cluster): every token of theirs is ours."""
    subject_templates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """`kind:tenant` or `kind:tenant/project` → the claims its customised subject is made of, in order."""
    declared: bool = False
    """Whether the configuration has an `[ours]` table. Without one, the tenants a trust pins exactly count as ours."""


@dataclass(frozen=True, slots=True)
class AwsTargets:
    """The AWS accounts `scan` covers when none is named."""

    profiles: tuple[str, ...] = ()
    """Names of AWS profiles, one account each; empty: whatever the standard credential chain yields."""
    organization: str | None = None
    """Read every account of the credentials' organisation: its id, or `organizations.ANY`."""
    role_name: str | None = None
    """Assumed in each of its accounts."""
    external_id: str | None = None
    role_session_name: str | None = None
    duration: int | None = None
    """Seconds."""
    accounts: tuple[str, ...] = ()
    """Ids of the accounts that are entered; beside `organization`, of those of its accounts that are."""


@dataclass(frozen=True, slots=True)
class GcpTargets:
    """What `scan` covers of Google Cloud when the command line names nothing."""

    projects: tuple[str, ...] = ()
    """Ids or numbers."""
    folders: tuple[str, ...] = ()
    """Numbers, as text."""
    organizations: tuple[str, ...] = ()
    """Numbers, as text. All three empty: the project of Application Default Credentials."""


@dataclass(frozen=True, slots=True)
class AzureTargets:
    """What `scan` covers of Azure when the command line names nothing."""

    tenant: str | None = None
    """Its id, or one of its domains; None: that of the credentials."""
    subscriptions: tuple[str, ...] = ()
    """Ids."""
    management_groups: tuple[str, ...] = ()
    """Names. Both empty: every subscription of the tenant. Its directory is read in any case."""
    cloud: str | None = None
    """One of `AZURE_CLOUDS`; None: what the environment says, else the public one."""


@dataclass(frozen=True, slots=True)
class Targets:
    """What `scan` without arguments covers, per provider; None where the configuration does not say."""

    aws: AwsTargets | None = None
    gcp: GcpTargets | None = None
    azure: AzureTargets | None = None


@dataclass(frozen=True, slots=True)
class Waiver:
    """A finding that somebody decided to live with, for a reason and for a time."""

    rule: str
    """The id of the rule."""
    subject: str
    """The id of the finding, of its trust, or of the identity it is about."""
    reason: str
    owner: str
    """Whom to ask."""
    expires: date
    """The last day it holds."""
    file: str
    """The configuration it stands in."""
    pointer: str
    """Where there, as a JSON pointer into the decoded file."""
    where: str
    """The same for people: `auditor.toml:12`."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What counts, where the command line does not say."""

    fail_on: str = "low"
    """The lowest severity that makes a run fail: `low`, `medium`, `high` or `critical`."""
    persona: str = "regular"
    """How much to hear: `regular`, `pedantic` or `auditor`."""


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """What the user says of one rule."""

    severity: str | None = None
    """The severity of all its findings; None: what the table says."""
    days: int | None = None
    """`unused-identity`: how long something may rest; None: the rule's own measure."""
    where: str = ""
    """Where that stands, for people: `auditor.toml:12`."""


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration. The default value is what an absent file means."""

    ours: Ours = field(default_factory=Ours)
    targets: Targets = field(default_factory=Targets)
    issuers: tuple[Written, ...] = ()
    """Issuers the user described, or URLs of known ones; `issuers.catalogue_of` reads and judges them."""
    waivers: tuple[Waiver, ...] = ()
    """In the order of the file."""
    thresholds: Thresholds = field(default_factory=Thresholds)
    rules: Mapping[str, RuleSettings] = field(default_factory=dict)
    """By the id of the rule."""


def find(directory: Path) -> Path | None:
    """The configuration file of `directory`, if it has one.

    Raises `ConfigError` when both `auditor.toml` and `[tool.auditor]` are there: whichever were read, the other would
    be ignored without a word.
    """
    own, project = directory / FILE, directory / PROJECT_FILE
    in_project = project.is_file() and "auditor" in as_table(parsed(project, text_of(project)).get("tool"))
    if own.is_file() and in_project:
        raise ConfigError(f"both {own} and [tool.auditor] of {project} exist; keep one of them")
    return own if own.is_file() else project if in_project else None


def load(path: Path, kinds: Collection[str]) -> Config:
    """Read one configuration file. A file named `pyproject.toml` is read from `[tool.auditor]` on.

    `kinds` are the issuer kinds that may stand under `[ours]`, beside those the file itself describes. Raises
    `ConfigError`, naming file and line, for what is not TOML, an unknown key, a wrong type, or a value that cannot be
    meant.
    """
    text = text_of(path)
    document = parsed(path, text)
    root: tuple[str, ...] = ()
    if path.name == PROJECT_FILE:
        root = ("tool", "auditor")
        document = as_table(document.get("tool"))
        if "auditor" not in document:
            raise ConfigError(f"{path}: has no [tool.auditor] table")
        document = document["auditor"]
    reader = Reader(path, text, root)
    table = reader.table((), document, ("ours", "targets", THRESHOLDS, RULES, WAIVER, ISSUER, ISSUER_TABLES))
    described = (*_inline_issuers(reader, table.get(ISSUER, [])), *_issuer_tables(reader, table.get(ISSUER_TABLES, [])))
    own = [written.value.get("id") for written in described if isinstance(written.value, dict)]
    named = (*kinds, *(kind for kind in own if isinstance(kind, str) and kind not in kinds))
    return Config(
        ours=_ours(reader, table["ours"], named) if "ours" in table else Ours(),
        targets=_targets(reader, table["targets"]) if "targets" in table else Targets(),
        issuers=described,
        waivers=tuple(_waivers(reader, table.get(WAIVER, []))),
        thresholds=_thresholds(reader, table.get(THRESHOLDS, {})),
        rules=_rules(reader, table.get(RULES, {})),
    )


def _thresholds(reader: Reader, value: object) -> Thresholds:
    table = reader.table((THRESHOLDS,), value, ("fail-on", "persona"))
    default = Thresholds()
    fail_on = table.get("fail-on", default.fail_on)
    persona = table.get("persona", default.persona)
    return Thresholds(
        reader.choice((THRESHOLDS, "fail-on"), fail_on, SEVERITIES),
        reader.choice((THRESHOLDS, "persona"), persona, PERSONAS),
    )


def _rules(reader: Reader, value: object) -> Mapping[str, RuleSettings]:
    found = {}
    for rule, given in reader.table((RULES,), value).items():
        place = (RULES, rule)
        table = reader.table(place, given, ("severity", "days") if rule in TIMED else ("severity",))
        days = table.get("days")
        if days is not None and (not isinstance(days, int) or isinstance(days, bool) or days < 1):
            raise reader.error((*place, "days"), "`days` must be a whole number from 1 on")
        severity = table.get("severity")
        line = line_of(reader.source, (*reader.root, *place))
        found[rule] = RuleSettings(
            None if severity is None else reader.choice((*place, "severity"), severity, ("info", *SEVERITIES)),
            days,
            f"{reader.path}:{line}" if line else str(reader.path),
        )
    return found


def _waivers(reader: Reader, value: object) -> Iterator[Waiver]:
    if not isinstance(value, list):
        raise reader.error((WAIVER,), f"{reader.name((WAIVER,))} must be a list of tables, `[[{WAIVER}]]`")
    texts = ("rule", "subject", "reason", "owner")
    for index, item in enumerate(value):
        place = (WAIVER, index)
        table = reader.table(place, item, (*texts, "expires"))
        missing = [key for key in (*texts, "expires") if key not in table]
        if missing:
            raise reader.error(place, f"a waiver needs {' and '.join(missing)}: who decided what, why, and until when")
        day = table["expires"]
        if isinstance(day, datetime) or not isinstance(day, date):
            raise reader.error((*place, "expires"), "`expires` must be a date without quotes, such as 2027-03-31")
        line = line_of(reader.source, (*reader.root, *place))
        yield Waiver(
            **{key: reader.text((*place, key), table[key]) for key in texts},
            expires=day,
            file=str(reader.path),
            pointer="".join(f"/{part}" for part in (*reader.root, *place)),
            where=f"{reader.path}:{line}" if line else str(reader.path),
        )


def _inline_issuers(reader: Reader, value: object) -> Iterator[Written]:
    if not isinstance(value, list):
        raise reader.error((ISSUER,), f"{reader.name((ISSUER,))} must be a list of tables, `[[{ISSUER}]]`")
    for index, table in enumerate(value):
        reader.table((ISSUER, index), table)
        yield Written(str(reader.path), reader.source, (*reader.root, ISSUER, index))


def _issuer_tables(reader: Reader, value: object) -> Iterator[Written]:
    """The named files, each one table; relative names count from the configuration's own directory."""
    for place, name in reader.texts((ISSUER_TABLES,), value):
        path = reader.path.parent / name
        if not path.is_file():
            raise reader.error(place, f"{name!r}: there is no such file")
        text = text_of(path)
        parsed(path, text)
        yield Written(str(path), text)


def _ours(reader: Reader, value: object, kinds: Collection[str]) -> Ours:
    table = reader.table(("ours",), value, (*kinds, ISSUERS, SUBJECT_TEMPLATES))
    tenants = {
        key: tuple(dict.fromkeys(_owned(reader, place, text) for place, text in reader.texts(("ours", key), listed)))
        for key, listed in table.items()
        if key not in (ISSUERS, SUBJECT_TEMPLATES)
    }
    issuers = []
    for place, url in reader.texts(("ours", ISSUERS), table.get(ISSUERS, [])):
        if not re.fullmatch(r"https://[^\s/?#]+[^\s?#]*", url):
            raise reader.error(place, f"{url!r} is not an issuer URL; write it as tokens do, with https://")
        issuers.append(url)
    templates = {}
    place = ("ours", SUBJECT_TEMPLATES)
    for key, listed in reader.table(place, table.get(SUBJECT_TEMPLATES, {})).items():
        kind, _, owner = key.partition(":")
        if kind not in kinds or not owner:
            raise reader.error(
                (*place, key), f"{key!r} is not KIND:OWNER or KIND:OWNER/PROJECT, with one of {listing(kinds)}"
            )
        claims = tuple(text for _, text in reader.texts((*place, key), listed))
        if not claims:
            raise reader.error((*place, key), "a subject template needs at least one claim")
        templates[key] = claims
    return Ours(tenants=tenants, issuers=tuple(dict.fromkeys(issuers)), subject_templates=templates, declared=True)


def _owned(reader: Reader, place: Place, text: str) -> Owned:
    name, at, number = text.rpartition("@")
    if not at:
        name, number = text, ""
    if not name or (at and not number):
        raise reader.error(place, f"{text!r} is neither a name nor NAME@ID")
    if any(char in "*?" for char in text):
        raise reader.error(place, f"{text!r}: names are compared whole, there are no wildcards here")
    return Owned(name, number or None)


def _targets(reader: Reader, value: object) -> Targets:
    table = reader.table(("targets",), value, ("aws", "gcp", "azure"))

    def listed(provider: str, *keys: str) -> list[tuple[str, ...]]:
        target = reader.table(("targets", provider), table[provider], keys)
        texts = (reader.texts(("targets", provider, key), target.get(key, [])) for key in keys)
        return [tuple(dict.fromkeys(text for _, text in each)) for each in texts]

    return Targets(
        aws=_aws(reader, table["aws"]) if "aws" in table else None,
        gcp=GcpTargets(*listed("gcp", "projects", "folders", "organizations")) if "gcp" in table else None,
        azure=_azure(reader, table["azure"]) if "azure" in table else None,
    )


def _aws(reader: Reader, value: object) -> AwsTargets:
    place, texts = ("targets", "aws"), ("role-name", "external-id", "role-session-name")
    table = reader.table(place, value, ("profiles", "organization", "accounts", *texts, "duration"))
    profiles = tuple(dict.fromkeys(text for _, text in reader.texts((*place, "profiles"), table.get("profiles", []))))
    asked, duration = table.get("organization", False), table.get("duration", SHORTEST)
    if not isinstance(asked, bool) and not (isinstance(asked, str) and ID.fullmatch(asked)):
        raise reader.error((*place, "organization"), "`organization` must be true, false or an id such as o-a1b2c3d4e5")
    if type(duration) is not int or not SHORTEST <= duration <= LONGEST:
        raise reader.error(
            (*place, "duration"),
            f"`duration` must be seconds, from {SHORTEST} to {LONGEST}",
        )
    accounts = tuple(dict.fromkeys(text for _, text in reader.texts((*place, "accounts"), table.get("accounts", []))))
    if wrong := [account for account in accounts if not ACCOUNT.fullmatch(account)]:
        raise reader.error((*place, "accounts"), f"{wrong[0]!r} is no AWS account: twelve digits, in quotes")
    role, external, session = (reader.text((*place, key), table[key]) if key in table else None for key in texts)
    organization = asked if isinstance(asked, str) else ANY if asked else None
    return AwsTargets(profiles, organization, role, external, session, table.get("duration"), accounts)


def _azure(reader: Reader, value: object) -> AzureTargets:
    place = ("targets", "azure")
    table = reader.table(place, value, ("tenant", "subscriptions", "management-groups", "cloud"))

    def single(key: str) -> str | None:
        return reader.text((*place, key), table[key]) if key in table else None

    def several(key: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(text for _, text in reader.texts((*place, key), table.get(key, []))))

    cloud = single("cloud")
    if cloud is not None and cloud not in AZURE_CLOUDS:
        raise reader.error((*place, "cloud"), f"{cloud!r} is no Azure cloud; known: {', '.join(AZURE_CLOUDS)}")
    return AzureTargets(single("tenant"), several("subscriptions"), several("management-groups"), cloud)
