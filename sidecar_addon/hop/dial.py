"""From a host name to a connection: the list first, then every address it resolves to, then dial what was checked."""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping

from sidecar_addon.hop.allowlist import is_outside
from sidecar_addon.hop.config import HopConfig

DIAL_SECONDS = 10.0
type Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Refused(Exception):
    """The policy says no. `scanner` and `reason` are pipelock's words."""

    def __init__(self, scanner: str, reason: str) -> None:
        super().__init__(reason)
        self.scanner = scanner
        self.reason = reason


class Dialler:
    """Dials for one request, under the configuration that was in force when it came."""

    def __init__(self, config: HopConfig, upstreams: Mapping[str, tuple[str, int]]) -> None:
        self._config = config
        self._upstreams = upstreams

    async def dial(self, host: str, port: int) -> Stream:
        """A connection to the host. Raises Refused, or OSError when nobody answers there."""
        name = host.strip("[]").rstrip(".").lower()
        if not self._config.allowlist.names(name):
            raise Refused("allowlist", f"domain not in allowlist: {name}")
        stand_in = self._upstreams.get(name)
        if stand_in is not None:
            return await _connect([stand_in[0]], stand_in[1])
        return await _connect(await self._addresses(name), port)

    async def _addresses(self, name: str) -> list[str]:
        loop = asyncio.get_running_loop()
        try:
            found = await asyncio.wait_for(loop.getaddrinfo(name, None, type=socket.SOCK_STREAM), timeout=DIAL_SECONDS)
        except (OSError, TimeoutError, UnicodeError) as error:
            raise Refused("ssrf", f"SSRF check failed: DNS resolution error for {name}: {error}") from None
        texts = list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))
        for text in texts:
            if not is_outside(ipaddress.ip_address(text), self._config.ip_allowlist):
                raise Refused("ssrf", f"SSRF blocked: {name} resolves to internal IP {text}")
        return texts


async def _connect(addresses: list[str], port: int) -> Stream:
    problem: OSError = OSError("no address")
    for address in addresses:
        try:
            return await asyncio.wait_for(asyncio.open_connection(address, port), timeout=DIAL_SECONDS)
        except OSError as error:  # TimeoutError is one
            problem = error
    raise problem
