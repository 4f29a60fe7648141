"""Loading tables, asking the gate, slots, the local page, settings."""

import asyncio
import io
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from mitmproxy.hooks import all_hooks

from sidecar_addon.__main__ import main as entry
from sidecar_addon.gate import ask, put_token, reload
from sidecar_addon.gate import settings as gate_settings
from sidecar_addon.gate.addon import GateAddon
from sidecar_addon.gate.events import Events
from sidecar_addon.gate.flights import Flights
from sidecar_addon.gate.policy import Policy
from sidecar_addon.gate.tokens import FolderTokens, MemoryTokens, Token, TokenError, checked
from sidecar_addon.gate.uses import Uses
from sidecar_addon.table import Grant, Table, digest_of


def put(world, data: bytes):
    world.routes_file.write_bytes(data)
    world.gate.reload()


def test_a_loaded_table_is_acknowledged_with_its_apply_and_digest(world, route_of):
    table = Table(routes=(route_of(), route_of("b.test", grants=())), apply="01J", base=None)
    put(world, table.data)
    event = world.event("routes_loaded", apply="01J")
    assert event["digest"] == digest_of(table.data)
    assert (event["generation"], event["routes"], event["cut"], event["in_flight"]) == (2, 2, 0, 0)


def test_the_same_file_again_is_acknowledged_unchanged(world):
    first = world.event("routes_loaded", apply="first")
    world.gate.reload()
    again = world.event("routes_loaded", apply="first")
    assert (again["digest"], again["generation"]) == (first["digest"], first["generation"])


def test_a_flat_table_loads(world):
    put(world, b"routes:\n  - host: flat.test\n    path_allowlist: [/v1/]\n")
    assert world.event("routes_loaded", apply=None)["routes"] == 1
    assert world.get("https://flat.test/v1/x").status == 200


def test_a_table_made_from_another_one_is_rejected_and_the_last_good_one_stays(world, route_of):
    table = Table(routes=(route_of("evil.test"),), apply="02J", base="sha256:" + "0" * 64)
    put(world, table.data)
    event = world.event("routes_rejected", apply="02J")
    assert event["digest"] == table.digest
    assert "is in force" in event["error"]
    assert world.get("https://api.test/").status == 200
    assert world.get("https://evil.test/").status == 403
    assert "is in force" in world.gate.ask({"verb": "status"})["routes_error"]


def test_a_table_made_from_the_one_in_force_loads_and_clears_the_error(world, route_of):
    put(world, b"nonsense: [")
    world.event("routes_rejected")
    digest = world.gate.ask({"verb": "status"})["digest"]
    world.load(route_of("next.test"), base=digest)
    status = world.gate.ask({"verb": "status"})
    assert (status["routes_error"], status["apply"]) == (None, "next")


def test_the_base_is_not_looked_at_when_the_gate_starts(make_world, route_of):
    table = Table(routes=(route_of(),), apply="x", base="sha256:" + "0" * 64)
    assert make_world(raw=table.data).event("routes_loaded")["apply"] == "x"


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe",
        b'{"routes": [], "apply": "a", "surprise": 1}',
        b'{"routes": [{"host": "10.0.0.1"}], "apply": "a"}',
        b'{"routes": [], "routes": []}',
        b"",
        b"x" * (16 * 1024 * 1024 + 1),
    ],
    ids=["no text", "unknown key", "address", "repeated key", "empty", "too large"],
)
def test_an_invalid_table_keeps_the_last_good_one(world, data):
    put(world, data)
    event = world.event("routes_rejected")
    assert event["digest"] == digest_of(data) or len(data) > 1_000_000
    assert world.get("https://api.test/").status == 200


def test_a_missing_or_linked_file_keeps_the_last_good_one(world, tmp_path):
    world.routes_file.unlink()
    world.gate.reload()
    assert "No such file" in world.event("routes_rejected")["error"]
    (tmp_path / "elsewhere").write_text("routes: []")
    world.routes_file.symlink_to(tmp_path / "elsewhere")
    world.gate.reload()
    assert world.event("routes_rejected")["digest"] is None
    assert world.get("https://api.test/").status == 200


def test_many_reloads_at_once_end_with_the_newest_table(world, route_of):
    for number in range(50):
        world.routes_file.write_bytes(Table(routes=(route_of(),), apply=f"a{number}").data)
        world.gate.reload()
    assert world.event("routes_loaded", apply="a49")
    assert world.gate.ask({"verb": "status"})["apply"] == "a49"


async def test_a_reload_that_comes_while_the_gate_starts_is_loaded_after_it(tmp_path, monkeypatch):
    file = tmp_path / "routes.yaml"
    file.write_bytes(Table(apply="old").data)
    read, reading, overtaken, go_on = reload._read, threading.Event(), threading.Event(), threading.Event()

    def slow(path):
        data = read(path)
        if reading.is_set():
            overtaken.set()
        else:
            reading.set()
            go_on.wait(10)
        return data

    monkeypatch.setattr(reload, "_read", slow)
    (tmp_path / "uses").mkdir()
    policy = Policy(MemoryTokens(), Uses(tmp_path / "uses"), gate_settings.utc_now, time.monotonic)
    events = Events(lambda line: None)
    loader = reload.Reloader(file, policy, Flights(events, time.monotonic, lambda client: None), events, lambda: None)
    start = asyncio.create_task(loader.load())
    await asyncio.to_thread(reading.wait, 10)
    file.write_bytes(Table(apply="new").data)
    loader.request()
    assert not await asyncio.to_thread(overtaken.wait, 0.2)
    go_on.set()
    await start
    assert loader._task is not None
    await loader._task
    events.close()
    assert policy.table is not None and policy.table.apply == "new"


def test_a_reload_under_way_fails_no_request(world, route_of, talk):
    with world.tunnel("api.test") as sock:
        for number in range(30):
            world.routes_file.write_bytes(Table(routes=(route_of(),), apply=f"a{number}").data)
            world.gate.reload()
            assert talk(sock, "GET", "/", "api.test").status == 200


# ---- asking ---------------------------------------------------------------------------------------------------------


def test_status_says_what_is_in_force(make_world, route_of):
    grants = (Grant("g1", uses=3), Grant("g2"))
    world = make_world(route_of(grants=grants), tokens={"EGRESS_TOKEN_3": Token("fp3", "value-of-slot")})
    status = world.gate.ask({"verb": "status"})
    assert set(status) == {
        "digest", "generation", "apply", "quarantined", "hold_until", "time", "slots", "in_flight", "uses",
        "routes_error", "parent_silent",
    }  # fmt: skip
    assert (status["apply"], status["generation"], status["quarantined"]) == ("first", 1, False)
    assert status["slots"] == {"EGRESS_TOKEN_3": "fp3"}
    assert "value-of-slot" not in json.dumps(status)


def test_decide_answers_with_route_grant_and_scan_state(make_world, route_of):
    world = make_world(
        route_of(grants=(Grant("g1", ("/v1/",)),), auth_scheme="Bearer", token_env="EGRESS_TOKEN_0"),
        route_of("b.test", grants=(Grant("g2"),), pipelock="passthrough"),
    )
    asked = [
        {"method": "GET", "url": "https://api.test/v1/x?y"},
        {"method": "GET", "url": "https://b.test"},
        {"method": "GET", "url": "https://b.test:8443/"},
        {"method": "GET", "url": "ftp://b.test/"},
        {"method": "GET", "url": "https://[::1/"},
        {"method": 5, "url": None},
        "nonsense",
    ]
    answers = world.gate.ask({"verb": "decide", "requests": asked})["answers"]
    assert [item["reason"] for item in answers] == [
        "token_missing", None, "port_not_allowed", *["host_not_allowed"] * 4
    ]  # fmt: skip
    assert (answers[0]["scan"], answers[0]["token_ready"], answers[0]["grant"]["id"]) == ("scanned", False, "g1")
    assert answers[0]["route"]["token_env"] == "EGRESS_TOKEN_0"
    assert (answers[1]["allowed"], answers[1]["scan"], answers[1]["token_ready"]) == (True, "passthrough", None)


def test_in_flight_counts_streams_of_the_hosts_asked_for(world):
    with world.tunnel("api.test") as sock:
        sock.sendall(b"GET /stream HTTP/1.1\r\nHost: api.test\r\n\r\n")
        world.event("allowed")
        assert world.gate.ask({"verb": "in_flight", "hosts": ["api.test"]}) == {"streams": 1}
        assert world.gate.ask({"verb": "in_flight", "hosts": ["b.test"]}) == {"streams": 0}
        assert world.gate.ask({"verb": "status"})["in_flight"] == {"api.test": 1}


@pytest.mark.parametrize(
    "question",
    [
        None,
        [],
        {"verb": "no"},
        {"verb": "decide"},
        {"verb": "in_flight", "hosts": "x"},
        {"verb": "put_token", "slot": "X", "fingerprint": "a", "value": "secret-value"},
        {"verb": "put_token", "slot": "EGRESS_TOKEN_0", "fingerprint": "a", "value": "secret\nvalue"},
    ],
)
def test_a_question_that_makes_no_sense_is_answered_with_an_error_and_no_value(world, question):
    answer = world.gate.ask(question)
    assert list(answer) == ["error"]
    assert "secret" not in answer["error"]


@pytest.fixture
def over_socket(make_world, route_of, tmp_path, monkeypatch):
    """A gate with a control socket, and the variable that names it."""
    path = tmp_path / "c.sock"
    monkeypatch.setenv(ask.VARIABLE, str(path))
    return make_world(route_of(auth_scheme="Bearer", token_env="EGRESS_TOKEN_0"), control_socket=path)


def test_control_prints_the_answer(over_socket, capsys):
    assert entry(["control", '{"verb": "status"}']) == 0
    assert json.loads(capsys.readouterr().out)["apply"] == "first"
    assert oct(Path(over_socket.gate.settings.control_socket).stat().st_mode)[-3:] == "600"


def test_control_says_what_is_wrong(over_socket, capsys, monkeypatch):
    assert (entry(["control"]), entry(["control", "{"]), entry(["control", '{"verb": "x"}'])) == (2, 2, 1)
    monkeypatch.setenv(ask.VARIABLE, "/nowhere/x.sock")
    assert entry(["control", '{"verb": "status"}']) == 1
    assert "is `egress` running?" in capsys.readouterr().err


def test_put_token_fills_a_slot_and_prints_no_value(over_socket, capsys, monkeypatch):
    offered = {"fingerprint": "fp", "value": "the-value-itself"}
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(offered).encode())))
    assert put_token.main(["EGRESS_TOKEN_0"]) == 0
    out = capsys.readouterr()
    assert json.loads(out.out) == {"slot": "EGRESS_TOKEN_0", "fingerprint": "fp"}
    assert over_socket.event("token_loaded")["slot"] == "EGRESS_TOKEN_0"
    assert "the-value-itself" not in out.out + out.err + str(over_socket.past)
    assert over_socket.get("https://api.test/").status == 200


@pytest.mark.parametrize("data", [b"the-value-itself", b'["the-value-itself"]', b'{"value": "the-value-itself"}', b""])
def test_put_token_refuses_what_is_no_token_without_quoting_it(over_socket, capsys, monkeypatch, data):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert put_token.main(["EGRESS_TOKEN_0"]) != 0
    out = capsys.readouterr()
    assert "the-value-itself" not in out.out + out.err
    assert put_token.main([]) == 2


def test_tokens_on_the_tmpfs_are_0600_and_found_again(tmp_path):
    FolderTokens(tmp_path).put("EGRESS_TOKEN_1", Token("fp", "v"))
    (tmp_path / "EGRESS_TOKEN_2.json").write_text("{broken")
    (path,) = tmp_path.glob("EGRESS_TOKEN_1.json")
    assert oct(path.stat().st_mode)[-3:] == "600"
    assert FolderTokens(tmp_path).all() == {"EGRESS_TOKEN_1": Token("fp", "v")}


@pytest.mark.parametrize(
    ("slot", "fingerprint", "value"),
    [
        ("OTHER", "a", "v"),
        (None, "a", "v"),
        ("EGRESS_TOKEN_0", "", "v"),
        ("EGRESS_TOKEN_0", "a b", "v"),
        ("EGRESS_TOKEN_0", "a", ""),
        ("EGRESS_TOKEN_0", "a", " v"),
        ("EGRESS_TOKEN_0", "a", "v\r\nX: y"),
        ("EGRESS_TOKEN_0", "a", "ü"),
        ("EGRESS_TOKEN_0", "a", "v" * 20_000),
        ("EGRESS_TOKEN_0", "a", 5),
    ],
)
def test_what_is_no_token_is_refused(slot, fingerprint, value):
    with pytest.raises(TokenError):
        checked(slot, fingerprint, value)


def test_a_token_is_never_shown_by_its_repr():
    assert "hidden" not in repr(Token("fp", "hidden"))


# ---- the local page -------------------------------------------------------------------------------------------------


def test_the_allowlist_page_shows_the_table_without_slots(make_world, route_of):
    world = make_world(
        route_of(grants=(Grant("g1", ("/v1/",)),), auth_scheme="Bearer", token_env="EGRESS_TOKEN_0",
                 token_fingerprint="abc")
    )  # fmt: skip
    reply = world.get("http://_egress.local/allowlist")
    assert reply.status == 200
    page = reply.json()
    assert page["routes"][0]["grants"] == [{"id": "g1", "path_allowlist": ["/v1/"]}]
    assert (page["digest"], page["generation"]) == (world.gate.ask({"verb": "status"})["digest"], 1)
    assert "EGRESS_TOKEN" not in reply.body.decode()
    assert "abc" not in reply.body.decode()
    assert world.event("local_page")["path"] == "/allowlist"
    assert world.parent.plain == []


def test_the_allowlist_page_is_made_once_for_each_table(world, route_of):
    page = world.gate._addon._page
    first = page.answer("GET", "/allowlist").content
    assert page.answer("GET", "/allowlist").content is first
    world.load(route_of("b.test"))
    after = json.loads(page.answer("GET", "/allowlist").content)
    assert ([route["host"] for route in after["routes"]], after["generation"]) == (["b.test"], 2)


def test_the_decide_page_always_answers_200(world):
    asked = {
        "/decide?method=GET&url=https%3A%2F%2Fapi.test%2F": (True, None),
        "/decide?method=FOO&url=https%3A%2F%2Fapi.test%2F": (False, "method_not_allowed"),
        "/decide?method=GET&url=https%3A%2F%2Fapi.test%3A0%2F": (False, "port_not_allowed"),
        "/decide?method=GET&url=nonsense": (False, "host_not_allowed"),
        "/decide": (False, "host_not_allowed"),
    }
    for path, expected in asked.items():
        reply = world.get(f"http://_egress.local{path}")
        assert reply.status == 200
        assert (reply.json()["allowed"], reply.json()["reason"]) == expected


def test_the_local_page_knows_nothing_else(world):
    assert world.get("http://_egress.local/").status == 404
    assert world.get("http://_egress.local/allowlist", method="POST", body=b"x").status == 405
    assert world.get("http://_EGRESS.local/allowlist").status == 200


def test_the_local_page_answers_200_a_second_and_then_429(make_world, route_of, talk):
    second = [5.0]
    world = make_world(route_of(), monotonic=lambda: second[0])
    with world.connect() as sock:
        answers = [talk(sock, "GET", "http://_egress.local/decide", "_egress.local").status for _ in range(201)]
        second[0] = 6.0
        answers.append(talk(sock, "GET", "http://_egress.local/decide", "_egress.local").status)
    assert answers == [200] * 200 + [429, 200]


def test_without_a_table_the_page_says_so(make_world):
    world = make_world(raw=b"broken: [")
    assert world.get("http://_egress.local/allowlist").json() == {"routes": [], "digest": None, "generation": 0}
    assert world.get("http://_egress.local/decide?url=https%3A%2F%2Fa.test").json()["reason"] == "gate_error"


# ---- settings and the command ---------------------------------------------------------------------------------------


def settings_file(root, **more):
    folder = root / "etc/egress"
    folder.mkdir(parents=True, exist_ok=True)
    value = {"listen": ["127.0.0.1", 0], "parent": "http://pipelock:8888", **more}
    (folder / "gate.json").write_text(json.dumps(value))


def test_settings_are_read_below_a_root(tmp_path):
    settings_file(
        tmp_path, runtime="local", hop=True, dlp_patterns=[{"name": "n", "regex": "x+"}], background_hosts=["b.test"],
        proxy_password="p",
    )  # fmt: skip
    read = gate_settings.read(tmp_path)
    assert read.parent == ("pipelock", 8888)
    assert read.routes_file == tmp_path / "etc/egress/routes.yaml"
    assert (read.runtime, read.hop, read.background_hosts, read.proxy_password) == ("local", True, ("b.test",), "p")
    assert read.dlp_patterns[0].regex.search("XX")
    assert (read.pipelock_ca, read.extra_ca) == (None, None)
    assert "'p'" not in repr(read)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"listen": "x"}, "listen"),
        ({"listen": ["x", True]}, "listen"),
        ({"parent": "https://x:1"}, "parent"),
        ({"parent": None}, "parent"),
        ({"runtime": "cloud"}, "runtime"),
        ({"hop": 1}, "hop"),
        ({"dlp_patterns": [{"name": "n", "regex": "("}]}, "regular expression"),
        ({"dlp_patterns": ["x"]}, "dlp_patterns"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_wrong_settings_are_named(tmp_path, more, says):
    settings_file(tmp_path, **more)
    with pytest.raises(gate_settings.SettingsError, match=says):
        gate_settings.read(tmp_path)


def test_missing_settings_are_named(tmp_path):
    with pytest.raises(gate_settings.SettingsError, match=r"gate\.json: No such file"):
        gate_settings.read(tmp_path)


def test_an_unknown_command_is_a_usage_error(capsys):
    assert (entry([]), entry(["nope"]), entry(["--help"])) == (2, 2, 0)
    assert "'nope' is no command here" in capsys.readouterr().err


def test_sidecars_import_only_what_their_command_needs():
    code = (
        "import sys; from sidecar_addon.__main__ import main; main(['control', '{}']); print([m for m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30).stdout
    assert "'mitmproxy'" not in out
    assert "'mcp'" not in out


def test_no_method_of_the_addon_is_a_hook_by_accident():
    """mitmproxy calls whatever has a hook's name (landmine 2)."""
    meant = {
        "http_connect", "requestheaders", "request", "responseheaders", "response", "error", "websocket_message",
        "websocket_end", "client_connected", "client_disconnected", "server_connect", "tls_failed_client",
    }  # fmt: skip
    assert set(vars(GateAddon)) & set(all_hooks) == meant
