"""Evidence in words says what is known, and no more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from bottle_tui.core import evidence_text
from bottle_tui.core.evidence import Elsewhere, Evidence, Group, Prior, Replay, Subsumed, Unseen, Use

NOW = datetime(2026, 1, 3, 12, tzinfo=UTC)
AGO = NOW - timedelta(minutes=40)
BARE = Evidence("01J", "research", "api.example.com", known=True)


def clock(at: datetime) -> str:
    return f"{at.astimezone(timezone(timedelta(hours=-5))):%H:%M}"


def group(prefix: str | None, count: int, *, background: bool = False) -> Group:
    return Group("api.example.com", "GET", prefix, count, AGO, NOW, "host_not_allowed", background)


def test_each_fact_is_one_line() -> None:
    found = replace(
        BARE,
        groups=(group("/repos/acme/", 9), group(None, 5)),
        denied=14,
        replay=Replay(412, 3, 2, 5, datetime(2026, 1, 3, 11, 5, tzinfo=UTC)),
        unseen=Unseen(1, ("DELETE /repos/list",)),
        subsumes=(Subsumed("m1", "api.example.com", "/v1/, GET"),),
        elsewhere=(Elsewhere("docs", "api.example.com", NOW - timedelta(days=3), 412),),
        prior=(Prior("01H", "rejected", "op", AGO, "use the mirror", "/repos/, GET", 6),),
        uses=(Use("m1", 6, last=NOW - timedelta(seconds=38)), Use("m2", since=AGO)),
        scan=(12, 2_000_000, 6_000),
    )
    assert evidence_text.lines(found, NOW, clock) == (
        "denied 14×, first 40 min ago, last 0 s ago: GET /repos/acme/ 9",
        "replay: admits 3 of 412 denials since 06:05, 2 of them not asked for; 5 repeats there have no path",
        "also admits 1 combination not seen: DELETE /repos/list",
        "covers m1 on api.example.com: /v1/, GET",
        "docs has had it 3 d (412 uses)",
        "refused 40 min ago by op (/repos/, GET): use the mirror; asked again 6×",
        "m1 on this host: used 6×, last 38 s ago",
        "m2 on this host: never used in 40 min",
        "scanning has cost 6.0 s on 12 requests, 3.0 s per MB",
    )


def test_nothing_seen_and_nothing_known_are_told_apart() -> None:
    assert evidence_text.lines(BARE, NOW, clock) == ("no such denial seen",)
    assert "not known" in evidence_text.seen(replace(BARE, known=False), NOW)
    own = replace(BARE, groups=(group("/", 3, background=True),))
    assert evidence_text.seen(own, NOW) == "no such denial seen, but for the agent program's own knocking"


def test_one_denial_has_one_age() -> None:
    once = replace(BARE, groups=(group("/a", 1),), denied=1)
    assert evidence_text.seen(once, NOW + timedelta(minutes=7)) == "denied 1×, last 7 min ago: GET /a 1"


def test_a_replay_that_admits_all_that_was_asked_says_so() -> None:
    assert evidence_text.replay(Replay(4, 4, 0), clock) == "replay: admits 4 of 4 denials, all asked for"
    assert evidence_text.replay(Replay(4, 0, 0), clock) == "replay: admits 0 of 4 denials"
    assert evidence_text.replay(Replay(0, 0, 0), clock) == "replay: no denials to try it on"


def test_of_many_combinations_some_are_named_and_all_are_counted() -> None:
    text = evidence_text.unseen(Unseen(14, ("DELETE /a", "DELETE /b")))
    assert text == "also admits 14 combinations not seen: DELETE /a, DELETE /b, 12 more"


def test_lengths_of_time_are_in_one_unit() -> None:
    spans = [evidence_text.span(NOW, NOW - timedelta(seconds=each)) for each in (-5, 119, 120, 7_199, 7_200, 86_400)]
    assert spans == ["0 s", "119 s", "2 min", "119 min", "2 h", "1 d"]
