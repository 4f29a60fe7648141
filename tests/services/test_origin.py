"""From a line of pipelock's or supervise's to the grant or the ask behind it; or why there is none."""

import pytest

from bottle_tui.errors import NotFound
from bottle_tui.services import decide, origin, revoke, routes, session
from bottle_tui.services.origin import of_proposal
from tests.services.test_history import HOST, granted

NOBODY = "01J00000000000000000000000"


def of_host(bottle, host: str, *, refused: bool = False):
    return origin.of_subject(bottle.world, "box", {"of": "pipelock", "host": host, "refused": refused})


def test_a_host_leads_to_the_one_grant_that_covers_it(bottle) -> None:
    identity = granted(bottle)
    found = of_host(bottle, HOST)
    assert (found.grant, found.in_table, found.decided_by) == (identity, True, "op")
    assert found.standing is not None and found.standing.id == identity
    assert of_host(bottle, HOST, refused=True).line.startswith("refused by pipelock although ")


def test_with_several_grants_none_is_guessed(bottle) -> None:
    granted(bottle)
    routes.add(bottle.world, "box", HOST, path_allowlist=("/other/",), acknowledged=True)
    found = of_host(bottle, HOST)
    assert (found.grant, found.standing) == ("", None)
    assert found.line == f"2 grants cover {HOST}; which one it was is in the log of egress"


def test_a_host_without_a_grant_says_so(bottle) -> None:
    assert of_host(bottle, "nowhere.test").line == "no grant: no route names nowhere.test"
    assert of_host(bottle, "not a host").grant == ""
    with pytest.raises(NotFound):
        origin.of_subject(bottle.world, "nobody", {"of": "pipelock", "host": HOST})


def of_load(bottle, apply: str):
    return origin.of_subject(bottle.world, "box", {"of": "egress", "apply": apply})


def apply_in_force(bottle) -> str:
    return session.live(bottle.world.home.bottle("box")).table.apply


def test_a_load_of_a_table_leads_to_what_was_decided(bottle) -> None:
    identity = granted(bottle)
    found = of_load(bottle, apply_in_force(bottle))
    assert (found.grant, found.in_table, found.words) == (identity, True, "to read the tables")
    assert found.line.startswith(f"loaded as op approved {HOST} at 2026-01-01 ")
    assert f": {identity} was asked for by the agent" in found.line
    revoke.undo(bottle.world, identity)
    ended = of_load(bottle, apply_in_force(bottle))
    assert ended.line.startswith(f"loaded as op revoked {HOST} at ") and "not in force any more" in ended.line


def test_a_load_that_somebody_wanted_by_hand_names_who_and_when(bottle) -> None:
    routes.add(bottle.world, "box", "other.example.net", acknowledged=True)
    found = of_load(bottle, apply_in_force(bottle))
    assert (found.source, found.decided_by) == ("operator", "op") and found.decided_at is not None
    assert found.line.startswith("loaded as op ran routes add other.example.net at ")


def test_a_load_that_no_record_names_says_so(bottle) -> None:
    found = of_load(bottle, NOBODY)
    assert (found.grant, found.source) == ("", "none")
    assert found.line.startswith("no decision that the ledger still has loaded this table")


def test_an_ask_leads_to_its_grant_also_once_that_is_gone(bottle) -> None:
    identity = granted(bottle)
    found = of_proposal(bottle.world, "box", identity)
    assert (found.grant, found.in_table, found.words) == (identity, True, "to read the tables")
    revoke.undo(bottle.world, identity)
    gone = of_proposal(bottle.world, "box", identity)
    assert not gone.in_table and "not in force any more" in gone.line


def test_an_ask_that_made_no_grant_says_how_it_stands(bottle) -> None:
    identity = bottle.ask(justification="to read the tables")
    found = of_proposal(bottle.world, "box", identity)
    assert (found.source, found.grant, found.standing, found.words) == ("asked", "", None, "to read the tables")
    assert found.line == f"{HOST} was asked for by the agent, and waits for a decision: no grant yet"
    decide.reject(bottle.world, identity, "use the mirror")
    line = of_proposal(bottle.world, "box", identity).line
    assert "rejected by op at 2026-01-01" in line and "use the mirror; no grant came of it" in line


@pytest.mark.parametrize("identity", [NOBODY, "../../etc/passwd"])
def test_an_ask_that_nobody_knows_is_said(bottle, identity: str) -> None:
    found = of_proposal(bottle.world, "box", identity)
    assert found.grant == "" and "never copied here" in found.line
