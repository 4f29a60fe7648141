"""The demo's toy upstream: a TLS server that greets. Standard library only; `python upstream.py PEM PORT` serves."""

import http.server
import json
import ssl
import sys
import threading
from pathlib import Path


class Greeter(http.server.BaseHTTPRequestHandler):
    """Answers every GET."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Greet."""
        body = json.dumps({"greeting": "hello from the toy upstream", "path": self.path}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Upstream:
    """The server in a thread of this process."""

    def __init__(self, pem: Path, address: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self._server = serve(pem, address)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="toy upstream", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def serve(pem: Path, address: tuple[str, int]) -> http.server.ThreadingHTTPServer:
    """A listening server with the key and certificate of a PEM file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = http.server.ThreadingHTTPServer(address, Greeter)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    return server


if __name__ == "__main__":
    listening = serve(Path(sys.argv[1]), ("0.0.0.0", int(sys.argv[2])))
    print(json.dumps({"event": "listening"}), flush=True)  # what the demo waits for before its agent asks
    listening.serve_forever()
