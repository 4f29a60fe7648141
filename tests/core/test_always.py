"""`grants.yaml` comes back as it was written, and joins the routes where a grant of that host belongs."""

import pytest

from bottle_tui.core.always import Always, merged, parse, render
from bottle_tui.core.manifest import Auth
from bottle_tui.errors import InvalidFile
from sidecar_addon.table import Grant, Route

EVERYTHING = Always(
    "01JA",
    "api.example.com",
    ("/v1/",),
    ("GET", "WEBSOCKET"),
    (443, 8443),
    "01JP",
    Auth("none", "T", "X-Key"),
    passthrough=True,
)


def test_what_was_written_is_read_again() -> None:
    entries = (EVERYTHING, Always("m", "*.files.test"))
    assert parse(render(entries)) == entries
    assert parse(render(())) == ()


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "0 ()", "mapping"),
        ("grants: {}\n", "1 (grants)", "must be a list"),
        ("grants:\n  - {host: x.test}\n", "2 (grants[0])", "the key id is missing"),
        ("grants:\n  - {id: 'a b', host: x.test}\n", "2 (grants[0].id)", "not an id"),
        ("grants:\n  - {id: a, host: 10.0.0.1}\n", "2 (grants[0].host)", "IP address"),
        ("grants:\n  - {id: a, host: x.test, methods: []}\n", "2 (grants[0].methods)", "not be empty"),
        ("grants: [\n", "2", "expected"),
    ],
)
def test_a_damaged_file_is_named_with_line_and_key(text: str, place: str, words: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        parse(text.encode())
    assert caught.value.file == "grants.yaml"
    assert words in caught.value.message
    assert caught.value.place == place or place == "0 ()"


def test_an_entry_joins_the_exact_route_before_any_wildcard() -> None:
    routes = (Route("*.example.com"), Route("api.example.com", (Grant("m1"),)), Route("*.api.example.com"))
    after = merged(routes, EVERYTHING, Route("api.example.com"))
    assert [grant.id for grant in after[1].grants] == ["m1", "01JA"]
    assert after[1].grants[1].host is None


def test_an_entry_joins_the_longest_wildcard_limited_to_its_host() -> None:
    routes = (Route("*.test"), Route("*.b.test"), Route("*.a.b.test"), Route("*.c.test"))
    after = merged(routes, Always("g", "x.a.b.test"), Route("x.a.b.test"))
    assert after[2].grants == (Grant("g", host="x.a.b.test"),)
    assert merged(routes, Always("g", "*.x.b.test"), Route("*.x.b.test"))[1].grants[0].host == "*.x.b.test"


def test_the_same_entry_twice_is_there_once() -> None:
    once = merged((), EVERYTHING, Route("api.example.com"))
    assert merged(once, EVERYTHING, Route("api.example.com")) == once
