"""Routes, history, provenance and logs as rows: every width holds, and nothing foreign gets through."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bottle_tui.core import listing as core_listing
from bottle_tui.core.arming import whole
from bottle_tui.core.deeds import Deed
from bottle_tui.core.evidence import Fit, Unseen, Use
from bottle_tui.core.rollup import Gap
from bottle_tui.core.text import is_visible
from bottle_tui.core.views import LogLine
from bottle_tui.core.words import size
from bottle_tui.tui.dialogs.denied import DETAIL
from bottle_tui.tui.presentation import (
    denied,
    diff_rows,
    draft,
    history,
    logs,
    provenance,
    record_rows,
    route_note,
    routes,
    traffic_rows,
)
from bottle_tui.tui.presentation.rows import Row, short_id, width_of
from sidecar_addon.table import Grant, Route, Table
from tests.tui import denials, looking
from tests.tui.looking import NOON
from tests.tui.samples import card

NASTY = "a\x1b]0;pwned\x07\u202eevil\u200b\r\n\t[@click=app.quit]x[/]" + "w" * 300
WIDTHS = (60, 80, 100, 120, 200)


def said(rows: tuple[Row, ...] | list[Row]) -> str:
    return "\n".join("".join(span.text for span in line) for line in rows)


def nasty_listing() -> core_listing.Listing:
    grant = Grant(NASTY, (NASTY, NASTY), (NASTY,), (443,), NASTY, NOON + timedelta(hours=1), 3, NASTY)
    route = Route(NASTY, (grant,), NASTY, NASTY, NASTY, NASTY, NASTY, NOON + timedelta(minutes=5))
    table = Table((route, Route(NASTY + "x", ())))
    items = core_listing.items(table, {NASTY}, {NASTY: Use(NASTY, 3, 1, 2, NOON, NOON, NOON)}, {})
    ahead = timedelta(seconds=9)
    return core_listing.Listing(
        NASTY, "sha256:0", 3, True, False, items, NOON, ahead, {NASTY: (1, 2, 3)}, frozenset(), (NASTY,), NASTY
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_foreign_text_is_visible_and_no_row_is_wider_than_the_screen(width: int) -> None:
    found = nasty_listing()
    deed = Deed(1, NOON, NASTY, NASTY, NASTY, False, NASTY, 1, NASTY, (NASTY,))
    kind = replace(
        looking.traffic_rows()[0], host=NASTY, method=NASTY, prefix=NASTY, grant=NASTY, first=NASTY, last=NASTY
    )
    denied = replace(kind, reason=NASTY)
    gap = Gap(NASTY, NASTY, NASTY, 3)
    where = looking.provenance(
        NASTY, line=NASTY, host=NASTY, route=NASTY, rules=NASTY, proposal=NASTY, asked_by=NASTY, decided_by=NASTY,
        words=NASTY, reason=NASTY, lasts=NASTY,
    )  # fmt: skip
    line = LogLine(
        NASTY, NASTY, NASTY, {"event": NASTY, "time": NASTY}, False, "warn", {"kind": NASTY, "summary": NASTY}
    )
    rows = [
        routes.head_row([NASTY], NASTY, found, "", NOON, width),
        routes.head_row([], None, None, NASTY, NOON, width),
        routes.header_row(width),
        *(routes.item_row(item, found, NOON, width, selected=True) for item in found.items),
        *(row for item in found.items for row in route_note.item_note(item, found, NOON, width)),
        *diff_rows.patch_rows(NASTY, width),
        history.slug_row([NASTY], NASTY, width),
        history.ledger_head(3, NASTY, True, "", width),
        history.ledger_head(3, "", True, NASTY, width),
        traffic_rows.traffic_head([kind, denied], "1 h", NASTY, True, "", width),
        traffic_rows.traffic_head([], "1 h", "", True, NASTY, width),
        history.deed_row(deed, NOON, width, selected=True),
        history.deed_row(replace(deed, ok=None), NOON, width, selected=False, doing="revoking"),
        traffic_rows.kind_row(kind, NOON, width, selected=True),
        traffic_rows.kind_row(denied, NOON, width, selected=False),
        *traffic_rows.gap_rows([gap] * 5, NOON, width),
        *record_rows.record_rows([({"n": 1, "time": NASTY, NASTY: NASTY, "x": {NASTY: [NASTY]}}, [NASTY])], width),
        *provenance.provenance_rows(where, [kind], NOON, width),
        provenance.strip_row(where, "", NOON, width),
        provenance.strip_row(None, NASTY, NOON, width),
        *logs.log_rows(line, width, merged=True, find="evil", wrap=True),
        *logs.log_rows(line, width, merged=False, raw=True),
        *logs.whole_line(line, width),
        *draft.draft_view(card(host=NASTY, tool=NASTY, slug=NASTY), width, 20, 0, NOON).rows,
    ]
    for row in rows:
        assert all(is_visible(span.text) for span in row), row
        assert width_of(row) <= width, row


def test_what_ends_a_grant_is_a_countdown_a_count_or_a_word() -> None:
    found = looking.listing()
    by_id = {item.id: item for item in found.items}
    assert routes.until(by_id[looking.TIMED], found, NOON) == ("12m38", "accent")
    assert routes.until(by_id[looking.TIMED], found, NOON + timedelta(seconds=700)) == ("0m58", "warn")
    assert routes.until(by_id[looking.TIMED], found, NOON + timedelta(seconds=758)) == ("ended", "faint")
    assert routes.until(by_id[looking.ONCE], found, NOON)[0] == "1 use"
    assert routes.until(replace(by_id[looking.ONCE], spent=1), found, NOON) == ("used up", "faint")
    assert routes.until(by_id[looking.ALWAYS], found, NOON)[0] == "always"
    assert routes.until(by_id[looking.ASKED], found, NOON)[0] == "stop"
    assert routes.until(by_id["m1"], found, NOON)[0] == "–"


def test_a_countdown_goes_by_the_gates_clock_and_the_difference_is_said() -> None:
    found = looking.listing(skew=timedelta(seconds=30))
    item = found.item(looking.TIMED)
    assert item is not None
    assert routes.until(item, found, NOON)[0] == "12m08"
    assert "gate's clock 30 s ahead" in said([routes.head_row(["docs"], "docs", found, "", NOON, 100)])
    behind = looking.listing(skew=timedelta(seconds=-3))
    assert "3 s behind" in said([routes.head_row(["docs"], "docs", behind, "", NOON, 100)])
    assert "clock" not in said([routes.head_row(["docs"], "docs", looking.listing(), "", NOON, 100)])


@pytest.mark.parametrize(
    ("changes", "words", "style"),
    [
        ({}, "in force ✓ 2 s ago", "ok"),
        ({"in_force": None}, "? not known", "muted"),
        ({"in_force": False}, "another table", "danger"),
        ({"quarantined": True}, "QUARANTINED", "danger"),
        ({"at": NOON - timedelta(seconds=40)}, "? not known for 40 s", "muted"),
    ],
)
def test_in_force_is_said_only_of_what_the_gate_has_just_said(changes: dict, words: str, style: str) -> None:
    span = routes.state(looking.listing(**changes), "", NOON)
    assert words in span.text and span.style == style
    assert routes.state(looking.listing(), "the engine is gone", NOON).style == "muted"


def test_an_empty_slot_is_told_from_a_filled_and_an_unknown_one() -> None:
    for slots, words in (({"EGRESS_TOKEN_0"}, "(filled)"), (set(), "EMPTY"), (None, "not known whether filled")):
        found = looking.listing(slots=slots)
        item = found.item(looking.ASKED)
        assert item is not None and words in said(route_note.item_note(item, found, NOON, 100))
        assert "API_TOKEN in slot EGRESS_TOKEN_0" in said(route_note.item_note(item, found, NOON, 100))


def test_use_that_was_not_counted_is_not_never() -> None:
    item = looking.listing().items[0]
    assert routes.used(replace(item, use=None), NOON) == ("not known", "muted")
    assert routes.used(replace(item, use=Use("m1")), NOON)[0] == "never used"


def test_a_gap_says_from_when_to_when_how_many_and_why() -> None:
    dropped = Gap("2026-03-04T10:00:00.000Z", "2026-03-04T10:00:00.000Z", "dropped", 12)
    assert traffic_rows.gap_line(dropped, NOON) == "gap at 10:00: 12 events were dropped by the gate"
    whole = Gap(None, "2026-03-03T10:00:00.000Z", "not_drained")
    assert traffic_rows.gap_line(whole, NOON).startswith("gap the beginning–03-03 10:00: the bottle ended")
    rows = traffic_rows.gap_rows([whole] * 7, NOON, 100)
    assert len(rows) == 4 and "4 earlier gaps" in said(rows)


def test_the_traffic_of_a_grant_is_on_the_readers_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "NPT-5:45")
    time.tzset()
    busy = replace(looking.traffic_rows()[0], last="2026-03-03T20:10:00.000Z")
    assert "03-04 01:55" in said(provenance.provenance_rows(looking.provenance(), [busy], NOON, 80))
    broken = replace(busy, last="long ago")
    assert "–" in said(provenance.provenance_rows(looking.provenance(), [broken], NOON, 80))


def test_provenance_of_no_grant_has_no_traffic_and_of_a_busy_one_not_all_of_it() -> None:
    none = looking.provenance("", source="none", line="no grant: no route names a.test", words="")
    assert "its traffic" not in said(provenance.provenance_rows(none, (), NOON, 80))
    many = [replace(looking.traffic_rows()[0], host=f"h{number}.test") for number in range(500)]
    text = said(provenance.provenance_rows(looking.provenance(), many, NOON, 80))
    assert "300 more kinds" in text and "h199.test" in text and "h200.test" not in text


def test_the_narrowest_route_of_a_group_stays_readable_and_says_what_nobody_tried() -> None:
    paths = tuple(f"/wheels/package-{number}/" for number in range(64))
    group = replace(denials.groups()[0], fit=Fit(paths, ("GET",), (443, 8443)), unseen=Unseen(64, ("GET /a on 8443",)))
    for width in (52, 72, 112):
        rows = denied.detail_rows(group, NOON, width)
        text = " ".join(said(rows).split())
        assert len(rows) <= DETAIL
        assert "GET /wheels/package-0/, " in text and "more on 443, 8443" in text
        assert "also admits 64 combinations not seen" in text


def test_a_drafts_risks_count_as_seen_only_while_they_are_in_view() -> None:
    shown = card(risks=tuple(replace(card().risks[0], id=f"r{number}") for number in range(12)))
    first = draft.draft_view(shown, 80, 8, 0, NOON)
    assert first.seen == frozenset(range(6))
    last = draft.draft_view(shown, 80, 8, first.max_scroll, NOON)
    assert first.max_scroll > 0 and not (last.seen & first.seen)
    seen = frozenset().union(*(draft.draft_view(shown, 80, 8, top, NOON).seen for top in range(first.max_scroll + 1)))
    assert seen == frozenset(range(12))


def test_a_drafts_risk_is_folded_not_cut_and_is_seen_once_all_of_it_was() -> None:
    text = f"every method, POST PUT PATCH DELETE too, on {'a-rather-long-name.' * 3}example.com"
    shown = card(risks=(replace(card().risks[0], text=text),))
    assert "".join(text.split()) in "".join(said(draft.draft_view(shown, 60, 12, 0, NOON).rows).split())
    tops = [draft.draft_view(shown, 60, 3, top, NOON) for top in range(3)]
    assert not any(view.seen for view in tops)
    assert whole(frozenset().union(*(view.parts for view in tops))) == frozenset({0})


@given(st.text(max_size=400), st.integers(min_value=24, max_value=120), st.text(max_size=6))
@settings(max_examples=150, deadline=None)
def test_wrapped_and_marked_no_character_is_lost(text: str, width: int, find: str) -> None:
    line = LogLine("lab", "egress", text, None, False, "info", {"kind": "text", "summary": text})
    rows = logs.log_rows(line, width, merged=False, find=find, wrap=True)
    assert 1 <= len(rows) <= logs.WRAPPED_ROWS
    assert all(width_of(row) <= width and all(is_visible(span.text) for span in row) for row in rows)
    if len(rows) < logs.WRAPPED_ROWS and text.isprintable():
        assert (
            "".join(span.text for row in rows for span in row[1:] if span.text.strip() or span.style != "muted")
            .replace(" ", "")
            .endswith(text.replace(" ", "")[-1:])
        )


def test_every_match_is_marked_whatever_its_case() -> None:
    spans = logs.highlighted("abc ABC xabcx", "aBc", "plain")
    assert [span.text for span in spans if span.style == "match"] == ["abc", "ABC", "abc"]
    assert "".join(span.text for span in spans) == "abc ABC xabcx"


def test_amounts() -> None:
    assert [size(count) for count in (0, 999, 1_200, 3_400_000, 5 * 10**12)] == [
        "0 B",
        "999 B",
        "1.2 kB",
        "3.4 MB",
        "5000.0 GB",
    ]
    assert short_id("m1") == "m1" and short_id(looking.ASKED) == "…7Q2MD0"


@pytest.mark.parametrize("width", [0, 1, 2])
@pytest.mark.parametrize("text", ["plain", "é", "漢字"])
def test_a_page_without_a_width_yet_is_folded_all_the_same(width: int, text: str) -> None:
    line = LogLine("lab", "egress", text, None, False, "info", {"kind": "text", "summary": text})
    assert logs.whole_line(line, width)
    assert provenance.provenance_rows(looking.provenance(line=text, words=text), (), NOON, width)
    assert record_rows.record_rows([({"n": 1, "x": text}, [text])], width)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_how_a_decision_ended_begins_in_one_column_whatever_can_be_taken_back(width: int) -> None:
    deed = Deed(1, NOON, "kim", "approved", "api.example.com", True, "in force, proven")
    rows = [replace(deed, undo=True), deed, replace(deed, verb="rejected", result="in force, no", reopen=True)]
    drawn = ["".join(span.text for span in history.deed_row(each, NOON, width, selected=False)) for each in rows]
    assert len({line.index("in force") - 2 * ("✓" in line) for line in drawn}) == 1
