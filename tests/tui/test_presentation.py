"""Cards and lists as rows: the budget holds at every width and height, and nothing foreign gets through."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bottle_tui.core.arming import Part, whole
from bottle_tui.core.columns import with_evidence
from bottle_tui.core.log_filter import has
from bottle_tui.core.text import is_visible, visible
from bottle_tui.core.views import Change, Fact, LogLine, Risk
from bottle_tui.tui.board import Board, Result, arrivals, deciding
from bottle_tui.tui.presentation import bottle_rows, chrome, inbox_rows, result_rows, tabs
from bottle_tui.tui.presentation.batch_rows import batch_rows
from bottle_tui.tui.presentation.budget import list_height
from bottle_tui.tui.presentation.card import Around, card_view
from bottle_tui.tui.presentation.card_rows import asked_spans, head
from bottle_tui.tui.presentation.change_rows import change_rows, whole_change
from bottle_tui.tui.presentation.logs import log_rows
from bottle_tui.tui.presentation.questions import asked_row, confirmation
from bottle_tui.tui.presentation.rows import (
    Row,
    Span,
    cut,
    cut_clause,
    cut_list,
    cut_middle,
    fit_row,
    row,
    rule,
    spread,
    width_of,
    wrapped,
)
from bottle_tui.tui.presentation.times import age, ago, clock, left
from bottle_tui.tui.presentation.whole_card import plain_card, whole_card, whole_view
from tests.tui.samples import EVERY_METHOD, NEW_HOST, NOON, SECRET, Desk, card, evidence, lab_cards, secret_card

NASTY = "a\x1b]0;pwned\x07\u202eevil\u200b\r\n\t[@click=app.quit]x[/]"


def said(rows: tuple[Row, ...] | list[Row]) -> str:
    return "\n".join("".join(span.text for span in line) for line in rows)


def board(*cards: object, **changes: object) -> Board:
    desk = Desk()
    heard = arrivals.heard(Board(NOON), desk.bottles(), "docker here", NOON)
    loaded = arrivals.listed(heard, cards or desk.cards(), NOON)  # type: ignore[arg-type]
    return replace(loaded, **changes)  # type: ignore[arg-type]


def test_the_card_has_facts_risks_change_and_words_in_this_order() -> None:
    text = said(card_view(card(), "2 of 5", NOON, 80, 20).rows)
    order = [
        "research asks",
        "HOST",
        "PATH",
        "METHOD",
        "RISKS 2 of 2",
        "every method, POST",
        "CHANGE",
        "+ - host",
        "words",
    ]
    assert [text.index(word) for word in order] == sorted(text.index(word) for word in order)
    assert "both sidecars" in text and "pipelock + - api.example.com" in text


def test_risks_come_worst_first() -> None:
    text = said(card_view(card(risks=(NEW_HOST, EVERY_METHOD, SECRET)), "", NOON, 80, 30).rows)
    assert text.index("PAY_KEY will") < text.index("every method, POST") < text.index("is new to this")


@given(
    st.integers(40, 200),
    st.integers(12, 60),
    st.integers(0, 14),
    st.integers(0, 40),
    st.text(max_size=400),
    st.text(max_size=80),
    st.integers(-3, 20),
)
@settings(max_examples=200, deadline=None)
def test_whatever_is_asked_the_card_keeps_its_size_and_says_which_risks_it_shows(
    width: int, height: int, risks: int, lines: int, words: str, host: str, scroll: int
) -> None:
    asked = card(
        risks=(EVERY_METHOD,) * risks,
        host=host,
        words=words,
        facts=(*card().facts[1:], Fact("host", host, words), Fact("path", words, host, host)),
        change=Change("+ a line\n" * lines, "+b.test\n", "sha256:1"),
    )
    view = card_view(asked, "1 of 1", NOON, width, height, scroll)
    assert len(view.rows) == height
    assert all(width_of(line) <= width for line in view.rows)
    assert all(is_visible(span.text) for line in view.rows for span in line)
    assert view.seen <= frozenset(range(risks))
    words_on_screen = " ".join(said(view.rows).split())
    assert words_on_screen.count(EVERY_METHOD.text) == len(view.seen)


LONG_HOST = "a-rather-long-name." * 3 + "example.com"
LONG_RISKS = (
    Risk("public_suffix", "danger", f"{LONG_HOST} is a public suffix: anybody can register a name below it"),
    Risk("every_method", "warn", f"every method, POST PUT PATCH DELETE too, on {LONG_HOST}"),
    Risk("new_host", "note", f"{LONG_HOST} is new to this bottle"),
)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("fits", [False, True])
def test_a_risk_is_never_cut_its_last_words_are_the_ones_that_count(width: int, fits: bool) -> None:
    view = card_view(card(risks=LONG_RISKS), "", NOON, width, 30, around=Around(fits=fits))
    text = "".join(said(view.rows).replace("= fits it", "").split())
    assert all("".join(risk.text.split()) in text for risk in LONG_RISKS)
    assert view.seen == frozenset({0, 1, 2})
    assert said(view.rows).count("= fits it") == fits


def test_a_risk_that_does_not_fit_whole_is_not_seen_and_its_rule_names_the_key_that_shows_it() -> None:
    endless = Risk("private_address", "warn", "private addresses are allowed: " + ", ".join(["10.213.0.0/16"] * 60))
    view = card_view(card(risks=(endless,)), "", NOON, 60, 18)
    assert view.seen == frozenset()
    assert "RISKS 1 of 1, cut" in said(view.rows) and "enter: whole" in said(view.rows)


@pytest.mark.parametrize("width", [60, 97])
@pytest.mark.parametrize("height", [1, 2, 9])
@pytest.mark.parametrize("everything", [False, True])
def test_in_the_whole_card_a_risk_counts_by_where_it_stands_whatever_foreign_text_says(
    width: int, height: int, everything: bool
) -> None:
    forged = tuple(f"!! {number} !! {risk.text}" for number in range(4) for risk in LONG_RISKS)
    asked = card(
        risks=LONG_RISKS,
        words="\n".join(forged),
        facts=(Fact("host", LONG_HOST, "new here"), Fact("path", ", ".join(forged) if everything else "every path")),
    )
    last = whole_view(asked, NOON, width, height, 10_000, forged)
    seen: set[Part] = set()
    for top in range(last.max_scroll + 1):
        view = whole_view(asked, NOON, width, height, top, forged)
        rows = said(view.rows).splitlines()
        assert len(rows) <= height
        starts = sum(line.startswith((" !! ", " !  ", " ·  ")) for line in rows)
        assert starts == sum(part.line == 0 for part in view.parts)
        seen |= view.parts
    assert whole(seen) == (frozenset({0, 1, 2}) if height > 1 else frozenset())


@pytest.mark.parametrize("height", [17, 18, 20, 40])
def test_the_row_budget_holds_at_24_rows(height: int) -> None:
    text = said(card_view(secret_card(), "", NOON, 80, height).rows)
    assert text.count("\n+") + text.count("+ ") >= 3
    assert "Posting the invoice draft" in text
    for fact in secret_card().facts:
        assert fact.asked in text
    assert "every path of api.example.net" in text


def test_below_80_columns_seen_goes_under_asked_while_there_is_room() -> None:
    tall = said(card_view(card(), "", NOON, 60, 24).rows).splitlines()
    at = next(index for index, line in enumerate(tall) if "HOST" in line)
    assert "new here" in "\n".join(tall[at : at + 2])
    short = said(card_view(card(), "", NOON, 60, 13).rows)
    assert "METHOD" in short and "UNTIL" in short


def test_a_long_host_keeps_the_end_that_says_whose_it_is() -> None:
    host = "accounts." + "google.com." * 8 + "evil.example"
    text = said(card_view(card(host=host, facts=(Fact("host", host, "new"),)), "", NOON, 60, 20).rows)
    assert "evil.example" in text
    assert "evil.example" in said([inbox_rows.inbox_row(card(host=host, args={}), board(), 80)])


def test_a_pipelock_change_says_so_and_a_rebuild_too() -> None:
    files, large, rebuild = lab_cards()
    assert "asks pipelock" in said([head(large, "", NOON, 80)])
    assert "asks to be rebuilt" in said([head(rebuild, "", NOON, 80)])
    assert "the agent's image" in said(card_view(rebuild, "", NOON, 80, 20).rows)
    assert "proposed for lab" in said([head(replace(files, by_operator=True, author="kim"), "", NOON, 80)])
    assert "passthrough" in said(card_view(large, "", NOON, 80, 20).rows)


def test_an_agent_that_calls_itself_the_operator_does_not_look_like_one() -> None:
    ask = replace(card(), author="operator")
    drawn = said(card_view(ask, "", NOON, 80, 30).rows)
    assert "proposed" not in drawn and "the agent's words" in drawn
    own = replace(card(), author="kim", by_operator=True)
    drawn = said(card_view(own, "", NOON, 80, 30).rows)
    assert "proposed for" in drawn and "why it is proposed" in drawn and "agent" not in drawn.split("CHANGE")[1]
    assert "yours" in said([inbox_rows.inbox_row(own, board(), 80)])


def test_what_cannot_be_computed_or_changes_nothing_is_said() -> None:
    assert "no parser" in said(change_rows(card(change=None, problem="no parser"), 80))
    assert "cannot be computed" in said(whole_change(card(change=None), 80))
    assert "already in force" in said(change_rows(card(change=Change("", "", "x", unchanged=True)), 80))
    assert "already in force" in said(whole_change(card(change=Change("", "", "x")), 80))
    assert "auth is yours" in said(change_rows(card(change=Change("+x\n", "", "x", notes=("auth is yours",))), 80))


def test_the_lines_that_a_rebuild_asks_for_are_on_the_card_though_it_cannot_be_applied() -> None:
    why = "this version cannot rebuild yet: a capability can be shown and rejected, not approved"
    asked = "RUN apt-get update\nRUN apt-get install -y \x1b[31mjq"
    rebuild = replace(lab_cards()[2], change=None, problem=why, args={"dockerfile": asked})
    for rows in (
        card_view(rebuild, "", NOON, 80, 20).rows,
        whole_change(rebuild, 60),
        whole_card(rebuild, "", NOON, 60),
    ):
        assert "+ RUN apt-get update" in said(rows) and "jq" in said(rows)
        assert "\x1b" not in said(rows)
        assert why in " ".join(said(rows).split())


def test_only_an_ask_for_a_route_has_methods_and_a_rebuild_is_named_where_it_is_rejected() -> None:
    files, large, rebuild = lab_cards()
    everything = replace(files, args={"host": files.host})
    rows = [said([inbox_rows.inbox_row(each, board(each), 120)]) for each in (everything, large, rebuild)]
    assert [" any " in line for line in rows] == [True, False, False]
    assert "lab · lines for its Dockerfile" in said([asked_row(replace(rebuild, slug="lab"), 80)])


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_title_gives_up_words_before_it_gives_up_what_is_in_force_or_that_nothing_can_be_decided(
    width: int,
) -> None:
    shown = replace(board(), runtime="docker: local · local: NOT CONTAINED", read_only=True)
    title = said([chrome.title_row(shown, "inbox", width)])
    assert "in force ✓" in title and "READ-ONLY" in title and "NOT CONTAINED" in title


def test_a_short_card_leaves_its_rows_to_the_list() -> None:
    rebuild = replace(lab_cards()[2], change=None, problem="this version cannot rebuild yet")
    assert list_height(19, 6, rebuild) == 6
    assert list_height(19, 30, rebuild) < 15


def test_with_four_risks_at_24_rows_the_next_ask_is_in_sight() -> None:
    one = card()
    four = replace(one, risks=(one.risks * 4)[:4])
    assert list_height(19, 3, four) == 2
    assert list_height(19, 1, four) == 1


def test_what_has_not_been_listed_yet_is_not_said_to_be_nothing() -> None:
    assert deciding.problem(Board(NOON)) == "still asking what waits"
    assert deciding.problem(arrivals.listed(Board(NOON), (), NOON)) == "nothing waits"


def test_what_somebody_else_decided_is_told_without_an_age_that_would_stand_still() -> None:
    gone = card("01JB0000000000000000000000", status="rejected", decided_by="kim", problem="rejected by kim, 1 s ago")
    assert (
        arrivals.learned(board(), replace(gone, slug="lab")).results[0].text
        == "api.example.com for lab: rejected by kim"
    )


def test_the_whole_note_of_a_bottle_stands_below_the_list_and_a_list_too_narrow_for_it_says_that_there_is_one() -> None:
    note = "pipelock is the hop: allowlist only; the agent has ended; `bottle-tui attach lab` starts it again"
    bottle = replace(Desk().bottles()[0], note=note, ca_file="/home/somebody/" + "x" * 90)
    shown = board()
    text = said(bottle_rows.bottle_note(bottle, shown, 80))
    assert note in " ".join(text.replace("NOTE", "").split())
    assert said([bottle_rows.bottle_row(bottle, shown, 80, selected=False)]).rstrip().endswith(" with a note")
    assert "pipelock is the hop" in said([bottle_rows.bottle_row(bottle, shown, 120, selected=False)])


def test_the_whole_card_cuts_nothing() -> None:
    long = card(facts=(Fact("host", "h" * 200, "s" * 200),), reason="the last answer")
    text = said(whole_card(long, "", NOON, 60)).replace("\n", "").replace(" ", "")
    assert "h" * 200 in text and "s" * 200 in text and "GET/repos/acme/widgets/pulls" in text
    assert "the last answer" in said(whole_card(long, "", NOON, 60))
    assert "api.example.com" in plain_card(card(), NOON)


def test_a_confirmation_shows_each_danger_whole() -> None:
    text = said(confirmation(secret_card(), 60))
    assert SECRET.text in " ".join(text.replace("!!", "").split())
    assert "every path" not in text


def test_decided_elsewhere_says_who_and_when() -> None:
    by = card(status="approved", decided_by="kim", decided_at=NOON - timedelta(seconds=3))
    assert "approved by kim, 3 s ago" in said([head(by, "", NOON, 80)])
    assert "no longer waiting" in said([head(card(status="superseded"), "", NOON, 80)])


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_lists_are_aligned_and_exactly_as_wide_as_the_screen(width: int) -> None:
    shown = board(applying={card().id: "applying"})
    rows = [*inbox_rows.inbox_rows(shown, width), bottle_rows.bottle_header(width)]
    rows += [bottle_rows.bottle_row(bottle, shown, width, selected=True) for bottle in shown.bottles]
    assert {width_of(line) for line in rows} == {width}


def test_an_inbox_row_tells_host_path_worst_risk_and_whether_the_agent_waits() -> None:
    rows = said(inbox_rows.inbox_rows(board(), 110)).splitlines()
    assert "docs" in rows[0] and "!! " in rows[0] and "went on" in rows[0] and "POST" in rows[0]
    assert "api.example.com /repos/acme/" in rows[1] and "waits" in rows[1] and "0m38" in rows[1]
    more = card(args={"path_allowlist": ["/a/", "/b/", "/c/"]}, status="failed")
    assert "/a/ +2" in said(inbox_rows.inbox_rows(board(more), 110))
    assert "not in force" in said(inbox_rows.inbox_rows(board(more), 110))


def test_a_bottle_that_is_silent_for_ten_seconds_is_not_known() -> None:
    late = board(now=NOON + timedelta(seconds=20))
    text = said([bottle_rows.bottle_row(late.bottles[0], late, 120, selected=False)])
    assert "not known" in text and "running" not in text and "last heard 22 s ago" in text
    assert chrome.enforcement(late).text == "? not known for 22 s"
    narrow = said([bottle_rows.bottle_row(late.bottles[0], late, 80, selected=False)])
    assert "22 s ago" in narrow and "with a note" not in narrow


def test_the_title_says_in_force_only_when_every_bottle_is() -> None:
    assert chrome.enforcement(board()).text == "in force ✓ 2 s ago"
    docs, lab, research = Desk().bottles()
    off = board(bottles=(docs, replace(lab, state="needs_tokens"), replace(research, state="degraded")))
    assert chrome.enforcement(off).text == "✗ lab: needs tokens and 1 more"
    assert chrome.enforcement(board(bottles=(replace(docs, state="stopped"),))).text == "all stopped"
    assert chrome.enforcement(board(bottles=())).text == "no bottle runs"
    assert chrome.enforcement(Board(NOON)).text == "asking the engine…"


def test_a_gate_that_does_not_answer_is_grey_in_the_title_and_only_what_is_known_to_be_gone_is_red() -> None:
    docs, lab, research = Desk().bottles()
    heard = NOON - timedelta(seconds=12)
    hung = replace(lab, state="unknown", as_of=heard, sidecars={**lab.sidecars, "egress": "unknown"})
    assert chrome.enforcement(board(bottles=(docs, hung, research))) == Span("? lab: not known for 12 s", "muted")
    assert chrome.enforcement(board(bottles=(hung,))) == Span("? not known for 12 s", "muted")
    assert chrome.enforcement(board(bottles=(replace(hung, as_of=None),))) == Span("? not known", "muted")
    starts = replace(lab, state="starting")
    assert chrome.enforcement(board(bottles=(docs, starts, research))) == Span("… lab: starting", "warn")
    both = board(bottles=(starts, replace(docs, state="starting"), replace(research, state="degraded")))
    assert chrome.enforcement(both) == Span("✗ research: degraded and 2 more", "danger")
    unsure = chrome.enforcement(board(bottles=(starts, hung)))
    assert "not known" in unsure.text and unsure.text.endswith(" and 1 more") and unsure.style == "muted"
    gone = replace(docs, state="degraded", sidecars={**docs.sidecars, "pipelock": "down"})
    assert chrome.enforcement(board(bottles=(gone, hung))) == Span("✗ docs: degraded and 1 more", "danger")
    line = bottle_rows.bottle_row(hung, board(bottles=(hung,)), 120, selected=False)
    assert "? " in said([line]) and said([line]).count("✓ up") == 2 and "last heard 12 s ago" in said([line])
    assert "danger" not in {span.style for span in line}
    never = replace(hung, as_of=None)
    for width in (80, 120):
        line = bottle_rows.bottle_row(never, board(bottles=(never,)), width, selected=False)
        assert "never heard" in said([line])


def test_local_mode_says_not_contained_in_every_width() -> None:
    local = board(runtime="local: NOT CONTAINED")
    for width in (60, 80, 200):
        assert "NOT CONTAINED" in said([chrome.title_row(local, "inbox", width)])


def test_a_password_in_an_address_is_not_shown() -> None:
    bottle = replace(Desk().bottles()[0], proxy_url="http://bottle:s3cret@127.0.0.1:4000")
    text = said(bottle_rows.bottle_note(bottle, board(), 80))
    assert "127.0.0.1:4000" in text and "s3cret" not in text


def test_a_result_that_went_wrong_gets_the_rows_it_needs() -> None:
    long = "pipelock did not load the new list within 15 s; egress is untouched; bottle-tui pipelock edit lab shows it"
    rows = chrome.last_rows(board(results=(Result(NOON, long, "bad"),)), 60)
    assert 2 <= len(rows) <= 3
    assert long in " ".join(said(rows).split())
    huge = chrome.last_rows(board(results=(Result(NOON, long * 9, "bad"),)), 60)
    assert len(huge) == 3 and {width_of(line) for line in huge} == {60}


def test_foreign_text_is_made_visible_in_every_place() -> None:
    nasty = card(
        slug=NASTY, host=NASTY, words=NASTY, tool=NASTY, reason=NASTY,
        args={"path_allowlist": [NASTY], "methods": [NASTY]},
        facts=(Fact(NASTY, NASTY, NASTY), Fact("path", NASTY, NASTY, NASTY)),
        risks=(replace(SECRET, id=NASTY, text=NASTY),), problem=NASTY,
        change=Change(f"+{NASTY}", f"+{NASTY}", "x", notes=(NASTY,)),
        status="approved", decided_by=NASTY, decided_at=NOON,
    )  # fmt: skip
    shown = board(nasty, only=NASTY, cards_trouble=NASTY, runtime=NASTY, results=(Result(NOON, NASTY, "ok"),))
    bottle = replace(shown.bottles[0], slug=NASTY, runtime=NASTY, note=NASTY, proxy_url=NASTY)
    line = LogLine(NASTY, NASTY, NASTY, {"event": "x", "time": NASTY}, facts={"summary": NASTY, "kind": "text"})
    rows: list[Row] = [
        *card_view(nasty, "", NOON, 80, 30).rows, *whole_card(nasty, "", NOON, 80), *confirmation(nasty, 80),
        *inbox_rows.inbox_rows(shown, 120), bottle_rows.bottle_row(bottle, shown, 120, selected=True),
        *bottle_rows.bottle_note(bottle, shown, 80), chrome.title_row(shown, "inbox", 80),
        tabs.tabs_row(shown, "inbox", 80),
        *chrome.last_rows(shown, 80), *log_rows(line, 80, merged=True, raw=True), *log_rows(line, 80, merged=True),
    ]  # fmt: skip
    assert all(is_visible(span.text) for line in rows for span in line)


def test_log_rows_have_time_mark_and_words_and_highlight_what_was_looked_for() -> None:
    line = LogLine(
        "lab", "egress", "raw", {"event": "denied", "time": "2026-03-04T12:40:01Z"}, False, "warn",
        {"kind": "denied", "summary": "GET a.test/x  path_not_allowed"},
    )  # fmt: skip
    (drawn,) = log_rows(line, 60, merged=True, find="A.TEST")
    assert said([drawn]).startswith(" 12:40:01 egress    ✗ GET a.test/x")
    assert Span("a.test", "match") in drawn
    assert has(line, "PATH_not") and not has(line, "b.test")
    assert log_rows(replace(line, noise=True), 60, merged=False)[0][-1].style == "faint"


@given(st.text(max_size=60), st.integers(0, 40))
def test_cutting_never_exceeds_the_width(text: str, width: int) -> None:
    from rich.cells import cell_len

    assert cell_len(cut(text, width)) <= width
    assert cell_len(cut_middle(text, width)) <= width
    assert cell_len(cut_clause(text, width)) <= width
    assert width_of(fit_row(row(Span(text)), width)) == width
    assert width_of(spread(row(text), row(text), 2 * width)) == 2 * width


@given(st.text(alphabet="ab \n漢字", max_size=200), st.integers(2, 30))
def test_wrapping_keeps_every_letter_and_the_width(text: str, width: int) -> None:
    from rich.cells import cell_len

    lines = wrapped(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_an_agent_cannot_hold_the_screen_with_a_word_or_a_host_of_any_length() -> None:
    from rich.cells import cell_len

    word = visible("\u202e" * 50_000)
    lines = wrapped(word, 80)
    assert "".join(lines) == word
    assert {cell_len(line) for line in lines} == {80}
    assert cut_middle(word, 40) == word[:13] + "…" + word[-26:]
    assert cut_list("a, " * 200_000 + "a", 20) == "a, a, a, 199998 more"


def test_rules_carry_a_title_and_words_at_their_end() -> None:
    assert width_of(rule("one", "two", 30)) == 30
    assert width_of(rule("a title that is far too long", "two", 12)) == 12


def test_ages_read_at_a_glance() -> None:
    since = [timedelta(seconds=38), timedelta(minutes=2, seconds=10), timedelta(hours=1, minutes=5), timedelta(days=3)]
    assert [age(NOON - delta, NOON) for delta in since] == ["0m38", "2m10", "1h05", "3d00"]
    assert [ago(NOON - delta, NOON) for delta in since] == ["38 s", "2 min", "1 h", "3 d"]
    assert age(NOON + timedelta(hours=1), NOON) == "0m00"


@pytest.mark.parametrize(("width", "height"), [(60, 24), (80, 24), (120, 40), (200, 50)])
@pytest.mark.parametrize("risks", [0, 2, 5, 9])
@pytest.mark.parametrize("rows_of_result", [1, 3])
def test_the_row_budget_holds_at_every_size_with_all_that_a_card_can_have(
    width: int, height: int, risks: int, rows_of_result: int
) -> None:
    every = card(
        risks=tuple(replace(EVERY_METHOD, text=f"risk number {number}") for number in range(risks)),
        facts=(
            replace(card().facts[0], set="*.example.com"), *card().facts[1:],
            Fact("restart", "pipelock restarts", "cuts 2"),
            Fact("before", "refused 40 min ago: use the mirror; asked again 6×"),
        ),
    )  # fmt: skip
    body = height - 4 - rows_of_result
    pane = body if width >= 140 else body - list_height(body, 5, every, width)
    assert pane < body or width >= 140
    view = card_view(every, "2 of 5", NOON, width if width < 140 else width - 64, pane, around=Around(fits=True))
    text = said(view.rows)
    assert len(view.rows) == pane
    for fact in every.facts:
        assert f" {fact.name.upper()} " in text
    assert sum("+" in "".join(span.text for span in line)[:16] for line in view.rows) >= 3
    assert "“I need the open issues" in text
    assert view.seen <= frozenset(range(risks))
    assert all((f"risk number {number}" in text) == (number in view.seen) for number in range(risks))


def test_where_equals_would_fit_it_the_risk_says_so() -> None:
    assert "= fits it" in said(card_view(card(), "", NOON, 80, 20, around=Around(fits=True)).rows)
    assert "= fits it" not in said(card_view(card(), "", NOON, 80, 20).rows)


def test_while_an_edit_is_computed_the_old_change_is_faint_and_says_so() -> None:
    rows = card_view(card(), "", NOON, 80, 20, around=Around(computing=True)).rows
    assert "CHANGE  computing…" in said(rows)
    assert not [span for line in rows for span in line if span.style == "added"]


def test_what_the_operator_set_is_the_last_to_be_cut() -> None:
    fact = Fact("path", "/repos/a-long-folder/and-another/", "seen", "/repos/a-long-folder/and-another/issues")
    for width in (30, 44, 60, 90):
        spans = asked_spans(fact, width)
        assert width_of(spans) <= width
        assert spans[-1].text.endswith("issues") and spans[-1].style == "accent"


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("height", [14, 18, 30])
@pytest.mark.parametrize("wished", ["", "/repos/acme/widgets/issues, /repos/acme/api/pulls"])
def test_at_every_width_a_card_says_how_often_and_how_long_ago_it_was_denied_and_since_when_that_is_known(
    width: int, height: int, wished: str
) -> None:
    asked = replace(card().facts[1], asked="/repos/acme/widgets/and/some/more/", set=wished)
    facts = with_evidence(
        (card().facts[0], asked, *card().facts[2:]), evidence()[card().id], NOON + timedelta(minutes=3), clock=clock
    )
    text = said(card_view(card(facts=facts), "", NOON, width, height).rows)
    assert "14×" in text and "3 min ago" in text
    assert "14 of 412" in text and "since 07:41" in text


@pytest.mark.parametrize("width", [60, 80, 120])
def test_of_many_paths_a_card_shows_whole_ones_and_how_many_more_and_zoomed_all(width: int) -> None:
    paths = [f"/p{number}/x" for number in range(64)]
    many = card(facts=(Fact("path", "/repos/acme/", "seen 64× denied", ", ".join(paths)),))
    line = next(each for each in said(card_view(many, "", NOON, width, 20).rows).splitlines() if " PATH " in each)
    shown = line.split(" → ")[1].split(" more")[0].split(", ")
    assert shown[:-1] == paths[: len(shown) - 1] and int(shown[-1]) == 64 - len(shown) + 1
    whole_text = "".join(said(whole_card(many, "", NOON, width)).split())
    assert ",".join(paths) in whole_text


def test_a_countdown_reads_at_a_glance() -> None:
    later = [timedelta(seconds=38), timedelta(minutes=14, seconds=5), timedelta(hours=3), timedelta(seconds=-1)]
    assert [left(NOON + delta, NOON) for delta in later] == ["38 s left", "14 min left", "3 h left", "ended"]


def test_the_whole_card_tells_all_that_was_seen() -> None:
    text = said(whole_card(card(), "", NOON, 60, ("docs has had it 3 d (412 uses)",)))
    assert "SEEN" in text and "412 uses" in text


def test_the_change_says_which_generation_it_leads_to() -> None:
    assert "CHANGE  gen 7 → 8, both sidecars" in said(
        card_view(card(), "", NOON, 80, 20, around=Around(generation=7)).rows
    )
    nothing = card(change=Change("", "", "x", unchanged=True))
    assert "gen 7" not in said(card_view(nothing, "", NOON, 80, 20, around=Around(generation=7)).rows)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_however_far_an_approval_has_come_its_line_still_says_that_it_is_in_force(width: int) -> None:
    text = "approved a-rather-long-name.example.com: in force, proven"
    line = Result(NOON, text, "ok", "x", undo=True, delivery="retry refused (pipelock)", ends=NOON + timedelta(hours=1))
    drawn = said([result_rows.result_row(line, width, NOON)])
    assert "in force, proven · retry" in drawn and "u undo" in drawn
    late = replace(line, delivery="", ends=None)
    assert "listening" in said([result_rows.result_row(late, width, NOON + timedelta(seconds=31))])


def test_a_column_is_cut_where_a_clause_ends() -> None:
    text = "replay: admits 14 of 412 denials, all asked for, since 07:41"
    assert cut_clause(text, 53) == "replay: admits 14 of 412 denials, all asked for…"
    assert cut_clause(text, 30) == "replay: admits 14 of 412 deni…"
    assert cut_clause(text, 80) == text


@pytest.mark.parametrize("width", [-12, 0, 1])
def test_a_pane_without_a_width_yet_wraps_to_something_and_ends(width: int) -> None:
    assert "".join(wrapped("a word", width)).replace(" ", "") == "aword"


def test_marked_asks_show_each_files_lines_as_its_own() -> None:
    one = card()
    assert one.change is not None
    routes = one.change.routes.rstrip("\n")  # a diff need not end with a line feed
    drawn = batch_rows((replace(one, change=replace(one.change, routes=routes)),), 80)
    lines = ["".join(span.text for span in line) for line in drawn]
    assert "  pipelock +- api.example.com" in lines
    assert not [line for line in lines if "@@" in line or "-api" in line]
