"""The merge table row by row, and what must hold for every merge and every revoke."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bottle_tui.core import changes
from bottle_tui.core.changes import AUTH_IGNORED, AuthAsk, RouteAsk, State, merge
from bottle_tui.core.mirror import Extra, mirror
from bottle_tui.core.slots import Slots
from bottle_tui.errors import Conflict, NotFound
from sidecar_addon.matching import Conditions, Request, decide
from sidecar_addon.table import Grant, Route, Table, fingerprint
from sidecar_addon.table_parser import parse

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AUTH = AuthAsk("Bearer", "EXAMPLE_TOKEN")
API = Route("api.example.com", (Grant("m1", path_allowlist=("/v1/",), methods=("GET",)),))
WILD = Route("*.example.com", (Grant("w1", path_allowlist=("/pub/",)),))


def ask(host: str, auth: AuthAsk | None = None, scan: str | None = None, **grant: object) -> RouteAsk:
    return RouteAsk(host, Grant("new", **grant), auth, scan)  # type: ignore[arg-type]


def test_a_host_that_no_route_names_gets_a_route_with_one_grant() -> None:
    merged = merge(State((API,)), ask("files.example.net", path_allowlist=("/a/",)), now=NOW)
    assert merged.after.routes == (API, Route("files.example.net", (Grant("new", path_allowlist=("/a/",)),)))
    assert merged.grant_ids == ("new",)
    assert not merged.unchanged


def test_a_new_route_with_auth_takes_a_fresh_slot() -> None:
    state = State((API,), slots=Slots({"EGRESS_TOKEN_0": "OTHER"}, 3))
    merged = merge(state, ask("files.example.net", AUTH), now=NOW)
    route = merged.after.routes[-1]
    assert (route.auth_scheme, route.token_env) == ("Bearer", "EGRESS_TOKEN_3")
    assert route.token_fingerprint == fingerprint("EXAMPLE_TOKEN")
    assert merged.needs_token == changes.TokenNeed("EGRESS_TOKEN_3", "EXAMPLE_TOKEN")
    assert merged.after.slots.next == 4


def test_a_token_that_has_a_slot_keeps_it() -> None:
    state = State(slots=Slots({"EGRESS_TOKEN_0": "EXAMPLE_TOKEN"}, 1))
    merged = merge(state, ask("files.example.net", AUTH), now=NOW)
    assert merged.after.routes[0].token_env == "EGRESS_TOKEN_0"


def test_a_host_that_an_exact_route_names_gets_the_grant_appended() -> None:
    merged = merge(State((API, WILD)), ask("api.example.com", path_allowlist=("/v2/",)), now=NOW)
    assert merged.after.routes == (replace(API, grants=(*API.grants, Grant("new", path_allowlist=("/v2/",)))), WILD)


def test_under_a_wildcard_the_grant_is_limited_to_its_host_and_shadows_nothing() -> None:
    merged = merge(State((WILD,)), ask("a.example.com", path_allowlist=("/x/",)), now=NOW)
    assert [route.host for route in merged.after.routes] == ["*.example.com"]
    assert merged.after.routes[0].grants[-1].host == "a.example.com"
    assert allowed(merged.after, Request("GET", "https", "a.example.com", 443, "/pub/x"))
    assert not allowed(merged.after, Request("GET", "https", "b.example.com", 443, "/x/1"))


def test_a_narrower_wildcard_becomes_a_limited_grant_as_well() -> None:
    merged = merge(State((WILD,)), ask("*.a.example.com"), now=NOW)
    assert merged.after.routes[0].grants[-1].host == "*.a.example.com"


def test_of_two_wildcards_the_longer_one_is_meant() -> None:
    longer = Route("*.a.example.com", (Grant("w2"),))
    state = State((WILD, longer))
    assert state.named("x.a.example.com") is longer
    assert state.named("x.example.com") is WILD
    assert state.named("example.org") is None


@pytest.mark.parametrize(
    "asked",
    [
        ask("api.example.com", path_allowlist=("/v1/x",), methods=("GET",)),
        ask("api.example.com", path_allowlist=("/v1/",), methods=("HEAD",)),
        ask("API.example.com".lower(), path_allowlist=("/v1/a", "/v1/b/"), methods=("GET", "HEAD")),
    ],
)
def test_what_is_admitted_already_changes_nothing(asked: RouteAsk) -> None:
    merged = merge(State((API,)), asked, now=NOW)
    assert merged.unchanged
    assert merged.after == State((API,))


def test_a_grant_that_would_last_longer_is_not_admitted_already() -> None:
    timed = replace(API, grants=(replace(API.grants[0], expires_at=NOW + timedelta(hours=1)),))
    same = {"path_allowlist": ("/v1/",), "methods": ("GET",)}
    assert not merge(State((timed,)), ask("api.example.com", **same), now=NOW).unchanged
    shorter = ask("api.example.com", expires_at=NOW + timedelta(minutes=5), **same)
    assert merge(State((timed,)), shorter, now=NOW).unchanged


def test_a_counted_grant_admits_nothing_for_good() -> None:
    counted = replace(API, grants=(replace(API.grants[0], uses=1),))
    asked = ask("api.example.com", path_allowlist=("/v1/",), methods=("GET",))
    assert not merge(State((counted,)), asked, now=NOW).unchanged


def test_auth_on_an_existing_route_is_the_operators() -> None:
    merged = merge(State((API,)), ask("api.example.com", AUTH, path_allowlist=("/v2/",)), now=NOW)
    assert merged.notes == (AUTH_IGNORED,)
    assert not merged.after.routes[0].has_auth
    assert merged.needs_token is None


def test_auth_under_a_wildcard_is_refused_with_the_remedy() -> None:
    with pytest.raises(Conflict, match="routes add"):
        merge(State((WILD,)), ask("a.example.com", AUTH), now=NOW)


def test_a_new_route_is_scanned_as_the_bottle_is_and_as_pipelocks_list_says() -> None:
    assert merge(State(), ask("a.example.com"), now=NOW).after.routes[0].pipelock == "scanned"
    hop = merge(State(), ask("a.example.com"), now=NOW, default_scan="not_scanned")
    assert hop.after.routes[0].pipelock == "not_scanned"
    passed = State(extra=Extra(passthrough=("*.example.com",)))
    assert merge(passed, ask("a.example.com"), now=NOW).after.routes[0].pipelock == "passthrough"


def test_the_operator_may_choose_passthrough_for_a_new_route_and_for_its_time() -> None:
    until = NOW + timedelta(hours=1)
    route = merge(State(), ask("a.example.com", scan="passthrough", expires_at=until), now=NOW).after.routes[0]
    assert (route.pipelock, route.passthrough_until) == ("passthrough", until)


def test_choosing_passthrough_for_an_admitted_ask_changes_the_state_alone() -> None:
    asked = ask("api.example.com", scan="passthrough", path_allowlist=("/v1/",), methods=("GET",))
    merged = merge(State((API,)), asked, now=NOW)
    assert merged.after.routes == (replace(API, pipelock="passthrough"),)
    assert not merged.unchanged
    assert merged.grant_ids == ()


def test_passthrough_of_one_name_under_a_scanned_wildcard_needs_a_route_of_its_own() -> None:
    with pytest.raises(Conflict, match="routes add"):
        merge(State((WILD,)), ask("a.example.com", scan="passthrough"), now=NOW)


def test_where_the_hop_stands_in_a_scan_state_is_not_chosen() -> None:
    hop = replace(API, pipelock="not_scanned")
    assert changes.pass_through(State((hop,)), "api.example.com").unchanged


def test_passthrough_of_a_route_lasts_for_good_or_until_a_time() -> None:
    until = NOW + timedelta(hours=1)
    timed = changes.pass_through(State((API,)), "api.example.com", until).after
    assert timed.routes[0].passthrough_until == until
    assert changes.pass_through(timed, "api.example.com", until - timedelta(minutes=1)).unchanged
    good = changes.pass_through(timed, "api.example.com").after
    assert (good.routes[0].pipelock, good.routes[0].passthrough_until) == ("passthrough", None)
    assert changes.pass_through(good, "api.example.com", until).unchanged


def test_passthrough_without_a_route_is_pipelocks_list() -> None:
    merged = changes.pass_through(State(), "a.example.com")
    assert merged.after.extra.passthrough == ("a.example.com",)
    assert changes.pass_through(merged.after, "a.example.com").unchanged
    with pytest.raises(Conflict, match="no route names"):
        changes.pass_through(State(), "a.example.com", NOW)


def test_allowing_in_pipelock_alone_and_taking_it_back() -> None:
    merged = changes.allow_in_pipelock(State((API,)), "cdn.example.org")
    assert merged.after.extra.hosts == ("cdn.example.org",)
    assert changes.allow_in_pipelock(State((API,)), "api.example.com").unchanged
    assert changes.forbid_in_pipelock(merged.after, "cdn.example.org").after == State((API,))
    assert changes.forbid_in_pipelock(State((API,)), "cdn.example.org").unchanged


def test_scanning_again_undoes_passthrough() -> None:
    passed = changes.pass_through(State((API, WILD)), "api.example.com").after
    assert changes.scan_again(passed, "api.example.com").after == State((API, WILD))
    listed = changes.pass_through(State(), "a.example.com").after
    assert changes.scan_again(listed, "a.example.com").after == State()
    assert changes.scan_again(State((API,)), "api.example.com").unchanged


def test_a_revoke_leaves_the_route_so_that_no_wildcard_takes_over() -> None:
    merged = changes.revoke(State((API, WILD)), ["m1"])
    assert merged.after.routes[0].grants == ()
    assert not allowed(merged.after, Request("GET", "https", "api.example.com", 443, "/pub/x"))


def test_a_revoke_of_nothing_is_not_found() -> None:
    with pytest.raises(NotFound):
        changes.revoke(State((API,)), ["nope"])


def test_pruning_takes_out_what_is_over_and_puts_scanning_back() -> None:
    route = Route(
        "api.example.com",
        (Grant("old", expires_at=NOW), Grant("used", uses=1), Grant("stays", expires_at=NOW + timedelta(1))),
        pipelock="passthrough",
        passthrough_until=NOW,
    )
    merged = changes.prune(State((route,)), NOW, {"used"})
    assert merged.grant_ids == ("old", "used")
    after = merged.after.routes[0]
    assert [grant.id for grant in after.grants] == ["stays"]
    assert (after.pipelock, after.passthrough_until) == ("scanned", None)
    assert changes.prune(merged.after, NOW).unchanged


def test_what_the_operator_passes_through_for_good_stays_unscanned_when_its_time_is_over() -> None:
    timed = replace(API, pipelock="passthrough", passthrough_until=NOW)
    after = changes.prune(State((timed,), Extra(passthrough=("api.example.com",))), NOW).after
    assert (after.routes[0].pipelock, after.routes[0].passthrough_until) == ("passthrough", None)
    mirror(after.routes, after.extra)


def test_a_lapsed_passthrough_under_another_one_waits_for_its_end() -> None:
    timed = replace(API, pipelock="passthrough", passthrough_until=NOW)
    over_it = replace(WILD, pipelock="passthrough", passthrough_until=NOW + timedelta(1))
    pruned = changes.prune(State((timed, over_it)), NOW)
    assert pruned.unchanged
    mirror(pruned.after.routes)
    later = changes.prune(pruned.after, NOW + timedelta(1)).after
    assert [route.pipelock for route in later.routes] == ["scanned", "scanned"]


def test_adding_with_auth_under_a_wildcard_splits_off_an_exact_route_and_stops_nothing() -> None:
    wild = replace(
        WILD,
        grants=(
            *WILD.grants,
            Grant("once", uses=1),
            Grant("b", host="b.example.com"),
            Grant("m", host="a.example.com", path_allowlist=("/m/",)),
        ),
    )
    merged = changes.add_route(State((wild,)), ask("a.example.com", AUTH, path_allowlist=("/x/",)), now=NOW)
    exact = merged.after.routes[-1]
    assert (exact.host, exact.token_env) == ("a.example.com", "EGRESS_TOKEN_0")
    assert [grant.id for grant in exact.grants] == ["w1_0x", "m_3x", "new"]
    assert all(grant.host is None for grant in exact.grants)
    parse(Table(merged.after.routes).data)


def test_adding_auth_to_an_exact_route_sets_it() -> None:
    merged = changes.add_route(
        State((API,)), ask("api.example.com", AUTH, path_allowlist=("/v1/",), methods=("GET",)), now=NOW
    )
    assert merged.after.routes[0].has_auth
    assert not merged.unchanged
    again = ask("api.example.com", AUTH, path_allowlist=("/v1/",), methods=("GET",))
    assert changes.add_route(merged.after, again, now=NOW).unchanged


def test_adding_a_new_route_with_auth_or_without_it_is_a_merge() -> None:
    asked = ask("new.example.org", AUTH)
    assert changes.add_route(State(), asked, now=NOW) == merge(State(), asked, now=NOW)
    plain = ask("a.example.com", path_allowlist=("/x/",))
    assert changes.add_route(State((WILD,)), plain, now=NOW) == merge(State((WILD,)), plain, now=NOW)


def test_adding_with_another_scan_state_under_a_wildcard_splits_as_well() -> None:
    merged = changes.add_route(State((WILD,)), ask("a.example.com", scan="passthrough"), now=NOW)
    assert [(route.host, route.pipelock) for route in merged.after.routes] == [
        ("*.example.com", "scanned"),
        ("a.example.com", "passthrough"),
    ]


def test_removing_a_route_says_who_decides_from_then_on() -> None:
    merged = changes.remove_route(State((API, WILD)), "api.example.com")
    assert merged.after.routes == (WILD,)
    assert merged.notes == ("*.example.com decides for api.example.com from then on",)
    assert changes.remove_route(State((API,)), "api.example.com").notes == ()
    with pytest.raises(NotFound):
        changes.remove_route(State((API,)), "other.example.com")


def allowed(state: State, request: Request) -> bool:
    return decide(Table(state.routes), request, Conditions(NOW)).allowed


HOSTS = ("example.com", "a.example.com", "b.a.example.com", "example.org", "c.example.org")
PATTERNS = (*HOSTS, "*.example.com", "*.a.example.com", "*.example.org")
PREFIXES = ("/", "/a", "/a/", "/a/b", "/b/")
PATHS = ("/", "/a", "/a/", "/a/b", "/a/b/c", "/b/x", "/ab", "//", "/a/../b")
METHODS = ("GET", "HEAD", "POST", "WEBSOCKET")

grants = st.builds(
    Grant,
    id=st.just("x"),
    path_allowlist=st.none() | st.lists(st.sampled_from(PREFIXES), min_size=1, max_size=2, unique=True).map(tuple),
    methods=st.none() | st.lists(st.sampled_from(METHODS), min_size=1, max_size=2, unique=True).map(tuple),
    ports=st.sampled_from(((443,), (80,), (443, 80), (8443,))),
    expires_at=st.sampled_from((None, NOW + timedelta(hours=1), NOW + timedelta(hours=2), NOW - timedelta(hours=1))),
    uses=st.sampled_from((None, None, 1)),
)
requests = st.builds(
    Request,
    method=st.sampled_from(METHODS),
    scheme=st.sampled_from(("https", "http")),
    host=st.sampled_from(HOSTS),
    port=st.sampled_from((443, 80, 8443)),
    path=st.sampled_from(PATHS),
)


@st.composite
def states(draw: st.DrawFn) -> State:
    routes = []
    for number, host in enumerate(draw(st.lists(st.sampled_from(PATTERNS), max_size=4, unique=True))):
        made = draw(st.lists(grants, max_size=3))
        numbered = tuple(replace(grant, id=f"g{number}.{index}") for index, grant in enumerate(made))
        scan = draw(st.sampled_from(("scanned", "passthrough")))
        routes.append(Route(host, numbered, pipelock=scan))
    return State(tuple(routes))


asks = st.builds(RouteAsk, host=st.sampled_from(PATTERNS), grant=grants.map(lambda grant: replace(grant, id="new")))


@given(states(), asks)
def test_merging_twice_is_merging_once(state: State, asked: RouteAsk) -> None:
    once = merge(state, asked, now=NOW).after
    assert merge(once, asked, now=NOW).after == once


@given(states(), asks, requests)
def test_a_merge_admits_the_grant_and_nothing_else(state: State, asked: RouteAsk, request: Request) -> None:
    after = merge(state, asked, now=NOW).after
    route = after.named(asked.host)
    assert route is not None
    alone = State((replace(route, host=asked.host, grants=(replace(asked.grant, host=None),)),))
    by_grant = allowed(alone, request)
    before = allowed(state, request)
    assert not allowed(after, request) or before or by_grant
    assert allowed(after, request) or not before
    if by_grant and Table(after.routes).route_for(request.host) is route:
        assert allowed(after, request)


@given(states(), asks)
def test_a_merge_keeps_the_order_and_stays_a_table(state: State, asked: RouteAsk) -> None:
    after = merge(state, asked, now=NOW).after
    assert [route.host for route in after.routes][: len(state.routes)] == [route.host for route in state.routes]
    assert parse(Table(after.routes).data).routes == after.routes


@given(states(), requests, st.data())
def test_a_revoke_admits_nothing_new(state: State, request: Request, data: st.DataObject) -> None:
    ids = [grant.id for route in state.routes for grant in route.grants]
    if not ids:
        return
    chosen = data.draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
    after = changes.revoke(state, chosen).after
    assert not allowed(after, request) or allowed(state, request)
    assert [route.host for route in after.routes] == [route.host for route in state.routes]


@given(states(), asks, requests)
def test_pruning_changes_no_answer(state: State, asked: RouteAsk, request: Request) -> None:
    assert allowed(changes.prune(state, NOW).after, request) == allowed(state, request)
