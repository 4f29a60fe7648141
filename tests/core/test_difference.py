"""The diff people read and the digest that binds."""

from dataclasses import replace
from datetime import UTC, datetime

from bottle_tui.core.difference import Difference, Display, change_digest, difference
from bottle_tui.core.mirror import Mirrored
from bottle_tui.core.views import Risk
from sidecar_addon.table import Grant, Route, Table, render_yaml

A = Route("a.example.com", (Grant("m1", path_allowlist=("/v1/",)),))
B = Route("b.example.com", (Grant("m2"),))
C = Route("c.example.com", (Grant("m3", methods=("GET",)),))
NONE = Mirrored()


def diff(before: list[Route], after: list[Route], **options: object) -> Difference:
    return difference(before, after, NONE, NONE, **options)  # type: ignore[arg-type]


def test_a_new_route_is_shown_with_its_neighbourhood_and_no_file_headers() -> None:
    assert diff([A], [A, B]).routes == (
        "@@ -4,3 +4,7 @@ b.example.com\n"
        "   grants:\n"
        "   - id: m1\n"
        "     path_allowlist: [/v1/]\n"
        "+- host: b.example.com\n"
        "+  pipelock: scanned\n"
        "+  grants:\n"
        "+  - id: m2"
    )


def test_the_lines_of_a_hunk_are_those_of_the_whole_table() -> None:
    before, after = [A, B, C], [A, B, replace(C, grants=(*C.grants, Grant("new")))]
    head, *body = diff(before, after).routes.splitlines()
    old, new = (render_yaml(Table(tuple(routes))).splitlines() for routes in (before, after))
    start = int(head.split()[1].partition(",")[0].lstrip("-"))
    assert [line[1:] for line in body if line[0] != "+"] == old[
        start - 1 : start - 1 + sum(line[0] != "+" for line in body)
    ]
    assert [line[1:] for line in body if line[0] != "-"] == new[start - 1 :]
    assert head.endswith("@@ c.example.com")


def test_ten_thousand_routes_cost_only_the_neighbourhood() -> None:
    many = [Route(f"h{number}.example.com", (Grant(f"g{number}"),)) for number in range(10_000)]
    changed = [*many[:5_000], replace(many[5_000], grants=()), *many[5_001:]]
    text = diff(many, changed).routes
    assert len(text.splitlines()) < 12
    assert "h5000.example.com" in text


def test_many_grants_that_are_like_those_before_do_not_make_the_digest_take_long() -> None:
    before = replace(A, grants=tuple(Grant(f"m{n}", path_allowlist=(f"/v1/{n}/widgets/",)) for n in range(300)))
    after = replace(A, grants=tuple(Grant(f"n{n}", path_allowlist=(f"/v2/{n}/widgets/",)) for n in range(300)))
    lines = diff([before], [after]).lines
    assert len(lines) == 1200
    assert "- a.example.com     path_allowlist: [/v1/7/widgets/]" in lines
    assert "+ a.example.com     path_allowlist: [/v2/7/widgets/]" in lines


def test_nothing_changed_is_an_empty_diff() -> None:
    assert diff([A, B], [A, B]) == Difference("", "", ())


def test_two_changes_far_apart_are_two_hunks() -> None:
    middle = [Route(f"h{number}.example.com", (Grant(f"g{number}"),)) for number in range(5)]
    text = diff([A, *middle, B], [replace(A, grants=()), *middle, replace(B, pipelock="passthrough")]).routes
    assert text.count("@@ -") == 2


def test_a_single_line_has_no_length_in_the_head() -> None:
    text = difference([], [], Mirrored(), Mirrored(("a.example.com",))).pipelock
    assert text.splitlines()[0] == "@@ -1,2 +1,3 @@"
    assert "+- a.example.com" in text


def test_removing_the_last_line_names_what_was_there() -> None:
    assert diff([A], []).routes.splitlines()[0].endswith("a.example.com")


def test_how_long_it_lasts_is_shown_in_words() -> None:
    until = datetime(2026, 1, 1, tzinfo=UTC)
    new = Route("n.example.com", (Grant("n", expires_at=until),), pipelock="passthrough", passthrough_until=until)
    shown = diff([], [new], display=Display(("n",), "1h", "n.example.com")).routes
    assert "expires_at: 1h after approval" in shown
    assert "passthrough_until: 1h after approval" in shown
    plain = diff([], [new], display=Display(("other",), "1h", "other")).routes
    assert "2026-01-01T00:00:00.000Z" in plain


def test_unrelated_routes_do_not_change_what_binds() -> None:
    assert diff([A], [A, B]).lines == diff([A, C], [A, C, B]).lines == diff([], [B]).lines


def test_the_same_lines_on_another_route_bind_differently() -> None:
    onto_a = diff([A, B], [replace(A, grants=(*A.grants, Grant("n"))), B]).lines
    onto_b = diff([A, B], [A, replace(B, grants=(*B.grants, Grant("n")))]).lines
    assert onto_a != onto_b


def test_made_up_ids_of_new_grants_do_not_bind() -> None:
    one = diff([], [Route("a.example.com", (Grant("x1"),))], display=Display(("x1",))).lines
    two = diff([], [Route("a.example.com", (Grant("x2"),))], display=Display(("x2",))).lines
    assert one == two
    assert diff([], [Route("a.example.com", (Grant("x2"),))]).lines != one


def test_another_order_of_routes_binds() -> None:
    assert diff([A, B], [B, A]).lines == ("order b.example.com a.example.com",)


def test_pipelocks_lists_bind_by_host() -> None:
    found = difference([], [], Mirrored(("a",), ("p",)), Mirrored(("b",), ("q",)))
    assert found.lines == (
        "- pipelock allow a",
        "+ pipelock allow b",
        "- pipelock passthrough p",
        "+ pipelock passthrough q",
    )


def test_the_digest_is_over_lines_risks_and_time_not_over_notes() -> None:
    warn, note = Risk("wildcard", "warn", "text"), Risk("new_host", "note", "text")
    plain = change_digest(["+ a"], [])
    assert plain.startswith("sha256:")
    assert change_digest(["+ a"], [note]) == plain
    assert (
        len({plain, change_digest(["+ b"], []), change_digest(["+ a"], [warn]), change_digest(["+ a"], [], ["1h"])})
        == 4
    )
