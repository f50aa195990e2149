"""The `auditor` command: calls the pipeline, writes what comes out of it, chooses the exit code. No audit logic.

stdout carries the report and nothing else. Everything heavy is imported by the command that needs it.
"""

from __future__ import annotations

import gc
import io
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from auditor.arguments import parser
from auditor.errors import AuditorError, UsageError
from auditor.output import require_absent, require_writable, whole_file
from auditor.providers import PROVIDERS
from auditor.report import COMPLIANCE_FORMATS, FORMATS, ISSUER_FORMATS, PAGE_FORMATS, REACH_FORMATS, TOKEN_FORMATS
from auditor.report.text import visible

if TYPE_CHECKING:
    from auditor.config import Config
    from auditor.progress import Progress
    from auditor.providers.base import Provider
    from auditor.report.base import Layout, Report, Summary
    from auditor.shards import Shard
    from auditor.snapshot import Snapshot
    from auditor.terminal import Meter

OK, NO_REPORT, USAGE, INCOMPLETE = 0, 1, 2, 3
FINDINGS = 10
"""Plus the severity, 1 (low) to 4 (critical)."""
INTERRUPTED = 130
"""As shells write a death by Ctrl-C; no report was made."""

STDOUT = "-"

_METERS: list[Meter] = []
"""The line of progress on the terminal, if there is one: it goes before anything else is written."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Raises `SystemExit` where argparse does (`--help`, wrong usage)."""
    gc.set_threshold(50_000, 20, 50)  # next to nothing here is cyclic; looking for cycles took a quarter of an audit
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    args = parser().parse_args(argv)
    _METERS.clear()
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
    counts = {level: count - summary.known.get(level, 0) for level, count in summary.by_severity.items()}
    worst = max((level for level, count in counts.items() if count and level >= threshold), default=None)
    if worst is None or exit_zero or (strict and incomplete):
        return INCOMPLETE if incomplete else OK
    return FINDINGS + worst


def _scan(args: Namespace) -> int:
    from auditor import pipeline, rules
    from auditor.drift import differences
    from auditor.rules.base import Persona

    config = _config(args)
    outputs = _outputs(args)
    if args.new_only and args.baseline is None:
        raise UsageError("--new-only needs a --baseline: new against what?")
    baseline = None if args.baseline is None else differences.restored(args.baseline, config)
    progress = _progress(args)
    snapshot, providers = _estate(args, config)
    report = pipeline.audit(snapshot, providers, config, rules.RULES, Persona(args.persona), progress)
    if baseline is not None:
        ask = differences.Asked(config, rules.RULES, Persona(args.persona), progress)
        report = differences.against(baseline, report, providers, ask, hide=args.new_only)
    return _deliver(report, outputs, args)


def _diff(args: Namespace) -> int:
    from auditor import rules
    from auditor.drift import differences
    from auditor.rules.base import Persona

    config = _config(args)
    outputs = _outputs(args)
    old, new = (differences.restored(path, config) for path in (args.old, args.new))
    ask = differences.Asked(config, rules.RULES, Persona(args.persona), _progress(args))
    report = differences.diff(old, new, [make() for make in PROVIDERS.values()], ask)
    return _deliver(report, outputs, args)


def _init(args: Namespace) -> int:
    from dataclasses import replace

    from auditor import config as settings
    from auditor import issuers, pipeline, rules, starter
    from auditor.rules.base import Persona

    target = Path(args.output)
    if args.output != STDOUT:
        require_absent(target)
        if target.name == settings.FILE and settings.find(target.parent) is not None:
            raise UsageError(f"{target}: {settings.PROJECT_FILE} beside it has a [tool.auditor]; keep one of the two")
    config = _config(args)
    report, today, given = None, _now().date(), dict[str, object]()
    if args.snapshots or args.providers:
        snapshot, providers = _estate(args, config)
        bare = replace(config, ours=settings.Ours(), waivers=())
        report = pipeline.audit(snapshot, providers, bare, rules.RULES, Persona.REGULAR, _progress(args))
        today = datetime.fromisoformat(snapshot.finished).date()
        given = {option: getattr(args, option) for listed in LIVE_OPTIONS.values() for option in listed}
    text = starter.draft(report, given, issuers.kinds(), today)
    if args.output == STDOUT:
        sys.stdout.write(text)
    else:
        with whole_file(target) as stream:
            stream.write(text)
        _say(f"{target} written; read it before you rely on it")
    return OK if report is None or report.summary().coverage_complete else INCOMPLETE


def _outputs(args: Namespace) -> list[tuple[str, str]]:
    """Format and file of every report that is asked for. Raises `UsageError` for what clearly cannot be written."""
    outputs = [(args.format, args.output), *args.reports]
    files = [Path(file).absolute() for _, file in outputs if file != STDOUT]
    for path in files:
        if files.count(path) > 1:
            raise UsageError(f"{path}: two reports cannot go into one file")
        require_writable(path)
    return outputs


def _deliver(report: Report, outputs: Sequence[tuple[str, str]], args: Namespace) -> int:
    """Write a report in every form it is wanted in, and choose the exit code."""
    from auditor.report.compared import sentence

    for name, file in outputs:
        _write(report, name, file, args)
    summary = report.summary()
    code = exit_code(summary, fail_on=args.fail_on, strict=args.strict, exit_zero=args.exit_zero)
    if not args.quiet:
        if report.comparison is not None:
            _say(sentence(report.comparison))
        _say(f"exit code {code}: {_reason(code, summary, args.fail_on)}")
    return code


def _collect(args: Namespace) -> int:
    from auditor.packing import wants_packing
    from auditor.snapshot import save

    config = _config(args)
    if args.output != STDOUT:
        require_writable(Path(args.output))
    snapshot = _live(args, args.providers or _targets(config), config, _progress(args), args.shard)
    if args.output == STDOUT:
        _clear()
        save(snapshot, sys.stdout)
    else:
        path = Path(args.output)
        with whole_file(path, pack=wants_packing(path)) as stream:
            save(snapshot, stream)
    if not args.quiet:
        state = "complete" if snapshot.complete else "INCOMPLETE, `auditor scan --from` tells what is missing"
        part = "" if args.shard is None else f" of part {args.shard}"
        _say(f"{len(snapshot.documents)} documents{part} saved; coverage {state}")
    return OK if snapshot.complete else INCOMPLETE


def _rules(args: Namespace) -> int:
    from auditor.report.explain import write_list
    from auditor.rules import RULES

    write_list(RULES, sys.stdout, _layout(args))
    return OK


def _explain(args: Namespace) -> int:
    import difflib

    from auditor.rules import RULES

    if args.rule is None:
        return _rules(args)
    named = {rule.id: rule for rule in RULES}
    if args.rule not in named:
        near = difflib.get_close_matches(args.rule, named, n=1)
        hint = f"did you mean {near[0]}?" if near else "`auditor rules` lists them"
        raise UsageError(f"there is no rule {args.rule!r}; {hint}")
    PAGE_FORMATS[args.format]()(named[args.rule], sys.stdout, _layout(args))
    return OK


def _completion(args: Namespace) -> int:
    from auditor.completion import script

    sys.stdout.write(script(args.shell))
    return OK


def _token(args: Namespace) -> int:
    from auditor import __version__, pipeline, questions
    from auditor.issuers.catalogue import catalogue_of
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
    TOKEN_FORMATS[args.format]()(report, sys.stdout, _layout(args))
    return OK if answer is None or answer.complete else INCOMPLETE


def _reach(args: Namespace) -> int:
    from auditor import questions
    from auditor.issuers.catalogue import catalogue_of
    from auditor.reach import origin_of

    config = _config(args)
    origin = origin_of(args.origin, catalogue_of(config.issuers))
    snapshot, providers = _estate(args, config)
    report = questions.reach(snapshot, providers, config, origin, _progress(args))
    REACH_FORMATS[args.format]().write_reach(report, sys.stdout, _layout(args))
    return OK if report.complete else INCOMPLETE


def _who(args: Namespace) -> int:
    from auditor import questions

    config = _config(args)
    snapshot, providers = _estate(args, config)
    report = questions.who(snapshot, providers, config, args.identity, _progress(args))
    REACH_FORMATS[args.format]().write_who(report, sys.stdout, _layout(args))
    return OK if report.complete else INCOMPLETE


def _compliance(args: Namespace) -> int:
    from auditor import pipeline
    from auditor.compliance import FRAMEWORKS
    from auditor.compliance.catalogue import framework
    from auditor.report.assessment import Result, assess
    from auditor.report.base import Layout
    from auditor.rules import RULES
    from auditor.rules.base import Persona
    from auditor.terminal import WIDTH

    config = _config(args)
    if args.output != STDOUT:
        require_writable(Path(args.output))
    args.providers = [name for name in args.names if name in PROVIDERS]
    asked = dict.fromkeys(name for name in args.names if name in FRAMEWORKS)
    snapshot, providers = _estate(args, config)
    report = pipeline.audit(snapshot, providers, config, RULES, Persona.AUDITOR, _progress(args))
    told = assess(report, map(framework, asked or FRAMEWORKS), RULES, config.ours)
    write = COMPLIANCE_FORMATS[args.format]()
    if args.output == STDOUT:
        write(told, sys.stdout, _layout(args))
    else:
        with whole_file(Path(args.output)) as stream:
            write(told, stream, Layout(args.width or WIDTH, details=args.details))
    worst = max((one.worst for one in told.controls if one.worst is not None), default=None)
    code = OK if all(one.result is Result.PASS for one in told.controls) else INCOMPLETE
    if worst is not None and not args.exit_zero:
        code = FINDINGS + worst
    if not args.quiet:
        counts = ", ".join(f"{number:,} {result.words}" for result, number in told.counts.items())
        _say(f"exit code {code}: of the controls, {counts}")
    return code


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
    from auditor.tokens.portrait import find, portraits

    catalogue = catalogue_of(_config(args).issuers)
    layout = _layout(args)
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
    "diff": _diff,
    "init": _init,
    "collect": _collect,
    "token": _token,
    "reach": _reach,
    "who": _who,
    "compliance": _compliance,
    "rules": _rules,
    "explain": _explain,
    "issuers": _issuers,
    "permissions": _permissions,
    "schema": _schema,
    "completion": _completion,
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
    "aws": ("profile", "organization", "role_name", "external_id", "role_session_name", "duration"),
    "gcp": ("projects", "folders", "organizations"),
    "azure": ("tenant", "subscriptions", "management_groups"),
}
"""Provider → what its collector takes from the command line."""


def _live(
    args: Namespace, names: Sequence[str], config: Config, progress: Progress, shard: Shard | None = None
) -> Snapshot:
    """Read the live clouds called `names`. A cloud counts as asked for when anything names it or says what to read."""
    from auditor import pipeline

    options = {option: getattr(args, option) for listed in LIVE_OPTIONS.values() for option in listed}
    told = [name for name, listed in LIVE_OPTIONS.items() if any(options[option] for option in listed)]
    unread = [name for name in told if name not in names]
    if unread:
        raise UsageError(f"{_flags(args, unread[0])} is for {unread[0]}, which is not among what is to be read")
    configured = [name for name in PROVIDERS if getattr(config.targets, name) is not None]
    asked = {*args.providers, *configured, *told}
    providers = [PROVIDERS[name]() for name in dict.fromkeys(names)]
    given = {option: value for option, value in options.items() if value}
    return pipeline.collect(providers, config, given, progress, asked, shard)


def _live_options_alone(args: Namespace) -> None:
    """Raises `UsageError` when options of live clouds stand beside snapshots."""
    told = [name for name, listed in LIVE_OPTIONS.items() if any(getattr(args, option) for option in listed)]
    if args.snapshots and told:
        raise UsageError(f"{_flags(args, told[0])} chooses what to read live; it has no meaning beside --from")


def _flags(args: Namespace, provider: str) -> str:
    """The first that was given of what chooses what to read of that cloud."""
    option = next(option for option in LIVE_OPTIONS[provider] if getattr(args, option))
    return f"--{option.removesuffix('s').replace('_', '-')}"


def _targets(config: Config) -> list[str]:
    """The providers named under `[targets]`; all, when the configuration names none."""
    return [name for name in PROVIDERS if getattr(config.targets, name) is not None] or list(PROVIDERS)


def _known(snapshot: Snapshot) -> list[str]:
    """The providers a snapshot has anything of; what is of none of ours is for the ledger to tell."""
    return [name for name in PROVIDERS if name in snapshot.providers]


def _write(report: Report, name: str, file: str, args: Namespace) -> None:
    from auditor.report.base import Layout
    from auditor.terminal import WIDTH

    write = FORMATS[name]()
    if file == STDOUT:
        write(report, sys.stdout, _layout(args))
        sys.stdout.flush()
        return
    with whole_file(Path(file)) as stream:
        write(report, stream, Layout(args.width or WIDTH, details=args.details))
    if not args.quiet:
        _say(f"{name} report written to {file}")


def _layout(args: Namespace) -> Layout:
    """The room there is on stdout, which is about to be written to."""
    from auditor.report.base import Layout
    from auditor.terminal import coloured, columns

    _clear()
    colour = coloured(getattr(args, "colour", "never"), sys.stdout, os.environ)
    width = getattr(args, "width", None) or columns(sys.stdout)
    return Layout(width, details=getattr(args, "details", False), colour=colour)


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


def _progress(args: Namespace) -> Progress:
    """Tells a person at a terminal what is going on, and nobody else."""
    from auditor.progress import silent
    from auditor.terminal import Meter

    if args.quiet or not sys.stderr.isatty():
        return silent
    if not _METERS:
        _METERS.append(Meter(sys.stderr))
    return _METERS[0]


def _clear() -> None:
    for meter in _METERS:
        meter.clear()


def _say(text: str) -> None:
    _clear()
    for line in text.splitlines():
        sys.stderr.write(f"auditor: {visible(line)}\n")
