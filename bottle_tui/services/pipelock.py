"""Pipelock's lists: shown as they were confirmed, and the operator's extra part of them changed."""

from typing import Any

from bottle_tui.core import mirror
from bottle_tui.core.operations import EditPipelock
from bottle_tui.core.views import Card, Outcome
from bottle_tui.ports import World
from bottle_tui.services import operate, session


def show(world: World, slug: str) -> dict[str, Any]:
    """`{slug, config_hash, hosts, passthrough, extra: {hosts, passthrough}}`, as last confirmed."""
    live = session.live(session.opened(world, slug).home)
    extra = live.state.extra
    return {
        "slug": slug,
        "config_hash": mirror.config_hash(live.config),
        "hosts": list(live.mirrored.hosts),
        "passthrough": list(live.mirrored.passthrough),
        "extra": {"hosts": list(extra.hosts), "passthrough": list(extra.passthrough)},
    }


def text(world: World, slug: str) -> str:
    """The extra lists as block YAML, as `$EDITOR` gets them."""
    extra = session.live(session.opened(world, slug).home).state.extra
    head = "# Hosts that pipelock lets through, or does not scan, beside those of the routes.\n"
    return head + mirror.render_extra(extra).decode()


def editing(world: World, edited: str) -> EditPipelock:
    """The operation for `routes.preview` and `routes.carry_out`."""
    return EditPipelock(session.fresh_id(world), edited)


def preview(world: World, slug: str, edited: str) -> Card:
    """The change as a card. Raises InvalidFile, Conflict."""
    return operate.preview(world, slug, editing(world, edited))


def edit(world: World, slug: str, edited: str, *, digest: str | None = None, acknowledged: bool = False) -> Outcome:
    """Put the edited lists in force."""
    return operate.carry_out(world, slug, editing(world, edited), digest, acknowledged=acknowledged)
