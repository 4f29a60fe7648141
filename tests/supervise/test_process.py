"""`python -m sidecar_addon supervise` as a process: its signals, and nothing but events on its output."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from mcp.client import Client

from sidecar_addon import proposals, spool
from sidecar_addon.proposals import Decision
from tests.supervise.running import text_of

PATIENCE = 50.0  # a busy machine takes long to start a Python


@asynccontextmanager
async def process(folder: Path, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    variables = {
        "BOTTLE_SUPERVISE_FOLDER": str(folder),
        "BOTTLE_SUPERVISE_HOST": "127.0.0.1",
        "BOTTLE_SUPERVISE_PORT": "0",
        "BOTTLE_SUPERVISE_ALLOWED_HOSTS": "127.0.0.1:*",
        **environment,
    }
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sidecar_addon", "supervise"),
        env=variables,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def event(running: asyncio.subprocess.Process, name: str) -> dict[str, Any]:
    """The next event of that name; every line before it is an event too."""
    assert running.stdout is not None
    async with asyncio.timeout(PATIENCE):
        while True:
            line: dict[str, Any] = json.loads(await running.stdout.readline())
            if line["event"] == name:
                return line


async def test_a_decision_file_and_a_hangup_answer_the_call_and_a_term_ends_the_process_cleanly(tmp_path: Path) -> None:
    async with process(tmp_path) as running:
        port = (await event(running, "supervise_ready"))["port"]
        async with Client(f"http://127.0.0.1:{port}/mcp") as client:
            ask = {"host": "api.example.com", "justification": "to read the issues"}
            call = asyncio.create_task(client.call_tool("egress-block", ask))
            identity = (await event(running, "waiting"))["id"]
            data = proposals.render(Decision(identity, "approved", "alex", datetime.now(UTC), in_force=True))
            spool.write(tmp_path / "decisions", f"{identity}.json", data)
            running.send_signal(signal.SIGHUP)
            loaded = await event(running, "decision_loaded")
            assert loaded["digest"] == spool.digest_of(data)
            assert datetime.fromisoformat(loaded["time"]).tzinfo == UTC
            assert "Approved and in force" in text_of(await call)
            assert (await event(running, "decision_read"))["id"] == identity
        running.send_signal(signal.SIGTERM)
        out, errors = await asyncio.wait_for(running.communicate(), PATIENCE)
        assert (running.returncode, out, errors) == (0, b"", b"")


async def test_a_burst_of_hangups_does_not_end_it(tmp_path: Path) -> None:
    async with process(tmp_path) as running:
        await event(running, "supervise_ready")
        for _ in range(200):
            running.send_signal(signal.SIGHUP)
        spool.write(tmp_path / "decisions", "state.json", proposals.render(proposals.State(wait_seconds=1)))
        running.send_signal(signal.SIGHUP)
        assert (await event(running, "state_loaded"))["digest"]


async def test_a_folder_that_cannot_be_had_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "proposals").write_bytes(b"a file")
    async with process(tmp_path) as running:
        out, errors = await asyncio.wait_for(running.communicate(), PATIENCE)
    assert running.returncode == 1
    assert out == b""
    assert errors.decode().startswith("supervise: cannot start: ")
    assert "Traceback" not in errors.decode()


async def test_a_port_that_is_no_number_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    async with process(tmp_path, BOTTLE_SUPERVISE_PORT="http") as running:
        _, errors = await asyncio.wait_for(running.communicate(), PATIENCE)
    assert running.returncode == 1
    assert "Traceback" not in errors.decode()


async def test_a_flood_of_warnings_does_not_fill_the_log(tmp_path: Path) -> None:
    async with process(tmp_path) as running:
        url = f"http://127.0.0.1:{(await event(running, 'supervise_ready'))['port']}/mcp"
        async with httpx.AsyncClient(trust_env=False, headers={"Host": b"other\x85.example.com"}) as web:
            answers = [await web.post(url, json={}) for _ in range(40)]
        running.send_signal(signal.SIGTERM)
        _, errors = await asyncio.wait_for(running.communicate(), PATIENCE)
    assert {answer.status_code for answer in answers} == {421}
    assert errors.count(b"\n") == 10
    assert errors.isascii()
    assert b"Invalid Host header: other\\x85.example.com" in errors


def test_the_server_needs_nothing_that_its_image_has_not() -> None:
    absent = {"textual", "mitmproxy", "docker", "ulid", "bottle_tui"}
    code = f"import sidecar_addon.supervise.server, sys; print({absent!r} & sys.modules.keys())"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout == "set()\n"
