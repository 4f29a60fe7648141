"""The command as a process: what it imports, broken pipes, Ctrl-C, colours."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("docker", "mcp", "mitmproxy", "textual", "cryptography")
PROBE = """
import sys
from bottle_tui.cli.main import main
code = main(sys.argv[1:])
print("loaded:", *(name for name in {heavy!r} if name in sys.modules), file=sys.stderr)
sys.exit(code)
"""


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BOTTLE_TUI_")}
    return kept | {"BOTTLE_TUI_HOME": str(home)} | more


def loaded(home: Path, *words: str) -> set[str]:
    """Which heavy packages a command has imported by its end."""
    run = subprocess.run(
        [sys.executable, "-c", PROBE.format(heavy=HEAVY), *words],
        env=environment(home, DOCKER_HOST="unix:///nonexistent.sock"),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert run.returncode in (0, 1, 3), run.stderr
    return set(run.stderr.rsplit("loaded:", 1)[1].split())


@pytest.mark.parametrize(
    "words",
    [("--version",), ("schema",), ("proposals",), ("show", "x"), ("stop", "x"), ("audit", "verify", "x"), ("--help",)],
    ids=lambda words: words[0],
)
def test_most_commands_load_nothing_heavy(tmp_path: Path, words: tuple[str, ...]) -> None:
    if words[0] in ("--version", "--help"):
        run = [sys.executable, "-X", "importtime", "-m", "bottle_tui", *words]
        listing = subprocess.run(run, env=environment(tmp_path), capture_output=True, text=True, timeout=30, check=True)
        names = {line.rsplit("|", 1)[1].strip() for line in listing.stderr.splitlines() if "|" in line}
        assert names & set(HEAVY) == set()
    else:
        assert loaded(tmp_path, *words) == set()


def test_ps_asks_the_engine_and_loads_nothing_else_heavy(tmp_path: Path) -> None:
    assert loaded(tmp_path, "ps", "--json") <= {"docker"}


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "bottle_tui", "schema"],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert run.stdout is not None
    run.stdout.close()
    _, told = run.communicate(timeout=30)
    assert run.returncode == 141
    assert told == b""


def test_colour_is_for_terminals_only_and_not_where_it_is_unwanted(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    from bottle_tui.cli.output import RED, Output

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def printed(stream: io.StringIO) -> str:
        Output(as_json=False, stdout=stream).line("x", RED)
        return stream.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert printed(io.StringIO()) == "x\n"
    assert printed(Terminal()) == "\x1b[31mx\x1b[0m\n"
    monkeypatch.setenv("NO_COLOR", "1")
    assert printed(Terminal()) == "x\n"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert printed(Terminal()) == "x\n"


def test_interrupted_is_130(tmp_path: Path) -> None:
    stopped = "def stop(*_): raise KeyboardInterrupt"
    code = f"import bottle_tui.cli.main as m\n{stopped}\nm._run = stop\nraise SystemExit(m.main(['ps']))"
    run = subprocess.run([sys.executable, "-c", code], env=environment(tmp_path), timeout=30, check=False)
    assert run.returncode == 130
