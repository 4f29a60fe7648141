"""Time limits with the real gate, on this machine's loopback and with nobody watching."""

import http.client
import secrets
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bottle_tui.adapters.home import DiskHome
from bottle_tui.core.edits import Edit
from bottle_tui.demo.agent import HOST
from bottle_tui.demo.worlds import local_theatre
from bottle_tui.ports import World
from bottle_tui.services import audit, decide, ending, lookup, review, start, stop
from sidecar_addon import proposals

SLUG = "demo"
PROPOSALS = "local/supervise/var/lib/supervise/proposals"
DECISIONS = "/var/lib/supervise/decisions"
BOUND = 30.0


@dataclass
class Bottle:
    """A running bottle whose agent is this test."""

    world: World
    opener: urllib.request.OpenerDirector

    def get(self) -> tuple[int, str]:
        """Status and, where it was denied, why; through the gate as the agent goes."""
        try:
            with self.opener.open(f"https://{HOST}/v1/x", timeout=BOUND) as answer:
                return answer.status, ""
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, str(refused.headers["X-Bottle-Denied"])
        except (OSError, http.client.HTTPException) as cut:  # what flows when the time is over is cut
            return 0, str(cut)

    def approved(self, lasts: str) -> str:
        """An ask of the agent, approved for this long."""
        identity = proposals.new_id(int(time.time() * 1000), secrets.token_bytes(10))
        args = {"host": HOST, "path_allowlist": ["/v1/"], "methods": ["GET"], "justification": "a test"}
        proposal = proposals.Proposal(identity, "egress-block", "agent", self.world.clock.now(), args)
        self.world.home.bottle(SLUG).write(f"{PROPOSALS}/{identity}.json", proposals.render(proposal))
        edit = Edit(lasts=lasts)
        card = review.card(self.world, identity, edit=edit)
        assert card.change is not None, card.problem
        outcome = decide.approve(self.world, identity, card.change.digest, edit=edit)
        assert outcome.in_force, outcome.line
        return identity

    def told(self, identity: str) -> proposals.Decision:
        """What supervise has for the agent."""
        data = lookup.sidecar(self.world, SLUG, "supervise").read(f"{DECISIONS}/{identity}.json")
        assert data is not None
        return proposals.parse_decision(data)


@pytest.fixture
def bottle(tmp_path: Path) -> Iterator[Bottle]:
    with local_theatre(DiskHome(tmp_path / "home"), {}, tmp_path) as theatre:
        world = theatre.world
        start.up(world, theatre.manifest, runtime="local")
        record = lookup.recorded(world, SLUG)
        trust = ssl.create_default_context(cafile=record.ca_file)
        proxy = urllib.request.ProxyHandler({"https": record.proxy_url})
        try:
            yield Bottle(world, urllib.request.build_opener(proxy, urllib.request.HTTPSHandler(context=trust)))
        finally:
            stop.down(world, SLUG)


def test_an_hour_is_an_hour_in_the_gate_and_its_end_is_told_later(bottle: Bottle) -> None:
    identity = bottle.approved("5s")
    ends = bottle.told(identity).expires_at
    assert ends is not None
    assert bottle.get() == (200, "")
    while bottle.world.clock.now() < ends:  # every turn is a request; nothing of the host's side runs meanwhile
        bottle.get()
    assert bottle.get() == (403, "expired")
    assert bottle.told(identity).in_force, "nobody has told the agent yet"
    assert ending.settle(bottle.world) == [SLUG]
    assert (bottle.told(identity).in_force, bottle.told(identity).reason) == (False, "its time is over")
    assert audit.records(bottle.world, SLUG)[-1]["of"] == "expire"
    assert bottle.get()[0] == 403


def test_once_is_one_request_and_no_look_of_ours_uses_it_up(bottle: Bottle) -> None:
    identity = bottle.approved("once")
    review.card(bottle.world, identity)
    assert ending.settle(bottle.world) == []
    assert bottle.get() == (200, "")
    assert bottle.get() == (403, "used_up")
    assert ending.settle(bottle.world) == [SLUG]
    assert not bottle.told(identity).in_force
