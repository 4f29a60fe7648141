"""Bottles, logs, the palette, help, sizes: what an operator looks at."""

import json
from contextlib import nullcontext
from dataclasses import replace

import pytest
from textual.app import App
from textual.widgets import HelpPanel, KeyPanel

from bottle_tui.core.views import LogLine
from bottle_tui.services.logs import parse
from bottle_tui.tui.app import BottleApp
from bottle_tui.tui.board import Board
from bottle_tui.tui.dialogs.confirm import Confirm
from bottle_tui.tui.screens.logs import LogsView
from bottle_tui.tui.screens.view import View
from bottle_tui.tui.widgets.log_memory import KEPT
from bottle_tui.tui.widgets.log_pane import LogPane
from bottle_tui.tui.widgets.rows import Rows, UnsafeText
from tests.tui.conftest import Operator, Sit
from tests.tui.samples import Desk, bottles, card


def gate_line(number: int, event: str = "allowed") -> LogLine:
    said = {
        "event": event,
        "time": "2026-03-04T12:40:01Z",
        "method": "GET",
        "host": f"host-{number}.test",
        "path": "/x",
    }
    return parse("docs", "egress", json.dumps(said))


def logs_desk(count: int = 50, **more: list[LogLine]) -> Desk:
    return Desk(logs={"egress": [gate_line(number) for number in range(count)], **more})


async def test_the_views_are_on_their_keys_and_listed(sit: Sit) -> None:
    async with sit() as operator:
        for key, name in (("2", "bottles"), ("4", "logs"), ("1", "inbox"), ("3", "routes"), ("5", "history")):
            await operator.press(key)
            assert isinstance(operator.app.screen, View)
            assert name == operator.app.screen.NAME
        assert "3 Routes" in operator.text("#tabs").replace("  ", " ") and "5 History" in operator.text("#tabs")


async def test_a_key_that_decided_in_the_inbox_decides_nothing_elsewhere(sit: Sit) -> None:
    async with sit() as operator:
        await operator.press("2")
        for key in "ary":
            await operator.press(key)
        assert operator.desk.deeds == []
        assert "nothing here to decide" in operator.text("#footer")


async def test_a_decision_pending_while_the_view_changes_is_dropped(sit: Sit) -> None:
    async with sit() as operator:
        operator.wait(1)
        await operator.pilot.press("a")
        operator.app.action_view("bottles")
        await operator.pilot.pause()
        await operator.settle(1)
        assert operator.desk.deeds == []


async def test_X_quarantines_the_bottle_under_the_cursor(sit: Sit) -> None:
    async with sit() as operator:
        await operator.press("2")
        await operator.press("j")
        await operator.press("X")
        await operator.until(lambda: operator.called("quarantine"))
        assert operator.called("quarantine") == [("quarantine", "lab")]


async def test_with_nothing_waiting_X_cuts_off_the_only_bottle_and_of_several_asks_which(sit: Sit) -> None:
    async with sit(Desk(waiting=[], running=bottles()[:1])) as operator:
        await operator.press("X")
        await operator.until(lambda: operator.called("quarantine"))
        assert operator.called("quarantine") == [("quarantine", "docs")]
    async with sit(Desk(waiting=[])) as operator:
        await operator.press("X")
        assert operator.called("quarantine") == []
        assert "X: which bottle?" in operator.text("#footer")


async def test_esc_takes_the_help_away_before_anything_else(sit: Sit) -> None:
    async with sit() as operator:
        await operator.press("enter")
        await operator.press("question_mark")
        assert operator.app.screen.query("HelpPanel")
        await operator.press("escape")
        assert not operator.app.screen.query("HelpPanel")
        assert operator.app.screen.pane.zoomed
        await operator.press("escape")
        assert not operator.app.screen.pane.zoomed


async def test_before_the_first_answer_nothing_is_said_as_a_fact(sit: Sit) -> None:
    async with sit() as operator:
        board = Board(operator.desk.clock())
        for view in operator.app.views.values():
            view.board = board
        await operator.pilot.pause()
        said = operator.text("#title") + operator.text("#card")
        assert "? waiting" in said and "Asking what waits" in said
        assert "Nothing waits" not in said and "No bottle" not in said


async def test_a_foreign_bottle_is_only_looked_at(sit: Sit) -> None:
    foreign = replace(bottles()[0], slug="zoo", state="foreign", note="not made from this home")
    async with sit(Desk(running=[foreign])) as operator:
        await operator.press("2")
        assert "foreign" in operator.text("#bottles")
        assert "no bottle runs" in operator.text("#title")
        await operator.press("X")
        await operator.press("enter")
        assert operator.desk.deeds == []


async def test_enter_on_a_bottle_says_so_when_the_terminal_cannot_be_handed_over(sit: Sit) -> None:
    async with sit() as operator:
        await operator.press("2")
        await operator.press("enter")
        assert "cannot be handed over" in operator.text("#footer")


async def test_the_logs_follow_each_sidecar_and_all_of_them_together(sit: Sit) -> None:
    supervise = [parse("docs", "supervise", '{"event": "waiting", "id": "01XXXXXX"}')]
    async with sit(logs_desk(supervise=supervise)) as operator:
        await operator.press("4")
        await operator.until(lambda: "host-49.test" in operator.text("#log-egress"))
        assert {call[2] for call in operator.called("follow")} == {"egress", "pipelock", "supervise"}
        await operator.press("right_square_bracket")
        await operator.press("right_square_bracket")
        assert "the agent waits for …XXXXXX" in operator.text("#log-supervise")
        await operator.press("right_square_bracket")
        assert "[all]" in operator.text("#log-tabs")
        assert "supervise" in operator.text("#log-all")


async def open_logs(operator: Operator) -> LogPane:
    await operator.press("4")
    await operator.until(lambda: "host-49.test" in operator.text("#log-egress"))
    return operator.app.screen.query_one("#log-egress", LogPane)


async def test_paused_the_log_stays_and_the_newest_line_follows_again(sit: Sit) -> None:
    async with sit(logs_desk()) as operator:
        pane = await open_logs(operator)
        await operator.press("k")
        before = operator.text("#log-egress")
        assert "paused" in operator.text("#log-tabs")
        pane.feed([gate_line(900)])
        assert operator.text("#log-egress") == before
        await operator.press("G")
        assert "host-900.test" in operator.text("#log-egress")
        assert "following" in operator.text("#log-tabs")
        await operator.press("g")
        assert "host-0.test" in operator.text("#log-egress")
        await operator.press("f")
        assert "following" in operator.text("#log-tabs")


async def test_the_filter_shows_only_lines_with_the_words(sit: Sit) -> None:
    async with sit(logs_desk()) as operator:
        await open_logs(operator)
        await operator.press("slash")
        await operator.type("t", "-", "7", ".", "enter")
        lines = [line for line in operator.text("#log-egress").splitlines() if line.strip()]
        assert len(lines) == 1 and "host-7.test" in lines[0]
        await operator.press("escape")
        assert "host-49.test" in operator.text("#log-egress")


async def test_memory_is_bounded_and_dropped_lines_are_said(sit: Sit) -> None:
    async with sit(logs_desk()) as operator:
        pane = await open_logs(operator)
        pane.feed([gate_line(number) for number in range(KEPT + 500)], dropped=12)
        operator.app.screen.draw()
        assert len(pane.kept) == len(pane.shown) == KEPT
        assert "12 dropped" in operator.text("#log-tabs")
        await operator.press("k")
        first = operator.text("#log-egress").splitlines()[0]
        pane.feed([gate_line(number) for number in range(3)])
        assert operator.text("#log-egress").splitlines()[0] == first


async def test_raw_lines_can_be_read_and_the_next_bottle_followed(sit: Sit) -> None:
    async with sit(logs_desk()) as operator:
        await open_logs(operator)
        await operator.press("d")
        assert '"event": "allowed"' in operator.text("#log-egress")
        await operator.press("b")
        assert "lab" in operator.text("#log-tabs")
        view = operator.app.screen
        assert isinstance(view, LogsView) and {stream.slug for stream in view.streams.values()} == {"lab"}


async def test_a_view_opens_on_the_bottle_that_was_looked_at_last(sit: Sit) -> None:
    heads = {"3": "#routes-head", "4": "#log-tabs", "5": "#history-head"}
    async with sit(logs_desk()) as operator:
        await operator.press("j")
        asking = operator.app.board.open_card.slug
        assert asking != operator.app.board.running[0]
        for key, head in heads.items():
            await operator.press(key)
            assert operator.text(head).split()[0] == asking
        await operator.press("b")
        following = operator.text("#history-head").split()[0]
        assert following != asking
        for key in "34":
            await operator.press(key)
            assert operator.text(heads[key]).split()[0] == following
        await operator.press("2")
        assert operator.app.screen.bottle == following
        await operator.press("j")
        chosen = operator.app.screen.bottle
        await operator.press("5")
        assert chosen != following and operator.text("#history-head").split()[0] == chosen


async def test_the_key_to_the_next_bottle_is_named_where_there_is_one(sit: Sit) -> None:
    async with sit(logs_desk(), size=(80, 24)) as operator:
        for key in "345":
            await operator.press(key)
            assert "b next bottle" in operator.text("#footer")
    async with sit(Desk(waiting=[], running=bottles()[:1]), size=(80, 24)) as operator:
        await operator.press("4")
        assert "next bottle" not in operator.text("#footer")


async def test_a_sidecar_that_cannot_be_followed_says_why(sit: Sit) -> None:
    from bottle_tui.errors import SidecarUnreachable

    desk = Desk()

    def refused(slug: str, role: str, tail: int) -> object:
        raise SidecarUnreachable("egress of docs is down")

    desk.follow = refused  # type: ignore[assignment, method-assign]
    async with sit(desk) as operator:
        await operator.press("4")

        def said() -> bool:
            operator.app.screen.draw()
            return "egress of docs is down" in operator.text("#log-tabs")

        await operator.until(said)


@pytest.mark.parametrize("size", [(60, 24), (80, 24), (120, 40), (200, 50)])
async def test_every_view_fits_every_size(sit: Sit, size: tuple[int, int]) -> None:
    async with sit(logs_desk(), size=size) as operator:
        for key in "12345":
            await operator.press(key)
            text = operator.screen_text()
            assert "docker here" in text and "q quit" in text
        await operator.press("1")
        text = operator.screen_text()
        for words in (
            "HOST",
            "METHOD",
            "PAY_KEY will be sent",
            "every path of api.example.net",
            "CHANGE",
            "Posting the inv",
        ):
            assert words in text


@pytest.mark.parametrize("size", [(59, 24), (80, 23), (20, 5)])
async def test_a_terminal_that_is_too_small_says_so_in_one_line_and_decides_nothing(
    sit: Sit, size: tuple[int, int]
) -> None:
    async with sit(size=size) as operator:
        text = operator.screen_text()
        assert "bottle-tui needs 60×24"[: size[0] - 1] in text
        assert "HOST" not in text
        for key in "aruX":
            await operator.press(key)
        assert operator.desk.deeds == []


async def test_a_resize_lays_out_anew_and_disarms_for_a_moment(sit: Sit) -> None:
    async with sit(Desk(waiting=[card()]), size=(80, 24)) as operator:
        await operator.pilot.pause()
        operator.wait(5)
        await operator.pilot.resize_terminal(150, 40)
        await operator.pilot.pause()
        await operator.pilot.press("a")
        await operator.settle(0.2)
        assert operator.desk.deeds == []
        assert operator.app.screen.has_class("-wide")
        await operator.press("a")
        await operator.until(lambda: operator.called("approve"))


async def test_a_deciding_action_from_the_palette_asks_for_a_y(sit: Sit) -> None:
    async with sit(Desk(waiting=[card()])) as operator:
        view = operator.app.screen
        names = [command.title for command in operator.app.get_system_commands(view)]
        assert any(name.startswith("approve") for name in names) and any(
            name.startswith("whole diff") for name in names
        )
        approve = next(c for c in operator.app.get_system_commands(view) if c.title.startswith("approve"))
        approve.callback()
        await operator.pilot.pause()
        assert isinstance(operator.app.screen, Confirm)
        assert operator.desk.deeds == []
        await operator.press("y")
        await operator.until(lambda: operator.called("approve"))


@pytest.mark.parametrize("key", ["enter", "S"])
async def test_a_read_only_dashboard_joins_nobodys_terminal(sit: Sit, key: str) -> None:
    async with sit(read_only=True) as operator:
        operator.app.suspend = nullcontext  # type: ignore[assignment, method-assign]
        await operator.press("2")
        await operator.press(key)
        assert "read-only: bottle-tui attach docs" in operator.text("#footer")


async def test_release_is_in_the_palette_and_asks_for_a_y(sit: Sit) -> None:
    async with sit() as operator:
        await operator.press("2")
        release = next(
            c for c in operator.app.get_system_commands(operator.app.screen) if c.title.startswith("release")
        )
        release.callback()
        await operator.pilot.pause()
        await operator.press("y")
        await operator.until(lambda: operator.called("release"))
        assert operator.called("release") == [("release", "docs")]


async def test_the_help_panel_names_the_keys_of_the_view(sit: Sit) -> None:
    async with sit(size=(120, 40)) as operator:
        await operator.press("question_mark")
        assert operator.app.screen.query(HelpPanel)
        await operator.press("question_mark")
        assert not operator.app.screen.query(HelpPanel)


async def test_a_widget_refuses_text_that_was_not_sanitised() -> None:
    class Careless(App[None]):
        def compose(self):  # type: ignore[no-untyped-def]
            yield Rows(id="rows")

    app = Careless()
    async with app.run_test():
        from bottle_tui.tui.presentation.rows import Span

        with pytest.raises(UnsafeText):
            app.query_one("#rows", Rows).rows = ((Span("\x1b]0;pwned\x07"),),)


async def test_the_agents_are_told_that_somebody_watches(sit: Sit) -> None:
    async with sit() as operator:
        await operator.until(lambda: operator.called("watched"))


async def test_an_approval_is_followed_to_the_agents_retry(sit: Sit) -> None:
    desk = Desk(waiting=[card()])
    desk.decided = {card().id: card(status="approved", delivery="retry passed (200)")}
    async with sit(desk) as operator:
        await operator.press("a")
        await operator.until(lambda: "retry passed (200)" in operator.text("#result"))
        assert "in force, proven · retry passed (200)" in operator.text("#result")


async def test_a_new_ask_is_listed_at_once_when_supervise_says_so(sit: Sit) -> None:
    desk = Desk(waiting=[])
    async with sit(desk) as operator:
        operator.app.conduct.reader.pause = 600.0
        await operator.pilot.pause(0.2)
        desk.waiting = [card()]
        for asks, _ in operator.app.conduct.nudges._followers.values():
            asks._put(parse("docs", "supervise", '{"event": "proposal_filed", "id": "01XXXXXX"}'))
        await operator.until(lambda: operator.app.board.open_card)


@pytest.mark.parametrize("theme", ["bottle-dark", "bottle-light", "ansi-dark", "ansi-light"])
async def test_every_theme_draws_every_view(sit: Sit, theme: str) -> None:
    async with sit(logs_desk()) as operator:
        operator.app.theme = theme
        for key in "12345":
            await operator.press(key)
        assert "docker here" in operator.screen_text()


def test_every_binding_has_an_id_a_description_and_a_tooltip() -> None:
    from textual.binding import Binding

    from bottle_tui.tui.dialogs.find import Find
    from bottle_tui.tui.dialogs.reading import Reading
    from bottle_tui.tui.dialogs.reason import Reason
    from bottle_tui.tui.screens import VIEWS

    seen: list[str] = []
    for owner in (BottleApp, View, *VIEWS, Confirm, Find, Reading, Reason):
        for binding in owner.__dict__.get("BINDINGS", ()):
            assert isinstance(binding, Binding)
            assert binding.id and binding.description and binding.tooltip, binding
            seen.append(binding.id)
    assert len(seen) == len(set(seen))


async def test_a_deciding_key_can_be_moved_and_the_old_one_then_does_nothing(sit: Sit) -> None:
    async with sit(Desk(waiting=[card()])) as operator:
        operator.app.sentry.rebind({"approve": "z"})
        await operator.press("a")
        assert operator.desk.deeds == []
        await operator.press("z")
        await operator.until(lambda: operator.called("approve"))


async def test_the_palette_names_only_what_this_app_can_do(sit: Sit) -> None:
    async with sit(Desk()) as operator:
        app = operator.app
        titles = [command.title for command in app.get_system_commands(app.screen)]
        assert "Theme" in titles and "approve (a)" in titles
        assert not {"Screenshot", "Keys", "Quit", "Maximize"} & set(titles)
        assert {"help (?)", "quit (q)"} <= set(titles)


async def test_the_help_is_scrolled_by_the_page_keys(sit: Sit) -> None:
    async with sit(Desk(), size=(80, 24)) as operator:
        await operator.press("question_mark")
        panel = operator.app.screen.query_one(KeyPanel)
        await operator.until(lambda: panel.max_scroll_y > 0)
        await operator.press("pagedown")
        await operator.until(lambda: panel.scroll_y > 0)
        await operator.press("pageup")
        await operator.until(lambda: panel.scroll_y == 0)
