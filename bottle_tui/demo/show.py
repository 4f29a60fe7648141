"""The demo's order of events: up, refused, asked, shown, approved, proven, answered, down."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bottle_tui.adapters.home import DiskHome, default_root
from bottle_tui.core.views import Card, Outcome
from bottle_tui.demo.stage import SLUG
from bottle_tui.demo.watch import Out, Watched
from bottle_tui.demo.worlds import Theatre, docker_theatre, local_theatre
from bottle_tui.errors import BottleError, UsageError
from bottle_tui.ports import Home, World
from bottle_tui.services import audit, decide, lookup, review, start, stop

ASK_SECONDS = 60.0
END_SECONDS = 60.0
_LEFT_BY_EARLIER_DEMOS = ("grants.yaml", "accepted.json", "pipelock.extra.yaml")


@dataclass(frozen=True)
class Verdict:
    """What was seen at the agent's end: the status of its request before and after (None: it made none)."""

    before: int | None
    after: int | None
    closed: bool
    """Whether the loop closed, and the ledger holds."""
    ledger: str


def run(runtime: str = "local", environ: Mapping[str, str] | None = None) -> int:
    """The demo on this terminal, or without one; the exit code."""
    env = dict(os.environ) if environ is None else dict(environ)
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    return demo(runtime, DiskHome(default_root(env)), interactive, lambda line: print(line, flush=True), env)


def by_itself(runtime: str, out: Out) -> Verdict:
    """The demo in this process's home, decided without a person."""
    return played(runtime, DiskHome(default_root(os.environ)), False, out)


def demo(runtime: str, home: Home, interactive: bool, out: Out, environ: Mapping[str, str] | None = None) -> int:
    """The whole loop; 0 only if it closed. Raises BottleError when the bottle cannot be started."""
    return 0 if played(runtime, home, interactive, out, environ).closed else 1


def played(runtime: str, home: Home, interactive: bool, out: Out, environ: Mapping[str, str] | None = None) -> Verdict:
    """The whole loop, and how it ended."""
    theatres = {"local": local_theatre, "docker": docker_theatre}
    if runtime not in theatres:
        raise UsageError(f"the demo runs on {' or '.join(theatres)}, not on {runtime!r}")
    env = dict(os.environ) if environ is None else dict(environ)
    told: list[str] = []
    tell = told.append if interactive else out
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bottle-demo-")))
        theatre = stack.enter_context(theatres[runtime](home, env, folder))
        out(f"bottle-tui demo: the whole loop, {theatre.world.runtimes[runtime].describe()}")
        watched = stack.enter_context(_bottle(theatre, runtime, out, tell))
        if interactive:
            _by_hand(theatre.world)
        else:
            _by_itself(theatre.world, watched, out)
    for line in told:
        out(line)
    return _verdict(theatre.world, watched, out)


@contextmanager
def _bottle(theatre: Theatre, runtime: str, out: Out, tell: Out) -> Iterator[Watched]:
    """The bottle `demo`, gone when this ends; its ledger stays."""
    world, kept = theatre.world, theatre.world.home.bottle(SLUG)
    if kept.exists():
        _down(world, out)
        for name in _LEFT_BY_EARLIER_DEMOS:
            kept.delete(name)
    try:
        start.up(world, theatre.manifest, runtime=runtime, progress=lambda line: out(f"up       {line}"))
        record = lookup.recorded(world, SLUG)
        with theatre.upstream(record), theatre.agent(record) as lines:
            yield Watched(lines, tell)
    finally:
        if kept.exists():
            _down(world, out)


def _down(world: World, out: Out) -> None:
    """Everything but the ledger, the agent's home too: another demo, of whoever, needs the name."""
    stays = stop.down(world, SLUG)
    for runtime in world.runtimes.values():
        stays += runtime.remove(SLUG, None, purge=True)
    for left in stays:
        out(f"down     could not be removed: {left}")


def _by_hand(world: World) -> None:
    """A person decides in the dashboard."""
    from bottle_tui.tui import app

    app.run(world, slug=SLUG)


def _by_itself(world: World, watched: Watched, out: Out) -> None:
    """Show the card as the command line does, approve exactly what was shown, and wait for the agent's retry."""
    card = _asked(world, watched)
    if card is None:
        out("demo     the agent did not ask")
        return
    with watched.held():
        for line in _card_lines(card):
            out(line)
        if card.change is None:
            return
        for line in _outcome_lines(decide.approve(world, card.id, card.change.digest)):
            out(line)
    watched.over.wait(END_SECONDS)


def _asked(world: World, watched: Watched) -> Card | None:
    """The agent's card, once supervise has filed it."""
    if not watched.asks(ASK_SECONDS):
        return None
    lines = lookup.sidecar(world, SLUG, "supervise").follow(tail=200)
    deadline = time.monotonic() + ASK_SECONDS
    try:
        while (left := deadline - time.monotonic()) > 0:
            line = lines.next(left)
            if line is not None and '"proposal_filed"' in line:
                return next(iter(review.cards(world, SLUG)), None)
    finally:
        lines.close()
    return None


def _card_lines(card: Card) -> Iterator[str]:
    for fact in card.facts:
        yield f"card     {fact.name:<8} asked: {fact.asked}{f'   seen: {fact.seen}' if fact.seen else ''}"
    for risk in card.risks:
        yield f"card     {risk.level:<6} {risk.text}"
    if card.problem:
        yield f"card     {card.problem}"
    if card.change is not None:
        for line in [*card.change.routes.splitlines(), *card.change.pipelock.splitlines()]:
            yield f"diff     {line}"


def _outcome_lines(outcome: Outcome) -> Iterator[str]:
    yield f"approve  {outcome.line} ({outcome.ms} ms)"
    for line in outcome.proof:
        yield f"proof    {line}"


def _verdict(world: World, watched: Watched, out: Out) -> Verdict:
    """What was seen at the agent's end, and that the ledger holds."""
    before, after = ([*watched.statuses, None, None])[:2]
    try:
        ledger, sound = audit.verify(world, SLUG), True
    except BottleError as error:
        ledger, sound = str(error), False
    out(f"ledger   {ledger}")
    closed = watched.closed and sound
    seen = f"before {before or 'none'}, after {after or 'none'}"
    out(f"{seen}: {'the loop closed' if closed else 'the loop did NOT close'}")
    return Verdict(before, after, closed, ledger)
