"""What bottle-tui relies on in the last hop, checked against the hop and against the real pipelock alike."""

import hashlib
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bottle_tui.core.views import LogLine

sys.path.insert(0, str(Path(__file__).parent))
from proxies import HopProcess, PipelockContainer, Proxy, config, has_image, interception

BASIC = ["placeholder.invalid", "localhost", "exact.test", "*.wild.test"]
type Start = Callable[[bytes | None], Proxy]


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number: int = taken.getsockname()[1]
        return number


@pytest.fixture(params=["hop", pytest.param("real", marks=[pytest.mark.e2e, pytest.mark.real_pipelock])])
def proxy(request: pytest.FixtureRequest, tmp_path: Path, port: int) -> Iterator[Proxy]:
    """Either one, serving `BASIC`."""
    if request.param == "real" and not has_image():
        pytest.skip("no engine here that holds the real image")
    made: type[HopProcess] | type[PipelockContainer] = HopProcess if request.param == "hop" else PipelockContainer
    running = made(tmp_path, port, config(port, BASIC))
    try:
        running.wait_for(kind("startup"))
        answers(port)
        yield running
    finally:
        running.stop()


@pytest.fixture
def upstream() -> Iterator[int]:
    """A plain web server on loopback that says which path it was asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"{self.command} {self.path} {self.headers['Host']}".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join(30)
    server.server_close()


def answers(port: int) -> None:
    """Returns once somebody listens: the real one says `startup` a moment before it does."""
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        except ConnectionRefusedError:
            assert time.monotonic() < deadline


def kind(name: str) -> Callable[[LogLine], bool]:
    return lambda line: line.facts["kind"] == name


def ask(proxy: Proxy, head: str) -> tuple[int, str]:
    """Send a request head; the status and the whole answer's text."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(65536)
        connection.settimeout(0.5)
        try:
            while more := connection.recv(65536):
                answer += more
        except TimeoutError:
            pass
    text = answer.decode()
    return int(text.split(" ", 2)[1]), text


def connect(proxy: Proxy, host: str, port: int = 443) -> tuple[int, str]:
    return ask(proxy, f"CONNECT {host}:{port} HTTP/1.1\nHost: {host}:{port}")


def reload(proxy: Proxy, data: bytes) -> LogLine:
    """Write, signal, and wait for the acknowledgement of exactly these bytes."""
    proxy.write(data)
    proxy.hang_up()
    digest = hashlib.sha256(data).hexdigest()
    return proxy.wait_for(lambda line: line.event is not None and line.event.get("config_hash") == digest)


def test_a_host_that_is_not_listed_is_refused_in_the_tunnel_s_place(proxy: Proxy) -> None:
    status, text = connect(proxy, "evil.example")
    assert (status, "CONNECT blocked: domain not in allowlist: evil.example\n" in text) == (403, True)
    line = proxy.wait_for(kind("host_block"))
    assert (line.facts["host"], line.facts["scanner"]) == ("evil.example", "allowlist")
    assert line.event is not None and line.event["target"] == "evil.example:443"


def test_a_host_that_is_not_listed_is_refused_over_plain_http(proxy: Proxy) -> None:
    status, text = ask(proxy, "GET http://evil.example/x HTTP/1.1\nHost: evil.example")
    assert (status, text.endswith("\r\n\r\nblocked: domain not in allowlist: evil.example\n")) == (403, True)
    assert "X-Pipelock-Hint: Domain not on the allowlist" in text
    assert proxy.wait_for(kind("host_block")).facts["host"] == "evil.example"


@pytest.mark.parametrize(
    ("host", "listed"),
    [
        ("exact.test", True),
        ("EXACT.test.", True),
        ("sub.exact.test", False),
        ("wild.test", True),
        ("a.wild.test", True),
        ("a.b.wild.test", True),
        ("evilwild.test", False),
        ("test", False),
        ("203.0.113.1", False),
    ],
)
def test_names_match_as_the_list_says(proxy: Proxy, host: str, listed: bool) -> None:
    """The names resolve to nothing, so a listed one is refused later, by the address check."""
    status, _ = connect(proxy, host)
    wanted = "address_block" if listed else "host_block"
    line = proxy.wait_for(lambda line: line.facts["kind"] in ("address_block", "host_block"))
    assert (status, line.facts["kind"]) == (403, wanted)


def test_a_listed_host_is_reached_over_plain_http(proxy: Proxy, upstream: int) -> None:
    status, text = ask(proxy, f"GET http://localhost:{upstream}/a?b=c HTTP/1.1\nHost: localhost:{upstream}")
    assert (status, text.endswith(f"GET /a?b=c localhost:{upstream}")) == (200, True)
    line = proxy.wait_for(kind("passed"))
    assert line.event is not None and line.event["status_code"] == 200


def test_a_tunnel_to_a_listed_host_carries_bytes_and_is_logged(proxy: Proxy, upstream: int) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as connection:
        connection.sendall(f"CONNECT localhost:{upstream} HTTP/1.1\r\nHost: localhost:{upstream}\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET /through HTTP/1.0\r\nHost: localhost\r\n\r\n")
        answer = b""
        while more := connection.recv(4096):
            answer += more
    assert answer.endswith(b"GET /through localhost")
    opened = proxy.wait_for(lambda line: line.event is not None and line.event["event"] == "tunnel_open")
    assert opened.facts["host"] == "localhost"
    proxy.wait_for(lambda line: line.event is not None and line.event["event"] == "tunnel_close")


def test_a_host_is_added_and_removed_by_reload_and_acknowledged_with_the_file_s_hash(proxy: Proxy) -> None:
    added = reload(proxy, config(proxy.port, [*BASIC, "new.test"]) + b"# apply 1\n")
    assert (added.facts["kind"], added.event and added.event["status"]) == ("ack", "success")
    connect(proxy, "new.test")
    assert proxy.wait_for(lambda line: line.facts.get("host") == "new.test").facts["kind"] == "address_block"
    reload(proxy, config(proxy.port, BASIC) + b"# apply 2\n")
    connect(proxy, "new.test")
    assert proxy.wait_for(lambda line: line.facts.get("host") == "new.test").facts["kind"] == "host_block"


@pytest.mark.parametrize(
    "broken",
    [
        b"api_allowlist: [\n",
        config(1, [*BASIC, "new.test"]) + b"zork: 1\n",
        config(1, []),
        config(1, ["new.test"], fetch_proxy={"listen": "127.0.0.1:1", "zork": 1}),
    ],
    ids=["not yaml", "unknown key", "empty list", "unknown key inside"],
)
def test_a_file_that_is_no_configuration_is_refused_in_plain_text_and_the_old_one_kept(
    proxy: Proxy, broken: bytes
) -> None:
    proxy.write(broken)
    proxy.hang_up()
    line = proxy.wait_for(kind("rejected"))
    assert line.event is None and line.text.startswith("pipelock: config reload failed: ")
    connect(proxy, "new.test")
    assert proxy.wait_for(lambda line: line.facts.get("host") == "new.test").facts["kind"] == "host_block"
    connect(proxy, "exact.test")
    assert proxy.wait_for(lambda line: line.facts.get("host") == "exact.test").facts["kind"] == "address_block"


@pytest.mark.parametrize(
    "weaker",
    [
        {"tls_interception": interception("localhost", "more.test")},
        {"ssrf": {"ip_allowlist": ["127.0.0.0/8", "::1/128", "10.0.0.0/8"]}},
        {"mode": "balanced"},
        {"enforce": False},
        {"trusted_domains": ["new.test"]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_would_weaken_a_running_proxy_is_refused_until_a_restart(proxy: Proxy, weaker: dict[str, object]) -> None:
    proxy.write(config(proxy.port, [*BASIC, "new.test"], **weaker))
    proxy.hang_up()
    line = proxy.wait_for(lambda line: line.event is not None and line.event["event"] == "error")
    assert line.event is not None
    assert line.event["method"] == "CONFIG_RELOAD"
    assert line.event["error"] == "rejected: security downgrade from strict mode"
    connect(proxy, "new.test")
    assert proxy.wait_for(lambda line: line.facts.get("host") == "new.test").facts["kind"] == "host_block"


def test_a_private_address_is_refused_even_for_a_listed_name(proxy: Proxy, upstream: int) -> None:
    """The allowance for loopback is taken away, which needs no restart; the listed name is then refused."""
    reload(proxy, config(proxy.port, BASIC, ssrf={"ip_allowlist": []}) + b"# apply 1\n")
    status, text = connect(proxy, "localhost", upstream)
    assert (status, "SSRF blocked: localhost resolves to internal IP" in text) == (403, True)
    assert proxy.wait_for(lambda line: line.facts.get("host") == "localhost").facts["kind"] == "address_block"


def test_a_file_that_is_no_configuration_ends_the_start(tmp_path: Path, port: int) -> None:
    broken = HopProcess(tmp_path, port, b"mode: strict\n")
    line = broken.wait_for(lambda line: "api_allowlist" in line.text)
    assert line.event is None
    broken.stop()
