"""The board: everything the dashboard shows, as one value, and how it changes with what is heard. Pure."""

from bottle_tui.tui.board.moment import UNREAD, Board, Result

__all__ = ["UNREAD", "Board", "Result"]
