"""A load generator for one proxy, run in the agent's container: `python - '<json>' < load.py`. Standard library alone.

`{"proxy": [host, port], "url": …, "connections": n, "requests": n}` → `{"per_second", "failed"}`. HTTP/1.1, keep-alive,
a new connection only when the other side has closed. Certificates are not verified, for every proxy alike.
"""

import asyncio
import json
import ssl
import sys
import time
from urllib.parse import urlsplit

ORDER = json.loads(sys.argv[1])
URL = urlsplit(ORDER["url"])
LEFT = [0]
FAILED = [0]


async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection ready for requests: plain to the proxy, or TLS in a tunnel through it."""
    reader, writer = await asyncio.open_connection(*ORDER["proxy"])
    if URL.scheme == "https":
        writer.write(f"CONNECT {URL.hostname}:443 HTTP/1.1\r\nHost: {URL.hostname}:443\r\n\r\n".encode())
        if b" 200 " not in await reader.readuntil(b"\r\n\r\n"):
            raise OSError("the proxy refused the tunnel")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        await writer.start_tls(context, server_hostname=URL.hostname)
    return reader, writer


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """One request and its whole answer; whether it was a 200."""
    target = URL.path if URL.scheme == "https" else ORDER["url"]
    writer.write(f"GET {target} HTTP/1.1\r\nHost: {URL.hostname}\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if b"content-length:" in head:
        await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
    else:
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    return b" 200 " in head.split(b"\r\n")[0]


async def worker() -> None:
    """Requests until none are left."""
    connection = None
    while LEFT[0] > 0:
        LEFT[0] -= 1
        try:
            connection = connection or await connect()
            FAILED[0] += not await exchange(*connection)
        except (OSError, asyncio.IncompleteReadError):
            if connection:
                connection[1].close()
                LEFT[0] += 1
            else:
                FAILED[0] += 1
            connection = None


async def run(requests: int) -> float:
    """That many requests over all connections; seconds."""
    LEFT[0] = requests
    start = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(ORDER["connections"])))
    return time.perf_counter() - start


async def main() -> None:
    await run(ORDER["requests"] // 10)
    FAILED[0] = 0
    seconds = await run(ORDER["requests"])
    print(json.dumps({"per_second": ORDER["requests"] / seconds, "failed": FAILED[0]}))


asyncio.run(main())
