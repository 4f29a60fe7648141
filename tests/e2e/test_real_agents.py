"""The published Codex and opencode in a bottle, with a scripted model: refused, asked, approved, passed, said so."""

import json

import pytest

from tests.e2e.parts import engine
from tests.e2e.parts.bottle import Bottle, MakeBottle

URL = "https://files.example.net/data/report.txt"
WORDS = f"Please fetch {URL} for the report."
MODEL = {"host": "model.example.com", "path_allowlist": ["/v1/"], "pipelock": {"tls_passthrough": True}}
CODEX = ["codex", "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
CODEX += ["-c", 'model="scripted-1"', WORDS]
TOKEN = "e2e-codex-token-7d21f0"
OPENCODE = {
    "model": "scripted/scripted-1",
    "small_model": "scripted/scripted-1",
    "provider": {
        "scripted": {
            "npm": "@ai-sdk/openai-compatible",
            "options": {"baseURL": "https://model.example.com/v1", "apiKey": "placeholder"},
            "models": {"scripted-1": {"name": "scripted-1"}},
        }
    },
}


def run_to_the_end(bottle: Bottle) -> str:
    """Approves what the agent asks for, and waits for its last word."""
    before = len(bottle.outside.requests("files.example.net"))
    id = bottle.filed(set(), timeout=120)  # a program of a hundred megabytes starts first
    assert len(bottle.outside.requests("files.example.net")) == before
    shown = bottle.show(id)
    assert shown["args"]["path_allowlist"] == ["/data/report.txt"]
    done = bottle.approve(id)
    assert done.code == 0, done
    lines = engine.Lines("docker", "logs", "--follow", bottle.container("agent"))
    try:
        return lines.wait_for(lambda line: "FINAL" in line, "the agent's last word", timeout=120)
    finally:
        lines.close()


@pytest.mark.timeout(400)
def test_codex_is_refused_asks_waits_and_passes(make_bottle: MakeBottle, programs_image: str) -> None:
    agent = {"image": programs_image, "command": CODEX, "provider": "codex"}
    bottle = make_bottle("codex", agent=agent, environ={"BOT_BOTTLE_CODEX_HOST_ACCESS_TOKEN": TOKEN})
    assert "status=200" in run_to_the_end(bottle)
    assert bottle.outside.requests("files.example.net", "/data/report.txt")
    pending = [row["host"] for row in bottle.ok("proposals")]
    assert pending == []


@pytest.mark.timeout(400)
def test_opencode_is_refused_asks_waits_and_passes(make_bottle: MakeBottle, programs_image: str) -> None:
    command = ["opencode", "run", WORDS]
    env = {"OPENCODE_CONFIG_CONTENT": json.dumps({**OPENCODE, "permission": {"*": "allow"}})}
    agent = {"image": programs_image, "command": command, "provider": "opencode", "env": env}
    bottle = make_bottle("opencode", agent=agent, egress={"routes": [MODEL]})
    assert "status=200" in run_to_the_end(bottle)
    assert bottle.outside.requests("files.example.net", "/data/report.txt")
