"""A running bottle under another manifest: its routes are replaced, what was granted at run time stays."""

from dataclasses import replace
from datetime import UTC, datetime

from bottle_tui.core.takeover import brought_back, changed_grants, is_of_manifest, routes_after
from sidecar_addon.table import Grant, Route

RUN = "01J00000000000000000000001"
LATER = datetime(2030, 1, 1, tzinfo=UTC)


def manifest(number: int, *paths: str) -> Grant:
    return Grant(f"m{number}", paths or None)


def granted(*paths: str, id: str = RUN) -> Grant:
    return Grant(id, paths or None, proposal=id)


def route(host: str, *grants: Grant, **fields: object) -> Route:
    return Route(host, grants, **fields)  # type: ignore[arg-type]


def test_what_only_the_old_manifest_had_goes() -> None:
    live = (route("a.test", manifest(1)), route("b.test", manifest(2)))
    planned = (route("b.test", manifest(1)),)
    assert routes_after(live, planned) == planned


def test_a_run_time_grant_stays_on_a_host_that_the_manifest_still_names() -> None:
    live = (route("a.test", manifest(1, "/v1/"), granted("/x/")),)
    planned = (route("a.test", manifest(1, "/v2/")),)
    assert routes_after(live, planned) == (route("a.test", manifest(1, "/v2/"), granted("/x/")),)


def test_a_run_time_grant_stays_on_a_host_that_the_manifest_no_longer_names_without_its_credential() -> None:
    auth = {"auth_scheme": "Bearer", "token_env": "EGRESS_TOKEN_0", "token_fingerprint": "f"}
    live = (route("a.test", manifest(1), granted("/x/"), **auth),)
    assert routes_after(live, ()) == (route("a.test", granted("/x/")),)


def test_a_credential_that_an_approval_brought_stays_with_it() -> None:
    live = (route("a.test", granted(), auth_scheme="Bearer", token_env="EGRESS_TOKEN_1"),)
    assert routes_after(live, (route("b.test", manifest(1)),))[1] == live[0]


def test_a_grant_that_the_plan_brings_itself_is_not_there_twice() -> None:
    always = granted("/x/")
    live = (route("a.test", manifest(1), always),)
    planned = (route("a.test", manifest(1), always),)
    assert routes_after(live, planned) == planned


def test_the_copy_of_a_manifests_grant_on_an_exact_route_goes_with_the_manifest() -> None:
    copied = Grant("m1_0x")
    assert is_of_manifest(copied)
    assert routes_after((route("api.a.test", copied),), ()) == ()


def test_a_route_without_any_grant_of_its_own_is_not_kept() -> None:
    assert routes_after((route("a.test"),), ()) == ()


def test_a_timed_passthrough_goes_on_until_its_time() -> None:
    live = (route("a.test", manifest(1), pipelock="passthrough", passthrough_until=LATER),)
    kept = routes_after(live, (route("a.test", manifest(1)),))[0]
    assert (kept.pipelock, kept.passthrough_until) == ("passthrough", LATER)


def test_a_scan_state_for_good_is_the_manifests() -> None:
    live = (route("a.test", manifest(1), pipelock="passthrough"),)
    assert routes_after(live, (route("a.test", manifest(1)),))[0].pipelock == "scanned"


def test_the_same_manifest_again_changes_nothing() -> None:
    live = (route("a.test", manifest(1), granted()), route("b.test", manifest(2)))
    planned = (route("a.test", manifest(1)), route("b.test", manifest(2)))
    assert routes_after(live, planned) == live


def test_changed_grants_are_those_that_are_new_or_mean_something_else() -> None:
    before = (route("a.test", manifest(1, "/v1/")), route("b.test", manifest(2)))
    after = (route("a.test", manifest(1, "/v2/")), route("b.test", manifest(2)), route("c.test", manifest(3)))
    assert changed_grants(before, after) == ("m1", "m3")


def test_what_is_brought_back_is_told_by_what_it_allows_not_by_its_id() -> None:
    before = (route("b.test", manifest(2)),)
    after = (route("a.test", manifest(1, "/v1/")), route("b.test", replace(manifest(9))))
    assert brought_back(before, after) == ("a.test: /v1/",)
