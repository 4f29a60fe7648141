"""The queue on the host's side: what is taken, what is refused, and whose copy counts."""

from typing import Any

import pytest

from bottle_tui.adapters.fakes import QUEUE
from bottle_tui.core.edits import Edit
from bottle_tui.errors import InvalidFile, NotFound, UsageError
from bottle_tui.services import cutoff, decide, queue, review, session, telling
from bottle_tui.services.seen import look
from sidecar_addon import proposals
from sidecar_addon.table import Grant, Route


def test_a_proposal_is_copied_and_hashed_when_it_is_first_seen(bottle: Any) -> None:
    identity = bottle.ask()
    entry = queue.entry(bottle.home, identity, "one")
    assert entry is not None
    assert entry.data == bottle.supervise.files[f"{QUEUE}/proposals/{identity}.json"]
    assert entry.status == "pending"


def test_what_is_changed_later_is_reported_and_does_not_count(bottle: Any) -> None:
    identity = bottle.ask(path_allowlist=["/calm/"])
    path = f"{QUEUE}/proposals/{identity}.json"
    bottle.supervise.files[path] = bottle.supervise.files[path].replace(b"/calm/", b"/evil/")
    refused = queue.sync(session.opened(bottle.world, "box"))
    assert [(item.name, "first seen" in item.why) for item in refused] == [(f"{identity}.json", True)]
    assert review.card(bottle.world, identity).args["path_allowlist"] == ["/calm/"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.json", b"{}"),
        ("x.json", b"{" * 100_000),
        ("x.json", b"\xff\xfe"),
        ("x.json", b"x" * (300 * 1024)),
        ("01KDWPVNG00000000000000009.json", b'{"version":1}'),
        ("evil\x1b[2J.json", b"[]"),
    ],
)
def test_hostile_files_are_reported_and_nothing_else(bottle: Any, name: str, data: bytes) -> None:
    bottle.supervise.files[f"{QUEUE}/proposals/{name}"] = data
    assert len(queue.sync(session.opened(bottle.world, "box"))) == 1
    assert review.cards(bottle.world) == []


def test_a_proposal_under_another_name_is_refused(bottle: Any) -> None:
    identity = bottle.supervise.file("egress-block", host="a.example.org")
    files = bottle.supervise.files
    files[f"{QUEUE}/proposals/01KDWPVNG00000000000000009.json"] = files.pop(f"{QUEUE}/proposals/{identity}.json")
    refused = queue.sync(session.opened(bottle.world, "box"))
    assert "not its name" in refused[0].why


def test_a_flood_of_files_is_cut_off(bottle: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "MOST", 2)
    for number in range(4):
        bottle.supervise.files[f"{QUEUE}/proposals/{number}"] = b"{}"
    refused = queue.sync(session.opened(bottle.world, "box"))
    assert len(refused) == 3
    assert "2 more files" in refused[-1].why


def test_of_more_files_than_are_looked_at_the_newest_asks_are_read(
    bottle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "MOST", 2)
    asked = [bottle.supervise.file("egress-block", host=f"h{number}.example.org") for number in range(3)]
    bottle.supervise.files[f"{QUEUE}/proposals/zzz"] = b"{}"
    queue.sync(session.opened(bottle.world, "box"))
    assert {entry.id for entry in queue.entries(bottle.home, "one")} == set(sorted(asked)[1:])


def test_an_unreachable_queue_is_the_queue_as_it_was(bottle: Any) -> None:
    identity = bottle.ask()
    bottle.supervise.unreachable = True
    assert [card.id for card in review.cards(bottle.world)] == [identity]


def test_a_damaged_copy_is_not_believed(bottle: Any) -> None:
    identity = bottle.ask()
    bottle.home.write(f"queue/{identity}.json", b"{}")
    with pytest.raises(NotFound, match="damaged"):
        review.card(bottle.world, identity)
    assert review.cards(bottle.world) == []


@pytest.mark.parametrize("data", [b'{"version": 1}', b"[" * 100_000], ids=["empty", "deep"])
@pytest.mark.parametrize("name", ["decision", "note"])
def test_a_damaged_file_of_the_host_is_named(bottle: Any, name: str, data: bytes) -> None:
    identity = bottle.ask()
    bottle.home.write(f"queue/{identity}.{name}.json", data)
    with pytest.raises(InvalidFile, match="damaged") as caught:
        review.cards(bottle.world)
    assert caught.value.file == f"queue/{identity}.{name}.json"


def test_a_wish_for_quarantine_that_cannot_be_read_is_one(bottle: Any) -> None:
    for data in (b"[" * 100_000, b"{torn", b"5"):
        bottle.home.write("quarantined", data)
        assert cutoff.asked(session.opened(bottle.world, "box")) == {}


def test_a_fragment_that_is_not_unique_is_a_usage_error(bottle: Any) -> None:
    first, second = bottle.ask(), bottle.ask("b.example.org")
    with pytest.raises(UsageError, match="2 ids"):
        queue.find(bottle.world, first[:6])
    assert queue.find(bottle.world, first.lower()) == ("box", first)
    assert queue.find(bottle.world, second[-3:]) == ("box", second)
    with pytest.raises(NotFound):
        queue.find(bottle.world, " ")


def test_proposals_of_an_earlier_start_are_superseded(bottle: Any) -> None:
    identity = bottle.ask()
    entry = queue.entry(bottle.home, identity, "two")
    assert entry is not None
    assert entry.status == "superseded"


def test_an_approval_after_an_undo_makes_a_grant_of_another_id(bottle: Any) -> None:
    from bottle_tui.services import revoke

    identity = bottle.ask()
    decide.approve(bottle.world, identity, bottle.digest(identity))
    revoke.undo(bottle.world, identity)
    entry = queue.entry(bottle.home, identity, "one")
    assert entry is not None
    assert entry.grant_id() == f"{identity}.2"


def test_supervise_is_told_that_somebody_watches(bottle: Any) -> None:
    opened = session.opened(bottle.world, "box")
    telling.tell_state(opened, watched_at=bottle.clock.now())
    told = proposals.parse_state(bottle.supervise.loaded["state.json"])
    assert told.watched_at == bottle.clock.now()
    assert told.grantable_tokens == {"EXAMPLE_TOKEN": ("files.example.net",)}


def test_a_bottle_that_is_down_still_shows_what_it_was_asked(bottle: Any) -> None:
    bottle.ask()
    bottle.home.delete("bottle.json")
    cards = review.cards(bottle.world, everything=True)
    assert [(card.status, card.change) for card in cards] == [("superseded", None)]


def test_cards_of_an_unknown_bottle_are_not_found(bottle: Any) -> None:
    with pytest.raises(NotFound):
        review.cards(bottle.world, "nope")


def test_facts_stand_beside_what_was_seen(bottle: Any) -> None:
    denied = {
        "event": "denied",
        "host": "files.example.net",
        "method": "GET",
        "path": "/data/1",
        "reason": "host_not_allowed",
    }
    bottle.gate.say(denied)
    bottle.gate.say({**denied, "event": "denied_more", "count": 4, "path": "/data/2"})
    bottle.gate.say({**denied, "host": "10.0.0.1"})
    identity = bottle.ask(
        path_allowlist=["/data/"], methods=["GET"], auth={"scheme": "Bearer", "token_ref": "EXAMPLE_TOKEN"}
    )
    card = review.card(bottle.world, identity)
    facts = {fact.name: (fact.asked, fact.seen) for fact in card.facts}
    assert facts["host"] == ("files.example.net", "new here · 5 denied")
    assert facts["path"] == ("/data/", "/data/2, /data/1")
    assert facts["method"] == ("GET", "GET")
    assert facts["auth"] == ("Bearer EXAMPLE_TOKEN", "scanned: 2–4 s per MB, over 8 MB refused")
    assert facts["until"] == ("bottle stops", "")
    assert "port" not in facts
    assert "no_denial_seen" not in [risk.id for risk in card.risks]


def test_what_could_not_be_read_is_not_known(bottle: Any) -> None:
    identity = bottle.ask()
    bottle.gate.unreachable = True
    card = review.card(bottle.world, identity)
    assert card.facts[0].seen == "new here · not known"
    assert "no_denial_seen" not in [risk.id for risk in card.risks]


def test_who_waits_and_how_far_an_approval_has_come(bottle: Any) -> None:
    identity = bottle.ask()
    bottle.supervise.say({"event": "waiting", "id": identity, "since": "now"})
    assert review.card(bottle.world, identity).agent_waits
    decide.approve(bottle.world, identity, bottle.digest(identity))
    bottle.supervise.say({"event": "waiting_ended", "id": identity})
    bottle.supervise.say({"event": "decision_read", "id": identity, "status": "approved"})
    card = review.card(bottle.world, identity)
    assert (card.agent_waits, card.delivery, card.in_force) == (False, "agent has read it", True)
    bottle.gate.say({"event": "allowed", "proposal": identity, "host": "files.example.net"})
    assert review.card(bottle.world, identity).delivery == "retry is running"
    bottle.gate.say({"event": "finished", "proposal": identity, "host": "files.example.net", "status": 200})
    assert review.card(bottle.world, identity).delivery == "retry passed (200)"
    refused = {"event": "finished", "proposal": identity, "status": 403, "reason": "pipelock"}
    bottle.gate.say({"event": "allowed", "proposal": identity, "host": "files.example.net"})
    bottle.gate.say(refused)
    assert review.card(bottle.world, identity).delivery == "retry refused (pipelock)"
    bottle.gate.say({"event": "allowed", "proposal": identity, "host": "files.example.net"})
    assert review.card(bottle.world, identity).delivery == "retry refused (pipelock)", "until the next one has ended"
    assert review.card(bottle.world, identity).problem == "approved by op"


def test_looking_back_stops_at_its_limit(bottle: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bottle_tui.services.seen.TAIL", 3)
    for _ in range(10):
        bottle.gate.say({"event": "denied", "host": "a.example.org", "method": "GET", "path": "/"})
    assert look(session.opened(bottle.world, "box")).denied["a.example.org"] == 3


def test_a_websocket_needs_a_host_that_is_not_scanned(make: Any) -> None:
    bottle = make(Route("api.example.com", (Grant("m1"),)))
    identity = bottle.ask(methods=["WEBSOCKET"])
    assert "WebSocket does not pass" in (review.card(bottle.world, identity).problem or "")
    edit = Edit(scan="passthrough")
    assert decide.approve(bottle.world, identity, bottle.digest(identity, edit=edit), edit=edit).in_force


@pytest.mark.parametrize(
    "edit",
    [Edit(path_allowlist=("relative",)), Edit(methods=("NOPE",)), Edit(host="10.0.0.1"), Edit(lasts="soon")],
)
def test_an_edit_that_cannot_be_is_said_on_the_card(bottle: Any, edit: Edit) -> None:
    card = review.card(bottle.world, bottle.ask(), edit)
    assert card.change is None
    assert card.problem


@pytest.mark.parametrize("want", ["allow", "passthrough"])
def test_pipelocks_list_knows_no_single_request(bottle: Any, want: str) -> None:
    identity = bottle.supervise.file("pipelock-block", host="api.example.com", want=want)
    card = review.card(bottle.world, identity, Edit(lasts="once"))
    assert card.problem
    assert card.facts[1].asked == want


def test_the_home_has_no_link_after_all_this(bottle: Any) -> None:
    bottle.ask()
    assert not [path for path in bottle.world.home.root.rglob("*") if path.is_symlink()]
