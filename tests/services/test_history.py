"""The ledger and the table as the dashboard lists them, over a bottle whose gate decides for real."""

from datetime import timedelta

import pytest

from bottle_tui.core.edits import ALWAYS, AS_ASKED, ONCE, Edit
from bottle_tui.errors import NotFound, Stale
from bottle_tui.services import audit, decide, history, listing, prior, provenance, quarantine, revoke, routes

HOST = "files.example.net"


def granted(bottle, edit: Edit = AS_ASKED) -> str:
    identity = bottle.ask(path_allowlist=["/data/"], justification="to read the tables")
    assert decide.approve(bottle.world, identity, bottle.digest(identity, edit=edit), edit=edit).in_force
    return identity


def test_the_table_is_listed_with_origin_end_and_use(bottle) -> None:
    identity = granted(bottle, Edit(lasts="15m"))
    event = {"event": "allowed", "host": HOST, "method": "GET", "path": "/data/x", "grant": identity, "id": "1"}
    bottle.gate.say({**event, "time": bottle.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")})
    found = listing.routes(bottle.world, "box")
    assert found.in_force is True and found.generation == bottle.gate.generation
    manifest, asked = found.items
    assert (manifest.id, manifest.origin, manifest.always) == ("m1", "manifest", False)
    assert manifest.use is not None and manifest.use.requests == 0
    assert (asked.id, asked.host, asked.origin) == (identity, HOST, "proposal")
    assert asked.use is not None and asked.use.requests == 1
    assert asked.grant is not None and asked.grant.expires_at is not None
    assert not asked.ended(bottle.clock.now()) and asked.ended(bottle.clock.now() + timedelta(minutes=16))


def test_always_is_told_from_what_ends_with_the_bottle_and_by_hand_from_both(bottle) -> None:
    kept = granted(bottle, Edit(lasts=ALWAYS))
    added = routes.add(bottle.world, "box", "other.example.net").id
    found = {item.id: item for item in listing.routes(bottle.world, "box").items}
    assert found[kept].always and found[kept].origin == "proposal"
    assert not found[added].always and found[added].origin == "operator"


def test_one_request_that_was_made_is_used_up(bottle) -> None:
    identity = granted(bottle, Edit(lasts=ONCE))
    bottle.gate.uses[identity] = 1
    item = listing.routes(bottle.world, "box").item(identity)
    assert item is not None and item.spent == 1 and item.ended(bottle.clock.now())


def test_with_the_gate_out_of_reach_the_table_is_listed_and_nothing_is_said_to_be_in_force(bottle) -> None:
    bottle.gate.unreachable = True
    found = listing.routes(bottle.world, "box")
    assert found.in_force is None and found.slots is None and found.remark
    assert [item.id for item in found.items] == ["m1"]


def test_a_gate_with_another_table_is_not_in_force(bottle) -> None:
    bottle.gate.files["/etc/egress/routes.yaml"] = b'{"routes": []}'
    bottle.gate.reload()
    assert listing.routes(bottle.world, "box").in_force is False


def test_an_approval_can_be_taken_back_until_it_was(bottle) -> None:
    identity = granted(bottle)
    deed = history.listed(bottle.world, "box")[0]
    assert (deed.verb, deed.what, deed.actor, deed.ok, deed.undo) == ("approved", HOST, "op", True, True)
    assert deed.proposal == identity and deed.began == deed.n - 1
    revoke.undo(bottle.world, identity)
    revoked, approved = history.listed(bottle.world, "box")[:2]
    assert (revoked.verb, revoked.what, revoked.ok) == ("revoked", HOST, True)
    assert not approved.undo and not revoked.undo


def test_a_rejection_can_be_reopened_once(bottle) -> None:
    identity = bottle.ask()
    decide.reject(bottle.world, identity, "use the mirror")
    deed = history.listed(bottle.world, "box")[0]
    assert (deed.verb, deed.result, deed.reopen, deed.undo) == ("rejected", "use the mirror", True, False)
    decide.reopen(bottle.world, identity)
    reopened, rejected = history.listed(bottle.world, "box")[:2]
    assert reopened.verb == "reopened" and not rejected.reopen


def test_a_route_added_by_hand_can_be_taken_back_by_its_grant(bottle) -> None:
    added = routes.add(bottle.world, "box", "other.example.net").id
    deed = history.listed(bottle.world, "box")[0]
    assert deed.undo and deed.grants == (added,) and deed.proposal is None


def test_what_failed_says_why(bottle) -> None:
    identity = bottle.ask()
    bottle.pipelock.silent = True
    decide.approve(bottle.world, identity, bottle.digest(identity))
    deed = history.listed(bottle.world, "box")[0]
    assert deed.ok is False and "does not say that it has loaded" in deed.result and not deed.undo


def test_quarantine_and_release_are_deeds(bottle) -> None:
    quarantine.quarantine(bottle.world, "box")
    quarantine.release(bottle.world, "box")
    assert [deed.verb for deed in history.listed(bottle.world, "box")][:2] == ["released", "quarantined"]


def test_one_record_is_read_whole_with_what_it_changed(bottle) -> None:
    granted(bottle)
    deed = history.listed(bottle.world, "box")[0]
    found = history.record(bottle.world, "box", deed.n)
    assert any(line.startswith("+") and HOST in line for line in found.changes)
    assert "before" not in found.fields and found.fields["in_force"] is True
    with pytest.raises(NotFound):
        history.record(bottle.world, "box", 9_999)
    with pytest.raises(NotFound):
        history.listed(bottle.world, "nobody")


def test_a_large_ledger_is_read_from_its_end(bottle, monkeypatch) -> None:
    for _ in range(4):
        identity = granted(bottle)
        revoke.undo(bottle.world, identity)
    monkeypatch.setattr(audit, "NEWEST_BYTES", 6_000)
    told = history.listed(bottle.world, "box")
    assert 0 < len(told) < 8 and told[0].verb == "revoked"


def test_what_was_decided_just_before_the_older_part_moved_is_still_listed(bottle, monkeypatch) -> None:
    identity = granted(bottle)
    monkeypatch.setattr(audit, "SEGMENT_BYTES", len(bottle.home.read("audit.jsonl")) - 1)
    revoke.undo(bottle.world, identity)
    assert len(bottle.home.names("audit-old")) == 1
    approved = next(deed for deed in history.listed(bottle.world, "box") if deed.verb == "approved")
    assert any(HOST in line for line in history.record(bottle.world, "box", approved.n).changes)
    assert provenance.of_grant(bottle.world, "box", identity).decided_by == "op"
    assert prior.stories(bottle.world, "box", identity)[identity].status == "approved"


def test_a_grant_that_reads_otherwise_by_now_is_not_revoked(bottle) -> None:
    identity = granted(bottle)
    shown = listing.routes(bottle.world, "box").item(identity)
    assert shown is not None and shown.grant is not None
    bottle_text = routes.text(bottle.world, "box").replace("/data/", "/other/")
    routes.edit(bottle.world, "box", bottle_text)
    with pytest.raises(Stale):
        revoke.revoke(bottle.world, "box", grant=identity, shown=shown.grant)
    assert identity in bottle.grants()
    fresh = listing.routes(bottle.world, "box").item(identity)
    assert fresh is not None
    outcome = revoke.revoke(bottle.world, "box", grant=identity, shown=fresh.grant)
    assert "the refusal is in force, proven" in outcome.line and identity not in bottle.grants()
