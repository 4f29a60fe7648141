"""The local runtime with its real process: gate, supervise and hop on loopback."""

import contextlib
import dataclasses
import json
import os
import signal
import ssl
import threading
import urllib.error
import urllib.request
from pathlib import Path

import bottles
import pytest
from conftest import SLUG, Make, Running

from bottle_tui.adapters.home import DiskHome
from bottle_tui.adapters.local import LocalRuntime, client
from bottle_tui.core import pipelock_log
from bottle_tui.core.views import LogLine
from bottle_tui.errors import LaunchFailed, SidecarUnreachable
from bottle_tui.ports import SIDECARS, EventLines, Role
from sidecar_addon.table import digest_of, render

CONTROL = ["python", "-m", "sidecar_addon", "control"]
ROUTES = "/etc/egress/routes.yaml"


def get(bottle: Running, url: str, *, proxy: str | None = None) -> tuple[int, dict[str, object]]:
    """GET through the bottle's proxy; status and body."""
    context = ssl.create_default_context(cafile=bottle.record.ca_file)
    where = proxy or bottle.record.proxy_url
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({"http": where, "https": where}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        with opener.open(url, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or b"{}")


def event(lines: EventLines, name: str) -> dict[str, object]:
    """The next event of that name; fails after five quiet seconds."""
    while (line := lines.next(5.0)) is not None:
        if line.startswith("{") and json.loads(line).get("event") == name:
            found: dict[str, object] = json.loads(line)
            return found
    raise AssertionError(f"no {name}")


def status(bottle: Running) -> dict[str, object]:
    ran = bottle.runtime.sidecar(bottle.record, "egress").run([*CONTROL, '{"verb":"status"}'])
    assert ran.code == 0, ran.stderr
    found: dict[str, object] = json.loads(ran.stdout)
    return found


def test_a_granted_request_arrives_with_the_credential_that_the_agent_never_had(bottle: Running) -> None:
    assert get(bottle, f"https://{bottles.HOST}/v1/x") == (200, {"path": "/v1/x", "authorised": True})


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"https://{bottles.HOST}/v2/x", "path_not_allowed"),
        ("https://new.example.com/v1/x", "host_not_allowed"),
    ],
)
def test_what_is_not_granted_is_refused_with_its_reason(bottle: Running, url: str, reason: str) -> None:
    code, body = get(bottle, url)
    assert (code, body["reason"]) == (403, reason)


def test_nobody_passes_without_the_password(bottle: Running) -> None:
    port = bottle.record.proxy_url.rpartition(":")[2]
    with pytest.raises(OSError, match="407"):
        get(bottle, f"https://{bottles.HOST}/v1/x", proxy=f"http://127.0.0.1:{port}")


def test_the_tools_answer_only_on_their_random_path(bottle: Running) -> None:
    port = bottle.record.mcp_url.split("/")[2]
    with pytest.raises(urllib.error.HTTPError, match="404") as refused:
        urllib.request.urlopen(urllib.request.Request(f"http://{port}/mcp", data=b"{}", method="POST"), timeout=5)
    refused.value.close()
    assert len(bottle.record.mcp_url) > len(f"http://{port}/mcp") + 20


def test_the_record_names_one_process_for_every_part_and_says_what_stands_in_for_pipelock(bottle: Running) -> None:
    process = client.find(bottle.home)
    assert process is not None
    assert set(bottle.record.containers.values()) == {process.identity}
    assert bottle.record.details == {"pipelock": "hop"}
    assert bottle.runtime.states(bottle.record) == {"agent": "down", **dict.fromkeys(SIDECARS, "up")}
    assert bottle.runtime.survey([]).found == {SLUG: "running"}
    assert "NOT CONTAINED" in bottle.runtime.describe()


def test_no_token_is_ever_on_disk(bottle: Running) -> None:
    files = [path for path in bottle.home.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert [path for path in files if bottles.TOKEN.encode() in path.read_bytes()] == []


def test_the_process_holds_no_token_in_its_arguments_or_environment(bottle: Running) -> None:
    process = client.find(bottle.home)
    assert process is not None
    for name in ("cmdline", "environ"):
        text = Path(f"/proc/{process.pid}/{name}")
        if not text.exists():
            pytest.skip("this system has no /proc")
        password = bottle.record.proxy_url.split(":")[2].partition("@")[0].encode()
        assert bottles.TOKEN.encode() not in text.read_bytes()
        assert password not in text.read_bytes()


def test_nobody_else_can_read_what_it_keeps_or_reach_its_sockets(bottle: Running) -> None:
    process = client.find(bottle.home)
    assert process is not None
    assert process.socket.parent.stat().st_mode & 0o077 == 0
    assert (bottle.home / "local").stat().st_mode & 0o077 == 0
    assert (bottle.home / "local.json").stat().st_mode & 0o077 == 0
    assert len(str(process.gate_socket)) < 100


def test_a_table_is_put_signalled_and_acknowledged_by_its_apply(bottle: Running) -> None:
    egress = bottle.runtime.sidecar(bottle.record, "egress")
    now = str(status(bottle)["digest"])
    data = render(bottles.table(bottles.HOST, "new.example.com", apply="01B", base=now))
    lines = egress.follow(tail=0)
    egress.put(ROUTES, data)
    egress.signal()
    loaded = event(lines, "routes_loaded")
    lines.close()
    assert (loaded["apply"], loaded["digest"]) == ("01B", digest_of(data))
    assert egress.read(ROUTES) == data
    back = render(bottles.table(bottles.HOST, apply="01C", base=digest_of(data)))
    lines = egress.follow(tail=0)
    egress.put(ROUTES, back)
    egress.signal()
    assert event(lines, "routes_loaded")["apply"] == "01C"
    lines.close()


def test_pipelock_s_list_is_put_signalled_and_acknowledged_by_its_hash(bottle: Running) -> None:
    pipelock = bottle.runtime.sidecar(bottle.record, "pipelock")
    data = bottles.config(bottles.HOST, "new.example.com", apply="01B")
    lines = pipelock.follow(tail=0)
    pipelock.put("/etc/pipelock/pipelock.yaml", data)
    pipelock.signal()
    assert event(lines, "config_reload")["config_hash"] == digest_of(data).removeprefix("sha256:")
    lines.close()


def test_a_signal_to_one_part_reloads_no_other(bottle: Running) -> None:
    egress, pipelock = (bottle.runtime.sidecar(bottle.record, role) for role in ("egress", "pipelock"))
    quiet, loud = egress.follow(tail=0), pipelock.follow(tail=0)
    pipelock.signal()
    event(loud, "config_reload")
    assert quiet.next(0) is None
    quiet.close()
    loud.close()


def test_hanging_up_on_the_process_reloads_every_part(bottle: Running) -> None:
    process = client.find(bottle.home)
    assert process is not None
    names: dict[Role, str] = {"egress": "routes_loaded", "pipelock": "config_reload"}
    streams = {role: bottle.runtime.sidecar(bottle.record, role).follow(tail=0) for role in names}
    os.kill(process.pid, signal.SIGHUP)
    for role, name in names.items():
        assert event(streams[role], name)
        streams[role].close()


def test_a_log_is_followed_from_its_tail_and_a_close_ends_whoever_waits(bottle: Running) -> None:
    pipelock = bottle.runtime.sidecar(bottle.record, "pipelock")
    lines = pipelock.follow(tail=1)
    assert lines.next(5.0) is not None
    ended: list[type[BaseException]] = []

    def wait() -> None:
        try:
            while lines.next(30.0) is None:
                pass
        except SidecarUnreachable as error:
            ended.append(type(error))

    thread = threading.Thread(target=wait)
    thread.start()
    lines.close()
    thread.join(30)
    assert ended == [SidecarUnreachable]


def test_the_log_on_disk_is_what_was_said(bottle: Running) -> None:
    said = (bottle.home / "local/pipelock.log").read_text().splitlines()
    first: LogLine = pipelock_log.read(SLUG, said[0])
    assert first.facts["kind"] == "startup"


def test_only_the_gate_s_own_commands_can_be_run(bottle: Running) -> None:
    egress = bottle.runtime.sidecar(bottle.record, "egress")
    for argv in (["sh", "-c", "id"], ["python", "-m", "sidecar_addon", "hop", "x"]):
        with contextlib.suppress(SidecarUnreachable):
            assert egress.run(argv).code != 0
    with pytest.raises(SidecarUnreachable):
        bottle.runtime.sidecar(bottle.record, "supervise").run([*CONTROL, "{}"])


def test_a_token_is_taken_from_standard_input_and_named_by_fingerprint_only(bottle: Running) -> None:
    egress = bottle.runtime.sidecar(bottle.record, "egress")
    offered = json.dumps({"fingerprint": "abc123", "value": "another-example-token"}).encode()
    ran = egress.run(["python", "-m", "sidecar_addon", "put-token", "EGRESS_TOKEN_7"], stdin=offered)
    assert (ran.code, json.loads(ran.stdout)) == (0, {"slot": "EGRESS_TOKEN_7", "fingerprint": "abc123"})
    refused = egress.run(["python", "-m", "sidecar_addon", "put-token", "nonsense"], stdin=offered)
    assert refused.code == 1
    assert b"another-example-token" not in refused.stdout + refused.stderr


def test_a_sidecar_reads_folders_without_links_and_paths_without_tricks(bottle: Running, tmp_path: Path) -> None:
    supervise = bottle.runtime.sidecar(bottle.record, "supervise")
    folder = bottle.home / "local/supervise/var/lib/supervise/proposals"
    folder.mkdir(parents=True, exist_ok=True)
    (tmp_path / "outside").write_text("outside")
    (folder / "real.txt").write_text("real")
    (folder / "link.txt").symlink_to(tmp_path / "outside")
    os.mkfifo(folder / "pipe.txt")
    assert supervise.read_folder("/var/lib/supervise/proposals") == {"real.txt": b"real"}
    assert supervise.read("/var/lib/supervise/proposals/link.txt") is None
    assert supervise.read("/var/lib/supervise/nothing") is None
    for path in ("relative", "/var/lib/supervise/../escape", "/etc/passwd"):
        with pytest.raises(SidecarUnreachable):
            supervise.put(path, b"x")
    elsewhere = folder / "elsewhere"
    elsewhere.symlink_to(tmp_path)
    with pytest.raises(SidecarUnreachable):
        supervise.put("/var/lib/supervise/proposals/elsewhere/x", b"x")
    assert not (tmp_path / "x").exists()
    for name in ("real.txt", "link.txt", "pipe.txt", "elsewhere"):
        (folder / name).unlink()


def test_an_isolated_gate_reaches_nothing_until_it_is_rejoined(bottle: Running) -> None:
    bottle.runtime.isolate(bottle.record)
    assert get(bottle, f"https://{bottles.HOST}/v1/x")[0] == 502
    bottle.runtime.sidecar(bottle.record, "pipelock").restart()
    assert get(bottle, f"https://{bottles.HOST}/v1/x")[0] == 502
    bottle.runtime.rejoin(bottle.record)
    assert get(bottle, f"https://{bottles.HOST}/v1/x")[0] == 200


def test_another_process_under_the_recorded_number_is_not_ours(bottle: Running) -> None:
    path = bottle.home / "local.json"
    honest = path.read_text()
    try:
        path.write_text(json.dumps(json.loads(honest) | {"start": "1"}))
        assert set(bottle.runtime.states(bottle.record).values()) == {"down"}
        with pytest.raises(SidecarUnreachable):
            bottle.runtime.sidecar(bottle.record, "egress").put(ROUTES, b"")
        client.end(client.find(bottle.home) or pytest.fail())
        path.write_text(
            json.dumps(json.loads(honest) | {"pid": os.getpid(), "start": client.identity.start_time(os.getpid())})
        )
        with pytest.raises(SidecarUnreachable, match="another process"):
            bottle.runtime.sidecar(bottle.record, "egress").signal()
    finally:
        path.write_text(honest)
    assert bottle.runtime.states(bottle.record)["egress"] == "up"


def test_a_second_launch_of_a_running_bottle_is_refused_and_harms_nothing(bottle: Running) -> None:
    with pytest.raises(LaunchFailed, match="runs already"):
        bottle.runtime.launch(bottle.launch, lambda line: None)
    assert bottle.runtime.states(bottle.record)["egress"] == "up"


def test_the_agent_runs_with_the_bottle_s_environment_and_nothing_of_the_operator_s(make: Make, tmp_path: Path) -> None:
    note = tmp_path / "seen"
    command = ("sh", "-c", f'env > {note}; cat "${{SSL_CERT_FILE%/*}}/mcp.json" >> {note}; exit 7')
    environ = {"PATH": os.environ["PATH"], "EXAMPLE_TOKEN": bottles.TOKEN}
    bottle = make(tmp_path / "root", command=command, environ=environ)
    assert bottle.runtime.attach(bottle.record) == 7
    seen = note.read_text()
    assert bottles.TOKEN not in seen
    assert f"HTTPS_PROXY={bottle.record.proxy_url}" in seen
    assert f"BOTTLE_MCP_URL={bottle.record.mcp_url}" in seen
    assert f"SSL_CERT_FILE={bottle.record.ca_file}" in seen
    assert json.dumps({"url": bottle.record.mcp_url}) in seen
    assert "NO_PROXY=supervise,127.0.0.1" in seen
    assert bottle.runtime.attach(bottle.record, ["true"]) == 0


def test_a_stopped_bottle_starts_on_its_old_addresses_with_empty_slots_filled_anew(make: Make, tmp_path: Path) -> None:
    bottle = make(tmp_path)
    before = bottle.record
    bottle.runtime.isolate(before)
    bottle.runtime.stop(before)
    assert set(bottle.runtime.states(before).values()) == {"down"}
    assert bottle.runtime.survey([]).found == {SLUG: "stopped"}
    left = bottle.runtime.sidecar(before, "pipelock").follow(tail=1)
    assert pipelock_log.read(SLUG, left.next(1.0) or "").facts["kind"] == "shutdown"
    with pytest.raises(SidecarUnreachable):
        left.next(1.0)
    bottle.record = bottle.runtime.start(before, bottle.launch, lambda line: None)
    assert (bottle.record.proxy_url, bottle.record.mcp_url) == (before.proxy_url, before.mcp_url)
    assert bottle.record.containers != before.containers
    assert list(status(bottle)["slots"]) == ["EGRESS_TOKEN_0"]  # type: ignore[call-overload]
    assert get(bottle, f"https://{bottles.HOST}/v1/x")[0] == 502, "a quarantine outlives a stop"
    bottle.runtime.rejoin(bottle.record)
    assert get(bottle, f"https://{bottles.HOST}/v1/x")[0] == 200


def test_a_start_that_fails_leaves_nothing_running(make: Make, tmp_path: Path) -> None:
    bottle = make(tmp_path)
    bottle.runtime.stop(bottle.record)
    spoiled = dataclasses.replace(bottle.launch, tokens={"NO_SLOT": ("value", "fingerprint")})
    with pytest.raises(LaunchFailed, match="did not take NO_SLOT"):
        bottle.runtime.start(bottle.record, spoiled, lambda line: None)
    process = client.find(bottle.home)
    assert process is None or not process.is_running
    bottle.record = bottle.runtime.start(bottle.record, bottle.launch, lambda line: None)
    assert get(bottle, f"https://{bottles.HOST}/v1/x")[0] == 200


def test_a_process_that_hangs_is_killed_by_quarantine(make: Make, tmp_path: Path) -> None:
    bottle = make(tmp_path)
    process = client.find(bottle.home)
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    bottle.runtime.isolate(bottle.record)
    assert not process.is_running
    assert not process.socket.parent.exists()


def test_after_egress_restarted_its_slots_are_empty(make: Make, tmp_path: Path) -> None:
    bottle = make(tmp_path)
    bottle.runtime.sidecar(bottle.record, "egress").restart()
    assert status(bottle)["slots"] == {}
    code, body = get(bottle, f"https://{bottles.HOST}/v1/x")
    assert (code, body["reason"]) == (403, "token_missing")


def test_removing_leaves_the_ledger_and_the_agent_s_home_unless_purged(make: Make, tmp_path: Path) -> None:
    bottle = make(tmp_path, command=("true",))
    (bottle.home / "audit.jsonl").write_text("{}\n")
    bottle.runtime.attach(bottle.record)
    assert bottle.runtime.remove(SLUG, bottle.record, purge=False) == []
    assert sorted(path.name for path in bottle.home.iterdir()) == ["agent-home", "audit.jsonl"]
    assert bottle.runtime.remove(SLUG, None, purge=True) == []
    assert sorted(path.name for path in bottle.home.iterdir()) == ["audit.jsonl"]


def test_a_launch_that_fails_says_why_and_leaves_nothing(tmp_path: Path, bottle: Running) -> None:
    home = tmp_path / "bottles" / SLUG
    home.mkdir(parents=True)
    files = {role: dict(bottle.launch.files[role]) for role in ("egress", "pipelock", "supervise", "agent")}
    files["pipelock"]["/etc/pipelock/pipelock.yaml"] = b"api_allowlist: [\n"
    broken = dataclasses.replace(bottle.launch, home=home, files=files)
    with pytest.raises(LaunchFailed, match=r"pipelock did not start: parsing config .* \(everything"):
        LocalRuntime(DiskHome(tmp_path)).launch(broken, lambda line: None)
    assert list(home.iterdir()) == []


def test_an_interrupted_launch_leaves_nothing_running(tmp_path: Path, bottle: Running) -> None:
    home = tmp_path / "bottles" / SLUG
    pids: list[int] = []

    def interrupt(line: str) -> None:
        if "ready" in line:
            process = client.find(home)
            assert process is not None
            pids.append(process.pid)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LocalRuntime(DiskHome(tmp_path)).launch(dataclasses.replace(bottle.launch, home=home), interrupt)
    assert [client.identity.start_time(pid) for pid in pids] == [None]
    assert list(home.iterdir()) == []
