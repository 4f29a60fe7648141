"""What a container on the agent's network can reach: `probe '<question>'`, and `probe listen` for the other end.

The launcher runs the first where the agent will stand and the second where it must not get to, before it starts the
agent. It sends nothing but the opening of connections, and asks nobody but the container's own name server.
"""

import ipaddress
import json
import socket
import struct
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

CONNECT_SECONDS = 1.5
LISTEN_SECONDS = 60.0


def main(argv: list[str]) -> int:
    """`listen`, or a JSON question: {"targets": [[host, port], …], "names": […]}."""
    if argv == ["listen"]:
        return listen()
    if len(argv) != 1:
        print("probe: one argument, `listen` or a JSON object", file=sys.stderr)
        return 2
    question = json.loads(argv[0])
    print(json.dumps(answer(question)), flush=True)
    return 0


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Which targets were reached, and which names resolved; `tried` proves that it was asked anything."""
    targets = [(str(host), int(port)) for host, port in question.get("targets", [])]
    names = [str(name) for name in question.get("names", [])]
    with ThreadPoolExecutor(max_workers=16) as pool:
        reached = list(pool.map(lambda target: reaches(*target), targets))
        resolved = list(pool.map(resolves, names))
    return {
        "reached": [f"{host}:{port}" for (host, port), ok in zip(targets, reached, strict=True) if ok],
        "resolved": [name for name, ok in zip(names, resolved, strict=True) if ok],
        "tried": len(targets),
    }


def reaches(host: str, port: int) -> bool:
    """Whether a TCP connection comes about; even a refused one has met a host, so it counts."""
    try:
        with socket.create_connection((host, port), timeout=CONNECT_SECONDS):
            return True
    except ConnectionRefusedError:
        return True
    except OSError:
        return False


def resolves(name: str) -> bool:
    """Whether the name server gives an address for a name."""
    try:
        return bool(socket.getaddrinfo(name, 443, proto=socket.IPPROTO_TCP))
    except OSError:
        return False


def listen() -> int:
    """Accept on every address until the launcher removes us, for at most a minute; says where on standard output."""
    deadline = time.monotonic() + LISTEN_SECONDS
    with _listener() as listener:
        where = {"port": listener.getsockname()[1], "addresses": sorted(own_addresses())}
        print(json.dumps(where), flush=True)
        while (left := deadline - time.monotonic()) > 0:
            listener.settimeout(left)
            try:
                connection, _ = listener.accept()
            except OSError:
                continue
            connection.close()
    return 0


def _listener() -> socket.socket:
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        except OSError:
            pass
    return socket.create_server(("", 0))


def own_addresses() -> set[str]:
    """Every address of this network namespace, loopback left out."""
    found = {*_ipv4(_lines("/proc/net/fib_trie")), *_ipv6(_lines("/proc/net/if_inet6"))}
    return {text for text in found if not ipaddress.ip_address(text).is_loopback}


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _ipv4(lines: Iterable[str]) -> set[str]:
    """The kernel's tree of routes: a local address is the leaf above a line `/32 host LOCAL`."""
    found: set[str] = set()
    leaf = ""
    for line in lines:
        words = line.split()
        if words[:1] == ["|--"]:
            leaf = words[1]
        elif words[:3] == ["/32", "host", "LOCAL"]:
            found.add(leaf)
    return found


def _ipv6(lines: Iterable[str]) -> set[str]:
    """Global addresses only: a link-local one needs a scope, which another namespace does not have."""
    found = set()
    for line in lines:
        words = line.split()
        if len(words) >= 4 and words[3] == "00":
            found.add(
                str(ipaddress.IPv6Address(struct.pack(">4I", *(int(words[0][i : i + 8], 16) for i in range(0, 32, 8)))))
            )
    return found
