"""A morning with three bottles: realistic values for tests and screenshots. No real names, no real hosts."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Event

from bottle_tui.core.views import BottleStatus, Card, Change, Fact, LogLine, Outcome, Risk
from bottle_tui.errors import SidecarUnreachable
from bottle_tui.ports import Role
from bottle_tui.tui.services import Services

NOON = datetime(2026, 3, 4, 12, 41, 7, tzinfo=UTC)

EVERY_METHOD = Risk("every_method", "warn", "every method: POST PUT PATCH DELETE too; only GET was seen")
NEW_HOST = Risk("new_host", "note", "new host for this bottle; no private address; not a known drop or tunnel")
SECRET = Risk(
    "new_secret_host",
    "danger",
    "PAY_KEY would be sent to api.example.net, a host that has never had it; whoever runs that host can use it",
)


def card(id: str = "01JB2Q8F6V3N9D0RX5TK7Q2MD0", slug: str = "research", *, age: float = 38, **changes: object) -> Card:
    """An ask for one path of one host."""
    base = Card(
        id=id,
        slug=slug,
        tool="egress-block",
        status="pending",
        author="agent",
        created=NOON - timedelta(seconds=age),
        host="api.example.com",
        args={"host": "api.example.com", "path_allowlist": ["/repos/acme/"]},
        words="I need the open issues and pull requests of acme/widgets to write the release\n"
        "notes that you asked for. The list is only to be had from the API.\n\n"
        "I would call:\n  GET /repos/acme/widgets/issues?state=open\n  GET /repos/acme/widgets/pulls",
        facts=(
            Fact("HOST", "api.example.com", "new for research; docs has had it 3 d (412 uses)"),
            Fact("PATH", "/repos/acme/", "seen 14× denied: acme/widgets 9, acme/api 5"),
            Fact("METHOD", "every", "seen GET 14, no other"),
            Fact("AUTH", "none", "scanned: 2–4 s per MB, over 8 MB refused"),
            Fact("UNTIL", "bottle stops"),
        ),
        risks=(EVERY_METHOD, NEW_HOST),
        change=Change(
            routes="@@ -8,0 +9,3 @@\n+- host: api.example.com\n+  path_allowlist:\n+  - /repos/acme/\n",
            pipelock="@@ -3,0 +4 @@\n+api.example.com\n",
            digest="sha256:5a1e",
        ),
        agent_waits=True,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def secret_card() -> Card:
    """One that hands out a token: `a` needs a `y`."""
    return card(
        "01JB2Q7M1S8Y4ZC2E6WHPAYKEY",
        "docs",
        age=130,
        host="api.example.net",
        args={"host": "api.example.net", "methods": ["POST"], "auth": {"scheme": "Bearer", "token_ref": "PAY_KEY"}},
        words="Posting the invoice draft needs the payment API.",
        facts=(
            Fact("HOST", "api.example.net", "new for docs; no other bottle has it"),
            Fact("PATH", "every", "seen 2× denied: /v1/invoices 2"),
            Fact("METHOD", "POST", "seen POST 2, no other"),
            Fact("AUTH", "Bearer PAY_KEY", "grantable for this host by the manifest"),
            Fact("UNTIL", "bottle stops"),
        ),
        risks=(SECRET, Risk("every_path", "warn", "every path of the host; only /v1/invoices was seen")),
        change=Change(
            "+- host: api.example.net\n+  auth_scheme: Bearer\n+  token_env: EGRESS_TOKEN_2\n+  methods:\n+  - POST\n",
            "+api.example.net\n",
            "sha256:77aa",
        ),
        agent_waits=False,
    )


def lab_cards() -> tuple[Card, ...]:
    """Two more, one of them about pipelock."""
    files = card(
        "01JB2Q9A0GJ4B8PVLABF1LESNX",
        "lab",
        age=12,
        host="files.example.net",
        args={"host": "files.example.net", "methods": ["GET"]},
        facts=(
            Fact("HOST", "files.example.net", "new for lab"),
            Fact("PATH", "every", "seen 3× denied: /wheels/ 3"),
            Fact("METHOD", "GET", "seen GET 3"),
            Fact("AUTH", "none", "scanned: 2–4 s per MB, over 8 MB refused"),
            Fact("UNTIL", "bottle stops"),
        ),
        risks=(Risk("every_path", "warn", "every path of the host; only /wheels/ was seen"), NEW_HOST),
        change=Change("+- host: files.example.net\n+  methods:\n+  - GET\n", "+files.example.net\n", "sha256:0f1e"),
        words="pip needs the wheel index.",
    )
    large = card(
        "01JB2Q9C5W2M7T3YLABPASSTHR",
        "lab",
        age=9,
        tool="pipelock-block",
        host="www.example.org",
        args={"host": "www.example.org", "want": "passthrough"},
        facts=(
            Fact("HOST", "www.example.org", "allowed for lab since 11:02"),
            Fact("SCAN", "passthrough", "scanned now; a 41 MB body was refused at 12:40"),
            Fact("STREAMS", "restart 0.3 s", "2 streams in flight would be cut after 10 s"),
        ),
        risks=(Risk("not_scanned", "warn", "nothing sent to or read from www.example.org is scanned any more"),),
        change=Change("", "-scanned: www.example.org\n+passthrough: www.example.org\n", "sha256:33cc"),
        words="The dataset is 41 MB and was refused as too large to be scanned.",
        agent_waits=False,
    )
    rebuild = card(
        "01JB2Q9D3K8N1V6XDOCSREBU1L",
        "docs",
        age=4,
        tool="capability-block",
        host="",
        args={"dockerfile": "RUN apt-get install -y graphviz"},
        facts=(Fact("LINES", "RUN apt-get install -y graphviz", "appended to FROM my-agent:latest"),),
        risks=(),
        change=Change("+RUN apt-get install -y graphviz\n", "", "sha256:9d9d"),
        words="dot is missing; the diagrams of the guide need it.",
    )
    return (files, large, rebuild)


def bottles() -> list[BottleStatus]:
    """Three that run."""
    up = {"egress": "up", "pipelock": "up", "supervise": "up"}
    made = [("docs", 3, 412), ("lab", 1, 17), ("research", 0, 8)]
    return [
        BottleStatus(
            slug, "docker", "running", dict(up), 1, "http://egress:9099", "http://supervise:9100/mcp",
            "/etc/bottle/ca.pem", NOON - timedelta(seconds=2), NOON - timedelta(days=days, hours=2), generation,
        )
        for slug, days, generation in made
    ]  # fmt: skip


class ScriptedStream:
    """Log lines handed out one by one; then silence, or the end."""

    def __init__(self, lines: list[LogLine], *, ends: bool = False) -> None:
        self.lines = deque(lines)
        self.ends = ends
        self.closed = Event()

    def next(self, timeout: float) -> LogLine | None:
        if self.lines:
            return self.lines.popleft()
        if self.ends or self.closed.wait(timeout):
            raise SidecarUnreachable("its output has ended")
        return None

    def close(self) -> None:
        self.closed.set()


@dataclass
class Desk:
    """In-memory services: what was called, and what they answer."""

    waiting: list[Card] = field(default_factory=lambda: [secret_card(), card(), *lab_cards()])
    running: list[BottleStatus] = field(default_factory=bottles)
    calls: list[tuple[str, ...]] = field(default_factory=list)
    decided: dict[str, Card] = field(default_factory=dict)
    logs: dict[str, list[LogLine]] = field(default_factory=dict)
    runtime: str = "docker: local"
    failing: Exception | None = None
    hold: Event | None = None
    """Set it to let a held decision go on."""
    clock: Callable[[], datetime] = lambda: NOON

    def services(self) -> Services:
        """As the dashboard takes them."""
        return Services(
            cards=self.cards, card=lambda id: self.decided[id], bottles=self.bottles, approve=self.approve,
            reject=self.reject, reopen=self.reopen, undo=self.undo, quarantine=self.quarantine, release=self.release,
            attach=lambda slug, argv: 0, follow=self.follow, describe=lambda runtime: self.runtime,
            watched=lambda: self.calls.append(("watched",)), now=lambda: self.clock(),
        )  # fmt: skip

    @property
    def deeds(self) -> list[tuple[str, ...]]:
        """What was done, reading and listening left out."""
        return [call for call in self.calls if call[0] not in ("follow", "watched")]

    def cards(self) -> list[Card]:
        if self.failing:
            raise self.failing
        return list(self.waiting)

    def bottles(self) -> list[BottleStatus]:
        if self.failing:
            raise self.failing
        return list(self.running)

    def _take(self, id: str) -> Card:
        found = next(card for card in self.waiting if card.id == id)
        self.waiting.remove(found)
        return found

    def approve(self, id: str, digest: str, acknowledged: bool) -> Outcome:
        self.calls.append(("approve", id, digest, str(acknowledged)))
        if self.hold:
            self.hold.wait(5)
        if self.failing:
            raise self.failing
        found = self._take(id)
        return Outcome(id, found.slug, "approved", True, f"{found.host} for {found.slug}: in force, proven")

    def reject(self, id: str, reason: str) -> Outcome:
        self.calls.append(("reject", id, reason))
        found = self._take(id)
        return Outcome(id, found.slug, "rejected", False, f"{found.host} for {found.slug}: rejected, {reason}")

    def undo(self, id: str) -> Outcome:
        self.calls.append(("undo", id))
        return Outcome(id, "docs", "superseded", False, "taken back: the refusal is proven")

    def reopen(self, id: str) -> Outcome:
        self.calls.append(("reopen", id))
        return Outcome(id, "docs", "pending", False, "reopened")

    def quarantine(self, slug: str) -> str:
        self.calls.append(("quarantine", slug))
        return f"{slug}: quarantined, nothing gets out"

    def release(self, slug: str) -> str:
        self.calls.append(("release", slug))
        return f"{slug}: released"

    def follow(self, slug: str, role: Role, tail: int) -> ScriptedStream:
        self.calls.append(("follow", slug, role))
        return ScriptedStream(self.logs.get(role, []))
