"""Completion: a small script for each shell, and the candidates that all three ask for.

The candidates come from the parser's own tree and from names in the state folder; nothing that an agent wrote is
among them.
"""

import argparse
import json
import os
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bottle_tui.adapters.home import DiskHome, default_root
from bottle_tui.cli.context import Context
from bottle_tui.cli.parser import build_parser
from bottle_tui.core.text import visible
from bottle_tui.errors import BottleError

if TYPE_CHECKING:
    from bottle_tui.ports import BottleHome, Home

FILES = ":files"
"""The one answer that is no candidate: the shell completes names of files."""
_LASTS = ("once", "15m", "1h", "8h", "bottle", "always")
_WANTED = {"approve": ("pending", "failed"), "reject": ("pending", "failed"), "reopen": ("rejected",)}
"""The states of the proposals that a command takes; any for every other."""
_NOTE = re.compile(r"^([0-7][0-9A-HJKMNP-TV-Z]{25})\.note\.json$")

type Candidate = tuple[str, str]
"""A word, and what it means."""

SCRIPTS = {
    "bash": """\
# bash completion of bottle-tui:  source <(bottle-tui completion bash)
_bottle_tui() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            compopt -o default 2>/dev/null
            return
        fi
        COMPREPLY+=("${line%%$'\\t'*}")
    done < <("$1" completion candidates -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _bottle_tui bottle-tui
""",
    "zsh": """\
#compdef bottle-tui
# zsh completion of bottle-tui:  source <(bottle-tui completion zsh), after compinit
_bottle_tui() {
    local line
    local -a lines values shown
    lines=("${(@f)$("${words[1]}" completion candidates -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ ${lines[1]} == :files ]]; then
        _files
        return
    fi
    for line in "${lines[@]}"; do
        [[ -n $line ]] || continue
        values+=("${line%%$'\\t'*}")
        shown+=("${line/$'\\t'/  -- }")
    done
    (( ${#values} )) && compadd -U -l -d shown -a values
}
compdef _bottle_tui bottle-tui
""",
    "fish": """\
# fish completion of bottle-tui:  bottle-tui completion fish | source
function __bottle_tui_candidates
    set -l words (commandline -opc) (commandline -ct)
    set -l found ($words[1] completion candidates -- $words[2..-1] 2>/dev/null)
    if test "$found[1]" = ":files"
        __fish_complete_path (commandline -ct)
    else
        printf '%s\\n' $found
    end
end
complete -c bottle-tui -f -a '(__bottle_tui_candidates)'
""",
}


def completion(context: Context) -> int:
    """The script of a shell, or what could stand where the cursor is."""
    words = list(context.args.words)
    if context.args.shell != "candidates":
        print(SCRIPTS[context.args.shell], end="")
        return 0
    for word, about in candidates(words[1:] if words[:1] == ["--"] else words, DiskHome(default_root(os.environ))):
        print(visible(word), *([visible(about)] if about else []), sep="\t")
    return 0


def candidates(words: Sequence[str], home: "Home") -> list[Candidate]:
    """What could stand in place of the last word, after those before it."""
    *before, current = words or [""]
    place = _Place(build_parser())
    for word in before:
        place.take(word)
    return [each for each in place.next(current, home) if _fits(each[0], current)]


class _Place:
    """How far the words have come in the parser's tree."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.command = ""
        self._enter(parser)

    def _enter(self, parser: argparse.ArgumentParser) -> None:
        self._options = {name: action for action in parser._actions for name in action.option_strings}
        self._open = [action for action in parser._actions if not action.option_strings]
        self._valued: argparse.Action | None = None

    def take(self, word: str) -> None:
        """One whole word."""
        if self._valued is not None:
            self._valued = None
        elif word.startswith("-") and len(word) > 1:
            name, equals, _ = word.partition("=")
            option = self._options.get(name)
            self._valued = option if option is not None and option.nargs != 0 and not equals else None
        elif self._open:
            action = self._open.pop(0)
            if isinstance(action, argparse._SubParsersAction) and word in action.choices:
                self.command = word
                self._enter(action.choices[word])

    def next(self, current: str, home: "Home") -> Iterator[Candidate]:
        """What may come now."""
        if self._valued is not None:
            yield from self._values(self._valued, home)
        elif current.startswith("-"):
            yield from ((name, _about(action)) for name, action in self._options.items() if name.startswith("--"))
        elif self._open:
            yield from self._values(self._open[0], home)

    def _values(self, action: argparse.Action, home: "Home") -> Iterator[Candidate]:
        if isinstance(action, argparse._SubParsersAction):
            yield from ((each.dest, each.help or "") for each in action._choices_actions)
        elif action.choices is not None:
            yield from ((str(choice), "") for choice in action.choices)
        elif action.dest == "slug":
            yield from _slugs(home)
        elif action.dest == "id":
            yield from _proposals(home, _WANTED.get(self.command))
        elif action.dest == "lasts":
            yield from ((each, "") for each in _LASTS)
        elif action.dest == "file":
            yield FILES, ""


def _about(action: argparse.Action) -> str:
    return "" if action.help in (None, argparse.SUPPRESS) else str(action.help)


def _fits(word: str, current: str) -> bool:
    """By its beginning; an id by any part of it, as the commands take it."""
    part_of_an_id = bool(_NOTE.match(f"{word}.note.json")) and current.upper() in word
    return word == FILES or word.startswith(current) or part_of_an_id


def _slugs(home: "Home") -> Iterator[Candidate]:
    try:
        yield from ((slug, "") for slug in home.slugs())
    except BottleError:
        return


def _proposals(home: "Home", wanted: tuple[str, ...] | None) -> Iterator[Candidate]:
    for slug, _ in _slugs(home):
        bottle = home.bottle(slug)
        try:
            for name in bottle.names("queue"):
                match = _NOTE.match(name)
                status = _status(bottle, match.group(1)) if match else None
                if match and status is not None and (wanted is None or status in wanted):
                    yield match.group(1), f"{slug}, {status}"
        except BottleError:
            continue


def _status(bottle: "BottleHome", identity: str) -> str | None:
    """How a proposal was decided; None when its decision is damaged."""
    data = bottle.read(f"queue/{identity}.decision.json")
    try:
        return "pending" if data is None else str(json.loads(data)["status"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
