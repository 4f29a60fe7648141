"""What was decided last, whoever did it and in whichever session, and how much was used of it since."""

from bottle_tui.services import decide, revoke, routes, traffic
from bottle_tui.services.decisions import Decisions, of_bottle
from tests.services.test_history import HOST, granted


def used(bottle, grant: str, count: int) -> None:
    for number in range(count):
        bottle.clock.advance(1)
        now = bottle.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        said = {"event": "allowed", "host": HOST, "method": "GET", "path": "/data/x", "grant": grant}
        bottle.gate.say({**said, "id": f"{now} {number}", "time": now})
    traffic.drain(bottle.world, "box")


def told(bottle) -> list[tuple[str, str, int | None]]:
    return [(each.verb, each.what, each.used) for each in of_bottle(bottle.world, "box")]


def test_an_approval_is_told_with_its_use_since_and_a_rejection_without(bottle) -> None:
    identity = granted(bottle)
    bottle.clock.advance(1)
    decide.reject(bottle.world, bottle.ask("other.example.net"), "no")
    used(bottle, identity, 3)
    assert told(bottle) == [("rejected", "other.example.net", None), ("approved", HOST, 3)]


def test_what_was_granted_and_not_used_is_never_used_once_somebody_has_counted(bottle) -> None:
    bottle.gate.log.clear()
    granted(bottle)
    assert told(bottle) == [("approved", HOST, None)]
    used(bottle, "m1", 1)
    assert told(bottle) == [("approved", HOST, 0)]


def test_of_a_grant_that_was_taken_back_and_given_again_each_approval_has_its_own_use(bottle) -> None:
    identity = granted(bottle)
    used(bottle, identity, 2)
    bottle.clock.advance(1)
    revoke.undo(bottle.world, identity)
    bottle.clock.advance(1)
    added = routes.add(bottle.world, "box", HOST).id
    used(bottle, added, 1)
    assert told(bottle) == [("routes", f"routes add {HOST}", 1), ("revoked", HOST, None), ("approved", HOST, 2)]


def test_a_failed_approval_brought_nothing(bottle) -> None:
    identity = bottle.ask(path_allowlist=["/data/"])
    bottle.pipelock.silent = True
    assert not decide.approve(bottle.world, identity, bottle.digest(identity)).in_force
    (failed,) = of_bottle(bottle.world, "box")
    assert (failed.verb, failed.ok, failed.brings) == ("approve", False, False)


def test_a_list_that_is_read_all_day_follows_ledger_and_traffic(bottle) -> None:
    decisions = Decisions(bottle.world)
    assert decisions.latest() == []
    identity = granted(bottle)
    assert [each.used for each in decisions.latest()] == [None]
    used(bottle, identity, 2)
    assert [each.used for each in decisions.latest()] == [2]
    assert decisions.latest()[0] is decisions.latest()[0], "nothing is read anew when nothing has changed"
