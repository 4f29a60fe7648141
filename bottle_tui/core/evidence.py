"""What is known beside a claim, as plain values; `denials` computes them.

Made of the gate's own events; text in them (hosts, paths) is foreign and is sanitised by whoever draws it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True)
class Denial:
    """One denial, or `count` repeats of one that the gate merged: then `path` is None, since it kept none."""

    at: datetime
    host: str
    method: str
    path: str | None
    reason: str
    scheme: str = "https"
    port: int = 443
    count: int = 1
    background: bool = False
    """Whether the agent program knocks there by itself."""
    pipelock: bool = False
    """Whether pipelock refused, after the gate had allowed it."""


@dataclass(frozen=True)
class Use:
    """What one grant has admitted. `since`: from when on that is known; before, nobody counted."""

    grant: str
    requests: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    first: datetime | None = None
    last: datetime | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class Window:
    """The last events of one gate. `known` is False when it could not be read; then nothing here says anything."""

    known: bool = False
    denials: tuple[Denial, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    dropped: int = 0
    """Events that the gate could not write."""
    cut_short: bool = False
    """Whether the newest could not be read."""
    again: Mapping[str, int] = field(default_factory=dict)
    """Proposal → how often the agent came back for it after it was decided."""
    scans: Mapping[str, tuple[int, int, int]] | None = None
    """Host → what scanning it has cost: requests, bytes, milliseconds."""


@dataclass(frozen=True)
class Group:
    """Denials of one host, method and path prefix. `paths`: the most frequent whole paths, with their counts."""

    host: str
    method: str
    prefix: str | None
    """None: repeats of which the gate kept no path."""
    count: int
    first: datetime
    last: datetime
    reason: str
    """The latest."""
    background: bool = False
    paths: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Replay:
    """A candidate over the denials of a window: it would admit `admits` of `total`, `unasked` of them not asked for."""

    total: int
    admits: int
    unasked: int
    unread: int = 0
    """Of `total`: repeats on the candidate's host whose path the gate did not keep; not counted as admitted."""
    since: datetime | None = None
    cut_short: bool = False
    """Whether there may be later ones, which could not be read."""


@dataclass(frozen=True)
class Fit:
    """The narrowest rule that admits denials. Empty paths or methods: every one (plain HTTP knows no rules)."""

    paths: tuple[str, ...]
    methods: tuple[str, ...]
    ports: tuple[int, ...]


@dataclass(frozen=True)
class Unseen:
    """What one grant admits because it takes each of its methods on each of its paths and ports, and nobody tried."""

    count: int
    some: tuple[str, ...]
    """The first of them: "DELETE /repos/list", with its port where there are several."""


@dataclass(frozen=True)
class Subsumed:
    """A grant that is there already and that the candidate covers as a whole."""

    grant: str
    host: str
    text: str
    """Its paths and methods in one line."""


@dataclass(frozen=True)
class Elsewhere:
    """Another bottle of the same home whose confirmed table admits the host."""

    slug: str
    route: str
    since: datetime | None = None
    uses: int | None = None
    """Admitted requests in the roll-ups, None when nobody counted."""
    last: datetime | None = None


@dataclass(frozen=True)
class Prior:
    """What was decided in this bottle before about the same host."""

    id: str
    status: str
    by: str
    at: datetime
    reason: str | None
    asked: str
    """Its paths and methods in one line."""
    again: int = 0
    """How often the agent has asked again since."""
    by_operator: bool = False
    """Whether the operator asked, not the agent."""


@dataclass(frozen=True)
class Evidence:
    """Everything beside one card. `known` is about the gate's events; `replay` is None where nothing is merged."""

    id: str
    slug: str
    host: str
    known: bool
    groups: tuple[Group, ...] = ()
    """Of the card's host only, the most frequent first."""
    denied: int = 0
    """Denials of the card's host, background ones left out."""
    replay: Replay | None = None
    fit: Fit | None = None
    """What `=` sets: None when nothing was denied that a route could admit."""
    unseen: Unseen | None = None
    """Of the listed methods, paths and ports of the candidate; None where all of them were seen, or none was."""
    subsumes: tuple[Subsumed, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    prior: tuple[Prior, ...] = ()
    """The latest first."""
    uses: tuple[Use, ...] = ()
    """Of the grants that decide for this host now; zero requests is "never used"."""
    scan: tuple[int, int, int] | None = None
    """What scanning this host has cost: requests, bytes, milliseconds; None when not known."""
    cut_short: bool = False
    """Whether the gate's newest events could not be read: what is counted here is the least that there was."""


@dataclass(frozen=True)
class Over:
    """How a grant ended. `by`: who took it back."""

    how: Literal["ran out", "used up", "revoked"]
    at: datetime
    by: str = ""


@dataclass(frozen=True)
class DeniedGroup:
    """What a bottle was denied and nobody has asked for: one row of the list, by host and method."""

    slug: str
    host: str
    method: str
    count: int
    first: datetime
    last: datetime
    reason: str
    """The latest."""
    paths: tuple[tuple[str, int], ...] = ()
    """The most frequent whole paths, with their counts; five at most."""
    fit: Fit | None = None
    """What the narrowest ask would be, None where no route can admit it."""
    unseen: Unseen | None = None
    """What that would admit beside what was denied."""
    problem: str = ""
    """Why not, in one line."""
    over: Over | None = None
    """What became of the last grant that admitted any of it, where there was one."""
    background: bool = False
    """The agent program's own knocking; one row a bottle, after all others, host "" and method ""."""
    more: int = 0
    """So many groups in one row, since a list holds no more; after those, host "" and method ""."""

    @property
    def groups(self) -> int:
        """How many it stands for."""
        return self.more or 1
