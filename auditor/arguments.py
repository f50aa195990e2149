"""The command line: what can be asked for, and how it is written. Imports nothing that takes time."""

from __future__ import annotations

import argparse
from pathlib import Path

from auditor import __version__
from auditor.argument_reports import WIDTH_HELP, colour, columns, formats, output, reporting
from auditor.argument_sources import AWS_ORGANIZATION, configuration, live_sources, max_age, shard, snapshots, sources
from auditor.compliance import FRAMEWORKS
from auditor.providers import PROVIDERS
from auditor.report import COMPLIANCE_FORMATS, ISSUER_FORMATS, PAGE_FORMATS, REACH_FORMATS, TOKEN_FORMATS

SHELLS = ("bash", "zsh", "fish")
SCHEMAS = ("report", "snapshot", "config", "token", "compliance")
HELP_WIDTH = 100

EXIT_CODES = """\
exit codes:
  0   complete, no finding at or above --fail-on
  1   no report could be made
  2   wrong usage or configuration
  3   report made, but not everything could be read or checked
  11  highest finding is low
  12  highest finding is medium
  13  highest finding is high
  14  highest finding is critical
"""


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help of one width and one form, whatever the terminal and the Python version."""

    def __init__(self, prog: str, **options: object) -> None:
        del options
        super().__init__(prog, max_help_position=26, width=HELP_WIDTH)
        self._action_max_length = 16

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        return f"{', '.join(action.option_strings)} {action.metavar}" + (" ..." if action.nargs == "+" else "")


def parser() -> argparse.ArgumentParser:
    """The whole command line. Parsing leaves the command's name in `command`."""
    top = argparse.ArgumentParser(
        "auditor", usage="auditor COMMAND [options]", formatter_class=_Help, allow_abbrev=False
    )
    top.description = "Tells who on the internet can become which identity in your clouds, and proves it with a token."
    top.epilog = "`auditor COMMAND --help` tells more about a command."
    top.add_argument("--version", action="version", version=f"auditor {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")

    def add(name: str, summary: str, usage: str = "") -> argparse.ArgumentParser:
        usage = f"auditor {name} {usage}".rstrip()
        command = commands.add_parser(name, help=summary, usage=usage, formatter_class=_Help, allow_abbrev=False)
        command.description = f"{summary[0].upper()}{summary[1:]}."
        return command

    _scan(add("scan", "audit live clouds, or snapshots of them", "[PROVIDER ...] [--from SNAPSHOT ...] [options]"))
    _collect(add("collect", "save what an audit needs, to audit it elsewhere", "[PROVIDER ...] -o SNAPSHOT [options]"))
    _diff(add("diff", "tell who gets in now and did not then", "OLD NEW [options]"))
    _token(
        add(
            "token",
            "tell what a token is, and what it could become",
            "FILE [PROVIDER ...] [--from SNAPSHOT ...] [options]",
        )
    )
    _reach(
        add(
            "reach",
            "tell everything the tokens of one repository or tenant come to, in every cloud",
            "ORIGIN [PROVIDER ...] [--from SNAPSHOT ...] [options]",
        )
    )
    _who(
        add(
            "who",
            "tell everybody who can get at one identity",
            "IDENTITY [PROVIDER ...] [--from SNAPSHOT ...] [options]",
        )
    )
    _init(
        add(
            "init",
            "write a first configuration from what an audit sees",
            "[PROVIDER ...] [--from SNAPSHOT ...] [options]",
        )
    )
    _compliance(
        add(
            "compliance",
            "tell which controls of a framework pass, fail, or could not be assessed",
            "[FRAMEWORK ...] [PROVIDER ...] [--from SNAPSHOT ...] [options]",
        )
    )
    add("rules", "list the rules")
    _explain(add("explain", "tell what a rule finds, why it matters and what to do", "[RULE] [options]"))
    _issuers(add("issuers", "list the issuers, or tell all about one", "[NAME] [options]"))
    permissions = add("permissions", "print the least privilege the collector needs, ready to paste", "PROVIDER")
    of = (*PROVIDERS, AWS_ORGANIZATION)
    permissions.add_argument("provider", metavar="PROVIDER", choices=of, help=", ".join(of))
    schema = add("schema", "print the JSON Schema of a file format", "NAME")
    schema.add_argument("schema", metavar="NAME", choices=SCHEMAS, help=", ".join(SCHEMAS))
    _completion(add("completion", "print what completes this command line in a shell", "SHELL"))
    return top


def _scan(scan: argparse.ArgumentParser) -> None:
    scan.epilog = EXIT_CODES
    sources(scan)
    snapshots(scan)
    baseline = scan.add_argument_group("baseline")
    baseline.add_argument(
        "--baseline",
        metavar="FILE",
        type=Path,
        help="a JSON report or snapshot of before: what it has too is known, and decides no exit code",
    )
    baseline.add_argument("--new-only", action="store_true", help="report only what the baseline does not have")
    reporting(scan)


def _diff(diff: argparse.ArgumentParser) -> None:
    diff.epilog = EXIT_CODES.replace("complete, no finding", "complete on both sides, nothing grew or is new")
    diff.add_argument("old", metavar="OLD", type=Path, help="the older state: a snapshot or a JSON report")
    diff.add_argument(
        "new", metavar="NEW", type=Path, help="the newer one; of two snapshots the tokens that get in are compared"
    )
    configuration(diff)
    diff.add_argument("-q", "--quiet", action="store_true", help="no progress and no summary on stderr")
    reporting(diff)


INIT_CODES = """\
Without PROVIDER and --from nothing is read, and the file has examples only. Nothing is ever overwritten.

exit codes:
  0   written
  1   nothing could be read
  2   wrong usage or configuration, or the file is there already
  3   written, but not everything could be read
"""


def _init(init: argparse.ArgumentParser) -> None:
    init.epilog = INIT_CODES
    sources(init, default="none")
    snapshots(init)
    init.add_argument(
        "-o", "--output", metavar="FILE", default="auditor.toml", help="default: auditor.toml; - is stdout"
    )


def _collect(collect: argparse.ArgumentParser) -> None:
    collect.epilog = "The exit code is 0 when everything was read, else 3 (in part), 1 (nothing) or 2 (wrong usage)."
    sources(collect)
    collect.add_argument(
        "-o",
        "--output",
        metavar="SNAPSHOT",
        required=True,
        help="the file to write, packed if it ends in .zst; - is stdout",
    )
    collect.add_argument(
        "--shard",
        metavar="I/N",
        type=shard,
        help="read the I-th of N parts only; `scan --from` audits all parts together as the whole",
    )
    collect.add_argument(
        "--resume",
        metavar="[OLD]",
        nargs="?",
        const="",
        help="continue an interrupted collection, which leaves SNAPSHOT.partial, and take over what is fresh in OLD "
        "(default: SNAPSHOT)",
    )
    collect.add_argument(
        "--max-age",
        metavar="SPAN",
        type=max_age,
        help="what --resume takes over is no older: 30m, 12h, 7d (default: 24h)",
    )


ANSWER_CODES = """\
PROVIDER or --from names the estate that the token is held against; without either it is only recognised.
Nothing is verified, and nothing of a signature is kept or shown.

exit codes:
  0   recognised; with an estate: the answer is complete, whatever it is
  1   no report could be made
  2   wrong usage or configuration, no token, or no such identity
  3   something that was asked for could not be read or decided
"""


def _token(token: argparse.ArgumentParser) -> None:
    token.epilog = ANSWER_CODES
    token.add_argument("file", metavar="FILE", help="a decoded payload (JSON) or a whole token; - is stdin")
    sources(token, default="none")
    snapshots(token)
    token.add_argument(
        "--identity", metavar="NAME", help="tell, clause by clause, why the token does (not) become this one"
    )
    token.add_argument(
        "-f", "--format", metavar="FORMAT", choices=TOKEN_FORMATS, default="table", help=formats(TOKEN_FORMATS)
    )
    token.add_argument("--width", type=columns, metavar="COLUMNS", help=WIDTH_HELP)


COMPLETION = """\
For this shell alone, or in ~/.bashrc and ~/.zshrc for every one:
  bash, zsh   source <(auditor completion SHELL)
  fish        auditor completion fish > ~/.config/fish/completions/auditor.fish
"""


def _completion(completion: argparse.ArgumentParser) -> None:
    completion.epilog = COMPLETION
    completion.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))


REACH_CODES = """\
exit codes:
  0   the answer is complete, whatever it is
  1   no answer could be made
  2   wrong usage or configuration, or no such identity
  3   something that was asked for could not be read or decided
"""


def _reach(reach: argparse.ArgumentParser) -> None:
    reach.epilog = REACH_CODES
    reach.add_argument(
        "origin",
        metavar="ORIGIN",
        help="ISSUER:TENANT[/PROJECT], such as repo:my-org/my-app or gitlab:group/project; see `auditor issuers`",
    )
    _question(reach)


def _who(who: argparse.ArgumentParser) -> None:
    who.epilog = REACH_CODES
    who.add_argument("identity", metavar="IDENTITY", help="its id, its name, or a part of it that no other has")
    _question(who)


def _question(command: argparse.ArgumentParser) -> None:
    sources(command)
    snapshots(command)
    command.add_argument(
        "-f", "--format", metavar="FORMAT", choices=REACH_FORMATS, default="table", help=formats(REACH_FORMATS)
    )
    command.add_argument("--width", type=columns, metavar="COLUMNS", help=WIDTH_HELP)
    colour(command)


def _explain(explain: argparse.ArgumentParser) -> None:
    explain.add_argument("rule", metavar="RULE", nargs="?", help="a rule's id (default: list them all)")
    explain.add_argument(
        "-f",
        "--format",
        metavar="FORMAT",
        choices=PAGE_FORMATS,
        default="text",
        help=f"of a page: {', '.join(PAGE_FORMATS)} (default: text)",
    )
    explain.add_argument("--width", type=columns, metavar="COLUMNS", help=WIDTH_HELP.replace("table", "text"))
    colour(explain)


def _issuers(issuers: argparse.ArgumentParser) -> None:
    issuers.add_argument(
        "issuer",
        metavar="NAME",
        nargs="?",
        help="id, name or URL of one: its tokens, who chooses what in them, sources",
    )
    configuration(issuers)
    issuers.add_argument(
        "-f", "--format", metavar="FORMAT", choices=ISSUER_FORMATS, default="table", help=formats(ISSUER_FORMATS)
    )
    issuers.add_argument("--width", type=columns, metavar="COLUMNS", help=WIDTH_HELP)


COMPLIANCE_CODES = """\
Every rule is run, whatever the persona. Without a FRAMEWORK all are told.

exit codes:
  0   every control passes
  1   no answer could be made
  2   wrong usage or configuration
  3   no control fails, but some could not be assessed
  11  a control fails; the highest finding it fails by is low
  12  ... medium
  13  ... high
  14  ... critical
"""


def _compliance(compliance: argparse.ArgumentParser) -> None:
    compliance.epilog = COMPLIANCE_CODES
    compliance.add_argument(
        "names",
        metavar="FRAMEWORK",
        nargs="*",
        type=_framework,
        help=f"{', '.join(FRAMEWORKS)}; a PROVIDER ({', '.join(PROVIDERS)}) as with scan",
    )
    live_sources(compliance)
    snapshots(compliance)
    output(compliance, COMPLIANCE_FORMATS)
    compliance.add_argument("--details", action="store_true", help="tell what of each control is looked at")
    compliance.add_argument("--width", type=columns, metavar="COLUMNS", help=WIDTH_HELP)
    colour(compliance)
    compliance.add_argument("--exit-zero", action="store_true", help="exit 0 or 3 whatever fails")


def _framework(text: str) -> str:
    if text not in (*FRAMEWORKS, *PROVIDERS):
        known = f"frameworks: {', '.join(FRAMEWORKS)}; providers: {', '.join(PROVIDERS)}"
        raise argparse.ArgumentTypeError(f"{text!r} is neither framework nor provider; {known}")
    return text
