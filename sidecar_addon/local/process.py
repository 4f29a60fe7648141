"""The process itself: reads what it is told on standard input, starts the parts, says where they listen, then serves.

Standard input is one JSON line: `{home, password, mcp_path, ports, upstreams}`; what answers it on standard output is
`{"event": "local_ready", …}` or `{"event": "local_failed", "error": …}`. Nothing secret is an argument or a file.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sidecar_addon import quiet
from sidecar_addon.local import SOCKETS, identity
from sidecar_addon.local.control import Control
from sidecar_addon.local.house import House
from sidecar_addon.local.parts import PartFailed


@dataclass(frozen=True)
class Orders:
    """What the adapter says on standard input. `home` is `<home>/bottles/<slug>`."""

    home: Path
    password: str = field(repr=False)
    mcp_path: str = field(repr=False)
    ports: dict[str, int]
    """Where each part listened before; another is taken when it is not free."""
    upstreams: dict[str, tuple[str, int]]
    """Names that the hop serves at another address: demo and tests only."""


def main(argv: list[str]) -> int:
    """Runs until SIGTERM or the verb `stop`; 1 when a part did not start."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.umask(0o077)
    parser = argparse.ArgumentParser(prog="python -m sidecar_addon local", description=__doc__)
    parser.add_argument("slug")
    slug = parser.parse_args(argv).slug
    try:
        orders = _orders(sys.stdin.readline())
    except (ValueError, KeyError, TypeError) as error:
        return _failed(f"standard input: {error!r}; this command is started by `up --runtime local`")
    quiet.set_up()
    sockets = Path(tempfile.mkdtemp(prefix=SOCKETS))
    try:
        return asyncio.run(_run(slug, orders, sockets))
    except (OSError, PartFailed) as error:
        return _failed(str(error))
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


def _orders(line: str) -> Orders:
    value = json.loads(line)
    return Orders(
        home=Path(value["home"]),
        password=str(value["password"]),
        mcp_path=str(value["mcp_path"]),
        ports={str(role): int(port) for role, port in value["ports"].items()},
        upstreams={str(name): (str(host), int(port)) for name, (host, port) in value["upstreams"].items()},
    )


async def _run(slug: str, orders: Orders, sockets: Path) -> int:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    house = House(orders.home, orders.password, orders.mcp_path, orders.upstreams, sockets / "gate.sock")
    control = Control(sockets / "local.sock", house, house.outputs, ended.set)
    try:
        await asyncio.to_thread(house.start, orders.ports)
        await control.start()
        loop.add_signal_handler(signal.SIGHUP, house.reload_all)
        _ready(orders.home, slug, house, sockets)
        await ended.wait()
    finally:
        control.close()
        await asyncio.to_thread(house.stop)
    return 0


def _ready(home: Path, slug: str, house: House, sockets: Path) -> None:
    """Leave `local.json`, tell the adapter, and let go of its pipe."""
    pid = os.getpid()
    facts: dict[str, Any] = {
        "slug": slug,
        "pid": pid,
        "start": identity.start_time(pid),
        "ports": house.ports,
        "socket": str(sockets / "local.sock"),
        "gate_socket": str(sockets / "gate.sock"),
    }
    fresh = home / ".local.json.new"
    fresh.write_text(json.dumps(facts, indent=1) + "\n")
    fresh.replace(home / "local.json")
    try:
        print(json.dumps({"event": "local_ready"} | facts), flush=True)
    except BrokenPipeError:
        (home / "local.json").unlink(missing_ok=True)
        raise PartFailed("whoever started this process has gone") from None
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nowhere, number)
    os.close(nowhere)


def _failed(error: str) -> int:
    with suppress(BrokenPipeError):
        print(json.dumps({"event": "local_failed", "error": error}), flush=True)
    return 1
