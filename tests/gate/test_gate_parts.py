"""The gate's small parts on their own: what a whole gate reaches only with difficulty."""

import gzip
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.http import Headers, Request, Response

from sidecar_addon import asks
from sidecar_addon.gate import headers, secrets, stream
from sidecar_addon.gate.events import Events
from sidecar_addon.gate.master import StartError, start
from sidecar_addon.gate.reflected import Reflected, Unsearchable, Watch
from sidecar_addon.gate.refusal import Refusal, hint
from sidecar_addon.gate.settings import Settings, write_line
from sidecar_addon.gate.tokens import MemoryTokens
from sidecar_addon.table import METHODS

# ---- events ---------------------------------------------------------------------------------------------------------


def lines_of(make):
    """The events that `make` causes, after the writer has ended."""
    got = []
    events = Events(lambda line: got.append(json.loads(line)), interval=60)
    make(events)
    events.close()
    return got


def denied(events, host="a.test", **more):
    events.denied(host=host, method="GET", reason="host_not_allowed", **more)


def test_repeats_are_one_line_and_a_count():
    got = lines_of(lambda events: [denied(events) for _ in range(5)] + [denied(events, "b.test")])
    assert [(item["event"], item["host"], item.get("count")) for item in got] == [
        ("denied", "a.test", None),
        ("denied", "b.test", None),
        ("denied_more", "a.test", 4),
    ]


def test_merged_repeats_say_where_they_were_most_frequent_first():
    at = [("/a", 443), ("/b", 443), ("/b", 443), ("/b", 8443), ("/" + "c" * 400, 443)]
    got = lines_of(
        lambda events: [denied(events, path=path, port=port, scheme="https") for path, port in [("/first", 443), *at]]
    )
    assert (got[-1]["event"], got[-1]["count"]) == ("denied_more", 5)
    assert got[-1]["paths"] == [
        {"path": "/b", "port": 443, "scheme": "https", "count": 2},
        {"path": "/a", "port": 443, "scheme": "https", "count": 1},
        {"path": "/b", "port": 8443, "scheme": "https", "count": 1},
    ]


def test_merged_repeats_tell_a_bounded_number_of_places_apart():
    got = lines_of(lambda events: [denied(events, path=f"/{n}", port=443, scheme="https") for n in range(500)])
    assert got[-1]["count"] == 499
    assert len(got[-1]["paths"]) == 20
    assert len(json.dumps(got[-1])) < 10_000


def test_a_long_path_is_cut_in_its_line():
    lines = []
    events = Events(lines.append, interval=60)
    events.denied(host="h" * 300_000, method="GET", reason="host_not_allowed", path="/" + "a" * 300_000)
    events.close()
    assert len(lines) == 1 and len(lines[0]) < 5_000
    assert json.loads(lines[0])["path"].endswith("a…")


def test_more_kinds_than_can_be_counted_are_dropped_and_counted():
    got = lines_of(lambda events: [denied(events, f"h{number}.test") for number in range(1_500)])
    assert sum(item["event"] == "denied" for item in got) == 1_000
    assert got[-1] == {"event": "dropped", "time": got[-1]["time"], "count": 500}


def test_a_slow_reader_holds_nobody_and_what_does_not_fit_is_counted():
    go, got = threading.Event(), []

    def slow(line):
        go.wait(30)
        got.append(json.loads(line))

    events = Events(slow, interval=60)
    started = time.monotonic()
    for number in range(12_000):
        events.emit("allowed", number=number)
    assert time.monotonic() - started < 5
    go.set()
    events.close()
    assert got[-1]["event"] == "dropped"
    assert got[-1]["count"] + len(got) - 1 == 12_000


def test_what_the_operator_waits_for_is_said_before_all_that_an_agent_has_caused():
    go, writing, got = threading.Event(), threading.Event(), []

    def sink(line):
        writing.set()
        go.wait(30)
        got.append(json.loads(line)["event"])

    events = Events(sink, interval=60)
    events.emit("allowed")
    assert writing.wait(30)
    for _ in range(12_000):
        events.emit("allowed")
    events.emit("routes_loaded", apply="01J")
    events.emit("routes_rejected", apply="01K")
    go.set()
    events.close()
    assert got[:4] == ["allowed", "routes_loaded", "routes_rejected", "allowed"]
    assert got[-1] == "dropped"


def test_what_the_operator_waits_for_is_said_at_once_when_nothing_else_is():
    got = queue.Queue()
    events = Events(got.put, interval=600)
    events.emit("routes_loaded", apply="01J")
    assert "routes_loaded" in got.get(timeout=30)
    events.close()


def test_a_reader_that_is_gone_does_not_end_the_writer():
    got = queue.Queue()

    def sink(line):
        if "first" in line:
            raise BrokenPipeError
        got.put(line)

    events = Events(sink)
    events.emit("first")
    events.emit("second")
    assert "second" in got.get(timeout=30)
    events.close()


def test_a_line_is_one_line(capsys):
    lines = lines_of(lambda events: events.emit("x", path="/a\nb\u2028\x1b[2J"))
    write_line(json.dumps(lines[0]))
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "\x1b" not in out


# ---- the watch ------------------------------------------------------------------------------------------------------

TOKEN = b"abcabd"


@given(st.lists(st.binary(max_size=5) | st.sampled_from([b"abc", b"abd", b"ab", b"c"]), max_size=12))
def test_the_watch_passes_everything_but_the_token(chunks):
    watch, passed = Watch(TOKEN), b""
    whole = b"".join(chunks)
    try:
        for chunk in chunks:
            passed += watch.feed(chunk)
        passed += watch.end()
    except Reflected:
        assert TOKEN in whole
        assert TOKEN not in passed
        return
    assert TOKEN not in whole
    assert passed == whole


def test_a_stream_is_not_held_back():
    assert Watch(TOKEN).feed(b"data: one\n\n") == b"data: one\n\n"


def test_packed_answers_are_searched_in_pieces():
    packed = gzip.compress(os.urandom(50) + TOKEN + os.urandom(50))
    watch = Watch(TOKEN, "gzip")
    with pytest.raises(Reflected):
        for number in range(0, len(packed), 3):
            watch.feed(packed[number : number + 3])


def test_what_unpacks_to_very_much_is_searched_without_holding_it():
    watch = Watch(TOKEN, "gzip")
    assert watch.feed(gzip.compress(bytes(50_000_000))) + watch.end()


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, br"])
def test_other_encodings_cannot_be_searched(encoding):
    with pytest.raises(Unsearchable):
        Watch(TOKEN, encoding)


def test_a_false_claim_of_an_encoding_cannot_be_searched():
    with pytest.raises(Unsearchable):
        Watch(TOKEN, "gzip").feed(b"this is plain text")


# ---- secrets --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "/v1/messages?x=1", "sk-short", "Basic !!!", "Basic abcdefghi", "100%", "a%zz", "eyJh"]
)
def test_ordinary_text_is_no_secret(text):
    assert secrets.find([text], (), ()) is None


@given(st.text(max_size=60))
def test_foreign_text_never_breaks_the_search(text):
    secrets.find([text], (), ("token-of-the-gate",))


# ---- headers --------------------------------------------------------------------------------------------------------


def test_a_header_that_would_split_a_line_is_noticed():
    assert headers.bad_bytes(Headers([(b"a", b"b\r\nc: d")]))
    assert headers.bad_bytes(Headers([(b"a\x00", b"b")]))
    assert not headers.bad_bytes(Headers([(b"a", b"b")]))


def test_trailers_cannot_speak_in_the_gates_voice_either():
    response = Response.make(200)
    response.trailers = Headers([(b"X-Bottle-Denied", b"x"), (b"X-Other", b"y")])
    headers.clean_response(response)
    assert response.trailers.fields == ((b"X-Other", b"y"),)


def test_a_websocket_keeps_its_upgrade_and_nothing_else_of_the_hop():
    request = Request.make(
        "GET", "https://a.test/", headers={"Connection": "Upgrade, X-Y", "Upgrade": "websocket", "X-Y": "1"}
    )
    headers.clean_request(request, websocket=True)
    assert (request.headers["Connection"], request.headers["Upgrade"]) == ("Upgrade", "websocket")
    assert "X-Y" not in request.headers


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"/a", b"/a"),
        (b"/a?", b"/a?"),
        (b"/a?key=1", b"/a"),
        (b"/a?x=?key=1&token", b"/a?x=?key=1"),
        (b"/?a&&b", b"/?a&&b"),
    ],
)
def test_queries_without_keys(target, expected):
    assert headers.without_keys(target) == expected


# ---- refusals -------------------------------------------------------------------------------------------------------


def refusal(reason, **more):
    return Refusal("id", reason, **{"host": "api.test", "path": "/v1/x", "method": "GET", **more})


@pytest.mark.parametrize(
    ("refused", "says"),
    [
        (
            refusal("host_not_allowed"),
            'call egress-block with {"host": "api.test", "path_allowlist": ["/v1/x"], "methods"',
        ),
        (refusal("path_not_allowed", path="/"), 'call egress-block with {"host": "api.test", "methods": ["GET"]'),
        (refusal("path_not_allowed", path="/a//b"), 'call egress-block with {"host": "api.test", "methods": ["GET"]'),
        (refusal("port_not_allowed", port=8443), '"ports": [8443]'),
        (refusal("host_not_allowed", port=80), 'call egress-block with {"host": "api.test", "ports": [80], "just'),
        (refusal("host_not_allowed", method="TRACE"), "never passes"),
        (refusal("websocket_not_scannable", method="WEBSOCKET"), '"want": "passthrough"'),
        (
            refusal("websocket_not_scannable", method="WEBSOCKET", port=8443),
            '"path_allowlist": ["/v1/x"], "methods": ["WEBSOCKET"], "ports": [8443]',
        ),
        (
            refusal("port_not_allowed", method="CONNECT", path="", port=8443),
            'call egress-block with {"host": "api.test", "ports": [8443], "just',
        ),
        (
            refusal("host_not_allowed", method="CONNECT", host="10.0.0.1"),
            "cannot be asked for (host: '10.0.0.1' is an IP",
        ),
        (refusal("host_not_allowed", host="localhost"), "localhost is your own container"),
        (refusal("host_not_allowed", path="/v1/a*b/c"), '"path_allowlist": ["/v1/"]'),
        (refusal("scan_state_mismatch"), "pipelock-block"),
        (refusal("pipelock", want="allow"), 'call pipelock-block with {"host": "api.test", "want": "allow"'),
        (refusal("pipelock"), '"want": "passthrough"'),
        (refusal("pipelock", want="allow"), "the name does not resolve, leads to a private address"),
        (refusal("pipelock", want="allow"), "the host itself is granted, so do not ask for it again"),
        (refusal("pipelock"), "Only for a false alarm, call pipelock-block"),
        (refusal("expired"), "call egress-block with"),
        (refusal("used_up"), "call egress-block with"),
        (refusal("quarantined"), "do not retry"),
        (refusal("secret_in_request"), "egress.routes[].auth"),
    ],
)
def test_hints_name_the_arguments(refused, says):
    assert says in hint(refused)
    assert refused.response().headers["X-Bottle-Hint"] == hint(refused)


@given(
    host=st.one_of(st.sampled_from(["api.test", "10.0.0.1", "localhost", "x.internal", "api.test.", "*"]), st.text()),
    path=st.one_of(st.text(), st.from_regex(r"/[a-z*/%?.]{0,40}", fullmatch=True), st.just("/v1/" + "x" * 30_000)),
    method=st.sampled_from([*METHODS, "CONNECT"]),
    port=st.sampled_from([443, 80, 8443]),
    reason=st.sampled_from(["host_not_allowed", "port_not_allowed", "path_not_allowed", "expired", "used_up"]),
)
def test_a_hint_is_short_and_names_nothing_that_would_be_refused_at_the_door(reason, **asked):
    text = hint(refusal(reason, **asked))
    assert len(text) < 2_000
    if text.startswith("call egress-block with "):
        arguments = json.loads(text.removeprefix("call egress-block with ").removesuffix(", then retry once"))
        asks.normalise("egress-block", arguments)
    else:
        assert text.startswith("this cannot be asked for (host: ")


def test_a_foreign_path_cannot_break_out_of_the_answer():
    refused = refusal("host_not_allowed", path='/"}\r\nX-Evil: 1\u2028')
    assert json.loads(refused.body())["path"] == '/"}\r\nX-Evil: 1\u2028'
    assert b"\r\n" not in refused.body().strip()
    assert all(b"\r" not in value and b"\n" not in value for _, value in refused.response().headers.fields)


# ---- mitmproxy as it is ---------------------------------------------------------------------------------------------


def test_an_unexpected_mitmproxy_stops_the_gate(monkeypatch):
    monkeypatch.setattr(stream.GateStream, "_answer_now", lambda self, response: iter(()))
    with pytest.raises(stream.StreamError, match=r"requirements-egress\.lock"):
        stream.install()


async def test_a_port_that_is_taken_stops_the_start(pki, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = Settings(
            listen=taken.getsockname(), parent=("127.0.0.1", 9), routes_file=tmp_path / "routes.yaml",
            uses_folder=tmp_path / "uses", ca_file=pki.folder / "gate.pem", tokens=MemoryTokens(), emit=str,
        )  # fmt: skip
        with pytest.raises(StartError, match="cannot listen"):
            await start(settings)


# ---- the container's command ----------------------------------------------------------------------------------------


@pytest.fixture
def command(tmp_path, pki, monkeypatch):
    """Runs `egress` with its files below a folder; yields the process and its event lines."""
    folder = tmp_path / "etc/egress"
    (folder / "ca").mkdir(parents=True)
    (tmp_path / "run/tokens").mkdir(parents=True)
    (folder / "ca/mitmproxy-ca.pem").write_bytes((pki.folder / "gate.pem").read_bytes())
    (folder / "routes.yaml").write_text("routes: []\n")
    (folder / "gate.json").write_text(json.dumps({"listen": ["127.0.0.1", 0], "parent": "http://127.0.0.1:9"}))
    code = (
        "import sys, pathlib; from sidecar_addon.gate import settings; read = settings.read;"
        f"settings.read = lambda: read(pathlib.Path({str(tmp_path)!r}));"
        "from sidecar_addon.__main__ import main; sys.exit(main(['egress']))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    yield process, folder
    process.kill()
    process.wait(30)
    process.stdout.close()
    process.stderr.close()


def wait_for(process, name):
    for line in process.stdout:
        if json.loads(line)["event"] == name:
            return json.loads(line)
    raise AssertionError(f"no {name}: {process.stderr.read()}")


def test_the_command_loads_at_once_reloads_on_sighup_and_ends_on_sigterm(command):
    process, folder = command
    wait_for(process, "gate_ready")
    (folder / "routes.yaml").write_text('{"routes": [], "apply": "A2"}')
    process.send_signal(signal.SIGHUP)
    assert wait_for(process, "routes_loaded")["apply"] == "A2"
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_hangups_while_the_gate_comes_up_do_not_end_it(command):
    process, _ = command
    wait_for(process, "routes_loaded")
    for _ in range(50):
        process.send_signal(signal.SIGHUP)
    wait_for(process, "gate_ready")
    assert process.poll() is None


def test_the_gate_brings_no_addon_that_it_does_not_use():
    listed = "sorted(name for name in sys.modules if name.startswith('mitmproxy.addons.'))"
    code = f"import sys, sidecar_addon.gate.master; print({listed})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    names = ("core", "proxyserver", "termlog", "tlsconfig")
    assert ran.stdout.strip() == str([f"mitmproxy.addons.{name}" for name in names])


def test_settings_that_are_wrong_end_the_command_with_one_line(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "sidecar_addon", "egress"], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith("egress: /etc/egress/gate.json:")
    assert len(ran.stderr.splitlines()) == 1
