"""The `auditor` command: calls the pipeline, writes what comes out of it, chooses the exit code. No audit logic.

stdout carries the report and nothing else. Everything heavy is imported by the command that needs it.
"""

from __future__ import annotations

import gc
import io
import os
import shutil
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from auditor.arguments import parser
from auditor.errors import AuditorError, UsageError
from auditor.output import require_writable, whole_file
from auditor.providers import PROVIDERS
from auditor.report import FORMATS, ISSUER_FORMATS, REACH_FORMATS, TOKEN_FORMATS
from auditor.report.text import visible, wrap

if TYPE_CHECKING:
    from auditor.config import Config
    from auditor.providers.base import Provider
    from auditor.report.base import Report, Summary
    from auditor.snapshot import Snapshot

OK, NO_REPORT, USAGE, INCOMPLETE = 0, 1, 2, 3
FINDINGS = 10
"""Plus the severity, 1 (low) to 4 (critical)."""
INTERRUPTED = 130
"""As shells write a death by Ctrl-C; no report was made."""

STDOUT = "-"
WIDTH = 100
WIDEST = 140


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Raises `SystemExit` where argparse does (`--help`, wrong usage)."""
    gc.set_threshold(50_000, 20, 50)  # next to nothing here is cyclic; looking for cycles took a quarter of an audit
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    args = parser().parse_args(argv)
    try:
        code = COMMANDS[args.command](args)
        sys.stdout.flush()
    except UsageError as error:
        _say(str(error))
        return USAGE
    except AuditorError as error:
        _say(str(error))
        return NO_REPORT
    except BrokenPipeError:
        # Whoever read stdout has gone. What is left in the buffer must not be flushed into the closed pipe at exit
        # (Python library reference, "Note on SIGPIPE").
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NO_REPORT
    except KeyboardInterrupt:
        _say("interrupted; no report was made")
        return INTERRUPTED
    return code


def exit_code(summary: Summary, *, fail_on: str, strict: bool, exit_zero: bool) -> int:
    """0, 3 or 11-14. A finding of status `error` counts as incomplete: something asked for was not judged."""
    from auditor.model import Severity

    incomplete = not summary.coverage_complete or summary.errors > 0
    threshold = Severity[fail_on.upper()]
    worst = max((level for level, count in summary.by_severity.items() if count and level >= threshold), default=None)
    if worst is None or exit_zero or (strict and incomplete):
        return INCOMPLETE if incomplete else OK
    return FINDINGS + worst


def _scan(args: Namespace) -> int:
    from auditor import pipeline, rules
    from auditor.rules.base import Persona

    config = _config(args)
    outputs = [(args.format, args.output), *args.reports]
    files = [Path(file).absolute() for _, file in outputs if file != STDOUT]
    for path in files:
        if files.count(path) > 1:
            raise UsageError(f"{path}: two reports cannot go into one file")
        require_writable(path)
    progress = _progress(args)
    snapshot, providers = _estate(args, config)
    report = pipeline.audit(snapshot, providers, config, rules.RULES, Persona(args.persona), progress)
    for name, file in outputs:
        _write(report, name, file, args)
    summary = report.summary()
    code = exit_code(summary, fail_on=args.fail_on, strict=args.strict, exit_zero=args.exit_zero)
    if not args.quiet:
        _say(f"exit code {code}: {_reason(code, summary, args.fail_on)}")
    return code


def _collect(args: Namespace) -> int:
    from auditor.snapshot import save

    config = _config(args)
    if args.output != STDOUT:
        require_writable(Path(args.output))
    snapshot = _live(args, args.providers or _targets(config), config, _progress(args))
    if args.output == STDOUT:
        save(snapshot, sys.stdout)
    else:
        with whole_file(Path(args.output)) as stream:
            save(snapshot, stream)
    if not args.quiet:
        state = "complete" if snapshot.complete else "INCOMPLETE, `auditor scan --from` tells what is missing"
        _say(f"{len(snapshot.documents)} documents saved; coverage {state}")
    return OK if snapshot.complete else INCOMPLETE


def _rules(args: Namespace) -> int:
    del args
    import tabulate

    from auditor.rules import RULES

    fixed = max(len(rule.id) for rule in RULES) + max(len(rule.severity) for rule in RULES) + len("regular") + 8
    rows = [(r.id, r.severity, r.persona.value, "\n".join(wrap(r.summary, max(WIDTH - fixed, 30)))) for r in RULES]
    sys.stdout.write(
        tabulate.tabulate(rows, headers=("rule", "severity", "persona", "finds"), tablefmt="simple") + "\n"
    )
    return OK


def _explain(args: Namespace) -> int:
    import difflib

    from auditor.rules import RULES

    named = {rule.id: rule for rule in RULES}
    if args.rule not in named:
        near = difflib.get_close_matches(args.rule, named, n=1)
        hint = f"did you mean {near[0]}?" if near else "`auditor rules` lists them"
        raise UsageError(f"there is no rule {args.rule!r}; {hint}")
    from auditor.rules.docs import page

    sys.stdout.write(page(named[args.rule]))
    return OK


def _token(args: Namespace) -> int:
    from auditor import __version__, pipeline, questions
    from auditor.issuers.catalogue import catalogue_of
    from auditor.report.base import Layout
    from auditor.tokens.answer import TokenReport
    from auditor.tokens.nearest import View
    from auditor.tokens.read import read
    from auditor.tokens.recognise import recognise
    from auditor.tokens.times import times

    _live_options_alone(args)
    if args.identity and not (args.snapshots or args.providers):
        raise UsageError("--identity needs an estate to look at: --from SNAPSHOT, or a provider to read live")
    config = _config(args)
    if args.file == STDOUT:
        decoded = read(sys.stdin.buffer)
    else:
        with _opened(Path(args.file)) as stream:
            decoded = read(stream)
    moments = times(decoded.payload, _now())
    if decoded.whole:
        _say(moments.leak())
    issuers = catalogue_of(config.issuers)
    recognition = recognise(decoded, issuers, config.ours)
    answer = None
    if args.snapshots or args.providers:
        progress = _progress(args)
        if args.snapshots:
            snapshot = pipeline.restore(args.snapshots)
            names = args.providers or _known(snapshot)
        else:
            names = args.providers
            snapshot = _live(args, names, config, progress)
        providers = [PROVIDERS[name]() for name in dict.fromkeys(names)]
        view = View(recognition.issuer.grammar, recognition.reading, decoded.unread)
        answer = questions.hold(snapshot, providers, issuers, decoded, view, args.identity, progress)
    subject = decoded.claims.get("sub")
    report = TokenReport(
        tool_version=__version__,
        subject=subject if isinstance(subject, str) else None,
        recognition=recognition,
        times=moments,
        whole=decoded.whole,
        unread=decoded.unread,
        answer=answer,
    )
    TOKEN_FORMATS[args.format]()(report, sys.stdout, Layout(_width(args)))
    return OK if answer is None or answer.complete else INCOMPLETE


def _reach(args: Namespace) -> int:
    from auditor import questions
    from auditor.issuers.catalogue import catalogue_of
    from auditor.reach import origin_of
    from auditor.report.base import Layout

    config = _config(args)
    origin = origin_of(args.origin, catalogue_of(config.issuers))
    snapshot, providers = _estate(args, config)
    report = questions.reach(snapshot, providers, config, origin, _progress(args))
    REACH_FORMATS[args.format]().write_reach(report, sys.stdout, Layout(_width(args)))
    return OK if report.complete else INCOMPLETE


def _who(args: Namespace) -> int:
    from auditor import questions
    from auditor.report.base import Layout

    config = _config(args)
    snapshot, providers = _estate(args, config)
    report = questions.who(snapshot, providers, config, args.identity, _progress(args))
    REACH_FORMATS[args.format]().write_who(report, sys.stdout, Layout(_width(args)))
    return OK if report.complete else INCOMPLETE


def _estate(args: Namespace, config: Config) -> tuple[Snapshot, list[Provider]]:
    """What a question is asked about: the snapshots that are named, else the live clouds."""
    from auditor import pipeline

    _live_options_alone(args)
    if args.snapshots:
        snapshot = pipeline.restore(args.snapshots)
        names = args.providers or _known(snapshot)
    else:
        names = args.providers or _targets(config)
        snapshot = _live(args, names, config, _progress(args))
    return snapshot, [PROVIDERS[name]() for name in dict.fromkeys(names)]


def _issuers(args: Namespace) -> int:
    from auditor.issuers.catalogue import catalogue_of
    from auditor.report.base import Layout
    from auditor.tokens.portrait import find, portraits

    catalogue = catalogue_of(_config(args).issuers)
    layout = Layout(_width(args))
    issuers = ISSUER_FORMATS[args.format]()
    if args.issuer is None:
        issuers.write_list(portraits(catalogue), sys.stdout, layout)
    else:
        issuers.write_one(find(args.issuer, catalogue), sys.stdout, layout)
    return OK


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error


def _now() -> datetime:
    return datetime.now(UTC)


def _permissions(args: Namespace) -> int:
    sys.stdout.write(PROVIDERS[args.provider]().permissions())
    return OK


def _schema(args: Namespace) -> int:
    from importlib import resources

    sys.stdout.write(resources.files("auditor").joinpath("schemas", f"{args.schema}.json").read_text("utf-8"))
    return OK


COMMANDS: Mapping[str, Callable[[Namespace], int]] = {
    "scan": _scan,
    "collect": _collect,
    "token": _token,
    "reach": _reach,
    "who": _who,
    "rules": _rules,
    "explain": _explain,
    "issuers": _issuers,
    "permissions": _permissions,
    "schema": _schema,
}


def _config(args: Namespace) -> Config:
    from auditor import config, issuers
    from auditor.issuers.catalogue import catalogue_of

    path = args.config or config.find(Path())
    if path is None:
        return config.Config()
    found = config.load(path, issuers.kinds())
    catalogue_of(found.issuers)  # what is wrong with a described issuer is told before anything is read
    if found.waivers:
        from auditor.waivers import check_rules

        check_rules(found.waivers)
    return found


LIVE_OPTIONS: Mapping[str, Sequence[str]] = {
    "aws": ("profile",),
    "gcp": ("projects", "folders", "organizations"),
    "azure": ("tenant", "subscriptions", "management_groups"),
}
"""Provider → what its collector takes from the command line."""


def _live(args: Namespace, names: Sequence[str], config: Config, progress: Callable[[str], None]) -> Snapshot:
    """Read the live clouds called `names`. A cloud counts as asked for when anything names it or says what to read."""
    from auditor import pipeline

    options = {option: getattr(args, option) for listed in LIVE_OPTIONS.values() for option in listed}
    told = [name for name, listed in LIVE_OPTIONS.items() if any(options[option] for option in listed)]
    unread = [name for name in told if name not in names]
    if unread:
        raise UsageError(f"{_flags(unread[0])} is for {unread[0]}, which is not among what is to be read")
    configured = [name for name in PROVIDERS if getattr(config.targets, name) is not None]
    asked = {*args.providers, *configured, *told}
    providers = [PROVIDERS[name]() for name in dict.fromkeys(names)]
    given = {option: value for option, value in options.items() if value}
    return pipeline.collect(providers, config, given, progress, asked)


def _live_options_alone(args: Namespace) -> None:
    """Raises `UsageError` when options of live clouds stand beside snapshots."""
    told = [name for name, listed in LIVE_OPTIONS.items() if any(getattr(args, option) for option in listed)]
    if args.snapshots and told:
        raise UsageError(f"{_flags(told[0])} chooses what to read live; it has no meaning beside --from")


def _flags(provider: str) -> str:
    return "/".join(f"--{option.removesuffix('s').replace('_', '-')}" for option in LIVE_OPTIONS[provider])


def _targets(config: Config) -> list[str]:
    """The providers named under `[targets]`; all, when the configuration names none."""
    return [name for name in PROVIDERS if getattr(config.targets, name) is not None] or list(PROVIDERS)


def _known(snapshot: Snapshot) -> list[str]:
    """The providers a snapshot has anything of; what is of none of ours is for the ledger to tell."""
    return [name for name in PROVIDERS if name in snapshot.providers]


def _write(report: Report, name: str, file: str, args: Namespace) -> None:
    from auditor.report.base import Layout

    write = FORMATS[name]()
    if file == STDOUT:
        write(report, sys.stdout, Layout(_width(args), args.details))
        sys.stdout.flush()
        return
    with whole_file(Path(file)) as stream:
        write(report, stream, Layout(args.width or WIDTH, args.details))
    if not args.quiet:
        _say(f"{name} report written to {file}")


def _width(args: Namespace) -> int:
    """As asked for, else the terminal's, else that of a file."""
    terminal = min(shutil.get_terminal_size().columns, WIDEST) if sys.stdout.isatty() else WIDTH
    asked: int | None = args.width
    return asked or terminal


def _reason(code: int, summary: Summary, fail_on: str) -> str:
    gaps = [] if summary.coverage_complete else ["coverage is incomplete"]
    gaps += [f"{summary.errors} checks failed"] if summary.errors else []
    trouble = " and ".join(gaps)
    if code == OK:
        return f"everything was read, nothing counts at {fail_on} or above"
    if code == INCOMPLETE:
        return trouble
    severity = {11: "low", 12: "medium", 13: "high", 14: "critical"}[code]
    return f"the highest finding is {severity}" + (f"; also, {trouble}" if trouble else "")


def _progress(args: Namespace) -> Callable[[str], None]:
    """Tells a person at a terminal what is going on, and nobody else."""
    if args.quiet or not sys.stderr.isatty():
        return lambda _: None
    return lambda text: _say(f"{text} …")


def _say(text: str) -> None:
    for line in text.splitlines():
        sys.stderr.write(f"auditor: {visible(line)}\n")
