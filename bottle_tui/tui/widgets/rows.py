"""The base of everything that is drawn: rows of styled spans, asserted to hold nothing that could draw by itself."""

from dataclasses import dataclass
from typing import ClassVar, get_args

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from bottle_tui.core.text import is_visible
from bottle_tui.tui.presentation.rows import Row, Style

STYLES: tuple[str, ...] = get_args(Style.__value__)


class UnsafeText(AssertionError):
    """A bug of ours: foreign text reached a widget without the sanitiser."""


def checked(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """The rows, refused when a span could move the cursor, hide, or reorder. Proven by test_foreign_text.py."""
    for line in rows:
        for span in line:
            if not is_visible(span.text):
                raise UnsafeText(repr(span.text))
    return rows


class Rows(Widget, can_focus=False):
    """Draws the rows it is given, from the top, one line each. Never reacts to the mouse by itself."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"rows--{style}" for style in STYLES}

    rows: reactive[tuple[Row, ...]] = reactive((), init=False, repaint=False)
    cursor: reactive[int | None] = reactive(None)
    """The row drawn as the selected one."""

    @dataclass
    class Resized(Message):
        """It has another size now: whoever fills it must fill it anew."""

        source: Widget

        @property
        def control(self) -> Widget:
            return self.source

    @dataclass
    class Picked(Message):
        """The mouse chose a row. It never decides."""

        source: Widget
        index: int

        @property
        def control(self) -> Widget:
            return self.source

    @dataclass
    class Clicked(Message):
        """The same, with the place in the row."""

        source: Widget
        x: int
        y: int

        @property
        def control(self) -> Widget:
            return self.source

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._styles: dict[str, RichStyle] = {}

    def validate_rows(self, rows: tuple[Row, ...]) -> tuple[Row, ...]:
        return checked(rows)

    def watch_rows(self, old: tuple[Row, ...], new: tuple[Row, ...]) -> None:
        """Only the lines that differ are painted again."""
        longest = max(len(old), len(new))
        changed = [y for y in range(longest) if old[y : y + 1] != new[y : y + 1]]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def notify_style_update(self) -> None:
        self._styles.clear()
        super().notify_style_update()

    def on_resize(self, event: events.Resize) -> None:
        self.post_message(self.Resized(self))

    def on_click(self, event: events.Click) -> None:
        self.post_message(self.Picked(self, event.y))
        self.post_message(self.Clicked(self, event.x, event.y))

    def style_of(self, name: str) -> RichStyle:
        """The theme's style for a span's style name."""
        if name not in self._styles:
            self._styles[name] = self.get_component_rich_style(f"rows--{name}")
        return self._styles[name]

    def line(self, index: int) -> Row:
        """The row to draw on a line."""
        return self.rows[index] if index < len(self.rows) else ()

    def is_under_cursor(self, index: int) -> bool:
        """Whether that row is drawn as the selected one."""
        return index == self.cursor

    def render_line(self, y: int) -> Strip:
        under = RichStyle(bgcolor=self.style_of("cursor").bgcolor) if self.is_under_cursor(y) else RichStyle()
        segments = [Segment(span.text, self.style_of(span.style) + under) for span in self.line(y)]
        return Strip(segments).adjust_cell_length(self.size.width, self.style_of("plain") + under)
