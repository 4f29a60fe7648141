"""Editing routes and pipelock's lists: the editor gets the text, what comes back is a card, `a` applies it."""

import shlex
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from bottle_tui.core.operations import Operation
from bottle_tui.core.views import Card, Outcome
from bottle_tui.errors import InvalidFile, Stale
from bottle_tui.tui.dialogs.confirm import Confirm
from bottle_tui.tui.dialogs.reading import Reading
from tests.tui.conftest import Operator, Sit
from tests.tui.samples import Desk


@pytest.fixture
def typing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An editor that leaves these texts, one after the other; returns what it was given."""
    given: list[str] = []

    def types(*texts: str | None) -> list[str]:
        script, log = tmp_path / "editor.py", tmp_path / "given"
        for number, text in enumerate(texts):
            if text is not None:
                (tmp_path / f"{number}.text").write_text(text)
        script.write_text(
            "import pathlib, sys\n"
            f"home, log = pathlib.Path({str(tmp_path)!r}), pathlib.Path({str(log)!r})\n"
            "before = log.read_text() if log.exists() else ''\n"
            "path = pathlib.Path(sys.argv[1])\n"
            "log.write_text(before + path.read_text() + chr(0))\n"
            "next_text = home / f'{before.count(chr(0))}.text'\n"
            "if next_text.exists(): path.write_text(next_text.read_text())\n"
        )
        monkeypatch.setenv("EDITOR", f"{shlex.quote(sys.executable)} {shlex.quote(str(script))}")
        monkeypatch.delenv("VISUAL", raising=False)
        given.append(str(log))
        return given

    return types


async def edit(operator: Operator, key: str = "e") -> None:
    """In the routes; the headless terminal is handed over as a real one would be."""
    operator.app.suspend = nullcontext  # type: ignore[assignment, method-assign]
    await operator.press("3")
    await operator.until(lambda: "api.example.com" in operator.text("#routes"))
    await operator.press(key)


async def test_what_comes_back_is_a_card_with_risks_and_change_and_a_applies_it(sit: Sit, typing) -> None:
    given = typing("routes:\n- host: new.example.com\n")
    async with sit() as operator:
        await edit(operator)
        await operator.until(lambda: "new.example.com" in operator.text("#route"))
        text = operator.text("#route")
        assert text.index("every path of new.example.com") < text.index("+ - host: new.example.com")
        assert Path(given[0]).read_text() == "routes: []\n\0"
        assert operator.desk.deeds == []
        await operator.press("a")
        await operator.until(lambda: operator.called("carry_out"))
        assert operator.called("carry_out") == [("carry_out", "docs", "routes edit", "sha256:ed17", "False")]
        await operator.until(lambda: "routes edit: in force, proven" in operator.text("#result"))
        assert "api.example.com" in operator.text("#routes")


async def test_pipelocks_lists_go_the_same_way(sit: Sit, typing) -> None:
    typing("hosts: [new.example.com]\n")
    async with sit() as operator:
        await edit(operator, "E")
        await operator.until(lambda: "pipelock edit for docs" in operator.text("#route"))
        await operator.press("a")
        await operator.until(lambda: operator.called("carry_out"))
        assert operator.called("carry_out")[0][2] == "pipelock edit"


async def test_esc_leaves_the_change_and_a_then_does_nothing(sit: Sit, typing) -> None:
    typing("routes:\n- host: new.example.com\n")
    async with sit() as operator:
        await edit(operator)
        await operator.until(lambda: "new.example.com" in operator.text("#route"))
        await operator.press("escape")
        await operator.press("a")
        assert operator.desk.deeds == []
        assert "api.example.com" in operator.text("#routes")


async def test_the_same_text_changes_nothing_and_says_so(sit: Sit, typing) -> None:
    typing(None)
    async with sit() as operator:
        await edit(operator)
        await operator.until(lambda: "nothing is changed" in operator.text("#footer"))


async def test_a_text_that_is_refused_says_why_and_is_kept_to_be_gone_on_with(sit: Sit, typing) -> None:
    given = typing("routes: [oops\n", "routes:\n- host: new.example.com\n")
    desk = Desk()
    preview = desk.look.preview

    def strict(slug: str, operation: Operation) -> Card:
        if "oops" in operation.text:  # type: ignore[union-attr]
            raise InvalidFile("is no YAML", file="routes", place="line 1")
        return preview(slug, operation)

    desk.look.preview = strict  # type: ignore[method-assign]
    async with sit(desk, size=(120, 40)) as operator:
        await edit(operator)
        await operator.until(lambda: "is no YAML" in operator.text("#footer"))
        await operator.press("e")
        await operator.until(lambda: "new.example.com" in operator.text("#route"))
        assert Path(given[0]).read_text() == "routes: []\n\0routes: [oops\n\0"


@pytest.mark.parametrize("raises", [True, False])
async def test_a_change_that_is_not_applied_is_kept_to_be_gone_on_with(sit: Sit, typing, raises: bool) -> None:
    edited = "routes:\n- host: new.example.com\n"
    given = typing(edited, None)
    desk = Desk()

    def stale(slug: str, operation: Operation, digest: str, acknowledged: bool) -> Outcome:
        if raises:
            raise Stale("the table has changed since it was shown")
        return Outcome(operation.id, slug, "failed", False, "not in force: put back", exit_code=5)

    desk.look.carry_out = stale  # type: ignore[method-assign]
    async with sit(desk, size=(120, 40)) as operator:
        await edit(operator)
        await operator.until(lambda: "new.example.com" in operator.text("#route"))
        await operator.press("a")
        await operator.until(lambda: "the same key goes on with your text" in operator.text("#footer"))
        assert ("has changed" if raises else "put back") in operator.text("#result")
        await operator.press("e")
        await operator.until(lambda: Path(given[0]).read_text().count("\0") == 2)
        assert Path(given[0]).read_text() == f"routes: []\n\0{edited}\0"


async def test_a_danger_asks_for_a_y(sit: Sit, typing) -> None:
    typing("routes:\n- host: new.example.com\n")
    desk = Desk()
    desk.look.danger = True
    async with sit(desk) as operator:
        await edit(operator)
        await operator.until(lambda: "known drop" in operator.text("#route"))
        await operator.press("a")
        assert isinstance(operator.app.screen, Confirm) and operator.called("carry_out") == []
        await operator.press("y")
        await operator.until(lambda: operator.called("carry_out"))
        assert operator.called("carry_out")[0][-1] == "True"


async def test_a_key_that_comes_with_the_card_applies_nothing(sit: Sit, typing) -> None:
    typing("routes:\n- host: new.example.com\n")
    async with sit() as operator:
        await edit(operator)
        await operator.until(lambda: "new.example.com" in operator.text("#route"))
        await operator.pilot.press("a")
        await operator.settle(0.3)
        assert operator.called("carry_out") == []


async def test_where_the_terminal_cannot_be_handed_over_it_says_so(sit: Sit) -> None:
    async with sit() as operator:
        await operator.press("3")
        await operator.until(lambda: "api.example.com" in operator.text("#routes"))
        await operator.press("e")
        await operator.until(lambda: "elsewhere: bottle-tui routes edit docs" in operator.text("#footer"))


async def test_from_another_view_the_palette_leads_to_the_editor(sit: Sit, typing) -> None:
    typing("routes:\n- host: new.example.com\n")
    async with sit() as operator:
        operator.app.suspend = nullcontext  # type: ignore[assignment, method-assign]
        await operator.press("5")
        commands = operator.app.get_system_commands(operator.app.screen)
        next(each for each in commands if each.title == "Edit routes").callback()
        await operator.until(lambda: operator.app.screen.NAME == "routes" and "new.example" in operator.text("#route"))


async def test_read_only_opens_no_editor(sit: Sit) -> None:
    async with sit(read_only=True) as operator:
        await operator.press("3")
        await operator.press("e")
        assert "read-only" in operator.text("#footer")


async def test_c_copies_what_was_approved_as_a_patch_and_shows_it(sit: Sit) -> None:
    async with sit() as operator:
        await operator.press("3")
        await operator.press("c")
        await operator.until(lambda: isinstance(operator.app.screen, Reading))
        assert "+    - host: pay.example.net" in operator.text("#page")
        assert operator.app.clipboard.startswith("--- a/bottle.yaml")
