"""The logs: search, filters, wrapping, bursts; and from a line to the grant that decided, and back out of it."""

import json
from threading import Event

import pytest

from bottle_tui.core.views import LogLine
from bottle_tui.errors import SidecarUnreachable
from bottle_tui.services.logs import parse
from bottle_tui.tui.widgets.log_memory import KEPT, KEPT_CHARACTERS, Memory
from bottle_tui.tui.widgets.log_pane import LogPane
from bottle_tui.tui.workers.following import CHARACTERS, QUEUED, Follower
from tests.tui.conftest import Operator, Sit
from tests.tui.looking import ASKED, provenance
from tests.tui.samples import Desk, ScriptedStream


def said(number: int, **fields: object) -> LogLine:
    event = {"event": "allowed", "time": "2026-03-04T12:40:01Z", "method": "GET", "host": f"host-{number}.test"}
    return parse("docs", "egress", json.dumps({**event, "path": "/x", "grant": ASKED, **fields}))


def desk_of(*lines: LogLine) -> Desk:
    return Desk(logs={"egress": list(lines)})


async def open_logs(operator: Operator, last: str) -> LogPane:
    await operator.press("4")
    await operator.until(lambda: last in operator.text("#log-egress"))
    return operator.app.screen.query_one("#log-egress", LogPane)


DENIED = said(2, event="denied", reason="path_not_allowed", host="files.example.net", grant=None)


async def test_a_line_leads_to_the_grant_the_proposal_the_operator_and_the_words(sit: Sit) -> None:
    async with sit(desk_of(said(1)), size=(100, 40)) as operator:
        await open_logs(operator, "host-1.test")
        await operator.press("enter")
        await operator.until(lambda: "release notes" in operator.text("#page"))
        text = operator.text("#page")
        for words in ("mira", "PROPOSAL", "with changes", '"host": "host-1.test"'):
            assert words in text


async def test_u_on_a_line_revokes_the_grant_that_decided_it_once_it_is_on_screen(sit: Sit) -> None:
    async with sit(desk_of(said(1), said(2))) as operator:
        await open_logs(operator, "host-2.test")
        await operator.press("u")
        assert operator.desk.deeds == []
        await operator.press("f")
        await operator.until(lambda: "/repos/acme/" in operator.text("#log-strip"))
        await operator.press("u")
        await operator.until(lambda: operator.called("revoke"))
        assert operator.called("revoke") == [("revoke", "docs", ASKED)]
        await operator.until(lambda: "the refusal is in force, proven" in operator.text("#result"))


async def test_u_takes_nothing_back_while_the_lookup_is_under_way_or_the_grant_is_gone(sit: Sit) -> None:
    desk = desk_of(said(1))
    desk.look.events[ASKED] = provenance(in_table=False, standing=None)
    async with sit(desk) as operator:
        await open_logs(operator, "host-1.test")
        await operator.press("f")
        await operator.until(lambda: "not in force any more" in operator.text("#log-strip"))
        await operator.press("u")
        assert operator.desk.deeds == []


async def test_moving_to_another_line_disarms_u(sit: Sit) -> None:
    other = "01JB2Q9A0GJ4B8PVLABF1LESNX"
    desk = desk_of(said(1, grant=other), said(2))
    desk.look.events[other] = provenance(other, host="files.example.net")
    async with sit(desk) as operator:
        await open_logs(operator, "host-2.test")
        await operator.press("f")
        await operator.until(lambda: "api.example.com" in operator.text("#log-strip"))
        operator.wait(5)
        await operator.pilot.press("k")
        await operator.hurry("u", after=0.35)
        assert operator.desk.deeds == []


async def test_an_answer_that_comes_for_another_line_is_dropped(sit: Sit) -> None:
    desk = desk_of(DENIED, said(2))
    desk.look.hold = Event()
    async with sit(desk) as operator:
        await open_logs(operator, "host-2.test")
        await operator.press("f")
        assert "looking it up" in operator.text("#log-strip")
        await operator.press("k")
        await operator.until(lambda: "no route names files.example.net" in operator.text("#log-strip"))
        desk.look.hold.set()
        for _ in range(20):
            await operator.pilot.pause(0.02)
        assert "no route names files.example.net" in operator.text("#log-strip")


async def test_a_line_that_no_grant_decided_says_so(sit: Sit) -> None:
    async with sit(desk_of(DENIED)) as operator:
        await open_logs(operator, "files.example.net")
        await operator.press("k")
        await operator.until(lambda: "no route names files.example.net" in operator.text("#log-strip"))
        await operator.press("u")
        assert operator.desk.deeds == []


@pytest.mark.parametrize(
    ("role", "steps", "event"),
    [
        ("pipelock", 1, {"event": "blocked", "scanner": "body_dlp", "method": "POST", "target": "api.example.com:443"}),
        ("supervise", 2, {"event": "decision_read", "id": ASKED, "status": "approved"}),
    ],
)
async def test_a_line_of_every_sidecar_leads_to_the_grant_behind_it(
    sit: Sit, role: str, steps: int, event: dict[str, object]
) -> None:
    desk = Desk(logs={role: [parse("docs", role, json.dumps({**event, "time": "2026-03-04T12:40:01Z"}))]})  # type: ignore[arg-type]
    async with sit(desk, size=(100, 40)) as operator:
        await operator.press("4")
        for _ in range(steps):
            await operator.press("right_square_bracket")
        await operator.until(lambda: "12:40:01" in operator.text(f"#log-{role}"))
        await operator.press("enter")
        await operator.until(lambda: "release notes" in operator.text("#page"))
        await operator.press("escape")
        await operator.until(lambda: "/repos/acme/" in operator.text("#log-strip"))
        await operator.press("u")
        await operator.until(lambda: operator.called("revoke"))
        assert operator.called("revoke") == [("revoke", "docs", ASKED)]


async def test_a_line_that_is_about_none_of_them_says_why_and_u_does_nothing(sit: Sit) -> None:
    desk = Desk(logs={"egress": [parse("docs", "egress", "Traceback (most recent call last):")]})
    async with sit(desk, size=(100, 40)) as operator:
        await operator.press("4")
        await operator.until(lambda: "Traceback" in operator.text("#log-egress"))
        await operator.press("f")
        assert "plain text: it names no request, proposal or host" in operator.text("#log-strip")
        await operator.press("u")
        await operator.press("enter")
        await operator.until(lambda: "plain text: it names" in operator.text("#page"))
        assert operator.desk.deeds == []


async def test_search_marks_and_n_and_N_jump_round_the_ends(sit: Sit) -> None:
    async with sit(desk_of(*(said(number) for number in range(60)))) as operator:
        pane = await open_logs(operator, "host-59.test")
        await operator.press("s")
        await operator.type("-", "7", ".", "enter")
        assert "host-7.test" in operator.text("#log-egress") and pane.line_at_cursor == said(7)
        await operator.press("s")
        await operator.type(*["backspace"] * 3, "t", "-", "5", "enter")
        seen = [pane.line_at_cursor.facts["host"]]
        for key in ("n", "n", "N", "N", "N"):
            await operator.press(key)
            seen.append(pane.line_at_cursor.facts["host"])
        assert seen == [f"host-{number}.test" for number in (5, 50, 51, 50, 5, 59)]
        await operator.press("escape")
        assert pane.search == ""


@pytest.mark.parametrize(
    ("keys", "left"),
    [("l", {"warn"}), ("i", {"denied"}), ("ii", {"allowed"}), ("iii", {"policy"})],
)
async def test_one_key_filters_by_level_and_by_decision(sit: Sit, keys: str, left: set[str]) -> None:
    loaded = parse("docs", "egress", '{"event": "routes_loaded", "routes": 2, "generation": 3, "digest": "sha256:1"}')
    async with sit(desk_of(said(1), DENIED, loaded)) as operator:
        await open_logs(operator, "generation 3")
        for key in keys:
            await operator.press(key)
        text = operator.text("#log-egress")
        expected = {
            "warn": "files.example.net",
            "denied": "files.example.net",
            "allowed": "host-1",
            "policy": "generation",
        }
        assert [words for words in ("host-1", "files.example.net", "generation") if words in text] == [
            expected[next(iter(left))]
        ]


async def test_h_filters_by_the_host_of_the_line_and_takes_it_away_again(sit: Sit) -> None:
    async with sit(desk_of(said(1), DENIED, said(3))) as operator:
        await open_logs(operator, "host-3.test")
        await operator.press("h")
        assert "pause on a line" in operator.text("#footer")
        for key in ("f", "k", "h"):
            await operator.press(key)
        assert "host-3" not in operator.text("#log-egress") and "files.example.net" in operator.text("#log-egress")
        assert "host:files.example.net" in operator.text("#log-tabs")
        await operator.press("h")
        assert "host-3" in operator.text("#log-egress")


async def test_the_filter_line_knows_level_decision_and_host(sit: Sit) -> None:
    async with sit(desk_of(said(1), DENIED, said(3))) as operator:
        pane = await open_logs(operator, "host-3.test")
        await operator.press("slash")
        await operator.type(*"host", "colon", *"host-1", "enter")
        assert str(pane.filter) == "host:host-1"
        assert "host-3" not in operator.text("#log-egress")


async def test_a_long_line_is_cut_or_wrapped_and_whole_on_its_own_page(sit: Sit) -> None:
    long = parse("docs", "egress", json.dumps({"event": "strange", "text": "x" * 900 + "END"}))
    async with sit(desk_of(said(1), long, said(2))) as operator:
        await open_logs(operator, "host-2.test")
        assert "END" not in operator.text("#log-egress")
        await operator.press("w")
        await operator.until(lambda: "more characters: enter" in operator.text("#log-egress"))
        for key in ("f", "k", "enter", "G"):
            await operator.press(key)
        assert "END" in operator.text("#page")


async def test_wrapped_the_newest_line_stands_at_the_bottom_and_the_cursor_stays_in_view(sit: Sit) -> None:
    lines = [said(number, path="/" + "y" * 300) for number in range(40)]
    async with sit(desk_of(*lines)) as operator:
        pane = await open_logs(operator, "host-39.test")
        await operator.press("w")
        assert operator.text("#log-egress").rstrip().endswith("y")
        assert "host-39.test" in operator.text("#log-egress")
        for _ in range(12):
            await operator.press("k")
        line = pane.line_at_cursor
        assert line is not None and str(line.facts["host"]) in operator.text("#log-egress")


async def test_a_megabyte_in_one_line_is_safe_in_every_tab(sit: Sit) -> None:
    raw = "\x1b]0;pwned\x07" + "z" * 1_000_000
    lines = [parse("docs", "egress", raw), parse("docs", "egress", '{"event": "denied", "host": "' + raw), said(5)]
    desk = Desk(logs={"egress": lines, "pipelock": [parse("docs", "pipelock", raw)]})
    async with sit(desk) as operator:
        pane = await open_logs(operator, "host-5.test")
        assert all(len(line.text) <= 16 * 1024 for line in pane.kept)
        for key in ("w", "d", "f", "k", "k", "enter", "escape", "right_square_bracket"):
            await operator.press(key)
        assert "\x1b" not in operator.screen_text()


async def test_a_burst_is_shown_or_counted_as_dropped_line_for_line(sit: Sit) -> None:
    count = 3 * QUEUED
    desk = desk_of(*(said(number) for number in range(count)))
    async with sit(desk) as operator:
        await operator.press("4")
        pane = operator.app.screen.query_one("#log-egress", LogPane)
        await operator.until(lambda: f"host-{count - 1}.test" in operator.text("#log-egress"))
        assert pane.came + pane.dropped == count
        assert len(pane.kept) == len(pane.shown) == KEPT
        if pane.dropped:
            assert f"{pane.dropped} dropped" in operator.text("#log-tabs")


async def test_paused_in_a_flood_what_one_reads_stays_and_what_comes_is_counted(sit: Sit) -> None:
    async with sit(Desk(), size=(120, 40)) as operator:
        await operator.press("4")
        pane = operator.app.screen.query_one("#log-egress", LogPane)
        pane.feed([said(number) for number in range(KEPT)])
        await operator.pilot.pause()
        for key in ("f", "k", "k"):
            await operator.press(key)
        before, line = operator.text("#log-egress"), pane.line_at_cursor
        for batch in range(40):
            pane.feed([said(KEPT + 1_000 * batch + number) for number in range(1_000)])
        await operator.pilot.pause()
        assert operator.text("#log-egress") == before and pane.line_at_cursor == line
        operator.app.screen.draw()
        assert f"{40_000 - 2 * KEPT} dropped  " in operator.text("#log-tabs")
        assert "‖ paused, 40000 new" in operator.text("#log-tabs")
        await operator.press("g")
        assert pane.line_at_cursor == said(0), "the oldest that was kept is still there"
        await operator.press("G")
        assert f"host-{KEPT + 39_999}.test" in operator.text("#log-egress")
        assert len(pane.kept) == len(pane.shown) == KEPT
        assert pane.came + pane.dropped == KEPT + 40_000


async def test_paused_one_goes_on_down_into_what_has_come_since(sit: Sit) -> None:
    async with sit(Desk(), size=(120, 40)) as operator:
        await operator.press("4")
        pane = operator.app.screen.query_one("#log-egress", LogPane)
        pane.feed([said(1), said(2)])
        await operator.press("f")
        pane.feed([said(3)])
        await operator.press("j")
        assert pane.line_at_cursor == said(3) and not pane.follow
        await operator.press("j")
        assert pane.follow and [line.facts["host"] for line in pane.kept] == [f"host-{n}.test" for n in (1, 2, 3)]


def test_paused_the_memory_is_bounded_by_lines_and_by_their_length() -> None:
    long = parse("docs", "egress", "w" * 16_000)
    memory = Memory()
    memory.follow([long] * 1_000, None)
    memory.wait([long] * 5_000, None)
    held = [*memory.kept, *memory._waiting.lines]
    assert sum(len(line.text) for line in held) <= 3 * KEPT_CHARACTERS
    assert len(held) + memory.missed == 5_000 + KEPT_CHARACTERS // 16_000
    assert memory.resume(None) > 0
    assert sum(len(line.text) for line in memory.kept) <= KEPT_CHARACTERS


def test_a_queue_that_nobody_empties_is_bounded_and_counts_what_it_dropped() -> None:
    desk = desk_of(*(said(number) for number in range(QUEUED + 1_234)))
    heard: list[LogLine] = []
    follower = Follower(desk.services(), "docs", "egress", heard=heard.append)
    for line in list(desk.logs["egress"]):
        follower._put(line)
    taken, dropped = follower.take(10 * QUEUED)
    assert (len(taken), dropped, len(heard)) == (QUEUED, 1_234, QUEUED + 1_234)
    assert follower.take() == ([], 0)


def test_a_sidecar_that_could_not_be_followed_at_first_still_shows_what_it_said_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = desk_of(said(1))
    tails: list[int] = []

    def follow(slug: str, role: str, tail: int) -> ScriptedStream:
        tails.append(tail)
        if len(tails) == 1:
            raise SidecarUnreachable("egress of docs is down")
        if len(tails) == 3:
            follower.stop()
        return ScriptedStream([said(1)], ends=True)

    monkeypatch.setattr(desk, "follow", follow)
    follower = Follower(desk.services(), "docs", "egress")
    monkeypatch.setattr(follower._stop, "wait", lambda _: None)
    follower._run()
    assert tails == [200, 200, 0]


def test_long_lines_are_bounded_by_their_length_in_the_queue_and_in_the_pane() -> None:
    long = parse("docs", "egress", "w" * 16_000)
    follower = Follower(Desk().services(), "docs", "egress")
    for _ in range(1_000):
        follower._put(long)
    taken, dropped = follower.take(10_000)
    assert len(taken) + dropped == 1_000 and sum(len(line.text) for line in taken) <= CHARACTERS
    pane = LogPane()
    pane.feed([long] * 1_000)
    assert sum(len(line.text) for line in pane.kept) <= KEPT_CHARACTERS
    assert pane.came == 1_000 and len(pane.shown) == len(pane.kept)


async def test_the_merged_tab_begins_with_what_was_said_before_by_time_and_not_sidecar_by_sidecar(sit: Sit) -> None:
    desk = desk_of(*(said(number, time=f"2026-03-04T12:40:{number:02d}Z") for number in (1, 4, 7)))
    words = {"event": "config_reload", "status": "success", "config_hash": "77aa" * 16}
    for role, second in (("pipelock", 2), ("supervise", 5)):
        desk.logs[role] = [
            parse("docs", role, json.dumps({**words, "time": f"2026-03-04T12:40:{second:02d}Z"})),
            parse("docs", role, f"{role} without a time"),
        ]
    follow, late = desk.follow, Event()

    def slow(slug: str, role: str, tail: int) -> ScriptedStream:
        if role == "pipelock":
            late.wait(5)
        return follow(slug, role, tail)  # type: ignore[arg-type]

    desk.follow = slow  # type: ignore[assignment, method-assign]
    async with sit(desk, size=(120, 40)) as operator:
        await operator.press("4")
        await operator.until(lambda: "host-7.test" in operator.text("#log-egress"))
        late.set()
        merged = operator.app.screen.query_one("#log-all", LogPane)
        await operator.until(lambda: len(merged.kept) == 7)
        told = [(line.sidecar, (line.event or {}).get("time", "")[-3:-1]) for line in merged.kept]
        assert told == [
            ("egress", "01"), ("pipelock", "02"), ("pipelock", ""), ("egress", "04"),
            ("supervise", "05"), ("supervise", ""), ("egress", "07"),
        ]  # fmt: skip


async def test_the_merged_tab_says_which_sidecars_are_silent(sit: Sit) -> None:
    desk = desk_of(said(1))
    follow = desk.follow

    def partly(slug: str, role: str, tail: int) -> ScriptedStream:
        if role == "pipelock":
            raise SidecarUnreachable("pipelock of docs is down")
        return follow(slug, role, tail)  # type: ignore[arg-type]

    desk.follow = partly  # type: ignore[assignment, method-assign]
    async with sit(desk) as operator:
        await operator.press("4")
        await operator.press("left_square_bracket")

        def told() -> bool:
            operator.app.screen.draw()
            return "silent: pipelock" in operator.text("#log-tabs")

        await operator.until(told)
        await operator.until(lambda: "host-1.test" in operator.text("#log-all"))


async def test_a_click_opens_a_tab_a_view_or_puts_the_cursor_on_a_line_and_decides_nothing(sit: Sit) -> None:
    async with sit(desk_of(said(1), said(2), said(3))) as operator:
        pane = await open_logs(operator, "host-3.test")
        await operator.pilot.click("#log-egress", offset=(20, 1))
        assert pane.line_at_cursor == said(2)
        tabs = operator.text("#log-tabs")
        await operator.pilot.click("#log-tabs", offset=(tabs.index("supervise") + 1, 0))
        assert "[supervise]" in operator.text("#log-tabs")
        for name in ("History", "Routes", "Bottles", "Inbox"):
            await operator.pilot.click("#tabs", offset=(operator.text("#tabs").index(name) + 2, 0))
            assert name.lower() == operator.app.screen.NAME
        assert operator.desk.deeds == []
