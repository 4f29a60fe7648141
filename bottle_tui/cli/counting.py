"""Traffic is counted by whoever is there; after what was asked for has been done and printed, and never for long."""

from collections.abc import Iterable

from bottle_tui.cli.context import Context

SECONDS = 0.3
"""What a command ends later at the most; what is not counted by then the next one counts."""


def count(context: Context, slugs: Iterable[str]) -> None:
    """All at once."""
    from bottle_tui.services import traffic

    traffic.aside(context.world, slugs).settled(SECONDS)
