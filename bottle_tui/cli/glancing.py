"""`status`: what the files on this machine say, at once and without an engine. `ps` asks the bottles themselves."""

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from bottle_tui.adapters.clock import SystemClock
from bottle_tui.adapters.home import DiskHome, default_root
from bottle_tui.cli.context import Context
from bottle_tui.cli.words import age
from bottle_tui.errors import BottleError
from bottle_tui.services import glance
from bottle_tui.services.glance import BottleGlance
from sidecar_addon.local import identity
from sidecar_addon.times import iso

if TYPE_CHECKING:
    from bottle_tui.ports import BottleHome

NOT_ON_DISK = "in a container; `bottle-tui ps` asks its engine"


def status(context: Context) -> int:
    """One line with --short, a document with --json, else a small table."""
    args, out, clock = context.args, context.out, SystemClock()
    found = glance.glance(DiskHome(default_root(os.environ)), clock, _alive)
    if out.as_json:
        out.document(_document(found))
    elif args.short:
        out.line(glance.line(found, plain=args.ascii or _plain()))
    elif not found.bottles:
        out.say("no bottles; `bottle-tui init` writes a manifest, `bottle-tui up` starts it")
    else:
        rows = [
            (
                each.slug,
                each.runtime,
                each.state,
                f"{each.waiting}{'' if each.known else '?'}",
                age(clock.now(), each.seen_at),
                _note(each),
            )
            for each in found.bottles
        ]
        out.table(("BOTTLE", "RUNTIME", "STATE", "WAITING", "SEEN", "NOTE"), rows)
    return 0


def _note(each: BottleGlance) -> str:
    if each.unconfirmed:
        return f"a quarantine was asked for, and nobody has confirmed it: `bottle-tui quarantine {each.slug}`"
    return NOT_ON_DISK if each.state == "recorded" else ""


def _document(found: glance.Glance) -> dict[str, Any]:
    return {
        "waiting": found.waiting,
        "known": found.known,
        "up": found.up,
        "quarantined": found.quarantined,
        "partial": found.partial,
        "bottles": [_row(each) for each in found.bottles],
    }


def _row(each: BottleGlance) -> dict[str, Any]:
    return {
        "slug": each.slug,
        "runtime": each.runtime,
        "state": each.state,
        "waiting": each.waiting,
        "known": each.known,
        "seen_at": iso(each.seen_at),
        "unconfirmed": each.unconfirmed,
    }


def _plain() -> bool:
    """Whether only ASCII may be printed: NO_UNICODE is set, or the stream could not take more."""
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    return bool(os.environ.get("NO_UNICODE")) or not encoding.startswith("utf")


def _alive(home: "BottleHome") -> bool:
    """Whether the process of a local bottle runs, by its id and start time."""
    try:
        data = home.read("local.json")
        value = json.loads(data) if data is not None else {}
        return identity.is_running(int(value["pid"]), str(value["start"]))
    except (BottleError, ValueError, KeyError, TypeError, RecursionError):
        return False
