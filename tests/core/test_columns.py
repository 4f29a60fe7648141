"""The second column says what was seen, and tells what was not seen from what is not known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from bottle_tui.core import columns
from bottle_tui.core.evidence import Elsewhere, Evidence, Group, Prior, Replay, Subsumed, Unseen, Use
from bottle_tui.core.views import Fact

NOW = datetime(2026, 3, 4, 12, 41, tzinfo=UTC)
FACTS = (
    Fact("host", "api.example.com", "new here"),
    Fact("path", "/repos/acme/"),
    Fact("method", "every"),
    Fact("auth", "none", "scanned: 2–4 s per MB"),
    Fact("port", "8443", "asked so"),
    Fact("until", "bottle stops"),
)


def group(method: str, prefix: str | None, count: int, *paths: tuple[str, int], background: bool = False) -> Group:
    return Group("api.example.com", method, prefix, count, NOW, NOW, "x", background, paths)


ACME = group("GET", "/repos/acme/", 16, ("/repos/acme/widgets", 9), ("/repos/acme/api", 5))
FOUND = Evidence("id", "box", "api.example.com", True, (ACME,), 16, Replay(412, 14, 2, since=NOW))


def clock(at: datetime) -> str:
    return f"{at.astimezone(timezone(timedelta(hours=5, minutes=30))):%H:%M}"


def seen(found: Evidence | None, **options: object) -> dict[str, str]:
    rows = columns.with_evidence(FACTS, found, NOW, clock=clock, **options)  # type: ignore[arg-type]
    return {fact.name: fact.seen or fact.asked for fact in rows}


def test_each_fact_gets_what_was_seen_of_it() -> None:
    rows = seen(FOUND, slug="research")
    assert rows["host"] == "new for research"
    assert rows["path"] == "seen 16× denied, last 0 s ago: widgets 9, api 5, /repos/acme/ 2"
    assert rows["method"] == "seen GET 16, no other"
    assert (rows["auth"], rows["port"]) == ("scanned: 2–4 s per MB", "asked so")
    assert rows["until"] == "replay: admits 14 of 412 denials since 18:11, 2 not asked for"
    assert "before" not in rows


def test_no_such_denial_is_not_the_same_as_not_known() -> None:
    none = replace(FOUND, groups=(), denied=0, replay=Replay(0, 0, 0))
    assert (seen(none)["path"], seen(none)["method"]) == ("no such denial seen", "none seen")
    assert seen(none)["until"] == "replay: no denials to try it on"
    unknown = replace(none, known=False, replay=None)
    assert seen(unknown)["path"].startswith("not known: ")
    assert (seen(unknown)["method"], seen(unknown)["until"]) == ("not known", "replay: not known")
    knocking = replace(none, groups=(group("GET", "/ping", 4, background=True),))
    assert "its own knocking" in seen(knocking)["path"]


def test_counts_out_of_a_record_that_was_cut_short_are_the_least_there_was() -> None:
    cut = replace(FOUND, cut_short=True, replay=replace(FOUND.replay or Replay(0, 0, 0), cut_short=True))
    assert seen(cut)["path"].startswith("seen at least 16× denied, last 0 s ago: ")
    assert seen(cut)["method"] == "seen GET 16"
    assert seen(cut)["until"] == "replay: admits 14 of 412 denials since 18:11, newest not read, 2 not asked for"
    assert all("newest not read" in form for form in columns.replay(cut.replay or Replay(0, 0, 0), clock))
    assert columns.paths(cut, "/", NOW)[-1].startswith("≥16×")
    none = replace(cut, groups=(), denied=0, replay=Replay(0, 0, 0, cut_short=True))
    assert (seen(none)["path"][:10], seen(none)["method"]) == ("not known:", "not known")
    assert seen(none)["until"] == "replay: not known: the gate's newest events cannot be read"


def test_while_it_is_read_the_column_says_so_and_then_why_it_could_not_be() -> None:
    assert {seen(None)[name] for name in ("host", "path", "method", "until")} == {"looking…"}
    assert seen(None)["auth"] == "scanned: 2–4 s per MB"
    assert seen(None, trouble="no engine")["path"] == "not known: no engine"
    assert seen(None, trouble="no engine")["method"] == "not known"


def test_what_a_grant_admits_beside_what_was_seen_has_a_row_of_its_own_while_it_is_about_this_edit() -> None:
    crossed = replace(FOUND, unseen=Unseen(9, ("DELETE /repos/list", "GET /tmp/x")))
    rows = columns.with_evidence(FACTS, crossed, NOW, clock=clock)
    assert [fact.name for fact in rows][2:4] == ["method", "also"]
    forms = ("DELETE /repos/list, GET /tmp/x, 7 more", "DELETE /repos/list, 8 more")
    assert rows[3] == Fact("also", "9 not seen", forms[0], shorter=forms[1:])
    assert "also" not in seen(crossed, exact=False) and "also" not in seen(FOUND)


def test_a_replay_of_another_edit_is_not_shown() -> None:
    assert seen(FOUND, exact=False)["until"] == "replay: computing…"


def test_who_has_the_host_and_what_its_grants_did_is_said() -> None:
    others = tuple(Elsewhere(name, "api.example.com", NOW - timedelta(days=3), 412) for name in ("docs", "lab", "x"))
    used = (Use("a", 6, last=NOW - timedelta(minutes=3)), Use("b"))
    text = seen(replace(FOUND, elsewhere=others, uses=used))["host"]
    assert text.startswith("2 grants here, used 6×, last 3 min ago; docs has had it 3 d (412 uses)")
    assert text.endswith("1 more have it")
    assert seen(replace(FOUND, uses=(Use("a"),)))["host"] == "1 grant here, never used"
    covered = replace(FOUND, uses=(Use("m1"),), subsumes=(Subsumed("m1", "api.example.com", "/v1/x, GET"),))
    assert seen(covered)["host"] == "1 grant here, never used; this covers m1"


def test_what_scanning_has_cost_here_stands_beside_the_credential() -> None:
    assert seen(replace(FOUND, scan=(14, 0, 12_300)))["auth"] == "scanned: has cost 12.3 s on 14 requests"


def test_what_was_decided_before_is_one_more_row() -> None:
    refused = Prior("p", "rejected", "kim", NOW - timedelta(minutes=40), "use the mirror", "every path, POST", 6)
    assert seen(replace(FOUND, prior=(refused,)))["before"] == (
        "refused 40 min ago: use the mirror; asked again 6×, by kim (every path, POST)"
    )
    ended = replace(refused, status="ended", reason=None, again=0)
    assert "approved and ended 40 min ago; 1 more, by kim" in seen(replace(FOUND, prior=(ended, refused)))["before"]


def test_many_paths_and_methods_are_counted_not_listed() -> None:
    many = tuple(group(method, f"/{method}", 1, (f"/{method}", 1)) for method in "ABCDEF")
    rows = seen(replace(FOUND, groups=(*many, group("GET", None, 3)), denied=9))
    assert rows["path"] == "seen 9× denied, last 0 s ago: /A 1, /B 1, /C 1, 3 more"
    assert rows["method"] == "seen GET 3, A 1, B 1, C 1, D 1"


def test_how_long_ago_the_last_denial_was_is_said_in_however_few_words() -> None:
    old = replace(ACME, first=NOW - timedelta(hours=9), last=NOW - timedelta(minutes=2))
    knocking = group("GET", "/ping", 90, background=True)
    path = columns.with_evidence(FACTS, replace(FOUND, groups=(old, knocking)), NOW, clock=clock)[1]
    forms = (path.seen, *path.shorter)
    assert forms == (
        "seen 16× denied, last 2 min ago: widgets 9, api 5, /repos/acme/ 2",
        "seen 16× denied, last 2 min ago: widgets 9, api 5, 1 more",
        "seen 16× denied, last 2 min ago: widgets 9, 2 more",
        "seen 16× denied, last 2 min ago",
        "16×, 2 min ago",
    )


def test_since_when_a_replay_counts_is_said_in_however_few_words() -> None:
    until = columns.with_evidence(FACTS, replace(FOUND, replay=Replay(412, 14, 2, 5, NOW)), NOW, clock=clock)[-1]
    assert (until.seen, *until.shorter) == (
        "replay: admits 14 of 412 denials since 18:11, 2 not asked for, 5 repeats there have no path",
        "replay: admits 14 of 412 since 18:11, 2 not asked for, 5 repeats there have no path",
        "replay: admits 14 of 412 since 18:11, 2 not asked for",
        "replay: 14 of 412 since 18:11, 2 not asked for",
        "14 of 412 since 18:11, 2 unasked",
        "replay: 14 of 412 since 18:11",
        "14 of 412 since 18:11",
    )


def test_repeats_without_a_path_and_unread_ones_are_said() -> None:
    rows = seen(replace(FOUND, replay=Replay(9, 0, 0, 4)))
    assert rows["until"] == "replay: admits 0 of 9 denials, 4 repeats there have no path"
    assert seen(FOUND)["path"].count("repos") == 1
