"""`python -m sidecar_addon hop --config PATH [--listen ADDRESS:PORT]`: the hop as the process of a container."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from sidecar_addon.hop.config import ConfigError
from sidecar_addon.hop.events import Events
from sidecar_addon.hop.proxy import Hop

CONFIG = "/etc/pipelock/pipelock.yaml"


def main(argv: list[str]) -> int:
    """Runs until SIGTERM or SIGINT; SIGHUP reloads. 1 when the configuration or the address is unusable."""
    parser = argparse.ArgumentParser(prog="python -m sidecar_addon hop", description=__doc__)
    parser.add_argument("--config", type=Path, default=Path(CONFIG))
    parser.add_argument("--listen", default=None, help="ADDRESS:PORT instead of the file's fetch_proxy.listen")
    parser.add_argument("--upstream", action="append", default=[], metavar="NAME=ADDRESS:PORT", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    # Until the loop's own handler stands, a reload signal must not end the process.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    listen = _address(options.listen) if options.listen else None
    upstreams = {name: _address(where) for name, _, where in (item.partition("=") for item in options.upstream)}
    hop = Hop(options.config, Events(_print, _complain), listen=listen, upstreams=upstreams)
    try:
        asyncio.run(_run(hop))
    except (ConfigError, OSError) as error:
        _complain(f"pipelock: {error}")
        return 1
    return 0


async def _run(hop: Hop) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    # Before the port opens: a reload that comes the moment it answers must not be lost.
    loop.add_signal_handler(signal.SIGHUP, hop.reload)
    await hop.start()
    await ended.wait()
    await hop.close()


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def _print(line: str) -> None:
    print(line, flush=True)


def _complain(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
