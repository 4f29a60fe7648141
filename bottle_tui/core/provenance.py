"""Where a grant comes from: which proposal or manifest brought it, who decided, when and why. Plain values; pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sidecar_addon.table import Grant

type Source = Literal["proposal", "operator", "manifest", "always", "asked", "none", "unknown"]


@dataclass(frozen=True)
class Provenance:
    """One grant's way. `source` "none": no grant decided the event, "asked": no grant came of the ask; see `line`."""

    slug: str
    grant: str
    source: Source
    line: str
    """One sentence for people, without the agent's words."""
    host: str = ""
    route: str = ""
    """The route that it stands on, "" once it is gone."""
    rules: str = ""
    in_table: bool = False
    proposal: str | None = None
    asked_by: str = ""
    """The agent program's own name for itself (foreign), or the operator's."""
    asked_at: datetime | None = None
    decided_by: str = ""
    decided_at: datetime | None = None
    words: str = ""
    """Why the agent wanted it: foreign text."""
    reason: str | None = None
    """What was said when it was decided or ended."""
    edited: bool = False
    """Whether the operator changed what was asked."""
    lasts: str = ""
    expires_at: datetime | None = None
    digest: str = ""
    """Of the table that it was looked up in."""
    standing: Grant | None = None
    """The grant as it stands in that table, None once it is gone."""
