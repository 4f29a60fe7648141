"""The closed loop: refused, asked, shown, approved, proven in both sidecars, passed. And what it never opens."""

import json
import threading

import pytest

from tests.e2e.parts import engine
from tests.e2e.parts.bottle import Bottle, MakeBottle

TREE = {"host": "*.tree.test", "path_allowlist": ["/public/"], "methods": ["GET"]}


@pytest.fixture(scope="module")
def bottle(make_bottle: MakeBottle) -> Bottle:
    keys = {"egress": {"allowlist": ["model.example.com"], "routes": [TREE]}, "supervise": {"wait_seconds": 75}}
    return make_bottle("loop", **keys)


def through_pipelock(bottle: Bottle, host: str) -> str:
    """What pipelock itself answers egress that asks for a host: its status line and reason."""
    words = f"CONNECT {host}:443 HTTP/1.1\\r\\nHost: {host}:443\\r\\n\\r\\n"
    code = (
        f"import socket; s = socket.create_connection(('pipelock', 8888), 5); s.sendall(b'{words}'); print(s.recv(999))"
    )
    return engine.docker("exec", bottle.container("egress"), "python", "-c", code)


def test_what_is_approved_passes_and_a_control_host_is_still_refused_by_both_layers(bottle: Bottle) -> None:
    url = "https://api.example.com/v1/items?page=2"
    refused = bottle.curl(url)
    assert (refused.status, refused.reason) == (403, "host_not_allowed")
    assert refused.json()["layer"] == "egress" and "egress-block" in refused.json()["hint"]

    call, id = bottle.ask(host="api.example.com", path_allowlist=["/v1/"], methods=["GET"])
    pending = [row for row in bottle.ok("proposals") if row["status"] == "pending"]
    assert [(row["id"], row["host"], row["slug"]) for row in pending] == [(id, "api.example.com", bottle.slug)]
    assert "api.example.com" in bottle.show(id)["diff"]["routes"]
    assert "api.example.com" in bottle.show(id)["diff"]["pipelock"]

    done = bottle.approve(id)
    assert done.code == 0, done
    answer = call.answer()
    assert answer["structured"]["status"] == "approved" and answer["structured"]["in_force"] is True
    assert (bottle.curl(url).status, bottle.curl(url).json()["path"]) == (200, "/v1/items?page=2")

    control = bottle.curl("https://control.example.com/control")
    assert (control.status, control.reason) == (403, "host_not_allowed")
    assert "403" in through_pipelock(bottle, "control.example.com")
    assert " 200 " in through_pipelock(bottle, "api.example.com")
    assert bottle.outside.requests("control.example.com", "/control") == []


def test_an_approval_is_limited_to_its_path_and_its_method(bottle: Bottle) -> None:
    bottle.grant(host="files.example.net", path_allowlist=["/repos/acme"], methods=["GET"])
    reasons = {
        (method, path): bottle.curl(f"https://files.example.net{path}", "-X", method).reason
        for method, path in (
            ("GET", "/repos/acme"),
            ("GET", "/repos/acme/x"),
            ("HEAD", "/repos/acme/x"),
            ("GET", "/repos/acme-evil"),
            ("GET", "/other"),
            ("POST", "/repos/acme/x"),
        )
        if method != "HEAD"
    }
    assert reasons == {
        ("GET", "/repos/acme"): None,
        ("GET", "/repos/acme/x"): None,
        ("GET", "/repos/acme-evil"): "path_not_allowed",
        ("GET", "/other"): "path_not_allowed",
        ("POST", "/repos/acme/x"): "method_not_allowed",
    }
    assert bottle.curl("https://files.example.net/repos/acme/x", "--head").status == 200


def test_two_grants_on_one_host_do_not_multiply(bottle: Bottle) -> None:
    bottle.grant(host="other.example.net", path_allowlist=["/read/"], methods=["GET"])
    bottle.grant(host="other.example.net", path_allowlist=["/write/"], methods=["POST"])
    base = "https://other.example.net"
    assert bottle.curl(f"{base}/read/a").status == 200
    assert bottle.curl(f"{base}/write/a", "-X", "POST").status == 200
    assert bottle.curl(f"{base}/write/a").reason == "method_not_allowed"
    assert bottle.curl(f"{base}/read/a", "-X", "POST").reason == "method_not_allowed"


def test_an_approval_under_a_wildcard_narrows_nothing_and_opens_one_host(bottle: Bottle) -> None:
    assert bottle.curl("https://two.deep.tree.test/public/a").status == 200
    bottle.grant(host="one.tree.test", path_allowlist=["/private/"], methods=["GET"])
    assert bottle.curl("https://one.tree.test/private/a").status == 200
    assert bottle.curl("https://one.tree.test/public/a").status == 200
    assert bottle.curl("https://two.deep.tree.test/public/a").status == 200
    assert bottle.curl("https://two.deep.tree.test/private/a").reason == "path_not_allowed"
    assert bottle.curl("https://tree.test/private/a").reason == "path_not_allowed"


def test_a_wildcard_covers_its_apex_and_no_neighbour(bottle: Bottle) -> None:
    assert bottle.curl("https://tree.test/public/a").status == 200
    assert bottle.curl("https://barktree.test/public/a").reason == "host_not_allowed"


def test_a_wildcard_can_be_asked_for(bottle: Bottle) -> None:
    bottle.grant(host="*.example.org", path_allowlist=["/open/"])
    assert bottle.curl("https://stream.example.org/open/a").status == 200
    assert bottle.curl("https://pinned.example.org/closed").reason == "path_not_allowed"


def test_a_rejection_reaches_the_agent_with_its_reason_and_is_remembered(bottle: Bottle) -> None:
    ask = {"host": "socket.example.org", "path_allowlist": ["/denied/"], "methods": ["PUT"]}
    call, id = bottle.ask(**ask)
    bottle.ok("reject", id, "--reason", "use the mirror in the house")
    first = call.answer()["structured"]
    again = bottle.call("egress-block", {**ask, "justification": "Other words for the same wish."}).answer()[
        "structured"
    ]
    assert first["status"] == again["status"] == "rejected"
    assert first["reason"] == again["reason"] == "use the mirror in the house"
    assert first["id"] == again["id"] == id


def test_an_ask_that_joins_a_pending_one_gets_the_same_answer(bottle: Bottle) -> None:
    ask = {"host": "barktree.test", "path_allowlist": ["/joined/"], "methods": ["GET"]}
    first, id = bottle.ask(**ask)
    second = bottle.call("egress-block", {**ask, "justification": "The same, asked by another."})
    second.waits()
    assert bottle.approve(id).code == 0
    assert {first.answer()["structured"]["id"], second.answer()["structured"]["id"]} == {id}
    assert len([row for row in bottle.ok("proposals", "--all") if row["host"] == "barktree.test"]) == 1


def test_a_call_cancelled_by_its_client_loses_nothing(bottle: Bottle) -> None:
    ask = {"host": "control.example.com", "path_allowlist": ["/cancelled/"], "methods": ["GET"]}
    call, id = bottle.ask(seconds=2, **ask)
    call.given_up()
    assert id in [row["id"] for row in bottle.ok("proposals")]
    assert bottle.approve(id).code == 0
    status = bottle.call("proposal-status", {"id": id}).answer()["structured"]
    assert (status["status"], status["in_force"]) == ("approved", True)
    assert bottle.curl("https://control.example.com/cancelled/a").status == 200


def test_what_is_already_admitted_is_answered_without_a_new_load(bottle: Bottle) -> None:
    before = bottle.routes()["generation"]
    call, id = bottle.ask(host="model.example.com", path_allowlist=["/v1/"])
    assert bottle.show(id)["diff"] == {"routes": "", "pipelock": ""}
    assert bottle.approve(id).code == 0
    answer = call.answer()["structured"]
    assert (answer["status"], answer["in_force"]) == ("approved", True)
    assert bottle.routes()["generation"] == before


def test_two_path_only_approvals_at_once_both_succeed(bottle: Bottle) -> None:
    asked = [bottle.ask(host="pinned.example.org", path_allowlist=[f"/{name}/"]) for name in ("left", "right")]
    done: dict[str, engine.Done] = {}
    digests = {id: bottle.show(id)["digest"] for _, id in asked}

    def approve(id: str) -> None:
        done[id] = bottle.cli("approve", id, "--digest", digests[id])

    threads = [threading.Thread(target=approve, args=(id,)) for _, id in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [done[id].code for _, id in asked] == [0, 0], done
    assert [call.answer()["structured"]["status"] for call, _ in asked] == ["approved", "approved"]
    assert bottle.curl("https://pinned.example.org/left/a").status == 200
    assert bottle.curl("https://pinned.example.org/right/a").status == 200


def test_the_agent_sees_its_routes_and_no_slots(bottle: Bottle) -> None:
    listed = bottle.call("list-egress-routes", {}).answer()
    assert not listed["error"] and "model.example.com" in json.dumps(listed)
    direct = bottle.agent("curl", "-sS", "http://_egress.local/allowlist").json()
    assert direct["digest"] == bottle.routes()["digest"] and "EGRESS_TOKEN" not in json.dumps(direct)


def test_every_decision_of_this_run_is_in_a_ledger_that_verifies(bottle: Bottle) -> None:
    assert bottle.cli("audit", "verify", bottle.slug).code == 0
    shown = json.dumps(bottle.ok("audit", "show", bottle.slug))
    assert "use the mirror in the house" in shown and "barktree.test" in shown


def test_every_revoke_admits_a_subset(bottle: Bottle) -> None:
    ids = [bottle.grant(host="files.example.net", path_allowlist=[path])["structured"]["id"] for path in ("/a/", "/b/")]
    assert len(set(ids)) == 2
    grants = [
        grant
        for route in bottle.routes()["routes"]
        if route["host"] == "files.example.net"
        for grant in route["grants"]
    ]
    gone = next(grant["id"] for grant in grants if grant.get("path_allowlist") == ["/a/"])
    bottle.ok("routes", "revoke", bottle.slug, "--grant", gone)
    assert bottle.curl("https://files.example.net/a/x").reason == "path_not_allowed"
    assert bottle.curl("https://files.example.net/b/x").status == 200
    bottle.ok("routes", "revoke", bottle.slug, "files.example.net")
    assert bottle.curl("https://files.example.net/b/x").reason is not None
    assert bottle.curl("https://one.tree.test/public/a").status == 200
