"""The decision: host, grant, state; and the order of the reasons."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar_addon.matching import REASONS, Conditions, Decision, Request, decide
from sidecar_addon.table import Grant, Route, Table, TableError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LIVE = Conditions(NOW)


def ask(method="GET", url="https://api.test/v1/x"):
    scheme, _, rest = url.partition("://")
    name, _, path = rest.partition("/")
    host, _, port = name.partition(":")
    return Request(method, scheme, host, int(port or {"https": 443, "http": 80}[scheme]), f"/{path}")


def why(table, request=None, conditions=LIVE):
    return decide(table, request or ask(), conditions).reason


def one(*grants, host="api.test", **more):
    return Table((Route(host, grants or (Grant("g"),), **more),))


def test_a_grant_that_admits_everything_allows_and_is_named():
    table = one()
    assert decide(table, ask(), LIVE) == Decision(True, None, table.routes[0], table.routes[0].grants[0])


@pytest.mark.parametrize(
    ("table", "request_", "reason"),
    [
        (Table((Route("api.test", (Grant("g"),)),), quarantined=True), ask(), "quarantined"),
        (one(), ask(url="https://other.test/"), "host_not_allowed"),
        (one(), Request("GET", "https", "10.0.0.1", 443, "/"), "host_not_allowed"),
        (Table((Route("api.test"),)), ask(), "host_not_allowed"),
        (one(Grant("g", host="a.x.test"), host="*.x.test"), ask(url="https://b.x.test/"), "host_not_allowed"),
        (one(), ask(url="https://api.test:8443/"), "port_not_allowed"),
        (one(Grant("g", ("/v1/",))), ask(url="https://api.test/v1/../x"), "ambiguous_path"),
        (one(Grant("g", methods=("GET",))), ask(url="https://api.test//x"), "ambiguous_path"),
        (one(), ask(url="https://api.test//x"), None),
        (one(Grant("g", ("/v2/",))), ask(), "path_not_allowed"),
        (one(Grant("g", methods=("POST",))), ask(), "method_not_allowed"),
        (one(Grant("g", methods=("GET",))), ask("HEAD"), None),
        (one(Grant("g", methods=("HEAD",))), ask("GET"), "method_not_allowed"),
        (one(), ask("TRACE"), "method_not_allowed"),
        (one(), ask("get"), "method_not_allowed"),
        (one(Grant("g", expires_at=NOW)), ask(), "expired"),
        (one(Grant("g", expires_at=NOW + timedelta(seconds=1))), ask(), None),
        (one(pipelock="passthrough", passthrough_until=NOW), ask(), "expired"),
        (one(Grant("g", ports=(443, 80))), ask(url="http://api.test/"), None),
        (one(Grant("g", ports=(8080,))), ask(url="http://api.test:8080/"), "tls_required"),
        (one(Grant("g", ("/v1/",), ports=(80,))), ask(url="http://api.test/v1/x"), "tls_required"),
        (one(Grant("g", methods=("GET",), ports=(80,))), ask(url="http://api.test/"), "tls_required"),
        (
            one(Grant("g", ports=(80,)), auth_scheme="Bearer", token_env="EGRESS_TOKEN_0"),
            ask(url="http://api.test/"),
            "tls_required",
        ),
        (one(), ask("WEBSOCKET"), "websocket_not_scannable"),
        (one(Grant("g", methods=("GET",)), pipelock="passthrough"), ask("WEBSOCKET"), "websocket_not_scannable"),
        (one(Grant("g", methods=("POST",)), pipelock="passthrough"), ask("WEBSOCKET"), "method_not_allowed"),
        (one(Grant("g", methods=("WEBSOCKET",))), ask("WEBSOCKET"), "websocket_not_scannable"),
        (one(Grant("g", methods=("WEBSOCKET",)), pipelock="passthrough"), ask("WEBSOCKET"), None),
        (one(Grant("g", methods=("WEBSOCKET",)), pipelock="not_scanned"), ask("WEBSOCKET"), None),
        (one(Grant("g", methods=("WEBSOCKET",)), pipelock="passthrough"), ask("GET"), "method_not_allowed"),
    ],
)
def test_reasons(table, request_, reason):
    decision = decide(table, request_, LIVE)
    assert decision.reason == reason
    assert decision.allowed is (reason is None)


def test_uses_and_tokens_are_asked_for_only_where_they_count():
    table = one(Grant("g", uses=2), auth_scheme="Bearer", token_env="EGRESS_TOKEN_0")
    assert why(table) is None
    assert why(table, conditions=Conditions(NOW, uses_left=lambda grant: 0)) == "used_up"
    assert why(table, conditions=Conditions(NOW, tokens_ready=lambda route: False)) == "token_missing"
    assert why(one(), conditions=Conditions(NOW, lambda grant: 0, lambda route: False)) is None


def test_a_grant_that_ended_by_the_other_clock_is_expired():
    assert why(one(), conditions=Conditions(NOW, ended={"g"})) == "expired"


def test_path_method_and_port_must_be_one_grants():
    table = one(Grant("a", ("/v1/",), ("GET",)), Grant("b", ("/v2/",), ("POST",), (8443,)))
    assert why(table, ask("POST")) == "method_not_allowed"
    assert why(table, ask("POST", "https://api.test/v2/x")) == "path_not_allowed"
    assert why(table, ask("POST", "https://api.test:8443/v2/x")) is None


def test_of_several_grants_the_reason_is_that_of_the_one_which_got_furthest():
    furthest = Grant("b", ("/v1/",), expires_at=NOW)
    for grants in ((Grant("a", ("/v2/",)), furthest), (furthest, Grant("a", ("/v2/",)))):
        decision = decide(one(*grants), ask(), LIVE)
        assert (decision.reason, decision.grant) == ("expired", furthest)


class Counting(str):
    """A path that counts how often all of it is looked at."""

    looks = 0

    def split(self, *args):
        Counting.looks += 1
        return super().split(*args)


@pytest.mark.parametrize("path", ["/v9/x", "/v9/../x"])
def test_a_path_is_looked_at_once_however_many_grants_a_route_has(monkeypatch, path):
    """An agent makes its path as long as a head may be; a table with a hundred grants would look at it for seconds."""
    monkeypatch.setattr(Counting, "looks", 0)
    grants = [Grant(f"g{number}", (f"/v{number}/",), ("GET",)) for number in range(100)]
    decide(one(*grants), replace(ask(), path=Counting(path)), LIVE)
    assert Counting.looks <= 1


def test_a_route_whose_grants_are_gone_is_not_taken_over_by_a_wildcard():
    table = Table((Route("*.test", (Grant("w"),)), Route("api.test", ())))
    assert why(table) == "host_not_allowed"
    assert why(table, ask(url="https://www.test/")) is None


def test_the_reasons_are_ordered_as_the_design_lists_them():
    listed = (
        "quarantined gate_error not_http host_mismatch host_not_allowed port_not_allowed ambiguous_path "
        "path_not_allowed method_not_allowed expired used_up tls_required token_missing secret_in_request "
        "websocket_not_scannable scan_state_mismatch"
    )
    assert " ".join(REASONS) == listed


def test_a_grant_without_ports_cannot_be():
    with pytest.raises(TableError):
        Grant("g", ports=())


METHODS = st.sampled_from(["GET", "HEAD", "POST", "DELETE", "WEBSOCKET", "TRACE"])
GRANTS = st.builds(
    Grant,
    id=st.uuids().map(lambda value: value.hex),
    path_allowlist=st.none() | st.lists(st.sampled_from(["/", "/a", "/a/", "/a/b"]), min_size=1).map(tuple),
    methods=st.none() | st.lists(METHODS.filter(lambda name: name != "TRACE"), min_size=1).map(tuple),
    ports=st.lists(st.sampled_from([80, 443, 8443]), min_size=1).map(tuple),
    expires_at=st.sampled_from([None, NOW, NOW + timedelta(hours=1)]),
)
STATES = st.sampled_from(["scanned", "passthrough"])
REQUESTS = st.builds(
    Request,
    METHODS,
    st.sampled_from(["https", "http"]),
    st.sampled_from(["api.test", "API.test.", "b.test", "c.d.test"]),
    st.sampled_from([80, 443, 8443]),
    st.sampled_from(["/", "/a", "/a/x", "/ab", "/a/b/c", "/a//b", "/%2e"]),
)


@given(st.lists(GRANTS, max_size=4), GRANTS, REQUESTS, STATES)
def test_another_grant_never_takes_anything_away(grants, more, request_, state):
    before = decide(Table((Route("api.test", tuple(grants), pipelock=state),)), request_, LIVE)
    after = decide(one(*grants, more, pipelock=state), request_, LIVE)
    alone = decide(one(more, pipelock=state), request_, LIVE)
    assert after.allowed == (before.allowed or alone.allowed)


@given(st.lists(GRANTS, min_size=1, max_size=4), REQUESTS, STATES)
def test_the_order_of_grants_does_not_change_what_is_allowed(grants, request_, state):
    forth = decide(one(*grants, pipelock=state), request_, LIVE)
    back = decide(one(*reversed(grants), pipelock=state), request_, LIVE)
    assert (forth.allowed, forth.reason) == (back.allowed, back.reason)
