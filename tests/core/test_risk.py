"""Every risk: what raises it, and what does not."""

from dataclasses import replace

import pytest

from bottle_tui.core import public_services, risk
from bottle_tui.core.changes import State
from bottle_tui.core.mirror import Extra
from bottle_tui.core.risk import Seen, assess
from bottle_tui.core.slots import Slots
from sidecar_addon.table import Grant, Route

CALM = {"path_allowlist": ("/v1/",), "methods": ("GET",)}
AUTH = {"auth_scheme": "Bearer", "token_env": "EGRESS_TOKEN_0", "token_fingerprint": "f"}


def ids(before: State, after: State, seen: Seen | None = None) -> list[str]:
    return [found.id for found in assess(before, after, seen or Seen())]


def of(host: str, route: dict[str, object] | None = None, seen: Seen | None = None, **grant: object) -> list[str]:
    """Risks of a new route with a calm grant, but for what is given."""
    new = Route(host, (Grant("g", **{**CALM, **grant}),), **(route or {}))  # type: ignore[arg-type]
    return ids(State(), State((new,)), seen)


def test_a_calm_ask_has_a_note_alone() -> None:
    assert of("api.example.com") == ["new_host"]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("co.uk", "public_suffix"),
        ("*.co.uk", "public_suffix"),
        ("*.github.io", "public_suffix"),
        ("xn--pple-43d.example.com", "mixed_script"),
        ("xn--bcher-kva.example", "punycode"),
        ("webhook.site", "drop_or_tunnel"),
        ("abc.ngrok.io", "drop_or_tunnel"),
        ("*.github.com", "drop_or_tunnel"),
        ("*.example.com", "wildcard"),
        ("nas.local", "private_address"),
    ],
)
def test_names_that_want_a_second_look(host: str, expected: str) -> None:
    assert expected in of(host)


@pytest.mark.parametrize("host", ["api.example.co.uk", "github.com", "mywebhook.site", "local.example.com"])
def test_names_that_do_not(host: str) -> None:
    assert of(host) == ["new_host"]


@pytest.mark.parametrize(
    ("grant", "expected"),
    [
        ({"methods": None}, "every_method"),
        ({"methods": ("GET", "POST")}, "write_methods"),
        ({"path_allowlist": None}, "every_path"),
        ({"path_allowlist": ("/",)}, "every_path"),
        ({"ports": (80,)}, "plain_http"),
    ],
)
def test_rules_that_are_wide(grant: dict[str, object], expected: str) -> None:
    assert of("api.example.com", **grant) == [expected, "new_host"]


def test_what_is_not_scanned_and_why() -> None:
    assert of("api.example.com", {"pipelock": "passthrough"}) == ["not_scanned", "new_host"]
    new = State((Route("api.example.com", (Grant("g", **CALM),), pipelock="not_scanned"),))  # type: ignore[arg-type]
    assert "hop" in assess(State(), new)[0].text


def test_private_networks_are_named() -> None:
    found = assess(State(), State((Route("a.example.com", (Grant("g"),)),)), Seen(allow_private=("10.0.0.0/8",)))
    assert "10.0.0.0/8" in next(each.text for each in found if each.id == "private_address")


def test_an_ask_in_advance_is_noted_only_where_somebody_looked() -> None:
    assert "no_denial_seen" in of("api.example.com", seen=Seen(denied=0))
    assert "no_denial_seen" not in of("api.example.com", seen=Seen(denied=2))
    assert "no_denial_seen" not in of("api.example.com", seen=Seen(denied=None))


def test_a_credential_for_a_new_host_is_named_as_the_operator_knows_it() -> None:
    route = Route("api.example.com", (Grant("g", **CALM),), **AUTH)  # type: ignore[arg-type]
    after = State((route,), slots=Slots({"EGRESS_TOKEN_0": "EXAMPLE_TOKEN"}, 1))
    found = assess(State(), after)[0]
    assert (found.id, found.level) == ("new_secret_host", "danger")
    assert found.text == "EXAMPLE_TOKEN will be sent to api.example.com"


def test_a_credential_that_will_go_further_is_a_danger_and_narrowing_is_not() -> None:
    route = Route("api.example.com", (Grant("m1", **CALM),), **AUTH)  # type: ignore[arg-type]
    wider = replace(route, grants=(*route.grants, Grant("g", path_allowlist=("/v2/",), methods=("GET",))))
    within = replace(route, grants=(*route.grants, Grant("g", path_allowlist=("/v1/x",), methods=("GET",))))
    assert ids(State((route,)), State((wider,))) == ["secret_new_paths"]
    assert ids(State((route,)), State((within,))) == []


def test_a_route_that_gets_a_credential_or_another_one() -> None:
    plain = Route("api.example.com", (Grant("m1", **CALM),))  # type: ignore[arg-type]
    authed = replace(plain, **AUTH)  # type: ignore[arg-type]
    assert ids(State((plain,)), State((authed,))) == ["new_secret_host"]
    other = replace(authed, token_env="EGRESS_TOKEN_1")
    assert ids(State((authed,)), State((other,))) == ["new_secret_host"]
    assert ids(State((authed,)), State((plain,))) == []


def test_less_scanning_of_a_route_is_a_risk_and_more_is_not() -> None:
    route = Route("api.example.com", (Grant("m1", **CALM),))  # type: ignore[arg-type]
    passed = replace(route, pipelock="passthrough")
    assert ids(State((route,)), State((passed,))) == ["not_scanned"]
    assert ids(State((passed,)), State((route,))) == []


def test_removing_a_route_where_a_wildcard_takes_over_is_a_widening() -> None:
    wild, own = Route("*.example.com", (Grant("w"),)), Route("api.example.com", ())
    assert ids(State((wild, own)), State((wild,))) == ["wildcard"]
    assert ids(State((own,)), State(())) == []


def test_pipelocks_own_lists_are_looked_at_too() -> None:
    after = State(extra=Extra(hosts=("*.example.com",), passthrough=("webhook.site",)))
    assert ids(State(), after) == ["drop_or_tunnel", "wildcard", "not_scanned"]
    assert ids(after, after) == []


def test_the_same_risk_of_two_grants_on_one_host_is_said_once() -> None:
    route = Route("api.example.com", (Grant("a", ("/a/",), ("POST",)), Grant("b", ("/b/",), ("POST",))))
    found = assess(State(), State((route,)))
    assert [each.text.count("POST on") for each in found if each.id == "write_methods"] == [1]


def test_risks_come_worst_first_and_one_line_each() -> None:
    routes = (Route("*.example.com", (Grant("a"),)), Route("*.example.org", (Grant("b"),)))
    found = assess(State(), State(routes))
    assert [each.id for each in found] == sorted({each.id for each in found}, key=risk.ORDER.index)
    assert "; " in next(each.text for each in found if each.id == "wildcard")


def test_a_known_grant_is_no_addition() -> None:
    route = Route("*.co.uk", (Grant("a"),))
    assert ids(State((route,)), State((route,))) == []


def test_a_public_service_covers_what_is_below_it() -> None:
    assert public_services.why("x.y.webhook.site") == ("webhook.site", public_services.SERVICES["webhook.site"])
    assert public_services.why("*.hub.com") is None
    assert public_services.why("*.cloudflare.com") is None


@pytest.mark.parametrize("host", ["objects.data.example.com", "*.github.io", "co.uk", "xn--pple-43d.example.com"])
@pytest.mark.parametrize("scan", ["passthrough", "not_scanned"])
def test_a_risk_of_a_usual_host_is_whole_at_eighty_columns(host: str, scan: str) -> None:
    private = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
    new = Route(host, (Grant("g", ports=(80,)), Grant("h", methods=("PUT",))), pipelock=scan)  # type: ignore[arg-type]
    for found in assess(State(), State((new,)), Seen(0, private)):
        for sentence in found.text.split("; "):
            assert len(sentence) <= 75, found.text
