"""Approvals written into a manifest's text: exactly, or not at all."""

import pytest

from bottle_tui.core import manifest_edit
from bottle_tui.core.always import Always
from bottle_tui.core.manifest import Auth, parse
from bottle_tui.core.saving import saved
from bottle_tui.errors import Conflict

HEAD = "name: box  # mine\nagent: {image: x}\n"
API = Always("01A", "api.example.com", ("/repos/acme/",), ("GET",))


def routes(text: str) -> dict[str, tuple[object, ...]]:
    found = parse(text.encode(), "bottle.yaml").routes
    return {route.host: (route.path_allowlist, route.methods, route.ports) for route in found}


@pytest.mark.parametrize(
    "egress",
    [
        "",
        "egress:\n  allowlist: [docs.example.com]  # docs\n",
        "egress:\n  allowlist:\n  - docs.example.com\n  # a remark at the end\n\npipelock: {scan_limit_mb: 9}\n",
        "egress: {}\n",
        "egress: {allowlist: [docs.example.com]}\n",
        "egress: {routes: []}\n",
        "egress:\n  routes: []\n",
        "egress:\n  routes: [{host: a.example.com, methods: [GET]}]\n",
        "egress:\n  routes:\n    - host: a.example.com\n      methods:\n        - GET\n    # next\n\nsupervise: {}\n",
        "egress:\n  routes:\n  - {host: a.example.com}\n  allowlist: []\n",
        "egress:\n  routes:\n  - host: a.example.com",
    ],
)
def test_a_new_host_comes_in_wherever_routes_stand_and_every_old_line_stays(egress: str) -> None:
    before = HEAD + egress
    found = saved(before, "bottle.yaml", [API])
    assert found.added == ("api.example.com",)
    assert found.left == ()
    old = routes(before)
    assert routes(found.text) == old | {"api.example.com": (("/repos/acme/",), ("GET",), (443,))}
    if "{" not in egress and "[]" not in egress:
        kept = iter(found.text.splitlines())
        assert all(line in kept for line in before.splitlines()), "a line went, or the order changed"


ROUTE = """\
    - host: api.example.com  # 01A
      path_allowlist: [/repos/acme/]
      methods: [GET]
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"egress:\n  routes:\n{ROUTE}"),
        ("egress: {}\n", f"egress:\n  routes:\n{ROUTE}"),
        ("egress: {}  # nothing yet", f"egress:  # nothing yet\n  routes:\n{ROUTE}"),
        (
            "egress: {allowlist: [docs.example.com]}  # docs\nsupervise: {}\n",
            f"egress:  # docs\n  allowlist: [docs.example.com]\n  routes:\n{ROUTE}supervise: {{}}\n",
        ),
        (
            "egress: {routes: [{host: 'a.example.com'}], allowlist: []}\n",
            f"egress:\n  allowlist: []\n  routes:\n    - {{host: 'a.example.com'}}\n{ROUTE}",
        ),
        ("egress:\n  routes: []  # none yet\n", f"egress:\n  routes:  # none yet\n{ROUTE}"),
        (
            "egress:\n  routes: [{host: a.example.com, methods: [GET]}]\n",
            f"egress:\n  routes:\n    - {{host: a.example.com, methods: [GET]}}\n{ROUTE}",
        ),
    ],
)
def test_what_was_written_on_one_line_becomes_a_block_that_people_read(before: str, after: str) -> None:
    assert saved(HEAD + before, "bottle.yaml", [API]).text == HEAD + after


def test_a_list_on_one_line_grows_and_becomes_a_block_at_once() -> None:
    before = HEAD + "egress: {routes: [{host: a.example.com, path_allowlist: [/a/]}]}\n"
    text = saved(before, "f", [Always("1", "a.example.com", ("/b/",)), API]).text
    grown = "    - {host: a.example.com, path_allowlist: [/a/, /b/]}\n"
    assert text == f"{HEAD}egress:\n  routes:\n{grown}{ROUTE}"


def test_what_a_person_spread_over_several_lines_keeps_its_style_and_its_comments() -> None:
    before = HEAD + "egress: {\n  allowlist: [docs.example.com],  # docs\n}\n"
    text = saved(before, "f", [API]).text
    assert "# docs" in text
    assert "api.example.com" in routes(text)


def test_a_manifest_that_is_one_line_is_added_to_all_the_same() -> None:
    text = saved("{name: box, agent: {image: x}, egress: {}}\n", "f", [API]).text
    assert "api.example.com" in routes(text)


def test_everything_that_an_approval_can_bring_is_written() -> None:
    auth = Auth("token", "EXAMPLE_TOKEN", "X-Key")
    entry = Always("01A", "*.example.com", None, ("GET",), (443, 8443), auth=None, passthrough=True)
    other = Always("01B", "one.example.net", ("/a:b/", "/c"), None, auth=auth)
    found = parse(saved(HEAD, "bottle.yaml", [entry, other]).text.encode(), "bottle.yaml").routes
    assert (found[0].host, found[0].ports, found[0].passthrough) == ("*.example.com", (443, 8443), True)
    assert (found[1].path_allowlist, found[1].auth) == (("/a:b/", "/c"), auth)


@pytest.mark.parametrize("style", ["[GET]", "\n        - GET  # only\n      # end"])
def test_a_host_that_is_there_grows_by_one_dimension(style: str) -> None:
    before = (
        HEAD
        + f"egress:\n  routes:\n    - host: api.example.com\n      path_allowlist: [/v1/]\n      methods: {style}\n"
    )
    by_path = saved(before, "f", [Always("1", "api.example.com", ("/v2/",), ("GET",))])
    assert routes(by_path.text)["api.example.com"] == (("/v1/", "/v2/"), ("GET",), (443,))
    by_method = saved(before, "f", [Always("1", "api.example.com", ("/v1/",), ("POST",))])
    assert routes(by_method.text)["api.example.com"] == (("/v1/",), ("GET", "POST"), (443,))


def test_what_is_said_already_changes_nothing() -> None:
    before = HEAD + "egress: {allowlist: [api.example.com]}\n"
    assert saved(before, "f", [API]).text == before


@pytest.mark.parametrize(
    ("egress", "entry", "words"),
    [
        (
            "egress: {routes: [{host: api.example.com, path_allowlist: [/v1/], methods: [GET]}]}\n",
            Always("1", "api.example.com", ("/v2/",), ("POST",)),
            "widen",
        ),
        (
            "egress: {routes: [{host: api.example.com, path_allowlist: [/v1/]}]}\n",
            Always("1", "api.example.com"),
            "widen",
        ),
        ("egress: {routes: [{host: '*.example.com'}]}\n", API, "covers it"),
        ("egress: {allowlist: [api.example.com]}\n", Always("1", "api.example.com", passthrough=True), "widen"),
    ],
)
def test_what_would_come_out_wider_is_left_out_and_named(egress: str, entry: Always, words: str) -> None:
    found = saved(HEAD + egress, "f", [entry])
    assert found.text == HEAD + egress
    assert words in found.left[0]
    assert found.left[0].startswith("api.example.com")


def test_two_approvals_of_one_host_become_one_rule_only_where_that_is_exact() -> None:
    same = saved(HEAD, "f", [API, Always("2", "api.example.com", ("/repos/other/",), ("GET",))])
    assert routes(same.text)["api.example.com"][0] == ("/repos/acme/", "/repos/other/")
    crossed = saved(HEAD, "f", [API, Always("2", "api.example.com", ("/repos/other/",), ("POST",))])
    assert routes(crossed.text)["api.example.com"] == (("/repos/acme/",), ("GET",), (443,))
    assert len(crossed.left) == 1


def test_an_approval_under_a_wildcard_that_was_approved_too_takes_nothing_from_it() -> None:
    wild = Always("01W", "*.example.com", methods=("GET",))
    found = saved(HEAD, "bottle.yaml", [wild, API])
    assert routes(found.text) == {"*.example.com": (None, ("GET",), (443,))}
    assert found.left == ("api.example.com: *.example.com covers it, and a route of its own would take it from there",)
    before_it = saved(HEAD, "bottle.yaml", [API, wild])
    assert [*routes(before_it.text)] == ["api.example.com", "*.example.com"]


def test_a_host_of_the_provider_is_the_providers() -> None:
    assert "provider" in saved(HEAD, "f", [API], provided=["api.example.com"]).left[0]


def test_lines_end_as_the_files_do() -> None:
    text = saved((HEAD + "egress:\n  routes: []\n").replace("\n", "\r\n"), "f", [API]).text
    assert text.count("\n") == text.count("\r\n")
    text = saved(HEAD.replace("\n", "\r\n"), "f", [API]).text
    assert text.count("\n") == text.count("\r\n") > 2


def test_a_text_that_cannot_be_added_to_is_refused_and_not_printed_wrong() -> None:
    with pytest.raises(Conflict, match="by hand"):
        saved("{name: box, agent: {image: x}}\n", "f", [API])


def test_ports_grow_where_the_manifest_names_ports() -> None:
    before = HEAD + "egress: {routes: [{host: api.example.com, ports: [8443]}]}\n"
    found = saved(before, "f", [Always("1", "api.example.com", ports=(9443,))])
    assert routes(found.text)["api.example.com"] == (None, None, (8443, 9443))


def test_a_credential_in_the_usual_header_is_written_short() -> None:
    entry = Always("1", "api.example.com", auth=Auth("Bearer", "EXAMPLE_TOKEN"))
    assert "auth: {scheme: Bearer, token_ref: EXAMPLE_TOKEN}\n" in saved(HEAD, "f", [entry]).text


def test_an_edit_that_came_out_otherwise_than_meant_is_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = HEAD + "egress: {allowlist: [api.example.com]}\n"
    monkeypatch.setattr(manifest_edit, "inserted", lambda *_: wrong)
    with pytest.raises(Conflict, match="by hand"):
        saved(HEAD, "f", [API])
