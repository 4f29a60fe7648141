"""What the looking views are shown in tests and pictures: a table, a ledger, traffic. No real names, no real hosts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

from bottle_tui.core import deeds as core_deeds
from bottle_tui.core.deeds import Deed
from bottle_tui.core.evidence import Use
from bottle_tui.core.listing import Listing, items
from bottle_tui.core.operations import EditPipelock, EditRoutes, Operation
from bottle_tui.core.provenance import Provenance
from bottle_tui.core.rollup import Gap, Row
from bottle_tui.core.views import Card, Change, Outcome, Risk
from bottle_tui.services.history import Record
from bottle_tui.tui.wiring.looks import Counted, Looks
from sidecar_addon.table import Grant, Route, Table

NOON = datetime(2026, 3, 4, 12, 41, 7, tzinfo=UTC)
ASKED = "01JB2Q8F6V3N9D0RX5TK7Q2MD0"
TIMED = "01JB2Q9A0GJ4B8PVLABF1LESNX"
ALWAYS = "01JB2Q7M1S8Y4ZC2E6WHPAYKEY"
REFUSED = "01JB2Q6XXXXXXXXXXXXXREFUSD"
ONCE = "01JB2Q9C5W2M7T3YLABPASSTHR"

ROUTES = (
    Route(
        "api.example.com",
        (
            Grant("m1", path_allowlist=("/v1/",), methods=("GET", "POST")),
            Grant(ASKED, path_allowlist=("/repos/acme/", "/orgs/acme/"), proposal=ASKED),
        ),
        auth_scheme="Bearer",
        token_env="EGRESS_TOKEN_0",
    ),
    Route(
        "files.example.net",
        (Grant(TIMED, methods=("GET",), proposal=TIMED, expires_at=NOON + timedelta(seconds=758)),),
    ),
    Route(
        "*.example.org",
        (
            Grant("m2"),
            Grant(ONCE, host="www.example.org", path_allowlist=("/data/set-of-2026/",), proposal=ONCE, uses=1),
        ),
        pipelock="passthrough",
    ),
    Route("pay.example.net", (Grant(ALWAYS, methods=("POST",), proposal=ALWAYS),)),
    Route("old.example.com", ()),
)  # fmt: skip


def listing(slug: str = "docs", **changes: object) -> Listing:
    """A table with one of everything."""
    table = Table(ROUTES)
    since = NOON - timedelta(days=3)
    uses = {
        "m1": Use("m1", 412, 12_000, 3_400_000, since, NOON - timedelta(seconds=2), since),
        ASKED: Use(ASKED, 6, 900, 48_000, since, NOON - timedelta(minutes=2), NOON - timedelta(minutes=31)),
        TIMED: Use(TIMED, since=NOON - timedelta(minutes=3)),
        "m2": Use("m2", 3, 300, 1_200, since, NOON - timedelta(days=2), since),
        ONCE: Use(ONCE, since=NOON - timedelta(minutes=9)),
        ALWAYS: Use(ALWAYS, 17, 5_000, 9_000, since, NOON - timedelta(hours=5), since),
    }
    base = Listing(
        slug=slug,
        digest=table.digest,
        generation=8,
        in_force=True,
        quarantined=False,
        items=items(table, {ALWAYS}, uses, {}),
        at=NOON - timedelta(seconds=2),
        scans={"api.example.com": (412, 3_400_000, 9_100)},
        slots=frozenset({"EGRESS_TOKEN_0"}),
        refs={"EGRESS_TOKEN_0": "API_TOKEN"},
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def provenance(grant: str = ASKED, **changes: object) -> Provenance:
    """A grant that the agent asked for."""
    base = Provenance(
        slug="docs",
        grant=grant,
        source="proposal",
        line=f"{grant} was asked for by the agent, approved with changes by mira at 2026-03-04 12:10:00 UTC",
        host="api.example.com",
        route="api.example.com",
        rules="/repos/acme/ /orgs/acme/, every method",
        in_table=True,
        proposal=grant,
        asked_by="claude",
        asked_at=NOON - timedelta(minutes=33),
        decided_by="mira",
        decided_at=NOON - timedelta(minutes=31),
        words="I need the open issues and pull requests of acme/widgets\nto write the release notes.",
        edited=True,
        lasts="bottle",
        digest="sha256:5a1e",
        standing=ROUTES[0].grants[1],
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def traffic_rows() -> tuple[Row, ...]:
    """A morning's."""
    return (
        Row("2026-03-04T12:10", "api.example.com", "GET", "/v1/", "m1", None, 412, 12_000, 3_400_000,
            "2026-03-04T08:10:00.000Z", "2026-03-04T12:41:05.000Z"),
        Row("2026-03-04T12:12", "api.example.com", "GET", "/repos/acme/", ASKED, None, 6, 900, 48_000,
            "2026-03-04T12:12:00.000Z", "2026-03-04T12:39:00.000Z"),
        Row("2026-03-04T12:05", "files.example.net", "GET", "/wheels/", None, "host_not_allowed", 14, 0, 0,
            "2026-03-04T12:05:00.000Z", "2026-03-04T12:38:00.000Z"),
        Row("2026-03-04T12:05", "telemetry.example.org", "POST", "", None, "host_not_allowed", 90, 0, 0,
            "2026-03-04T09:00:00.000Z", "2026-03-04T12:40:00.000Z"),
    )  # fmt: skip


def gaps() -> tuple[Gap, ...]:
    """One hole."""
    return (Gap("2026-03-04T10:00:00.000Z", "2026-03-04T10:14:00.000Z", "rotated"),)


def ledger() -> list[dict[str, Any]]:
    """What happened, oldest first, as the ledger has it."""

    def at(minutes: int) -> str:
        return (NOON - timedelta(minutes=minutes)).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def said(number: int, minutes: int, kind: str, **fields: object) -> dict[str, Any]:
        return {"n": number, "time": at(minutes), "kind": kind, "slug": "docs", "actor": "mira", **fields}

    silent = "not in force: pipelock is silent; the gate confirms what it had before"
    return [
        said(1, 200, "intent", of="approve", proposal=ALWAYS),
        said(2, 200, "result", of="approve", proposal=ALWAYS, in_force=True, cut=0),
        said(3, 90, "rejected", proposal=REFUSED, reason="use the mirror"),
        said(4, 60, "quarantine"),
        said(5, 58, "intent", of="release"),
        said(6, 58, "result", of="release", in_force=True),
        said(7, 40, "intent", of="approve", proposal=TIMED),
        said(8, 40, "result", of="approve", proposal=TIMED, in_force=False, why=silent),
        said(9, 31, "intent", of="approve", proposal=ASKED),
        said(10, 31, "result", of="approve", proposal=ASKED, in_force=True, cut=0),
        said(11, 9, "intent", of="routes", operation="routes edit", id="01JB2Q9D3K8N1V6XDOCSREBU1L"),
        said(12, 9, "result", of="routes", in_force=True, cut=2),
    ]


HOSTS = {
    ALWAYS: "pay.example.net",
    ASKED: "api.example.com",
    TIMED: "files.example.net",
    REFUSED: "pypi.example.org",
}


def deeds() -> tuple[Deed, ...]:
    """The ledger as it is listed."""
    return core_deeds.judged(core_deeds.deeds(ledger(), HOSTS), {ALWAYS, ASKED}, {REFUSED})


@dataclass
class LookDesk:
    """In-memory answers for the looking views."""

    calls: list[tuple[str, ...]]
    tables: dict[str, Listing] = field(default_factory=dict)
    failing: Exception | None = None
    hold: Event | None = None
    told: tuple[Deed, ...] = field(default_factory=deeds)
    rows: tuple[Row, ...] = field(default_factory=traffic_rows)
    holes: tuple[Gap, ...] = field(default_factory=gaps)
    events: dict[str, Provenance] = field(default_factory=dict)
    danger: bool = False

    def looks(self) -> Looks:
        """As the dashboard takes them."""
        return Looks(
            slugs=lambda: ["docs", "lab", "research"], routes=self.routes, revoke=self.revoke,
            of_grant=lambda slug, grant: provenance(grant), of_event=self.of_event,
            traffic_of=lambda slug, grant: tuple(row for row in self.rows if row.grant == grant),
            traffic=self.traffic, deeds=lambda slug: self._answer(self.told),
            record=lambda slug, number: Record(ledger()[number - 1], ("+ - host: b.test",)),
            patch=lambda slug: "--- a/bottle.yaml\n+++ b/bottle.yaml\n+    - host: pay.example.net\n",
            routes_text=lambda slug: "routes: []\n", pipelock_text=lambda slug: "hosts: []\n",
            routes_edited=lambda text: EditRoutes("01JB2QEDIT000000000000EDIT", text),
            pipelock_edited=lambda text: EditPipelock("01JB2QEDIT000000000000EDIT", text),
            preview=self.preview, carry_out=self.carry_out,
        )  # fmt: skip

    def _answer[T](self, value: T) -> T:
        if self.hold:
            self.hold.wait(30)
        if self.failing:
            raise self.failing
        return value

    def routes(self, slug: str) -> Listing:
        return self._answer(self.tables.get(slug) or listing(slug))

    def revoke(self, slug: str, grant: str, shown: Grant | None) -> Outcome:
        self.calls.append(("revoke", slug, grant))
        before = self.tables.get(slug) or listing(slug)
        left = tuple(item for item in before.items if item.id != grant)
        self.tables[slug] = replace(before, items=left, digest="sha256:after")
        return Outcome(grant, slug, "approved", True, "revoked, 2 streams were cut; the refusal is in force, proven")

    def of_event(self, slug: str, event: Mapping[str, Any]) -> Provenance:
        grant = event.get("grant") or event.get("proposal") or (event.get("host") == "api.example.com" and ASKED)
        if isinstance(grant, str) and grant:
            return self._answer(self.events.get(grant) or provenance(grant))
        return Provenance(
            slug, "", "none", f"no grant: no route names {event.get('host')}", host=str(event.get("host"))
        )

    def traffic(self, slug: str, since: datetime | None, host: str | None) -> Counted:
        self.calls.append(("traffic", slug, str(since), str(host)))
        rows = tuple(row for row in self.rows if host is None or host in row.host)
        return self._answer(Counted(slug, rows, self.holes))

    def preview(self, slug: str, operation: Operation) -> Card:
        risks = [Risk("every_path", "warn", "every path of new.example.com")]
        if self.danger:
            risks.append(Risk("drop_or_tunnel", "danger", "new.example.com is a known drop"))
        change = Change("@@ -1,1 +1,2 @@\n routes:\n+- host: new.example.com\n", "", "sha256:ed17")
        return Card(
            id=operation.id, slug=slug, tool=operation.title, status="pending", author="mira", created=NOON, host="",
            args={}, words="", risks=tuple(risks), change=change,
        )  # fmt: skip

    def carry_out(self, slug: str, operation: Operation, digest: str, acknowledged: bool) -> Outcome:
        self.calls.append(("carry_out", slug, operation.title, digest, str(acknowledged)))
        return Outcome(operation.id, slug, "approved", True, f"{operation.title}: in force, proven")
