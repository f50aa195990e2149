"""What completes the command line in bash, zsh and fish: written out from the parser, so that it cannot lag behind.

The scripts are plain text and call nothing: completing a word costs no start of Python.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditor.arguments import parser
from auditor.compliance import FRAMEWORKS
from auditor.providers import PROVIDERS
from auditor.report import FORMATS

FILES = frozenset(("FILE", "SNAPSHOT", "OLD", "[OLD]", "NEW"))
"""Metavariables that stand for files."""


@dataclass(frozen=True, slots=True)
class Value:
    """What may stand in a place."""

    name: str
    words: tuple[str, ...] = ()
    """Nothing is suggested when there are none and it is no file."""
    file: bool = False
    pair: bool = False
    """Whether each word is followed by `=` and a file."""
    rest: bool = False
    """Whether any number of them may follow one another."""


@dataclass(frozen=True, slots=True)
class Option:
    """`-f`, `--format` and the like."""

    flags: tuple[str, ...]
    help: str
    value: Value | None
    """None for one that takes none."""
    again: bool
    """Whether it may be given several times."""


@dataclass(frozen=True, slots=True)
class Command:
    """`scan` and the like."""

    name: str
    help: str
    options: tuple[Option, ...]
    places: tuple[Value, ...]
    """What its arguments may be, in order."""

    @property
    def flags(self) -> list[str]:
        return [flag for option in self.options for flag in option.flags]


def script(shell: str) -> str:
    """The script for `bash`, `zsh` or `fish`; ends in a newline."""
    top = parser()
    # argparse has no public way to look at a parser; these names have been the same since Python 3.2.
    (choice,) = (one for one in top._actions if isinstance(one, argparse._SubParsersAction))  # noqa: SLF001
    summaries = {one.dest: one.help or "" for one in choice._choices_actions}  # noqa: SLF001
    commands = [_command(name, summaries[name], one) for name, one in choice.choices.items()]
    return "\n".join((*_WRITERS[shell](_command("", "", top), commands), ""))


def _command(name: str, summary: str, one: argparse.ArgumentParser) -> Command:
    actions = [action for action in one._actions if not isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001
    options = tuple(_option(action) for action in actions if action.option_strings)
    return Command(name, summary, options, tuple(_value(name, one) for one in actions if not one.option_strings))


def _option(action: argparse.Action) -> Option:
    again = isinstance(action, argparse._AppendAction)  # noqa: SLF001
    value = None if action.nargs == 0 else _value("", action)
    return Option(tuple(action.option_strings), (action.help or "").replace("%%", "%"), value, again)


def _value(command: str, action: argparse.Action) -> Value:
    name = str(action.metavar or action.dest)
    rest = action.nargs in {"*", "+"}
    match name:
        case "PROVIDER":
            return Value(name, tuple(PROVIDERS), rest=rest)
        case "FRAMEWORK":
            return Value(name, (*FRAMEWORKS, *PROVIDERS), rest=rest)
        case "FORMAT=FILE":
            return Value(name, tuple(FORMATS), pair=True)
        case "RULE":
            from auditor.rules import RULES

            return Value(name, tuple(sorted(rule.id for rule in RULES)))
        case "NAME" if command == "issuers":
            from auditor import issuers

            return Value(name, tuple(sorted(issuers.kinds())))
        case _ if name in FILES:
            return Value(name, file=True, rest=rest)
        case _:
            return Value(name, tuple(map(str, action.choices or ())), rest=rest)


_BASH = r"""# Completion of auditor in bash, as `auditor completion bash` prints it.
_auditor() {
    local cur=${COMP_WORDS[COMP_CWORD]} command= option= many= place=0 words= files= suffix= i word
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ -z $command ]]; then
            [[ $word == -* ]] || command=$word
            continue
        fi
        case "$command $word" in
            @SINGLE@) option=$word many= ;;
            @MANY@) option=$word many=1 ;;
            *' '-*) option= ;;
            *)
                # bash takes `json=file` apart: what stands behind the second word is a file.
                if [[ $word == '=' ]]; then
                    [[ ${COMP_WORDS[i - 1]} == -* ]] || option='='
                elif [[ -z $option ]]; then
                    place=$((place + 1))
                elif [[ -z $many && ${COMP_WORDS[i + 1]} != '=' ]]; then
                    option=
                fi
                ;;
        esac
    done
    if [[ $cur == '=' ]]; then
        [[ ${COMP_WORDS[COMP_CWORD - 1]} == -* ]] || option='='
        cur=
    fi
    if [[ $cur == -* ]]; then
        case $command in
@FLAGS@
        esac
    elif [[ $option == '=' ]]; then
        files=1
    elif [[ -n $option ]]; then
        case "$command $option" in
@OPTIONS@
        esac
    else
        case "$command $place" in
@PLACES@
        esac
    fi
    COMPREPLY=()
    local IFS=$' \n'
    [[ -z $words ]] || COMPREPLY=($(compgen -W "$words" -S "$suffix" -- "$cur"))
    [[ -z $suffix ]] || compopt -o nospace 2>/dev/null
    IFS=$'\n'
    [[ -z $files ]] || { compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); }
}
complete -F _auditor auditor"""


def _bash(top: Command, commands: Sequence[Command]) -> Iterator[str]:
    single: list[str] = []
    many: list[str] = []
    options: list[str] = []
    places: list[str] = []
    flags = [f"            '') words='{' '.join(top.flags)}' ;;"]
    places.append(f"            ' 0') words='{' '.join(one.name for one in commands)}' ;;")
    for one in commands:
        flags.append(f"            {one.name}) words='{' '.join(one.flags)}' ;;")
        for option in one.options:
            if option.value is not None:
                patterns = [f"'{one.name} {flag}'" for flag in option.flags]
                (many if option.value.rest else single).extend(patterns)
                options.append(f"            {'|'.join(patterns)}) {_bash_value(option.value)} ;;")
        for number, place in enumerate(one.places):
            pattern = f"'{one.name} '*" if place.rest else f"'{one.name} {number}'"
            places.append(f"            {pattern}) {_bash_value(place)} ;;")
    text = _BASH.replace("@SINGLE@", "|".join(single)).replace("@MANY@", "|".join(many) or "''")
    for mark, lines in (("@FLAGS@", flags), ("@OPTIONS@", options), ("@PLACES@", places)):
        text = text.replace(mark, "\n".join(lines))
    yield text


def _bash_value(value: Value) -> str:
    if value.file:
        return "files=1"
    return f"words='{' '.join(value.words)}'" + (" suffix='='" if value.pair else "")


def _zsh(top: Command, commands: Sequence[Command]) -> Iterator[str]:
    yield "#compdef auditor"
    yield "# Completion of auditor in zsh, as `auditor completion zsh` prints it."
    yield "_auditor() {"
    yield "    local curcontext=$curcontext state line"
    yield "    local -a commands"
    yield "    commands=("
    yield from (f"        {_quoted(one.name + ':' + one.help)}" for one in commands)
    yield "    )"
    yield "    _arguments -C \\"
    yield from (f"        {spec} \\" for option in top.options for spec in _zsh_option(option))
    yield "        '1:command:->command' '*::argument:->argument'"
    yield "    case $state in"
    yield "        command) _describe -t commands command commands ;;"
    yield "        argument)"
    yield "            case $words[1] in"
    for one in commands:
        specs = [spec for option in one.options for spec in _zsh_option(option)]
        specs += [
            _quoted(f"{'*' if place.rest else number}:{place.name}:{_zsh_value(place)}")
            for number, place in enumerate(one.places, 1)
        ]
        yield f"                {one.name})"
        yield "                    _arguments \\"
        yield from (f"                        {spec} \\" for spec in specs[:-1])
        yield f"                        {specs[-1]}"
        yield "                    ;;"
    yield "            esac"
    yield "            ;;"
    yield "    esac"
    yield "}"
    yield 'if [[ $funcstack[1] == _auditor ]]; then _auditor "$@"; else compdef _auditor auditor; fi'


def _zsh_option(option: Option) -> Iterator[str]:
    told = option.help
    for hard in "\\[]:":
        told = told.replace(hard, f"\\{hard}")
    value = ""
    if option.value is not None:
        value = f":{option.value.name}:{_zsh_value(option.value)}"
    others = "*" if option.again or (option.value and option.value.rest) else f"({' '.join(option.flags)})"
    yield from (_quoted(f"{others}{flag}[{told}]{value}") for flag in option.flags)


def _zsh_value(value: Value) -> str:
    if value.file:
        return "_files"
    if value.pair:
        return f"{{if compset -P '*='; then _files; else compadd -S = -- {' '.join(value.words)}; fi}}"
    return f"({' '.join(value.words)})" if value.words else " "


def _fish(top: Command, commands: Sequence[Command]) -> Iterator[str]:
    yield "# Completion of auditor in fish, as `auditor completion fish` prints it."
    yield "function __auditor_pairs"
    yield "    set -l parts (string split -m 1 = -- (commandline -ct))"
    yield "    if test (count $parts) -eq 2"
    yield "        printf '%s\\n' $parts[1]=(__fish_complete_path $parts[2])"
    yield "    else"
    yield "        printf '%s=\\n' $argv"
    yield "    end"
    yield "end"
    yield "complete -c auditor -f"
    for option in top.options:
        yield _fish_option("__fish_use_subcommand", option)
    for one in commands:
        yield f"complete -c auditor -n __fish_use_subcommand -a {one.name} -d {_fished(one.help)}"
    for one in commands:
        here = f"'__fish_seen_subcommand_from {one.name}'"
        for place in one.places:
            if place.file or place.words:
                yield f"complete -c auditor -n {here} {_fish_value(place)}"
        for option in one.options:
            yield _fish_option(here, option)


def _fish_option(here: str, option: Option) -> str:
    flags = (f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags)
    value = option.value
    needs = "" if value is None else " -r -F" if value.file else f" -x {_fish_value(value)}".rstrip()
    return f"complete -c auditor -n {here} {' '.join(flags)}{needs} -d {_fished(option.help)}"


def _fish_value(value: Value) -> str:
    words = " ".join(value.words)
    if value.file:
        return "-F"
    return f"-a '(__auditor_pairs {words})'" if value.pair else f"-a '{words}'" if words else ""


def _quoted(text: str) -> str:
    """For zsh, as one word."""
    return "'" + text.replace("'", "'\\''") + "'"


def _fished(text: str) -> str:
    """For fish, which knows escapes within single quotes."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


_WRITERS: Mapping[str, Callable[[Command, Sequence[Command]], Iterable[str]]] = {
    "bash": _bash,
    "zsh": _zsh,
    "fish": _fish,
}
