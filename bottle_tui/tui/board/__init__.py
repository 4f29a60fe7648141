"""The board: everything the dashboard shows, as one value, and how it changes with what is heard. Pure."""

from bottle_tui.tui.board.moment import Board
from bottle_tui.tui.board.results import Result

__all__ = ["Board", "Result"]
