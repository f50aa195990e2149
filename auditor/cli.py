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
from typing import BinaryIO

from auditor.argument_sources import AWS_ORGANIZATION
from auditor.arguments import parser
from auditor.delivery import (
    FINDINGS,
    INCOMPLETE,
    INTERRUPTED,
    NO_REPORT,
    OK,
    STDOUT,
    USAGE,
    clear,
    deliver,
    end_progress,
    layout_of,
    outputs_of,
    progress_of,
    say,
)
from auditor.errors import AuditorError, UsageError
from auditor.estates import LIVE_OPTIONS, clouds, config_of, estate_of, live, plan_of, targets_of
from auditor.output import require_absent, require_writable, whole_file
from auditor.report import COMPLIANCE_FORMATS, ISSUER_FORMATS, PAGE_FORMATS, REACH_FORMATS, TOKEN_FORMATS


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
        say(str(error))
        return USAGE
    except AuditorError as error:
        say(str(error))
        return NO_REPORT
    except BrokenPipeError:
        # Whoever read stdout has gone. What is left in the buffer must not be flushed into the closed pipe at exit
        # (Python library reference, "Note on SIGPIPE").
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NO_REPORT
    except KeyboardInterrupt:
        say("interrupted; no report was made")
        return INTERRUPTED
    finally:
        end_progress()
    return code


def _scan(args: Namespace) -> int:
    from auditor import pipeline, rules
    from auditor.drift import differences
    from auditor.judging.fanout import judges
    from auditor.rules.base import Persona

    config = config_of(args)
    outputs = outputs_of(args)
    if args.new_only and args.baseline is None:
        raise UsageError("--new-only needs a --baseline: new against what?")
    baseline = None if args.baseline is None else differences.restored(args.baseline, config)
    progress = progress_of(args)
    snapshot, providers = estate_of(args, config)
    with judges(args.workers) as executor:
        report = pipeline.audit(snapshot, providers, config, rules.RULES, Persona(args.persona), progress, executor)
    if baseline is not None:
        ask = differences.Asked(config, rules.RULES, Persona(args.persona), progress)
        report = differences.against(baseline, report, providers, ask, hide=args.new_only)
    return deliver(report, outputs, args)


def _diff(args: Namespace) -> int:
    from auditor import rules
    from auditor.drift import differences
    from auditor.rules.base import Persona

    config = config_of(args)
    outputs = outputs_of(args)
    old, new = (differences.restored(path, config) for path in (args.old, args.new))
    ask = differences.Asked(config, rules.RULES, Persona(args.persona), progress_of(args))
    report = differences.diff(old, new, [make() for make in clouds().values()], ask)
    return deliver(report, outputs, args)


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
    config = config_of(args)
    report, today, given = None, _now().date(), dict[str, object]()
    if args.snapshots or args.providers:
        snapshot, providers = estate_of(args, config)
        bare = replace(config, ours=settings.Ours(), waivers=())
        report = pipeline.audit(snapshot, providers, bare, rules.RULES, Persona.REGULAR, progress_of(args))
        today = datetime.fromisoformat(snapshot.finished).date()
        given = {option: getattr(args, option) for listed in LIVE_OPTIONS.values() for option in listed}
    text = starter.draft(report, given, issuers.kinds(), today)
    if args.output == STDOUT:
        sys.stdout.write(text)
    else:
        with whole_file(target) as stream:
            stream.write(text)
        say(f"{target} written; read it before you rely on it")
    return OK if report is None or report.summary().coverage_complete else INCOMPLETE


def _collect(args: Namespace) -> int:
    from auditor.collecting import resume
    from auditor.snapshot_file import save
    from auditor.storage.packing import wants_packing

    config = config_of(args)
    path = None if args.output == STDOUT else Path(args.output)
    if path is not None:
        require_writable(path)
    # What is no file cannot be continued.
    target = None if path is None or (path.exists() and not path.is_file()) else path
    if args.max_age is not None and args.resume is None:
        raise UsageError("--max-age tells what --resume may take over, which is missing")
    if args.resume == "" and target is None:
        raise UsageError("--resume needs a file: that of -o, or one of its own (--resume OLD)")
    names = args.providers or targets_of(config)
    plan, asked = plan_of(args, names, config), None
    if args.resume is not None:
        age = resume.MAX_AGE if args.max_age is None else args.max_age
        asked = resume.Asked(Path(args.resume) if args.resume else None, age)
    with resume.opened(target, plan, _now(), asked, _unheard if args.quiet else say) as kept:
        snapshot = kept.stamped(live(args, names, config, progress_of(args), args.shard, kept), plan)
        if path is None:
            clear()
            save(snapshot, sys.stdout)
        else:
            with whole_file(path, pack=wants_packing(path)) as stream:
                save(snapshot, stream)
        kept.finish()
    if not args.quiet:
        state = "complete" if snapshot.complete else "INCOMPLETE, `auditor scan --from` tells what is missing"
        part = "" if args.shard is None else f" of part {args.shard}"
        say(f"{len(snapshot.documents)} documents{part} saved; coverage {state}")
    return OK if snapshot.complete else INCOMPLETE


def _unheard(text: str) -> None:
    """What nobody wants to hear."""
    del text


def _rules(args: Namespace) -> int:
    from auditor.report.explain import write_list
    from auditor.rules import RULES

    write_list(RULES, sys.stdout, layout_of(args))
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
    PAGE_FORMATS[args.format]()(named[args.rule], sys.stdout, layout_of(args))
    return OK


def _completion(args: Namespace) -> int:
    from auditor.completion import script

    sys.stdout.write(script(args.shell))
    return OK


def _token(args: Namespace) -> int:
    from auditor import __version__, questions
    from auditor.issuers.catalogue import catalogue_of
    from auditor.tokens.answer import TokenReport
    from auditor.tokens.nearest import View
    from auditor.tokens.read import read
    from auditor.tokens.recognise import recognise
    from auditor.tokens.times import times

    if args.identity and not (args.snapshots or args.providers):
        raise UsageError("--identity needs an estate to look at: --from SNAPSHOT, or a provider to read live")
    config = config_of(args)
    if args.file == STDOUT:
        decoded = read(sys.stdin.buffer)
    else:
        with _opened(Path(args.file)) as stream:
            decoded = read(stream)
    moments = times(decoded.payload, _now())
    if decoded.whole:
        say(moments.leak())
    issuers = catalogue_of(config.issuers)
    recognition = recognise(decoded, issuers, config.ours)
    answer = None
    if args.snapshots or args.providers:
        snapshot, providers = estate_of(args, config)
        view = View(recognition.issuer.grammar, recognition.reading, decoded.unread)
        answer = questions.hold(snapshot, providers, config, decoded, view, args.identity, progress_of(args))
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
    TOKEN_FORMATS[args.format]()(report, sys.stdout, layout_of(args))
    return OK if answer is None or answer.complete else INCOMPLETE


def _reach(args: Namespace) -> int:
    from auditor import questions
    from auditor.issuers.catalogue import catalogue_of
    from auditor.reach import origin_of

    config = config_of(args)
    origin = origin_of(args.origin, catalogue_of(config.issuers))
    snapshot, providers = estate_of(args, config)
    report = questions.reach(snapshot, providers, config, origin, progress_of(args))
    REACH_FORMATS[args.format]().write_reach(report, sys.stdout, layout_of(args))
    return OK if report.complete else INCOMPLETE


def _who(args: Namespace) -> int:
    from auditor import questions

    config = config_of(args)
    snapshot, providers = estate_of(args, config)
    report = questions.who(snapshot, providers, config, args.identity, progress_of(args))
    REACH_FORMATS[args.format]().write_who(report, sys.stdout, layout_of(args))
    return OK if report.complete else INCOMPLETE


def _compliance(args: Namespace) -> int:
    from auditor import pipeline
    from auditor.compliance import FRAMEWORKS
    from auditor.compliance.catalogue import framework
    from auditor.judging.fanout import judges
    from auditor.report.assessment import Result, assess
    from auditor.report.base import Layout
    from auditor.rules import RULES
    from auditor.rules.base import Persona
    from auditor.terminal import WIDTH

    config = config_of(args)
    if args.output != STDOUT:
        require_writable(Path(args.output))
    args.providers = [name for name in args.names if name in clouds()]
    asked = dict.fromkeys(name for name in args.names if name in FRAMEWORKS)
    snapshot, providers = estate_of(args, config)
    with judges(args.workers) as executor:
        report = pipeline.audit(snapshot, providers, config, RULES, Persona.AUDITOR, progress_of(args), executor)
    told = assess(report, map(framework, asked or FRAMEWORKS), RULES, config.ours)
    write = COMPLIANCE_FORMATS[args.format]()
    if args.output == STDOUT:
        write(told, sys.stdout, layout_of(args))
    else:
        with whole_file(Path(args.output)) as stream:
            write(told, stream, Layout(args.width or WIDTH, details=args.details))
    worst = max((one.worst for one in told.controls if one.worst is not None), default=None)
    code = OK if all(one.result is Result.PASS for one in told.controls) else INCOMPLETE
    if worst is not None and not args.exit_zero:
        code = FINDINGS + worst
    if not args.quiet:
        counts = ", ".join(f"{number:,} {result.words}" for result, number in told.counts.items())
        say(f"exit code {code}: of the controls, {counts}")
    return code


def _issuers(args: Namespace) -> int:
    from auditor.issuers.catalogue import catalogue_of
    from auditor.tokens.portrait import find, portraits

    catalogue = catalogue_of(config_of(args).issuers)
    layout = layout_of(args)
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
    if args.provider == AWS_ORGANIZATION:
        from auditor.providers.aws import PROVIDER

        sys.stdout.write(PROVIDER.organization_permissions())
    else:
        sys.stdout.write(clouds()[args.provider]().permissions())
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
