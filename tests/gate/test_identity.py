"""Identity and judgement as functions, every branch."""

import os
import queue
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sidecar_addon.gate.identity import Claims, Refused, check, method_of, same, target_problem
from sidecar_addon.gate.judge import judge, judge_connect
from sidecar_addon.gate.policy import Policy
from sidecar_addon.gate.tokens import MemoryTokens, Token
from sidecar_addon.gate.uses import Uses
from sidecar_addon.matching import Request
from sidecar_addon.table import Grant, Route, Table

GOOD = Claims("GET", "/x?y", ("api.test", 443), encrypted=True, hosts=("api.test",), sni="api.test")


def test_one_identity_is_the_request():
    assert check(GOOD) == Request("GET", "https", "api.test", 443, "/x")


@pytest.mark.parametrize(
    "more",
    [
        {"sni": None},
        {"sni": "API.test."},
        {"hosts": (), "authority": "api.test"},
        {"hosts": ("api.test:443",), "authority": "API.TEST:443"},
    ],
)
def test_spellings_of_the_same_identity(more):
    assert check(replace(GOOD, **more)) == check(GOOD)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"connection": ("10.0.0.1", 443)}, "host_not_allowed"),
        ({"connection": ("", 443)}, "host_not_allowed"),
        ({"hosts": ()}, "host_mismatch"),
        ({"hosts": ("api.test", "api.test")}, "host_mismatch"),
        ({"hosts": ("b.test",)}, "host_mismatch"),
        ({"hosts": ("api.test:80",)}, "host_mismatch"),
        ({"hosts": ("api.test:",)}, "host_mismatch"),
        ({"hosts": ("api.test:0443",)}, "host_mismatch"),
        ({"hosts": ("api.test:٤٤٣",)}, "host_mismatch"),
        ({"hosts": (" api.test",)}, "host_mismatch"),
        ({"authority": "b.test"}, "host_mismatch"),
        ({"sni": "b.test"}, "host_mismatch"),
        ({"sni": "not a name"}, "host_mismatch"),
    ],
)
def test_anything_else_is_refused(more, reason):
    found = check(replace(GOOD, **more))
    assert isinstance(found, Refused)
    assert found.reason == reason


def test_plain_requests_have_no_server_name():
    claims = replace(GOOD, encrypted=False, plain=True, connection=("api.test", 80), sni="b.test")
    assert check(claims) == Request("GET", "http", "api.test", 80, "/x")


@pytest.mark.parametrize(
    ("method", "upgrade", "expected"),
    [("GET", True, "WEBSOCKET"), ("POST", True, "POST"), ("GET", False, "GET"), ("WEBSOCKET", False, "?WEBSOCKET")],
)
def test_an_upgrade_is_a_method_and_its_name_is_none(method, upgrade, expected):
    assert method_of(replace(GOOD, method=method, upgrade=upgrade)) == expected


@pytest.mark.parametrize(
    ("method", "target", "fine"),
    [
        ("GET", "/", True), ("GET", "/ü", True), ("OPTIONS", "*", True), ("GET", "*", False), ("GET", "", False),
        ("GET", "x", False), ("GET", "/a b", False), ("GET", "/\n", False), ("GET", "https://b.test/", False),
    ],
)  # fmt: skip
def test_targets_arrive_as_they_are(method, target, fine):
    assert (target_problem(replace(GOOD, method=method, target=target)) is None) is fine


def test_same_compares_names_and_ports():
    assert same("api.test", "api.test", 8443)
    assert same("Api.Test.:8443", "api.test", 8443)
    assert not same("api.test:8443", "api.test", 443)
    assert not same("[::1]:443", "api.test", 443)


# ---- judgement ------------------------------------------------------------------------------------------------------


class Clock:
    """Two clocks that stand still until they are set."""

    def __init__(self):
        self.wall = datetime(2026, 1, 1, tzinfo=UTC)
        self.ticks = 100.0


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def policy(tmp_path, clock):
    return Policy(MemoryTokens(), Uses(tmp_path), lambda: clock.wall, lambda: clock.ticks)


def table(*grants, **more):
    return Table((Route("api.test", grants or (Grant("g"),), **more),))


def test_without_a_table_everything_is_a_gate_error(policy):
    assert judge(policy, GOOD).reason == "gate_error"
    assert judge_connect(policy, "api.test", 443).reason == "gate_error"
    assert policy.decide(Request("GET", "https", "api.test", 443, "/")).reason == "gate_error"
    assert policy.still_admits(Request("GET", "https", "api.test", 443, "/"), "g") == "quarantined"


def test_quarantine_comes_before_every_other_reason(policy):
    policy.load(replace(table(), quarantined=True))
    assert judge(policy, replace(GOOD, hosts=())).reason == "quarantined"
    assert judge_connect(policy, "10.0.0.1", 1).reason == "quarantined"
    assert policy.still_admits(Request("GET", "https", "api.test", 443, "/"), "g") == "quarantined"


def test_an_allowed_request_carries_its_route_and_grant(policy):
    policy.load(table())
    verdict = judge(policy, GOOD)
    assert (verdict.reason, verdict.route, verdict.grant) == (None, policy.table.routes[0], Grant("g"))


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"target": "x"}, "ambiguous_path"),
        ({"target": "x", "connection": ("b.test", 443), "hosts": ("b.test",), "sni": None}, "host_not_allowed"),
        ({"method": "TRACE"}, "method_not_allowed"),
        ({"method": "TRACE", "target": "x"}, "ambiguous_path"),
        ({"encrypted": False, "plain": False}, "tls_required"),
        ({"encrypted": False, "plain": False, "method": "TRACE"}, "method_not_allowed"),
        ({"upgrade": True, "target": "x"}, "ambiguous_path"),
        ({"hosts": ("b.test",)}, "host_mismatch"),
    ],
)
def test_of_several_reasons_the_first_in_the_designs_order_is_given(policy, more, reason):
    policy.load(table())
    assert judge(policy, replace(GOOD, **more)).reason == reason


@pytest.mark.parametrize(
    ("host", "port", "reason"),
    [
        ("api.test", 443, None),
        ("API.test.", 443, None),
        ("api.test", 80, "port_not_allowed"),
        ("other.test", 8443, None),
        ("empty.test", 8443, None),
        ("10.0.0.1", 443, "host_not_allowed"),
    ],
)
def test_connect(policy, host, port, reason):
    policy.load(Table((*table().routes, Route("empty.test"))))
    assert judge_connect(policy, host, port).reason == reason


def test_a_use_that_this_request_has_taken_counts_as_left(policy, tmp_path):
    grant = Grant("g", uses=1)
    policy.load(table(grant))
    assert policy.uses.spend(grant)
    assert judge(policy, GOOD).reason == "used_up"
    assert judge(policy, GOOD, spent=grant).reason is None
    assert judge(policy, GOOD, spent=Grant("h", uses=1)).reason == "used_up"


def test_a_token_must_be_of_the_variable_that_the_route_names(policy):
    policy.load(table(auth_scheme="Bearer", token_env="EGRESS_TOKEN_0", token_fingerprint="a"))
    assert judge(policy, GOOD).reason == "token_missing"
    policy.tokens.put("EGRESS_TOKEN_0", Token("b", "v"))
    assert judge(policy, GOOD).reason == "token_missing"
    policy.tokens.put("EGRESS_TOKEN_0", Token("a", "v"))
    assert judge(policy, GOOD).reason is None
    policy.load(table(auth_scheme="Bearer", token_env="EGRESS_TOKEN_0"))
    assert judge(policy, GOOD).reason is None


def test_deadlines_come_from_both_clocks_and_never_move_later(policy, clock):
    end = clock.wall + timedelta(minutes=1)
    policy.load(table(Grant("g", expires_at=end), Grant("h")))
    assert policy.end_due() == set()
    clock.ticks += 59
    policy.load(table(Grant("g", expires_at=end)))  # the wall clock stood still: no new minute
    assert judge(policy, GOOD).reason is None
    clock.ticks += 1
    assert policy.end_due() == {"g"}
    assert policy.end_due() == set()
    assert judge(policy, GOOD).reason == "expired"
    policy.load(table(Grant("g", expires_at=end), Grant("i")))
    assert policy.ended == {"g"}
    policy.load(table(Grant("g", expires_at=end + timedelta(hours=1))))
    assert judge(policy, GOOD).reason is None
    clock.wall = end + timedelta(hours=1)
    assert judge(policy, GOOD).reason == "expired"


def test_a_passthrough_that_ends_earlier_than_its_grant_ends_the_grant(policy, clock):
    soon, later = clock.wall + timedelta(minutes=1), clock.wall + timedelta(hours=1)
    policy.load(table(Grant("g", expires_at=later), pipelock="passthrough", passthrough_until=soon))
    clock.ticks += 60
    assert judge(policy, GOOD).reason == "expired"


def test_a_hold_ends_by_itself_and_is_bounded(policy, clock):
    policy.load(table())
    assert policy.hold_left() == 0
    policy.load(replace(table(), hold_until=clock.wall + timedelta(days=1)))
    assert policy.hold_left() == 20
    policy.load(replace(table(), hold_until=clock.wall + timedelta(seconds=3)))
    assert policy.hold_left() == 3
    clock.ticks += 3
    assert policy.hold_left() == 0


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (Table(()), "revoked"),
        (Table((Route("api.test"),)), "revoked"),
        (table(Grant("other")), "revoked"),
        (table(Grant("g", ("/v2/",))), "revoked"),
        (table(Grant("g", expires_at=datetime(2020, 1, 1, tzinfo=UTC))), "expired"),
        (table(Grant("g", uses=1)), None),
        (table(auth_scheme="Bearer", token_env="EGRESS_TOKEN_0"), None),
        (table(), None),
    ],
)
def test_what_a_new_table_means_for_a_request_under_way(policy, after, reason):
    policy.load(after)
    assert policy.still_admits(Request("GET", "https", "api.test", 443, "/x"), "g") == reason


# ---- uses -----------------------------------------------------------------------------------------------------------


def test_uses_are_on_disk_before_they_count_and_survive_a_restart(tmp_path):
    grant = Grant("g", uses=2)
    uses = Uses(tmp_path)
    assert (uses.left(grant), uses.spend(grant), uses.left(grant)) == (2, True, 1)
    again = Uses(tmp_path)
    assert (again.left(grant), again.spend(grant), again.spend(grant), again.left(grant)) == (1, True, False, 0)
    assert again.spent(["g", "h"]) == {"g": 2}


@pytest.mark.parametrize("content", [b"", b"x", b"-1", b"1.5", b"\xff", b"1\n1", b"9" * 13])
def test_a_count_that_cannot_be_read_leaves_none(tmp_path, content):
    (tmp_path / "g").write_bytes(content)
    assert (Uses(tmp_path).left(Grant("g", uses=5)), Uses(tmp_path).spend(Grant("g", uses=5))) == (0, False)


@pytest.mark.parametrize("name", ["..", ".", "...", "a/b"])
def test_an_id_that_is_no_file_name_leaves_none(tmp_path, name):
    assert Uses(tmp_path).left(Grant(name, uses=5)) == 0


def test_a_folder_that_is_not_there_leaves_none(tmp_path):
    uses = Uses(tmp_path / "gone")
    assert (uses.left(Grant("g", uses=5)), uses.spend(Grant("g", uses=5))) == (0, False)


def test_a_use_that_cannot_be_written_is_not_given(tmp_path):
    uses = Uses(tmp_path)
    (tmp_path / ".g.new").mkdir()
    assert uses.spend(Grant("g", uses=5)) is False
    assert list(Path(tmp_path).glob("g")) == []


def test_a_use_that_is_being_written_keeps_no_other_decision_waiting(tmp_path):
    """The folder's file for the new count is a pipe that nobody reads: to write there waits, as on a slow disk."""
    uses = Uses(tmp_path)
    os.mkfifo(tmp_path / ".g.new")
    writing = threading.Thread(target=uses.spend, args=(Grant("g", uses=5),))
    writing.start()
    try:
        asked = queue.Queue()
        asking = threading.Thread(target=lambda: asked.put((uses.left(Grant("g", uses=5)), uses.spent(["g"]))))
        asking.start()
        assert asked.get(timeout=5) == (5, {})
    finally:
        os.close(os.open(tmp_path / ".g.new", os.O_RDONLY))
        writing.join(5)
        asking.join(5)
