"""The dashboard: cold start against an empty Textual app."""

from tests.bench.report import Row


def rows() -> list[Row]:
    """Filled in once the dashboard is there."""
    return []
