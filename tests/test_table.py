"""The route table: reading, writing, refusing."""

import json
import string
from datetime import UTC, datetime

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar_addon import table as tables
from sidecar_addon.table import Grant, Route, Table, TableError, as_data, fingerprint, render, render_yaml
from sidecar_addon.table_parser import parse

LABELS = st.text(string.ascii_lowercase, min_size=1, max_size=6)
HOSTS = LABELS.map(lambda label: f"{label}.test")
TIMES = st.none() | st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
)
PATHS = st.sampled_from(["/", "/v1", "/v1/", "/a-b/c~d", "/%C3%BC"])
METHODS = st.sampled_from(tables.METHODS)


def unique(strategy, **sizes):
    return st.lists(strategy, min_size=1, unique=True, **sizes).map(tuple)


GRANTS = st.builds(
    Grant,
    id=st.uuids().map(lambda value: value.hex),
    path_allowlist=st.none() | unique(PATHS),
    methods=st.none() | unique(METHODS),
    ports=unique(st.integers(1, 65535), max_size=4),
    expires_at=TIMES,
    uses=st.none() | st.integers(1, 1000),
    proposal=st.none() | st.text(string.ascii_uppercase, min_size=1, max_size=26),
)


@st.composite
def routes(draw):
    auth = draw(st.booleans())
    state = draw(st.sampled_from(tables.SCAN_STATES))
    return Route(
        host=draw(HOSTS) if auth else draw(HOSTS | HOSTS.map(lambda host: "*." + host)),
        grants=tuple(draw(st.lists(GRANTS, max_size=3))),
        auth_scheme=draw(st.sampled_from(["Bearer", "none", "token"])) if auth else None,
        token_env=f"EGRESS_TOKEN_{draw(st.integers(0, 99))}" if auth else None,
        auth_header=draw(st.sampled_from(["Authorization", "X-Api-Key"])) if auth else "Authorization",
        token_fingerprint=draw(st.none() | st.just("abc123")) if auth else None,
        pipelock=state,
        passthrough_until=draw(TIMES) if state == "passthrough" else None,
    )


TABLES = st.builds(
    Table,
    routes=st.lists(routes(), max_size=5, unique_by=lambda route: route.host).map(tuple),
    apply=st.none() | st.text(string.ascii_uppercase, min_size=1, max_size=26),
    base=st.none() | st.just("sha256:" + "0" * 64),
    quarantined=st.booleans(),
    hold_until=TIMES,
)


@settings(deadline=None)
@given(TABLES)
def test_what_is_written_reads_the_same(table):
    again = parse(render(table))
    assert again == table
    assert render(again) == render(table)
    assert again.digest == table.digest == tables.digest_of(table.data)


@settings(deadline=None)
@given(TABLES)
def test_the_block_form_that_people_edit_reads_the_same(table):
    assert parse(render_yaml(table).encode()).routes == table.routes


@settings(deadline=None)
@given(TABLES)
def test_the_file_is_yaml_too(table):
    assert yaml.safe_load(render(table)) == as_data(table)


@given(st.binary(max_size=300))
def test_foreign_bytes_are_a_table_or_refused(data):
    try:
        parse(data)
    except TableError:
        return


GOOD = {"host": "api.test", "grants": [{"id": "g1"}]}


def with_route(**more):
    return {"routes": [{**GOOD, **more}]}


def with_grant(**more):
    return with_route(grants=[{"id": "g1", **more}])


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([], "mapping"),
        ({}, "routes must be a list"),
        ({"routes": None}, "routes must be a list"),
        ({"routes": [], "other": 1}, "unknown key 'other'"),
        ({"routes": [], "version": 2}, "version 2"),
        ({"routes": [], "version": True}, "version True"),
        ({"routes": [], "quarantined": "yes"}, "quarantined must be of type bool"),
        ({"routes": [], "apply": 5}, "apply must be of type str"),
        ({"routes": [], "hold_until": "soon"}, "hold_until is no ISO 8601"),
        ({"routes": [], "hold_until": "2026-01-01T00:00:00"}, "needs its zone"),
        ({"routes": ["x"]}, "routes[0] must be a mapping"),
        ({"routes": [{}]}, "routes[0]: host must be a host name"),
        (with_route(host="1.2.3.4"), "IP address"),
        (with_route(host="*"), "not a host name"),
        (with_route(surprise=1), "unknown key 'surprise'"),
        (with_route(auth_scheme="Bearer"), "go together"),
        (with_route(token_env="EGRESS_TOKEN_0"), "go together"),
        (with_route(auth_scheme="Bearer", token_env="MY_TOKEN"), "EGRESS_TOKEN_0"),
        (with_route(auth_scheme="Bearer", token_env="EGRESS_TOKEN_00"), "EGRESS_TOKEN_0"),
        (with_route(auth_scheme="Bearer x", token_env="EGRESS_TOKEN_0"), "not one word"),
        (with_route(auth_scheme="a\r\nb", token_env="EGRESS_TOKEN_0"), "not one word"),
        (with_route(auth_scheme="B\n", token_env="EGRESS_TOKEN_0"), "not one word"),
        (with_route(auth_scheme="B", token_env="EGRESS_TOKEN_0\n"), "EGRESS_TOKEN_0"),
        (with_route(auth_scheme="B", token_env="EGRESS_TOKEN_0", auth_header="X\n"), "not a header name"),
        (with_route(auth_scheme="B", token_env="EGRESS_TOKEN_0", auth_header="X Y"), "not a header name"),
        (with_route(host="*.test", auth_scheme="B", token_env="EGRESS_TOKEN_0"), "wildcard cannot carry auth"),
        (with_route(pipelock="off"), "pipelock must be one of"),
        (with_route(passthrough_until="2026-01-01T00:00:00Z"), "passthrough_until goes with"),
        (with_route(path_allowlist=["/"]), "not both"),
        (with_route(grants={}), "grants must be a list"),
        (with_route(grants=[5]), "must be a mapping"),
        (with_grant(id="a/b"), "id must be"),
        (with_grant(id=""), "id must be"),
        (with_grant(id=5), "id must be"),
        (with_grant(surprise=1), "unknown key"),
        (with_grant(host="other.test"), "not covered by the route's"),
        (with_grant(uses=0), "uses must be 1 or more"),
        (with_grant(uses=True), "uses must be of type int"),
        (with_grant(path_allowlist=[]), "not empty"),
        (with_grant(path_allowlist=["v1"]), "does not start with /"),
        (with_grant(path_allowlist=["/a/../b"]), "dot segment"),
        (with_grant(path_allowlist=[5]), "list of texts"),
        (with_grant(methods=[]), "not empty"),
        (with_grant(methods=["get"]), "'get' is not one of"),
        (with_grant(methods="GET"), "list of texts"),
        (with_grant(ports=[]), "not empty"),
        (with_grant(ports=[0]), "not a port"),
        (with_grant(ports=[65536]), "not a port"),
        (with_grant(ports=[True]), "not a port"),
        (with_grant(ports=["443"]), "not a port"),
        (with_grant(expires_at="tomorrow"), "expires_at"),
        ({"routes": [GOOD, {**GOOD, "host": "API.test."}]}, "has two routes"),
        ({"routes": [GOOD, {**GOOD, "host": "b.test"}]}, "is there twice"),
    ],
)
def test_a_malformed_table_is_refused_and_the_place_named(value, says):
    with pytest.raises(TableError) as error:
        parse(json.dumps(value).encode())
    assert says in str(error.value)


def test_a_flat_route_is_one_grant():
    flat = "  path_allowlist: [/v1/]\n  methods: [GET]\n  ports: [443, 8443]\n"
    first, second = parse(f"routes:\n- host: A.Test\n{flat}- host: '*.b.test'\n".encode()).routes
    assert first == Route("a.test", (Grant("m1", ("/v1/",), ("GET",), (443, 8443)),))
    assert second == Route("*.b.test", (Grant("m2"),))


def test_absent_and_null_mean_the_same():
    value = with_grant(
        path_allowlist=None, methods=None, ports=None, host=None, expires_at=None, uses=None, proposal=None
    )
    assert parse(json.dumps(value).encode()).routes[0].grants == (Grant("g1"),)


def test_the_digest_is_of_the_bytes_that_were_read():
    data = b'{ "routes": [] }'
    assert parse(data).digest == tables.digest_of(data)
    assert parse(data).with_routes((), apply="x", base=None).digest != tables.digest_of(data)


def test_ten_thousand_routes_are_read_and_looked_up():
    table = Table(tuple(Route(f"h{number}.test", (Grant(f"g{number}"),)) for number in range(10_000)))
    again = parse(render(table))
    assert again.route_for("h9999.test") == table.routes[-1]
    assert again.route_for("nope.test") is None


def test_a_table_over_the_limit_is_refused():
    with pytest.raises(TableError, match="over the limit"):
        parse(b"x" * (tables.LIMIT_BYTES + 1))


def test_a_fingerprint_ties_a_slot_to_its_variable_without_naming_it():
    assert fingerprint("EXAMPLE_TOKEN") == fingerprint("EXAMPLE_TOKEN") != fingerprint("OTHER_TOKEN")
    assert len(fingerprint("EXAMPLE_TOKEN")) == 16
