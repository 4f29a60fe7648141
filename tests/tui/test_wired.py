"""The dashboard over the real services and a runtime in memory whose gate decides for real."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

from bottle_tui.core.views import BottleStatus
from bottle_tui.services import decide, traffic, watching
from bottle_tui.tui.app import BottleApp
from bottle_tui.tui.wiring.wired import wired
from tests.services.conftest import Bottle, bottle, make
from tests.tui.conftest import Operator
from tests.tui.samples import Desk

__all__ = ["bottle", "make"]


@asynccontextmanager
async def sitting(bottle: Bottle, *, read_only: bool = False) -> AsyncIterator[Operator]:
    clock = [100.0]
    bottle.clock.alone, bottle.runtime.patience = True, 0.02
    app = BottleApp(wired(bottle.world), read_only=read_only, now=lambda: clock[0])
    app.conduct.reader.pause = 0.1
    async with app.run_test(size=(100, 40)) as pilot:
        operator = Operator(app, pilot, Desk(), clock)
        await operator.until(lambda: app.board and app.board.cards_at and app.board.bottles_at)
        yield operator


async def test_one_key_puts_an_ask_in_force_and_u_takes_it_back(bottle: Bottle) -> None:
    identity = bottle.ask(path_allowlist=["/wheels/"], methods=["GET"])
    async with sitting(bottle) as operator:
        assert "files.example.net" in operator.text("#card")
        await operator.press("a")
        await operator.until(lambda: operator.app.board.last and operator.app.board.last.kind != "busy")
        assert "in force, proven" in operator.text("#result")
        assert identity in bottle.grants() and "files.example.net" in bottle.hosts()
        await operator.press("u")
        await operator.until(lambda: identity not in bottle.grants())
        await operator.until(lambda: not operator.app.board.applying)
        assert operator.app.board.last.kind == "ok"


async def test_what_the_workers_wait_for_in_vain_makes_nothing_look_old(bottle: Bottle) -> None:
    identity, before = bottle.ask(), bottle.clock.now()
    async with sitting(bottle) as operator:
        await operator.until(lambda: identity in operator.app.board.edits.evidence)
        assert bottle.clock.now() == before
        assert "in force ✓" in operator.text("#title")


async def test_what_was_fitted_and_timed_is_in_force_as_shown_and_ends_with_the_dashboard_open(bottle: Bottle) -> None:
    denied = {"event": "denied", "host": "files.example.net", "method": "GET", "reason": "host_not_allowed"}
    time = bottle.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    bottle.gate.say({**denied, "time": time, "path": "/wheels/one.whl", "port": 443, "scheme": "https"})
    identity = bottle.ask()
    async with sitting(bottle) as operator:
        board = lambda: operator.app.board  # noqa: E731 - read anew each time
        await operator.until(lambda: board().ask and board().ask.evidence)
        assert "ago: /wheels/one.whl 1" in operator.text("#card")
        await operator.press("equals_sign")
        for _ in range(2):
            await operator.press("t")
        await operator.until(lambda: board().edits.of(identity).lasts == "15m")
        await operator.until(lambda: not board().edits.is_computing(identity))
        await operator.until(lambda: "replay: admits 1 of 1 denials since" in operator.text("#card"))
        assert ", all asked for" in operator.text("#card")
        assert "every path → /wheels/one.whl" in operator.text("#card")
        await operator.press("a")
        await operator.until(lambda: board().last and board().last.kind != "busy")
        assert "in force, proven" in operator.text("#result")
        decision = bottle.decided(identity)
        assert decision is not None and decision.applied is not None
        (grant,) = decision.applied["grants"]
        assert (grant["path_allowlist"], grant["methods"]) == (["/wheels/one.whl"], ["GET"])
        await operator.until(
            lambda: "14 min left" in operator.text("#result") or "15 min left" in operator.text("#result")
        )
        bottle.clock.advance(15 * 60 + 1)
        await operator.until_long(lambda: identity not in bottle.grants())
        await operator.until_long(lambda: not (bottle.decided(identity) or decision).in_force)


async def test_a_dashboard_that_is_read_only_ends_and_answers_nothing(bottle: Bottle) -> None:
    bottle.ask("api.example.com", path_allowlist=["/v1/"], methods=["GET"])
    async with sitting(bottle, read_only=True) as operator:
        await operator.until(lambda: operator.app.board.edits.evidence)
        assert not operator.app.conduct.asking._settling
        assert operator.app.conduct.asking._settled_at == float("-inf")


async def test_an_ask_for_what_is_in_force_is_answered_by_itself(bottle: Bottle) -> None:
    identity = bottle.ask("api.example.com", path_allowlist=["/v1/"], methods=["GET"])
    async with sitting(bottle) as operator:
        await operator.until_long(lambda: bottle.decided(identity))
        decision = bottle.decided(identity)
        assert decision is not None and decision.status == "approved" and decision.by == "bottle-tui"
        await operator.until_long(
            lambda: "api.example.com for box: approved, already in force" in operator.screen_text()
        )


async def test_a_reason_reaches_the_agent(bottle: Bottle) -> None:
    identity = bottle.ask()
    async with sitting(bottle) as operator:
        await operator.press("r")
        operator.wait(0.5)
        await operator.type("1", "enter")
        await operator.until(lambda: bottle.decided(identity))
        decision = bottle.decided(identity)
        assert decision is not None and decision.status == "rejected" and "not needed" in str(decision.reason)
        await operator.until(lambda: operator.app.board.last and operator.app.board.last.reopen)
        await operator.press("o")
        await operator.until(lambda: operator.app.board.open_card)


async def test_a_silent_pipelock_is_told_as_it_is_and_the_ask_stays(bottle: Bottle) -> None:
    bottle.ask()
    async with sitting(bottle) as operator:
        bottle.pipelock.silent = True
        before = bottle.grants()
        await operator.press("a")
        await operator.until(lambda: operator.app.board.last and operator.app.board.last.kind == "bad")
        assert bottle.grants() == before
        await operator.until(lambda: operator.app.board.open_card.status == "failed")
        assert "approved, not in force" in operator.text("#card")


async def test_X_cuts_the_bottle_off_and_it_is_shown(bottle: Bottle) -> None:
    async with sitting(bottle) as operator:
        await operator.press("2")
        await operator.press("X")
        await operator.until(lambda: _state(operator) == "quarantined" and "quarantined" in operator.text("#title"))


def _state(operator: Operator) -> str:
    bottles: tuple[BottleStatus, ...] = operator.app.board.bottles
    return bottles[0].state if bottles else ""


async def test_the_logs_come_from_the_sidecars(bottle: Bottle) -> None:
    async with sitting(bottle) as operator:
        await operator.press("4")
        bottle.gate.say(
            {"event": "denied", "host": "b.test", "path": "/x", "method": "GET", "reason": "host_not_allowed"}
        )
        await operator.until(lambda: "GET b.test/x  host_not_allowed" in operator.text("#log-egress"))


def test_supervise_is_told_that_somebody_watches(bottle: Bottle) -> None:
    assert watching.watched(bottle.world, bottle.clock.now()) == 1
    assert b"watched_at" in bottle.supervise.files["/var/lib/supervise/decisions/state.json"]
    bottle.supervise.unreachable = True
    assert watching.watched(bottle.world, bottle.clock.now(), "box") == 0


async def test_the_routes_are_the_gates_and_u_takes_one_back_for_good(bottle: Bottle) -> None:
    identity = bottle.ask(path_allowlist=["/wheels/"], methods=["GET"])
    async with sitting(bottle) as operator:
        await operator.press("a")
        await operator.until(lambda: identity in bottle.grants() and not operator.app.board.applying)
        await operator.press("3")
        await operator.until(lambda: "/wheels/" in operator.text("#routes"))
        text = operator.text("#routes")
        assert "never used" in text and "manifest" in text and "in force ✓" in operator.text("#routes-head")
        await operator.press("j")
        await operator.press("enter")
        await operator.until(lambda: "asked for by the agent" in operator.text("#page"))
        await operator.press("escape")
        await operator.press("u")
        await operator.until(lambda: identity not in bottle.grants())
        await operator.until(lambda: "the refusal is in force, proven" in operator.text("#result"))
        await operator.until(lambda: "/wheels/" not in operator.text("#routes"))
        decision = bottle.decided(identity)
        assert decision is not None and not decision.in_force


async def test_from_a_log_line_to_its_grant_and_out_of_it(bottle: Bottle) -> None:
    identity = bottle.ask(path_allowlist=["/wheels/"])
    async with sitting(bottle) as operator:
        await operator.press("a")
        await operator.until(lambda: identity in bottle.grants() and not operator.app.board.applying)
        await operator.press("4")
        event = {"event": "allowed", "host": "files.example.net", "path": "/wheels/x", "method": "GET"}
        bottle.gate.say({**event, "grant": identity, "id": "1"})
        await operator.until(lambda: "files.example.net/wheels/x" in operator.text("#log-egress"))
        await operator.press("f")
        await operator.until(lambda: "approved by op" in operator.text("#log-strip"))
        await operator.press("u")
        await operator.until(lambda: identity not in bottle.grants())


async def test_the_history_has_the_decision_and_the_traffic_and_u_takes_it_back(bottle: Bottle) -> None:
    identity = bottle.ask(path_allowlist=["/wheels/"])
    async with sitting(bottle) as operator:
        await operator.press("a")
        await operator.until(lambda: identity in bottle.grants() and not operator.app.board.applying)
        moment = bottle.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event = {"host": "files.example.net", "path": "/wheels/x", "method": "GET", "grant": identity, "id": "1"}
        bottle.gate.say({"event": "allowed", "time": moment, **event})
        bottle.gate.say({"event": "finished", "time": moment, "bytes_up": 10, "bytes_down": 2500, **event})
        await operator.press("5")
        await operator.until(lambda: "2.5 kB" in operator.text("#traffic"))
        assert "files.example.net" in operator.text("#ledger")
        await operator.press("u")
        await operator.until(lambda: identity not in bottle.grants())
        await operator.until(lambda: "revoked" in operator.text("#ledger"))


async def test_routes_edited_in_the_editor_are_in_force_after_a(bottle: Bottle, tmp_path: Path, monkeypatch) -> None:
    script = tmp_path / "editor"
    script.write_text('#!/bin/sh\nsed -i "s|/v1/|/v2/|" "$1"\n')
    script.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(script))
    monkeypatch.delenv("VISUAL", raising=False)
    async with sitting(bottle) as operator:
        operator.app.suspend = nullcontext  # type: ignore[assignment, method-assign]
        await operator.press("3")
        await operator.until(lambda: "/v1/" in operator.text("#routes"))
        await operator.press("e")
        await operator.until(lambda: "/v2/" in operator.text("#route"))
        await operator.press("a")
        await operator.until(lambda: "/v2/" in operator.text("#routes"))
        assert bottle.gate.table is not None
        assert [grant.path_allowlist for _, grant in bottle.gate.table.grants()] == [("/v2/",)]


async def test_with_nothing_waiting_what_was_decided_before_this_session_is_told_with_its_use(bottle: Bottle) -> None:
    identity = bottle.ask(path_allowlist=["/wheels/"])
    assert decide.approve(bottle.world, identity, bottle.digest(identity)).in_force
    traffic.drain(bottle.world, "box")
    async with sitting(bottle) as operator:
        await operator.until(lambda: "approved files.example.net" in operator.text("#card"))
        assert "by op" in operator.text("#card") and "never used" in operator.text("#card")
