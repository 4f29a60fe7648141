"""`status`: a status bar's line from this machine's files alone."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bottle_tui.adapters.fakes import FakeClock
from bottle_tui.adapters.home import DiskHome
from bottle_tui.services import glance
from bottle_tui.services.glance import BottleGlance, Glance


@pytest.fixture
def bar(shell, monkeypatch: pytest.MonkeyPatch):
    """The shell, with `status` looking at the same folder and the machine's own clock asked for nothing."""
    monkeypatch.setenv("BOTTLE_TUI_HOME", str(shell.world.home.root))
    monkeypatch.delenv("NO_UNICODE", raising=False)
    monkeypatch.setattr("bottle_tui.cli.glancing.SystemClock", lambda: shell.world.clock)
    return shell


def ask(shell, host: str) -> str:
    return shell.runtime.supervise("box").file("egress-block", host=host)


def short(shell) -> str:
    assert shell("status", "--short") == 0, shell.err
    return shell.out.rstrip("\n")


def test_nothing_at_all_is_said(bar) -> None:
    assert short(bar) == "no bottles"
    document = bar.json("status")
    assert (document["bottles"], document["known"]) == ([], True)


def test_a_count_that_nobody_has_looked_up_is_a_question_mark(bar) -> None:
    bar.up()
    assert short(bar) == "?⏳ 1●"


def test_what_waits_is_counted_until_it_is_decided(bar) -> None:
    bar.up()
    first = ask(bar, "api.example.com")
    ask(bar, "files.example.net")
    bar("proposals")
    assert short(bar) == "2⏳ 1●"
    bar("reject", first, "--reason", "no")
    assert short(bar) == "1⏳ 1●"
    bar("reopen", first)
    assert short(bar) == "2⏳ 1●"


def test_a_count_gets_old(bar) -> None:
    bar.up()
    ask(bar, "api.example.com")
    bar("proposals")
    bar.world.clock.advance(121)
    assert short(bar) == "1?⏳ 1●"
    assert bar.json("status")["known"] is False
    bar("proposals")
    assert short(bar) == "1⏳ 1●"


def test_what_nobody_answered_for_a_day_waits_no_more(bar) -> None:
    bar.up()
    ask(bar, "api.example.com")
    bar("proposals")
    bar.world.clock.advance(24 * 3600 - 1)
    assert short(bar) == "1?⏳ 1●"
    bar.world.clock.advance(1)
    assert bar.json("status")["waiting"] == 0


def test_a_quarantine_is_counted_and_what_is_down_is_not_there(bar) -> None:
    bar.up()
    bar("proposals")
    bar("quarantine", "box")
    assert short(bar) == "0⏳ 1● 1✕"
    bar("down", "box")
    assert short(bar) == "no bottles"


@pytest.mark.parametrize("how", ["flag", "variable"])
def test_plain_ascii_on_request(bar, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    bar.up()
    bar("proposals")
    bar("quarantine", "box")
    if how == "variable":
        monkeypatch.setenv("NO_UNICODE", "1")
    assert bar("status", "--short", *(["--ascii"] if how == "flag" else [])) == 0
    assert bar.out == "0w 1b 1q\n"


def test_the_document_has_every_bottle_and_the_table_says_what_it_cannot_know(bar) -> None:
    bar.up()
    bar("proposals")
    document = bar.json("status")
    assert set(document) == {"waiting", "known", "up", "quarantined", "partial", "bottles"}
    (box,) = document["bottles"]
    assert (box["slug"], box["runtime"], box["state"], box["known"]) == ("box", "docker", "recorded", True)
    assert box["seen_at"].endswith("Z")
    assert bar("status") == 0
    assert "ps" in bar.out


def test_no_engine_is_asked(bar, monkeypatch: pytest.MonkeyPatch) -> None:
    bar.up()
    monkeypatch.setattr("bottle_tui.cli.context.build_world", lambda: pytest.fail("the world was built"))
    assert short(bar) == "?⏳ 1●"


@pytest.mark.parametrize("data", ["{", "[" * 100_000], ids=["torn", "deep"])
def test_a_damaged_record_makes_the_count_unknown_and_nothing_else(bar, data: str) -> None:
    bar.up()
    bar("proposals")
    (bar.world.home.bottle("box").path / "bottle.json").write_text(data)
    assert short(bar) == "?"


def test_it_ends_when_its_time_is_over(tmp_path: Path) -> None:
    class Slow(FakeClock):
        def monotonic(self) -> float:
            self.advance(1)
            return super().monotonic()

    home = DiskHome(tmp_path)
    for slug in ("a", "b"):
        home.bottle(slug).write("bottle.json", b"{}")
    assert glance.glance(home, Slow(), lambda _: False) == Glance((), partial=True)


def local_bottle(home: DiskHome) -> None:
    record = {"runtime": "local", "incarnation": "i", "details": {}}
    home.bottle("lab").write("bottle.json", json.dumps(record).encode())
    name = f"local/supervise/var/lib/supervise/proposals/{'0' * 25}1.json"
    home.bottle("lab").write(name, b"{}")


def test_a_local_bottles_asks_are_seen_before_anybody_has_fetched_them(tmp_path: Path) -> None:
    home = DiskHome(tmp_path)
    local_bottle(home)
    (one,) = glance.glance(home, FakeClock(), lambda _: True).bottles
    assert (one.state, one.waiting, one.known) == ("running", 1, True)


def test_a_local_bottle_without_its_process_is_stopped_and_waits_for_nothing(tmp_path: Path) -> None:
    home = DiskHome(tmp_path)
    local_bottle(home)
    found = glance.glance(home, FakeClock(), lambda _: False)
    assert (found.bottles[0].state, found.waiting, found.up) == ("stopped", 0, 0)


def test_the_line_of_many_bottles() -> None:
    seen = datetime(2026, 1, 1, tzinfo=UTC)
    bottles = (
        BottleGlance("a", "docker", "recorded", 2, True, seen),
        BottleGlance("b", "docker", "quarantined", 1, True, seen),
        BottleGlance("c", "local", "stopped", 0, True, None),
    )
    assert glance.line(Glance(bottles), plain=False) == "3⏳ 2● 1✕"
    assert glance.line(Glance(bottles, partial=True), plain=True) == "3?w 2b 1q"


def test_a_status_bar_never_waits_for_yaml_a_runtime_or_the_screen() -> None:
    program = "import sys, bottle_tui.cli.main, bottle_tui.cli.glancing; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"yaml", "textual", "docker", "idna", "cryptography", "bottle_tui.ports"}.isdisjoint(ran.stdout.split())
