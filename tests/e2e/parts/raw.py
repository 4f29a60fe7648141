"""What a hostile agent does below HTTP clients: `python raw.py '<json>'` prints one JSON object. Standard library only.

`{"reach": [[host, port], …]}` → how each TCP connection ended; `{"resolve": [name, …]}` → what each name resolves to;
`{"send": text, "connect"?: authority, "connect_headers"?: text, "sni"?: name, "alpn"?: [..]}` → what came back through
the proxy: with `connect` a tunnel first, with `sni` TLS inside it (not verified: it is the attacker's).
"""

import json
import os
import socket
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

SECONDS = 3.0


def reach(host: str, port: int) -> str:
    """How a direct connection ended: "open", or why not."""
    try:
        with socket.create_connection((host, port), timeout=SECONDS):
            return "open"
    except OSError as error:
        return type(error).__name__ if not error.strerror else error.strerror


def resolve(name: str) -> list[str]:
    """The addresses of a name, [] when it has none here."""
    try:
        return sorted({str(found[4][0]) for found in socket.getaddrinfo(name, None)})
    except OSError:
        return []


def read(connection: socket.socket, until_head: bool = False) -> str:
    """What comes until the other side is done or silent; only a message head for a CONNECT."""
    data = b""
    connection.settimeout(SECONDS)
    try:
        while piece := connection.recv(1 if until_head else 65536):
            data += piece
            if until_head and data.endswith(b"\r\n\r\n"):
                break
    except TimeoutError:
        data += b"[silence]"
    except OSError as error:
        data += f"[{type(error).__name__}]".encode()
    return data.decode("latin-1")


def exchange(order: dict) -> dict:
    """Sends exactly the bytes of the order through the proxy."""
    proxy = urlsplit(os.environ["HTTPS_PROXY"])
    answer: dict[str, object] = {}
    with socket.create_connection((proxy.hostname, proxy.port), timeout=SECONDS) as plain:
        connection: socket.socket = plain
        if "connect" in order:
            headers = order.get("connect_headers", f"Host: {order['connect']}\r\n")
            plain.sendall(f"CONNECT {order['connect']} HTTP/1.1\r\n{headers}\r\n".encode("latin-1"))
            answer["connect"] = read(plain, until_head=True)
            if " 200 " not in str(answer["connect"]).splitlines()[0]:
                return answer | {"received": read(plain)}
        if "sni" in order:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_alpn_protocols(order.get("alpn", ["http/1.1"]))
            try:
                connection = context.wrap_socket(plain, server_hostname=order["sni"] or None)
            except OSError as error:
                return answer | {"tls": str(error), "received": ""}
        connection.sendall(order["send"].encode("latin-1"))
        return answer | {"received": read(connection)}


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    if "reach" in asked:
        with ThreadPoolExecutor(32) as pool:
            ended = list(pool.map(lambda target: reach(*target), asked["reach"]))
        result: object = {f"{host}:{port}": how for (host, port), how in zip(asked["reach"], ended, strict=True)}
    elif "resolve" in asked:
        with ThreadPoolExecutor(32) as pool:
            result = dict(zip(asked["resolve"], pool.map(resolve, asked["resolve"]), strict=True))
    else:
        result = exchange(asked)
    print(json.dumps(result))
