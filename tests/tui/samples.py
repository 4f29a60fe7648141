"""A morning with three bottles: realistic values for tests and screenshots. No real names, no real hosts."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from threading import Event

from bottle_tui.core.edits import AS_ASKED, Edit
from bottle_tui.core.evidence import Elsewhere, Evidence, Fit, Group, Prior, Replay
from bottle_tui.core.narrowing import UNTIL
from bottle_tui.core.views import BottleStatus, Card, Change, Fact, LogLine, Outcome, Risk
from bottle_tui.errors import SidecarUnreachable
from bottle_tui.ports import Role
from bottle_tui.tui.wiring.services import Services
from tests.tui.denials import DenialDesk
from tests.tui.looking import LookDesk

NOON = datetime(2026, 3, 4, 12, 41, 7, tzinfo=UTC)

EVERY_METHOD = Risk("every_method", "warn", "every method, POST PUT PATCH DELETE too, on api.example.com")
NEW_HOST = Risk("new_host", "note", "api.example.com is new to this bottle")
SECRET = Risk("new_secret_host", "danger", "PAY_KEY will be sent to api.example.net")


def _added(host: str, grant: str, rule: str, *auth: str) -> str:
    """The diff of one new route, as the services draw it."""
    lines = (
        *(f"- host: {host}",), *(f"  {line}" for line in auth), "  pipelock: scanned", "  grants:",
        f"  - id: {grant}", f"    {rule}", f"    proposal: {grant}",
    )  # fmt: skip
    return f"@@ -5,3 +5,{3 + len(lines)} @@\n" + "".join(f"+{line}\n" for line in lines)


def _rule(args: dict[str, object]) -> str:
    """A grant's lines, as in block YAML."""
    lines = [f"{key}: [{', '.join(map(str, args[key]))}]" for key in ("path_allowlist", "methods") if args.get(key)]  # type: ignore[call-overload]
    return "\n+    ".join(lines) or "ports: [443]"


def _lasting(edit: Edit) -> tuple[str, ...]:
    return (f"pipelock: {edit.scan}",) if edit.scan else ()


def _listed(host: str) -> str:
    """The diff of pipelock's list with one more host."""
    return f"@@ -1,2 +1,3 @@\n api_allowlist:\n+- {host}\n passthrough_domains:\n"


def _facts(host: str, path: str = "every path", method: str = "every", auth: str = "none") -> tuple[Fact, ...]:
    """As the services give them, before anybody has looked for evidence."""
    return (
        Fact("host", host, "new here"), Fact("path", path), Fact("method", method),
        Fact("auth", auth, "scanned: 2–4 s per MB, over 8 MB refused"), Fact("until", "bottle stops"),
    )  # fmt: skip


def _group(host: str, prefix: str, count: int, paths: tuple[tuple[str, int], ...], method: str = "GET") -> Group:
    return Group(host, method, prefix, count, NOON - timedelta(minutes=9), NOON, "host_not_allowed", paths=paths)


def evidence() -> dict[str, Evidence]:
    """What is known beside the asks of this morning."""
    acme = (("/repos/acme/widgets", 9), ("/repos/acme/api", 5))
    since = NOON - timedelta(hours=5)
    return {
        "01JB2Q8F6V3N9D0RX5TK7Q2MD0": Evidence(
            "01JB2Q8F6V3N9D0RX5TK7Q2MD0", "research", "api.example.com", True,
            (_group("api.example.com", "/repos/acme/", 14, acme),), 14, Replay(412, 14, 0, since=since),
            Fit(("/repos/acme/api", "/repos/acme/widgets"), ("GET",), (443,)),
            elsewhere=(Elsewhere("docs", "api.example.com", NOON - timedelta(days=3), 412, NOON),),
        ),
        "01JB2Q7M1S8Y4ZC2E6WHPAYKEY": Evidence(
            "01JB2Q7M1S8Y4ZC2E6WHPAYKEY", "docs", "api.example.net", True,
            (_group("api.example.net", "/v1/invoices", 2, (("/v1/invoices", 2),), "POST"),), 2,
            Replay(412, 2, 0, since=since), Fit(("/v1/invoices",), ("POST",), (443,)),
            prior=(Prior("01JB2Q000000000000000PR10R", "rejected", "kim", NOON - timedelta(minutes=40),
                         "use the mirror", "every path, POST", 6),),
        ),
        "01JB2Q9A0GJ4B8PVLABF1LESNX": Evidence(
            "01JB2Q9A0GJ4B8PVLABF1LESNX", "lab", "files.example.net", True, replay=Replay(3, 0, 0, since=since),
        ),
    }  # fmt: skip


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
        facts=(*_facts("api.example.com", "/repos/acme/"),),
        risks=(EVERY_METHOD, NEW_HOST),
        change=Change(
            routes=_added("api.example.com", id, "path_allowlist: [/repos/acme/]"),
            pipelock=_listed("api.example.com"),
            digest="sha256:5a1e",
        ),
        scan="scanned",
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
        facts=(*_facts("api.example.net", "every path", "POST", "Bearer PAY_KEY"),),
        risks=(SECRET, Risk("every_path", "warn", "every path of api.example.net")),
        change=Change(
            _added(
                "api.example.net",
                "01JB2Q7M1S8Y4ZC2E6WHPAYKEY",
                "methods: [POST]",
                "auth_scheme: Bearer",
                "token_env: EGRESS_TOKEN_2",
            ),
            _listed("api.example.net"),
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
        facts=(*_facts("files.example.net", "every path", "GET"),),
        risks=(Risk("every_path", "warn", "every path of files.example.net"), NEW_HOST),
        change=Change(
            _added("files.example.net", "01JB2Q9A0GJ4B8PVLABF1LESNX", "methods: [GET]"),
            _listed("files.example.net"),
            "sha256:0f1e",
        ),
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
            Fact("host", "www.example.org", "route www.example.org, scanned · none denied"),
            Fact("want", "passthrough"),
            Fact("until", "bottle stops"),
            Fact("restart", "pipelock restarts", "cuts 2 streams after 10 s"),
        ),
        risks=(Risk("not_scanned", "warn", "what goes to and from www.example.org is no longer scanned"),),
        change=Change(
            "@@ -4,2 +4,2 @@\n - host: www.example.org\n-  pipelock: scanned\n+  pipelock: passthrough\n",
            "@@ -3,1 +3,2 @@\n passthrough_domains:\n+- www.example.org\n",
            "sha256:33cc",
        ),
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
        facts=(Fact("lines", "1"),),
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
            "/etc/bottle/ca-bundle.pem", NOON - timedelta(seconds=2), NOON - timedelta(days=days, hours=2), generation,
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
    runtime: str = "docker here"
    failing: Exception | None = None
    hold: Event | None = None
    """Set it to let a held decision go on."""
    clock: Callable[[], datetime] = lambda: NOON
    edits: dict[str, Edit] = field(default_factory=dict)
    """What was approved with which edit."""
    evidence: dict[str, Evidence] = field(default_factory=evidence)
    looked: list[tuple[str, Edit]] = field(default_factory=list)
    settled: int = 0
    look: LookDesk = field(init=False)
    denials: DenialDesk = field(init=False)

    def __post_init__(self) -> None:
        self.look = LookDesk(self.calls)
        self.denials = DenialDesk(self.calls, self.waiting)

    def services(self) -> Services:
        """As the dashboard takes them."""
        return Services(
            cards=self.cards, card=self.card, bottles=self.bottles, approve=self.approve,
            reject=self.reject, reopen=self.reopen, undo=self.undo, quarantine=self.quarantine, release=self.release,
            attach=lambda slug, argv: 0, follow=self.follow, describe=lambda runtime: self.runtime,
            watched=lambda moment: self.calls.append(("watched", str(moment))), evidence=self.beside,
            settle=self.settle, now=lambda: self.clock(), looks=self.look.looks(),
            lookout=self.denials.lookout(),
        )  # fmt: skip

    @property
    def deeds(self) -> list[tuple[str, ...]]:
        """What was done, reading and listening left out."""
        return [call for call in self.calls if call[0] not in ("follow", "watched", "traffic")]

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

    def card(self, id: str, edit: Edit) -> Card:
        """Another edit is another change with another digest, as with the services."""
        if edit == AS_ASKED:
            return self.decided[id]
        found = next(card for card in self.waiting if card.id == id)
        if found.change is None:
            return found
        risks = tuple(risk for risk in found.risks if edit.methods is None or risk != EVERY_METHOD)
        routes = _added(edit.host or found.host, id, _rule(edit.apply_to(found.args)), *_lasting(edit))
        change = replace(found.change, digest=f"{found.change.digest} {edit}", routes=routes)
        wished = {
            "host": edit.host, "path": edit.path_allowlist and " ".join(edit.path_allowlist),
            "method": edit.methods and " ".join(edit.methods),
        }  # fmt: skip
        facts = tuple(replace(fact, set=wished.get(fact.name) or "") for fact in found.facts[:-1])
        facts = (*facts, replace(found.facts[-1], asked=UNTIL.get(edit.lasts, edit.lasts)))
        return replace(found, args=edit.apply_to(found.args), host=edit.host or found.host, facts=facts, change=change,
                       risks=risks, scan=edit.scan or found.scan)  # fmt: skip

    def beside(self, id: str, edit: Edit, fresh: bool) -> Evidence:
        self.looked.append((id, edit))
        found = next((card for card in self.waiting if card.id == id), None)
        host = str(edit.apply_to(found.args).get("host", "")) if found else ""
        return replace(self.evidence.get(id, Evidence(id, "", "", known=False)), host=host)

    def settle(self, cards: tuple[Card, ...]) -> list[str]:
        self.settled += 1
        return []

    def approve(self, id: str, digest: str, acknowledged: bool, edit: Edit = AS_ASKED) -> Outcome:
        self.calls.append(("approve", id, digest, str(acknowledged)))
        self.edits[id] = edit
        if self.hold:
            self.hold.wait(30)
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
