"""What the views that look call: routes, provenance, history; plain callables, so that tests put others there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bottle_tui.core.deeds import Deed
from bottle_tui.core.listing import Listing
from bottle_tui.core.operations import Operation
from bottle_tui.core.provenance import Provenance
from bottle_tui.core.rollup import Gap, Row
from bottle_tui.core.views import Card, Outcome
from bottle_tui.services.history import Record
from sidecar_addon.table import Grant


@dataclass(frozen=True)
class Counted:
    """Traffic of one bottle since a moment."""

    slug: str
    rows: tuple[Row, ...]
    gaps: tuple[Gap, ...]
    remark: str = ""


@dataclass(frozen=True)
class Looks:
    """Everything here may block; it is called in workers only."""

    slugs: Callable[[], list[str]]
    """Every bottle of which anything is kept, also those that are down."""
    routes: Callable[[str], Listing]
    revoke: Callable[[str, str, Grant | None], Outcome]
    """Slug, a grant's id, and the grant as it was shown, where its rules were."""
    of_grant: Callable[[str, str], Provenance]
    of_event: Callable[[str, Mapping[str, Any]], Provenance]
    """Of an event of the gate's about a request, or what else a log line is about."""
    traffic_of: Callable[[str, str], tuple[Row, ...]]
    traffic: Callable[[str, datetime | None, str | None], Counted]
    deeds: Callable[[str], tuple[Deed, ...]]
    """What the ledger tells, newest first."""
    record: Callable[[str, int], Record]
    """One record of it, whole."""
    patch: Callable[[str], str]
    """What was approved, as a patch to the manifest."""
    routes_text: Callable[[str], str]
    pipelock_text: Callable[[str], str]
    routes_edited: Callable[[str], Operation]
    pipelock_edited: Callable[[str], Operation]
    preview: Callable[[str, Operation], Card]
    carry_out: Callable[[str, Operation, str, bool], Outcome]
    """Slug, operation, the digest that was shown, and whether a `y` was given for its dangers."""
