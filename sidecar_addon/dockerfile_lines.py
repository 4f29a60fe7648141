"""The Dockerfile lines an agent may propose to append. Pure.

Written so that no reading of the lines by the builder (escape directive, continuation, heredoc) can bring in an
instruction that was not allowed: tests/test_dockerfile_lines.py.
"""

import re
import unicodedata

MAX_CHARACTERS = 8_000
MAX_LINES = 100
ALLOWED = ("RUN", "ENV", "ARG", "COPY", "WORKDIR", "USER", "LABEL")
_REFUSED = ("FROM", "ADD", "ONBUILD", "CMD", "ENTRYPOINT", "EXPOSE", "HEALTHCHECK", "MAINTAINER")
_INSTRUCTIONS = frozenset((*ALLOWED, *_REFUSED, "SHELL", "STOPSIGNAL", "VOLUME"))
_COPY_FLAGS = ("--chown=", "--chmod=")
_DIRECTIVE = re.compile(r"#\s*(syntax|escape|check)\s*=", re.IGNORECASE)


class LineError(ValueError):
    """The lines may not be appended; the message names the line and the reason."""


def normalise(text: str) -> str:
    """The lines without trailing blanks and outer empty lines. Raises LineError."""
    if len(text) > MAX_CHARACTERS:
        raise LineError(f"{len(text)} characters; at most {MAX_CHARACTERS}")
    lines = [line.rstrip(" \t") for line in text.replace("\r\n", "\n").strip("\n \t").split("\n")]
    if len(lines) > MAX_LINES:
        raise LineError(f"{len(lines)} lines; at most {MAX_LINES}")
    continued = False
    for number, line in enumerate(lines, 1):
        why = _problem(line, continued)
        if why:
            raise LineError(f"line {number}: {why}")
        if line.strip() and not line.lstrip().startswith("#"):
            continued = line.endswith("\\")
    if continued:
        raise LineError("the last line must not end in a backslash")
    if all(not line.strip() or line.lstrip().startswith("#") for line in lines):
        raise LineError("holds no instruction; append lines such as RUN apt-get install -y jq")
    return "\n".join(lines)


def _problem(line: str, continued: bool) -> str | None:
    """Why this physical line is refused."""
    odd = next((char for char in line if _is_odd(char)), None)
    if odd is not None:
        return f"holds the character U+{ord(odd):04X}; only visible text, spaces and tabs are taken"
    text = line.strip()
    if not text:
        return None
    if text.startswith("#"):
        return "a parser directive (syntax, escape, check) is not taken" if _DIRECTIVE.match(text) else None
    if text.endswith("`"):
        return "must not end in a backtick"
    if "<<" in text:
        return "a heredoc (<<) is not taken; write RUN with && and \\"
    if "BUILDKIT_" in text.upper():
        return "BUILDKIT_… settings are not taken"
    word = text.split()[0].upper()
    if continued:
        return _continuation_problem(word)
    return _instruction_problem(word, text[len(word) :].strip())


def _continuation_problem(word: str) -> str | None:
    if word in _INSTRUCTIONS:
        return f"a continued line must not begin with the word {word}; begin it with && or put it on the line before"
    return None


def _instruction_problem(word: str, rest: str) -> str | None:
    if word not in ALLOWED:
        shown = word if word in _INSTRUCTIONS else ascii(word[:40])
        return f"{shown} may not be appended; these may: {', '.join(ALLOWED)}"
    if not rest or rest.startswith("\\"):
        return f"{word} needs its argument on the same line"
    if word == "COPY":
        return _copy_problem(rest)
    if rest.startswith("--"):
        return f"{word} takes no flags here (no --network, --mount, --security)"
    return None


def _copy_problem(rest: str) -> str | None:
    if rest.endswith("\\"):
        return "COPY must stand on one line"
    for part in rest.split():
        if part.startswith("--") and not part.startswith(_COPY_FLAGS):
            return "COPY takes only --chown and --chmod here (no --from)"
    return None


def _is_odd(char: str) -> bool:
    """Control, format, surrogate, private and unusual space characters: what the eye and the builder read apart."""
    if char in " \t":
        return False
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp")
