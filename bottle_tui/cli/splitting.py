"""A pane beside this one, in the terminals that can open one; elsewhere the line to type in a second terminal."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

OURS = (sys.executable, "-m", "bottle_tui")
_CARRIED = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "NO_COLOR")
"""Besides our own: a new pane has the multiplexer's environment, not this shell's. No credential is among them, since
what stands here can be seen in a list of processes."""
_SECONDS = 10.0
LEAST = (121, 24)
"""Columns and rows for two panes side by side, since the dashboard needs 60×24."""

type Commands = list[list[str]]


def beside(words: Sequence[str], environ: Mapping[str, str], say: Callable[[str], None]) -> bool:
    """`bottle-tui WORDS` in a pane on the right, the keyboard staying here. Where that fails the line is said."""
    opening = commands([*OURS, *words], environ)
    if opening is not None and (size := _size()) and (size[0] < LEAST[0] or size[1] < LEAST[1]):
        say(f"no pane was opened: two of them need {LEAST[0]}×{LEAST[1]}, this terminal is {size[0]}×{size[1]}")
        opening = None
    try:
        for command in opening or ():
            subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error).encode()
        say(f"no pane was opened ({said.decode('utf-8', 'replace').strip()[:200]})")
        opening = None
    if opening is None:
        say(f"in a second terminal:  {line(words, environ)}")
    return opening is not None


def _size() -> tuple[int, int] | None:
    """Columns and rows of the terminal itself, None without one. COLUMNS and LINES may be of another."""
    for number in (0, 1, 2):
        with suppress(OSError):
            size = os.get_terminal_size(number)
            return size.columns, size.lines
    return None


def commands(words: Sequence[str], environ: Mapping[str, str]) -> Commands | None:
    """What opens the pane and gives the keyboard back, by the terminal that the environment names; None elsewhere."""
    kept = _kept(environ)
    run = ["env", *(f"{name}={value}" for name, value in kept.items()), *words] if kept else list(words)
    if environ.get("TMUX"):
        return [["tmux", "split-window", "-h", "-d", shlex.join(run)]]
    if environ.get("ZELLIJ"):
        return [
            ["zellij", "run", "--direction", "right", "--close-on-exit", "--", *run],
            ["zellij", "action", "move-focus", "left"],
        ]
    if environ.get("WEZTERM_PANE"):
        pane = environ["WEZTERM_PANE"]
        return [
            ["wezterm", "cli", "split-pane", "--right", "--pane-id", pane, "--", *run],
            ["wezterm", "cli", "activate-pane", "--pane-id", pane],
        ]
    if environ.get("KITTY_WINDOW_ID"):
        # Only this layout knows left and right; with the others `vsplit` is quietly taken for something else.
        return [
            ["kitty", "@", "goto-layout", "splits"],
            ["kitty", "@", "launch", "--location=vsplit", "--keep-focus", "--cwd=current", *run],
        ]
    return None


def line(words: Sequence[str], environ: Mapping[str, str]) -> str:
    """The same as a line for a shell."""
    found = shutil.which("bottle-tui", path=environ.get("PATH"))
    program = ["bottle-tui"] if found else list(OURS)
    kept = [f"{name}={shlex.quote(value)}" for name, value in _kept(environ).items()]
    return " ".join([*kept, shlex.join([*program, *words])])


def _kept(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.startswith("BOTTLE_TUI_") or name in _CARRIED}
