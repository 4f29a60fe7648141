"""Two operators over the same bottles: what the other one decides is on this screen, and is never merged twice."""

import asyncio
from dataclasses import replace

from bottle_tui.core.views import Outcome
from bottle_tui.services import audit, decide
from tests.services.conftest import Bottle, bottle, make
from tests.tui.test_wired import sitting

__all__ = ["bottle", "make"]


async def ada_approves(bottle: Bottle, identity: str) -> Outcome:
    """The other operator's dashboard calls this same service, with her name."""
    world = replace(bottle.world, operator="ada")
    digest = await asyncio.to_thread(bottle.digest, identity)
    return await asyncio.to_thread(decide.approve, world, identity, digest)


def approvals(bottle: Bottle) -> int:
    records = audit.records(bottle.world, bottle.slug)
    return len([each for each in records if (each["kind"], each.get("of")) == ("intent", "approve")])


async def test_what_the_other_one_approves_is_on_the_open_card_by_name_and_a_does_nothing_more(bottle: Bottle) -> None:
    identity = bottle.ask(path_allowlist=["/wheels/"], methods=["GET"])
    async with sitting(bottle) as kim:
        assert kim.app.board.open_card.id == identity
        await ada_approves(bottle, identity)
        await kim.until(lambda: "approved by ada" in kim.text("#card"))
        await kim.press("a")
        await kim.press("r")
        assert kim.app.board.last is None
        assert bottle.grants().count(identity) == 1 and approvals(bottle) == 1


async def test_an_ask_that_is_not_open_and_was_decided_elsewhere_is_said_in_the_result_line(bottle: Bottle) -> None:
    bottle.ask("first.example.net")
    bottle.clock.advance(1)
    second = bottle.ask("second.example.net")
    async with sitting(bottle) as kim:
        await ada_approves(bottle, second)
        await kim.until(lambda: "second.example.net for box: approved by ada" in kim.text("#result"))
        assert "u undo" not in kim.text("#result")


async def test_of_two_keys_at_the_same_moment_one_merges_and_the_other_is_told_who_was_quicker(bottle: Bottle) -> None:
    identity = bottle.ask(path_allowlist=["/wheels/"], methods=["GET"])
    async with sitting(bottle) as kim:
        kim.app.conduct.reader.pause = 3600.0
        await kim.until(lambda: not kim.app.conduct.reader._busy)
        await ada_approves(bottle, identity)
        kim.app.conduct.deeds.approve(identity, kim.app.board.open_card.change.digest, False)
        await kim.until(lambda: any(result.kind == "bad" for result in kim.app.board.results))
        assert any("approved by ada" in result.text for result in kim.app.board.results)
        assert bottle.grants().count(identity) == 1
