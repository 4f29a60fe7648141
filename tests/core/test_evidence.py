"""Evidence is computed by the gate's own matcher, fits at segment boundaries, and never claims what was not seen."""

import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bottle_tui.core import admission, denials, gate_events, prefixes
from bottle_tui.core.evidence import Denial, Fit, Subsumed, Unseen, Window
from sidecar_addon import paths
from sidecar_addon.table import Grant, Route, Table

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOST = "api.example.com"


def denied(path: str | None, method: str = "GET", host: str = HOST, **fields: Any) -> Denial:
    return Denial(NOW, host, method, path, "path_not_allowed", **fields)


def table(*grants: Grant, host: str = HOST) -> Table:
    return Table((Route(host, grants),) if grants else ())


def test_denials_are_grouped_by_host_method_and_the_first_two_segments() -> None:
    found = denials.groups(
        [
            denied("/repos/acme/widgets/pulls"),
            denied("/repos/acme/api"),
            Denial(NOW + timedelta(minutes=1), HOST, "GET", "/repos/acme/widgets/pulls", "expired"),
            denied("/repos/acme"),
            denied(None, count=7),
            denied("/ping", host="telemetry.example.net", background=True, count=90),
        ]
    )
    assert [(group.host, group.prefix, group.count) for group in found] == [
        (HOST, None, 7),
        (HOST, "/repos/acme/", 3),
        (HOST, "/repos/acme", 1),
        ("telemetry.example.net", "/ping", 90),
    ]
    assert found[1].paths == (("/repos/acme/widgets/pulls", 2), ("/repos/acme/api", 1))
    assert (found[1].reason, found[1].first, found[1].last) == ("expired", NOW, NOW + timedelta(minutes=1))


def test_replay_counts_what_only_the_candidate_admits_and_what_of_it_nobody_asked_for() -> None:
    window = Window(
        True,
        (
            denied("/repos/a"),
            denied("/repos/b"),
            denied("/repos/b", "POST"),
            denied("/v1/now-granted"),
            denied(None, count=5),
            denied("/repos/c", pipelock=True),
            denied("/", host="other.example.net"),
            denied("/repos//d"),
        ),
        since=NOW,
    )
    old = Grant("m1", ("/v1/",))
    before = table(old)
    after = table(old, Grant("new", ("/repos/",)))
    asked = table(old, Grant("new", ("/repos/",), ("GET",)))
    replay = denials.replay(window, before, after, asked, NOW)
    assert (replay.total, replay.admits, replay.unasked, replay.unread) == (12, 3, 1, 5)
    assert replay.since == NOW


def test_a_fit_is_exactly_what_was_denied_where_that_is_little() -> None:
    listed = [denied("/repos/acme/x"), denied("/repos/acme"), denied("/v1", "POST"), denied("/w", port=8443)]
    assert denials.fitted(listed) == Fit(("/repos/acme", "/v1", "/w"), ("GET", "POST"), (443, 8443))


def test_a_fit_leaves_out_what_no_route_can_admit() -> None:
    assert (
        denials.fitted([denied("//x"), denied(None, count=3), denied("/x", pipelock=True), denied("/", "TRACE")])
        is None
    )


def test_what_methods_and_paths_admit_together_although_nobody_tried_it_is_counted_and_named() -> None:
    listed = [denied("/repos/list"), denied("/tmp/x", "DELETE"), denied(None, "PUT", count=9)]
    fit = denials.fitted(listed)
    assert fit is not None
    assert denials.unseen(fit, listed) == Unseen(2, ("GET /tmp/x", "DELETE /repos/list"))
    assert denials.unseen(fit, [*listed, denied("/tmp/x/y"), denied("/repos/list", "DELETE")]) is None


def test_ports_are_part_of_the_combination_and_a_head_comes_with_its_get() -> None:
    listed = [denied("/a"), denied("/b", port=8443), denied("/a", "HEAD")]
    fit = denials.fitted(listed)
    assert fit is not None
    left = denials.unseen(fit, listed)
    assert left == Unseen(4, ("GET /a on 8443", "GET /b on 443", "HEAD /a on 8443", "HEAD /b on 443"))


def test_of_every_path_or_of_nothing_seen_no_combinations_are_counted() -> None:
    assert denials.unseen(Fit((), ("GET", "PUT"), (443,)), [denied("/a")]) is None
    assert denials.unseen(Fit(("/a",), (), (443,)), [denied("/a")]) is None
    assert denials.unseen(Fit(("/b",), ("GET",), (443,)), [denied("/a")]) is None


def test_what_was_not_seen_of_an_ask_for_thousands_of_ports_is_counted_and_not_collected() -> None:
    listed = [denied(f"/p{n % 64}", ("POST", "PUT", "PATCH", "DELETE")[n % 4], port=n + 1) for n in range(3_000)]
    fit = denials.fitted(listed)
    assert fit is not None
    tracemalloc.start()
    found = denials.unseen(fit, listed)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found is not None
    assert found.count == 4 * 64 * 3_000 - 3_000
    assert most < 20_000_000


@given(st.lists(st.tuples(st.sampled_from(["GET", "PUT", "HEAD"]), st.sampled_from("abcd")), min_size=1))
def test_a_fit_admits_what_was_denied_and_what_is_counted_as_unseen_and_nothing_else(tried: list[Any]) -> None:
    listed = [denied(f"/{letter}", method) for method, letter in tried]
    fit = denials.fitted(listed)
    assert fit is not None
    grant = Grant("new", fit.paths, fit.methods, fit.ports)
    every = [denied(f"/{letter}", method) for method in fit.methods for letter in "abcde"]
    admitted = [each for each in every if denials.admits(table(grant), each, NOW)]
    with_get = {each.path for each in listed if each.method == "GET"}
    seen = [each for each in admitted if each in listed or (each.method == "HEAD" and each.path in with_get)]
    found = denials.unseen(fit, listed)
    others = len(admitted) - len(seen)
    assert (found.count if found else 0) == others


def test_plain_http_has_no_rules_and_only_port_80() -> None:
    assert denials.fitted([denied("/x", scheme="http", port=80)]) == Fit((), (), (80,))
    assert denials.fitted([denied("/x", scheme="http", port=8080)]) is None
    assert denials.fitted([denied("/x", scheme="http", port=80), denied("/y")]) == Fit(("/y",), ("GET",), (443,))


PATHS = st.lists(
    st.text("ab/", min_size=0, max_size=8).map(lambda text: "/" + text.strip("/").replace("//", "/")),
    min_size=1,
    max_size=40,
)


@given(PATHS)
def test_narrowest_prefixes_are_few_and_admit_every_path_they_were_made_of(whole: list[str]) -> None:
    found = prefixes.narrowest(whole)
    few = prefixes.narrowest(whole, 8)
    assert len(few) <= 8
    for each in (found, few):
        assert all(any(paths.admits(prefix, path) for prefix in each) for path in whole)
        assert each == tuple(sorted(set(each)))
    assert set(found) <= set(whole)
    assert all(any(paths.covers(one, other) for one in few) for other in found)
    assert not any(one != other and paths.covers(one, other) for one in found for other in found)


def test_many_paths_become_their_folders() -> None:
    whole = [f"/repos/acme/widgets/issues/{n}" for n in range(70)] + ["/user"]
    assert prefixes.narrowest(whole) == ("/repos/acme/widgets/issues/", "/user")
    assert prefixes.narrowest([f"/{n}x" for n in range(65)]) == ("/",)


def test_as_many_paths_as_an_ask_may_hold_stay_what_they_are() -> None:
    whole = tuple(sorted(f"/p{n}/x" for n in range(64)))
    assert prefixes.narrowest(whole) == whole
    assert prefixes.narrowest([*whole, "/p1/x/below"]) == whole


def test_of_too_many_paths_only_the_deepest_crowded_folder_is_widened() -> None:
    few = [f"/p{n}/x" for n in range(60)]
    issues = [f"/repos/acme/widgets/issues/{n}" for n in range(100)]
    pulls = ["/repos/acme/api/pulls/1", "/repos/acme/api/pulls/2"]
    found = prefixes.narrowest([*few, *issues, *pulls])
    assert found == tuple(sorted([*few, "/repos/acme/widgets/issues/", *pulls]))


def test_an_agent_cannot_make_the_narrowest_paths_take_long_by_how_deep_and_many_its_paths_are() -> None:
    whole = ["/" + "a/" * depth + f"b{depth}/{n}" for depth in range(500) for n in range(10)]
    found = prefixes.narrowest(whole)
    assert len(found) <= 64
    assert prefixes.covers(found, whole)
    assert {f"/b0/{n}" for n in range(10)} < set(found), "the deep ones are folded, and no more than has to be"
    assert prefixes.nameable("/*" + "/a" * 200_000) == "/"


def test_the_folders_of_paths_end_where_they_are_the_paths_themselves_or_too_many() -> None:
    assert prefixes.folders(["/a/b", "/a/b/c/d/e/f"]) == [("/a/",), ("/a/b",)]
    assert prefixes.folders([f"/p/{n}/x/y/z" for n in range(65)]) == [("/p/",)]


def test_a_path_that_a_route_cannot_name_is_fitted_by_its_folder() -> None:
    assert prefixes.narrowest(["/a/b*c/d", "/a/x"]) == ("/a/",)
    assert prefixes.narrowest(["/f/" + "y" * 2_000, "/g?"]) == ("/",)
    assert prefixes.narrowest(["/f/" + "y" * 2_000]) == ("/f/",)


def test_a_candidate_subsumes_narrower_grants_of_hosts_that_it_covers() -> None:
    routes = (
        Route(HOST, (Grant("m1", ("/v1/x/",), ("GET",)), Grant("m2", ("/v2/",)))),
        Route("other.example.net", (Grant("m3", ("/v1/x/",), ("GET",)),)),
    )
    wide = Grant("new", ("/v1/",), ("GET",))
    assert admission.subsumed(routes, wide, "*.example.com") == (Subsumed("m1", HOST, "/v1/x/, GET"),)


def test_events_become_denials_and_merged_repeats_have_no_path() -> None:
    time = "2026-01-01T12:00:00.000Z"
    window = gate_events.window(
        [
            {"event": "denied", "time": time, "host": HOST, "path": "/x", "reason": "expired", "port": 8443},
            {"event": "denied_more", "time": time, "host": HOST, "method": "GET", "reason": "expired", "count": 4},
            {"event": "denied", "time": time, "host": "t.test", "path": "/", "background": True},
            {"event": "denied_more", "time": time, "host": "t.test", "count": "many"},
            {"event": "denied", "time": time, "host": HOST, "path": "/x", "layer": "pipelock", "reason": "pipelock"},
            {"event": "denied", "host": HOST, "path": "/x"},
            {"event": "dropped", "time": time, "count": 3},
            {"event": "allowed", "time": time, "host": HOST},
        ],
        [],
    )  # fmt: skip
    assert window.known
    assert [(each.path, each.count, each.background, each.pipelock) for each in window.denials] == [
        ("/x", 1, False, False),
        (None, 4, False, False),
        ("/", 1, True, False),
        (None, 1, True, False),
        ("/x", 1, False, True),
    ]
    assert (window.denials[0].port, window.dropped, window.since) == (8443, 3, NOW)


def test_merged_repeats_are_denials_of_the_places_they_list_and_the_rest_has_no_path() -> None:
    more = {"event": "denied_more", "time": "2026-01-01T12:00:00.000Z", "host": HOST, "method": "GET", "count": 9}
    listed = [
        {"path": "/a", "port": 443, "scheme": "https", "count": 5, "host": "other.test"},
        {"path": "/b", "port": 8443, "scheme": "https", "count": 2},
        {"path": 7, "count": 1},
        "nonsense",
        {"path": "/c", "count": 100},
    ]
    window = gate_events.window([{**more, "reason": "path_not_allowed", "paths": listed}], [])
    assert [(each.host, each.path, each.port, each.count) for each in window.denials] == [
        (HOST, "/a", 443, 5),
        (HOST, "/b", 8443, 2),
        (HOST, "/c", 443, 2),
    ]
    odd = [{**more, "paths": "nonsense"}, {**more, "count": 3, "paths": [{"path": "/a", "count": 1}]}]
    assert [(each.path, each.count) for each in gate_events.window(odd, []).denials] == [
        (None, 9),
        ("/a", 1),
        (None, 2),
    ]


def test_who_comes_back_after_a_decision_asks_again() -> None:
    events = [
        {"event": "waiting", "id": "A"},
        {"event": "decision_loaded", "id": "A", "status": "rejected"},
        {"event": "waiting", "id": "A"},
        {"event": "waiting", "id": "A"},
        {"event": "decision_loaded", "id": "A", "status": "pending"},
        {"event": "waiting", "id": "A"},
        {"event": "waiting"},
    ]
    assert gate_events.window([], events).again == {"A": 2}


@pytest.mark.parametrize("host", ["203.0.113.7", "?", "", "a b"])
def test_what_is_no_host_is_reached_by_nothing(host: str) -> None:
    assert not denials.reaches("*.example.com", host)
    assert not denials.admits(table(Grant("g")), denied("/", host=host), NOW)
