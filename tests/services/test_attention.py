"""Muting, asks that nobody answered, and what happened while nobody was here."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bottle_tui.core.edits import Edit
from bottle_tui.core.presence import Presence
from bottle_tui.errors import AlreadyDecided, Conflict
from bottle_tui.ports import World
from bottle_tui.services import (
    absence,
    ack,
    audit,
    decide,
    denied,
    muting,
    outdated,
    review,
    routes,
    status,
    stop,
    watching,
)
from bottle_tui.services.telling import DECISIONS
from sidecar_addon import proposals
from sidecar_addon.supervise import answers
from tests.services.conftest import Bottle, bottle, make

__all__ = ["bottle", "make"]
STATE = f"{DECISIONS}/state.json"


def told(bottle: Bottle) -> proposals.State:
    return proposals.parse_state(bottle.supervise.files[STATE])


def test_a_muted_bottle_tells_its_agent_and_every_dashboard_knows_until_when(bottle: Bottle) -> None:
    end = bottle.world.clock.now() + timedelta(minutes=15)
    line = muting.mute(bottle.world, bottle.slug, end)
    assert "muted until" in line
    assert told(bottle).muted_until == end and told(bottle).grantable_tokens == {
        "EXAMPLE_TOKEN": ("files.example.net",)
    }
    assert muting.muted(bottle.world) == {bottle.slug: end}


def hears_of_a_mute(bottle: Bottle) -> bool:
    """Whether supervise would tell its agent of one."""
    return "muted" in answers.watching(told(bottle), bottle.clock.now())


def test_a_mute_ends_by_itself_for_the_agent_too_with_nobody_there(bottle: Bottle) -> None:
    muting.mute(bottle.world, bottle.slug, bottle.world.clock.now() + timedelta(minutes=15))
    bottle.clock.advance(15 * 60 - 1)
    assert hears_of_a_mute(bottle) and muting.settle(bottle.world) == []
    bottle.clock.advance(1)
    assert not hears_of_a_mute(bottle) and muting.muted(bottle.world) == {}
    bottle.supervise.unreachable = True
    assert muting.settle(bottle.world) == [bottle.slug]
    assert muting.settle(bottle.world) == []


def test_a_watcher_changes_nothing_of_a_mute(bottle: Bottle) -> None:
    end = bottle.world.clock.now() + timedelta(minutes=15)
    muting.mute(bottle.world, bottle.slug, end)
    watching.watched(bottle.world, bottle.clock.now())
    assert told(bottle).muted_until == end


def test_a_mute_that_is_taken_back_is_over_for_the_agent(bottle: Bottle) -> None:
    muting.mute(bottle.world, bottle.slug, bottle.world.clock.now() + timedelta(minutes=15))
    muting.mute(bottle.world, bottle.slug, None)
    assert not hears_of_a_mute(bottle) and muting.muted(bottle.world) == {}


def nobody(bottle: Bottle) -> bool:
    """Whether supervise would tell its agent that nobody watches."""
    return bool(answers.watching(told(bottle), bottle.clock.now()))


def dashboard(bottle: Bottle, here: Presence, seconds: int) -> Presence:
    """One that is open for so long, and looks at the time once a second."""
    for _ in range(seconds):
        bottle.clock.advance(1)
        here, moment = here.tells(bottle.clock.now())
        if moment is not None:
            watching.watched(bottle.world, moment)
    return here


def test_an_agent_hears_that_nobody_watches_five_minutes_after_the_last_key_and_not_before(bottle: Bottle) -> None:
    here = Presence(bottle.clock.now())
    for _ in range(299):
        here = dashboard(bottle, here, 1)
        assert not nobody(bottle)
    dashboard(bottle, here, 2)
    assert nobody(bottle)


def test_keys_keep_an_agent_told_that_somebody_watches(bottle: Bottle) -> None:
    here = Presence(bottle.clock.now())
    for _ in range(3):
        here = dashboard(bottle, here, 290).noticed(bottle.clock.now(), key=True)[0]
        assert not nobody(bottle)


def test_of_a_dashboard_that_was_killed_an_agent_hears_within_two_minutes_that_nobody_watches(bottle: Bottle) -> None:
    dashboard(bottle, Presence(bottle.clock.now()), 100)
    bottle.clock.advance(60)
    assert not nobody(bottle)
    bottle.clock.advance(61)
    assert nobody(bottle)


def test_the_word_of_a_dashboard_that_is_left_alone_does_not_take_back_anothers(bottle: Bottle) -> None:
    left_alone = Presence(bottle.clock.now() - timedelta(minutes=4))
    watching.watched(bottle.world, bottle.clock.now())
    dashboard(bottle, left_alone, 1)
    assert told(bottle).watched_at == bottle.clock.now() - timedelta(seconds=1)


def test_a_damaged_mute_mutes_nobody(bottle: Bottle) -> None:
    bottle.home.write(muting.FILE, b"soon\xff")
    assert muting.muted(bottle.world) == {}


def test_an_ask_that_nobody_answered_for_a_day_is_superseded_and_the_agent_knows(bottle: Bottle) -> None:
    identity = bottle.ask()
    bottle.clock.advance(24 * 3600 - 1)
    assert outdated.settle(bottle.world) == []
    bottle.clock.advance(1)
    assert outdated.settle(bottle.world) == [identity]
    decision = bottle.decided(identity)
    assert decision is not None and (decision.status, decision.reason) == ("superseded", outdated.A_DAY)
    assert proposals.parse_decision(bottle.supervise.files[f"{DECISIONS}/{identity}.json"]).status == "superseded"
    assert review.cards(bottle.world) == [] and outdated.settle(bottle.world) == []
    assert audit.records(bottle.world, bottle.slug)[-1]["kind"] == "superseded"


def test_whoever_decides_what_nobody_answered_is_told_so(bottle: Bottle) -> None:
    identity = bottle.ask()
    bottle.clock.advance(25 * 3600)
    outdated.settle(bottle.world)
    with pytest.raises(AlreadyDecided, match="superseded by bottle-tui, 0 s ago: nobody answered within a day"):
        decide.reject(bottle.world, identity, "no")


def test_what_is_decided_is_not_superseded(bottle: Bottle) -> None:
    identity = bottle.ask()
    decide.reject(bottle.world, identity, "no")
    bottle.clock.advance(25 * 3600)
    assert outdated.settle(bottle.world) == []


@pytest.mark.parametrize("look", [review.cards, lambda world: review.card(world, review.cards(world)[0].id)])
def test_whoever_looks_a_day_later_writes_it_down(bottle: Bottle, look: Callable[[World], object]) -> None:
    identity = bottle.ask()
    bottle.clock.advance(24 * 3600 - 1)
    look(bottle.world)
    assert bottle.decided(identity) is None
    bottle.clock.advance(1)
    assert review.cards(bottle.world) == []
    told = proposals.parse_decision(bottle.supervise.files[f"{DECISIONS}/{identity}.json"])
    assert (told.status, told.reason) == ("superseded", outdated.A_DAY)


def test_who_only_looks_or_finds_the_bottle_busy_sees_it_superseded_and_writes_nothing(bottle: Bottle) -> None:
    identity = bottle.ask()
    bottle.clock.advance(25 * 3600)
    assert review.cards(replace(bottle.world, read_only=True)) == []
    found = review.card(replace(bottle.world, read_only=True), identity)
    assert (found.status, found.decided_by, found.reason) == ("superseded", outdated.BY, outdated.A_DAY)
    assert status.bottle(bottle.world, bottle.slug).pending == 0
    with bottle.home.lock():
        assert review.cards(bottle.world) == []
    assert bottle.decided(identity) is None


def test_nobody_decides_what_has_waited_for_a_day(bottle: Bottle) -> None:
    identity = bottle.ask()
    digest = bottle.digest(identity)
    bottle.clock.advance(24 * 3600)
    with pytest.raises(AlreadyDecided, match=r"superseded by bottle-tui, 0 s ago: nobody answered within a day"):
        decide.approve(bottle.world, identity, digest)
    with pytest.raises(AlreadyDecided, match="superseded"):
        decide.reject(bottle.world, identity, "no")
    assert bottle.grants() == ["m1"]


def test_what_was_tried_in_vain_or_reopened_waits_for_a_day_from_then_on(bottle: Bottle) -> None:
    tried, reopened = bottle.ask(), bottle.ask("other.example.net")
    decide.reject(bottle.world, reopened, "no")
    bottle.clock.advance(20 * 3600)
    bottle.pipelock.silent = True
    decide.approve(bottle.world, tried, bottle.digest(tried))
    bottle.pipelock.silent = False
    decide.reopen(bottle.world, reopened)
    bottle.clock.advance(23 * 3600)
    assert {card.id: card.status for card in review.cards(bottle.world)} == {tried: "failed", reopened: "pending"}
    bottle.clock.advance(3600)
    assert review.cards(bottle.world) == []
    for identity in (tried, reopened):
        decision = bottle.decided(identity)
        assert decision is not None and decision.status == "superseded"


def test_at_stop_what_waits_is_superseded(bottle: Bottle) -> None:
    identity = bottle.ask()
    stop.stop(bottle.world, bottle.slug)
    decision = bottle.decided(identity)
    assert decision is not None and (decision.status, decision.reason) == ("superseded", outdated.STOPPED)


def test_a_stop_goes_on_although_the_agent_cannot_be_told(bottle: Bottle) -> None:
    identity = bottle.ask()
    bottle.supervise.unreachable = True
    assert stop.stop(bottle.world, bottle.slug)
    decision = bottle.decided(identity)
    assert decision is not None and decision.status == "superseded"


def test_a_silent_supervise_holds_up_a_stop_once_however_much_waits(bottle: Bottle) -> None:
    ids = [bottle.ask(f"h{number}.example.net") for number in range(6)]
    bottle.supervise.silent = True
    before = bottle.clock.now()
    stop.stop(bottle.world, bottle.slug)
    assert bottle.clock.now() - before <= timedelta(seconds=sum(ack.SUPERVISE_WAIT))
    assert all(b"superseded" in bottle.supervise.files[f"{DECISIONS}/{identity}.json"] for identity in ids)


def test_who_comes_back_is_told_what_was_decided_and_what_ran_out_since(bottle: Bottle) -> None:
    early = bottle.ask("old.example.net")
    decide.reject(bottle.world, early, "no")
    bottle.clock.advance(60)
    left = bottle.world.clock.now()
    bottle.clock.advance(60)
    waiting = bottle.ask()
    decide.approve(bottle.world, waiting, bottle.digest(waiting))
    late = bottle.ask("late.example.net")
    bottle.clock.advance(24 * 3600)
    assert outdated.settle(bottle.world) == [late]
    found = absence.since(bottle.world, left)
    assert [each.what for each in found.ran_out] == ["late.example.net superseded by op"]
    assert [each.what for each in found.decided] == ["files.example.net approved by op"]
    assert found.since == left and found.bytes_up == 0


def test_who_comes_back_after_long_is_told_how_much_was_decided_beside_what_is_listed(bottle: Bottle) -> None:
    left = bottle.world.clock.now()
    for number in range(absence.MOST + 3):
        decide.reject(bottle.world, bottle.ask(f"h{number}.example.net"), "no")
    found = absence.since(bottle.world, left)
    assert (len(found.decided), found.more_decided, found.more_ran_out) == (absence.MOST, 3, 0)


def test_an_operators_own_proposal_is_superseded_without_a_word_to_the_agent(bottle: Bottle) -> None:
    bottle.gate.say(
        {"event": "denied", "host": "b.test", "path": "/x", "method": "GET", "reason": "host_not_allowed",
         "time": "2026-01-01T00:00:00Z", "scheme": "https", "port": 443}
    )  # fmt: skip
    identity = denied.propose(bottle.world, bottle.slug, "b.test", "GET")
    bottle.clock.advance(25 * 3600)
    assert outdated.settle(bottle.world) == [identity]
    assert f"{DECISIONS}/{identity}.json" not in bottle.supervise.files


def test_the_skew_of_the_gates_clock_is_told_when_it_is_more_than_two_seconds(bottle: Bottle) -> None:
    bottle.gate.skew = timedelta(seconds=1.5)
    assert status.bottle(bottle.world, bottle.slug).skew == 0
    bottle.gate.skew = timedelta(seconds=-4)
    found = status.bottle(bottle.world, bottle.slug)
    assert found.skew == -4 and "the gate's clock is -4 s from this host's" in found.note
    bottle.gate.skew = timedelta(seconds=7)
    assert status.bottle(bottle.world, bottle.slug).skew == 7


@pytest.mark.parametrize("skew", [-90, -3, -1, 0, 5, 60])
def test_a_skewed_clock_never_lengthens_a_grant(bottle: Bottle, skew: int) -> None:
    identity = bottle.ask()
    bottle.gate.skew = timedelta(seconds=skew)
    edit = Edit(lasts="15m")
    decide.approve(bottle.world, identity, bottle.digest(identity, edit=edit), edit=edit)
    grant = next(grant for _, grant in bottle.gate.table.grants() if grant.id == identity)
    assert grant.expires_at is not None
    left = grant.expires_at - (bottle.world.clock.now() + bottle.gate.skew)
    assert left <= timedelta(minutes=15, seconds=2)


@pytest.mark.parametrize("skew", [-90, -3, -1, 0, 5, 60])
def test_a_skewed_clock_never_lengthens_a_route_added_by_hand(bottle: Bottle, skew: int) -> None:
    bottle.gate.skew = timedelta(seconds=skew)
    added = routes.adding(bottle.world, "docs.example.org", path_allowlist=("/a/",), methods=("GET",), lasts="15m")
    card = routes.preview(bottle.world, bottle.slug, added)
    assert routes.carry_out(bottle.world, bottle.slug, added, card.change.digest).in_force
    grant = next(grant for _, grant in bottle.gate.table.grants() if grant.id == added.id)
    assert grant.expires_at is not None
    left = grant.expires_at - (bottle.world.clock.now() + bottle.gate.skew)
    assert left <= timedelta(minutes=15, seconds=2)


def test_a_route_added_for_less_than_the_gates_lag_is_refused_in_words(bottle: Bottle) -> None:
    bottle.gate.skew = timedelta(hours=-1)
    with pytest.raises(Conflict, match="3600 s behind"):
        routes.add(bottle.world, bottle.slug, "docs.example.org", lasts="15m", acknowledged=True)
    assert bottle.gate.table.route_for("docs.example.org") is None


def test_a_limit_shorter_than_the_gates_lag_is_refused_in_words(bottle: Bottle) -> None:
    identity = bottle.ask()
    bottle.gate.skew = timedelta(hours=-1)
    edit = Edit(lasts="15m")
    with pytest.raises(Conflict, match="3600 s behind"):
        decide.approve(bottle.world, identity, bottle.digest(identity, edit=edit), edit=edit)
    assert identity not in bottle.grants()


def test_a_gate_with_another_table_than_the_confirmed_one_is_not_called_running(bottle: Bottle) -> None:
    assert status.bottle(bottle.world, bottle.slug).state == "running"
    confirmed = bottle.home.read("table.yaml")
    bottle.home.write("table.yaml", confirmed + b"# by hand\n")
    found = status.bottle(bottle.world, bottle.slug)
    assert found.state == "degraded" and "another table" in found.note
    bottle.home.write("table.yaml", confirmed)
    assert status.bottle(bottle.world, bottle.slug).state == "running"
