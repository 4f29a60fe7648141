"""`make screenshots`: pictures of the real app, for the README and for whoever changes how it looks."""

import asyncio
import os
import re
import time
from pathlib import Path

from tests.tui.scenes import SIZES, scene

FOLDER = Path(__file__).parent.parent / "screenshots"
STATES = (
    "inbox",
    "standing",
    "denied",
    "folded",
    "muted",
    "away",
    "batch",
    "confirm",
    "reason",
    "whole-card",
    "narrowed",
    "edit-form",
    "approved",
    "nothing-waits",
    "bottles",
    "routes",
    "provenance",
    "logs",
    "log-line",
    "history",
    "record",
    "help",
    "local",
)
LIGHT = ("inbox",)


async def shoot(name: str, size: tuple[int, int], theme: str = "bottle-dark") -> str:
    """One state as SVG, without the fonts that it would fetch."""
    app, act = scene(name)
    async with app.run_test(size=size) as pilot:
        app.theme = theme
        await act(pilot)
        svg = app.export_screenshot(title="bottle-tui")
    svg = re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)
    return svg.replace("<text ", '<text xml:space="preserve" ').replace("Fira Code", "ui-monospace, Fira Code")


async def main() -> None:
    """All states in all sizes."""
    FOLDER.mkdir(exist_ok=True)
    for name in STATES:
        for size in SIZES:
            path = FOLDER / f"{name}-{size[0]}x{size[1]}.svg"
            path.write_text(await shoot(name, size), encoding="utf-8")
            print(path.relative_to(FOLDER.parent))
    for name in LIGHT:
        path = FOLDER / f"{name}-light-80x24.svg"
        path.write_text(await shoot(name, (80, 24), "bottle-light"), encoding="utf-8")
        print(path.relative_to(FOLDER.parent))


if __name__ == "__main__":
    os.environ["TZ"] = "UTC"
    os.environ.pop("NO_COLOR", None)
    time.tzset()
    asyncio.run(main())
