"""Evidence of a card: from the events of its own bottle, the files of others, and what was decided before."""

from typing import Any

from bottle_tui.core import evidence_text
from bottle_tui.core.edits import Edit
from bottle_tui.core.evidence import Fit, Unseen
from bottle_tui.services import decide, evidence, review, seen, traffic
from sidecar_addon.table import Grant, Route

HOST = "files.example.net"


def denied(bottle, path: str, method: str = "GET", host: str = HOST, **fields: Any) -> None:
    bottle.clock.advance(1)
    time = bottle.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    plain = {"scheme": "https", "port": 443, "reason": "host_not_allowed"}
    bottle.gate.say(
        {"event": "denied", "time": time, "id": time, "method": method, "host": host, "path": path, **plain, **fields}
    )


def test_a_card_is_replayed_over_what_was_denied_and_fitted_to_it(bottle) -> None:
    denied(bottle, "/data/a.csv")
    denied(bottle, "/data/b.csv")
    denied(bottle, "/", host="evil.test")
    identity = bottle.ask(path_allowlist=["/data/"])
    found = evidence.of_card(bottle.world, identity)
    assert found.known
    assert (found.replay.admits, found.replay.total, found.replay.unasked) == (2, 3, 0)
    assert found.fit == Fit(("/data/a.csv", "/data/b.csv"), ("GET",), (443,))
    assert (found.denied, [group.prefix for group in found.groups]) == (2, ["/data/a.csv", "/data/b.csv"])


def test_a_card_says_what_its_lists_admit_together_that_was_not_seen(bottle) -> None:
    denied(bottle, "/repos/list")
    denied(bottle, "/tmp/x", "DELETE")
    identity = bottle.ask(path_allowlist=["/repos/list"], methods=["GET"])
    assert evidence.of_card(bottle.world, identity).unseen is None
    found = evidence.of_card(bottle.world, identity)
    fitted = Edit(path_allowlist=found.fit.paths, methods=found.fit.methods)
    crossed = evidence.of_card(bottle.world, identity, fitted).unseen
    assert crossed == Unseen(2, ("GET /tmp/x", "DELETE /repos/list"))


def test_what_an_edit_widens_is_said_to_be_not_asked_for(bottle) -> None:
    denied(bottle, "/data/a.csv")
    denied(bottle, "/admin")
    identity = bottle.ask(path_allowlist=["/data/"])
    window = evidence.window(bottle.world, "box")
    narrow = evidence.of_card(bottle.world, identity, window=window)
    wide = evidence.of_card(bottle.world, identity, Edit(path_allowlist=()), window=window)
    assert (narrow.replay.admits, narrow.replay.unasked) == (1, 0)
    assert (wide.replay.admits, wide.replay.unasked) == (2, 1)


def test_with_a_window_at_hand_no_sidecar_is_asked(bottle) -> None:
    identity = bottle.ask()
    window = evidence.window(bottle.world, "box")
    bottle.wire.calls.clear()
    evidence.of_card(bottle.world, identity, window=window)
    assert not [call for call in bottle.wire.calls if call.startswith(("egress", "supervise", "pipelock"))]


def test_a_gate_that_cannot_be_read_makes_nothing_up(bottle) -> None:
    identity = bottle.ask()
    bottle.gate.unreachable = True
    found = evidence.of_card(bottle.world, identity)
    assert (found.known, found.replay, found.groups) == (False, None, ())


def words(bottle, identity: str) -> str:
    found = evidence.of_card(bottle.world, identity)
    return "\n".join(evidence_text.lines(found, bottle.clock.now(), lambda at: f"{at:%H:%M}"))


def test_a_log_that_breaks_off_is_no_whole_record(bottle) -> None:
    for name in "abc":
        denied(bottle, f"/data/{name}.csv")
    identity = bottle.ask(path_allowlist=["/data/"])
    assert "replay: admits 3 of 3 denials since 12:00, all asked for" in words(bottle, identity)
    bottle.gate.breaks_after = 4
    said = words(bottle, identity)
    assert "denied at least 2×" in said
    assert "replay: admits 2 of 2 denials since 12:00, as far as they could be read, all asked for" in said
    bottle.gate.breaks_after = 1
    said = words(bottle, identity)
    assert "what was denied is not known: the gate's newest events cannot be read" in said
    assert "replay: not known: the gate's newest events cannot be read" in said


def test_a_log_that_breaks_off_makes_no_ask_look_untried(bottle) -> None:
    denied(bottle, "/data/a.csv")
    identity = bottle.ask(path_allowlist=["/data/"])
    bottle.gate.breaks_after = 1
    (host, *_) = review.card(bottle.world, identity).facts
    assert "not known" in host.seen
    window = evidence.window(bottle.world, "box")
    assert not seen.of_window(window).known


def test_what_was_refused_before_and_asked_again_is_told(bottle) -> None:
    first = bottle.ask(path_allowlist=["/data/"])
    decide.reject(bottle.world, first, "use the mirror")
    bottle.supervise.say({"event": "waiting", "id": first})
    bottle.clock.advance(40 * 60)
    second = bottle.ask(path_allowlist=["/data/x/"])
    (prior,) = evidence.of_card(bottle.world, second).prior
    assert (prior.id, prior.status, prior.by, prior.reason) == (first, "rejected", "op", "use the mirror")
    assert prior.asked == "/data/, every method"
    assert prior.again == 2


def test_what_was_decided_in_an_earlier_start_is_told_by_the_ledger(bottle) -> None:
    first = bottle.ask(path_allowlist=["/data/"])
    decide.reject(bottle.world, first, "not today")
    bottle.home.delete("queue")
    bottle.supervise.files = {
        name: data for name, data in bottle.supervise.files.items() if not name.endswith(f"{first}.json")
    }
    second = bottle.ask()
    (prior,) = evidence.of_card(bottle.world, second).prior
    assert (prior.id, prior.status, prior.reason) == (first, "rejected", "not today")


def test_what_the_ledger_only_mentions_is_no_decision_about_the_host(bottle) -> None:
    other = bottle.ask("harmless.example.org", justification=f"much like {HOST}, which you know")
    decide.reject(bottle.world, other, "not today")
    bottle.home.delete("queue")
    del bottle.supervise.files[f"/var/lib/supervise/proposals/{other}.json"]
    rebuild = bottle.supervise.file("capability-block", dockerfile="RUN true")
    asked = bottle.ask()
    assert evidence.of_card(bottle.world, asked).prior == ()
    assert evidence.of_card(bottle.world, rebuild).prior == ()


def test_a_grant_says_what_it_has_admitted_never_included(bottle) -> None:
    used = evidence.of_grants(bottle.world, "box")
    assert (used["m1"].requests, used["m1"].since is not None) == (0, True)
    time = bottle.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    bottle.gate.say(
        {
            "event": "allowed",
            "time": time,
            "id": "1",
            "host": "api.example.com",
            "method": "GET",
            "path": "/v1/",
            "grant": "m1",
        }
    )
    traffic.drain(bottle.world, "box")
    assert evidence.of_grants(bottle.world, "box")["m1"].requests == 1
    identity = bottle.ask("api.example.com", path_allowlist=["/v2/"])
    assert [use.requests for use in evidence.of_card(bottle.world, identity).uses] == [1]


def test_another_bottle_that_has_the_host_is_named(bottle, make) -> None:
    other = bottle.world.home.inner.bottle("docs")
    for name in ("table.yaml", "pipelock.yaml", "bottle.json", "slots.json"):
        data = bottle.home.read(name) or b""
        other.write(name, data.replace(b'"slug": "box"', b'"slug": "docs"'))
    identity = bottle.ask("api.example.com", path_allowlist=["/v2/"])
    (elsewhere,) = evidence.of_card(bottle.world, identity).elsewhere
    assert (elsewhere.slug, elsewhere.route, elsewhere.uses) == ("docs", "api.example.com", 0)
    other.write("table.yaml", b"{broken")
    assert evidence.of_card(bottle.world, identity).elsewhere == ()


def test_a_candidate_names_the_grants_that_it_covers(make) -> None:
    bottle = make(Route("api.example.com", (Grant("m1", ("/v1/x/",), ("GET",)),)))
    identity = bottle.ask("*.example.com", path_allowlist=["/v1/"])
    assert [each.grant for each in evidence.of_card(bottle.world, identity).subsumes] == ["m1"]


def test_an_id_knows_its_own_beginning(bottle) -> None:
    assert evidence.born("m1") is None
    moment = evidence.born("01J00000000000000000000000.2")
    assert moment is not None
    assert moment.year == 2024
