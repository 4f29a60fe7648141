"""What runs by `exec` for every question to the gate starts with Python alone."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("words", "stdin", "code", "says"),
    [
        (["control", '{"verb": "status"}'], "", 1, "the gate does not answer at"),
        (["control", "nonsense"], "", 2, "the question is not JSON"),
        (["put-token", "EGRESS_TOKEN_0"], '{"fingerprint": "x", "value": "y"}', 1, "the gate does not answer at"),
        (["put-token", "EGRESS_TOKEN_0"], "nonsense", 2, "standard input is not one JSON object"),
    ],
)
def test_a_question_needs_no_installed_package(words, stdin, code, says, tmp_path):
    done = subprocess.run(
        [sys.executable, "-E", "-S", "-X", "importtime", "-m", "sidecar_addon", *words],
        input=stdin, capture_output=True, text=True, cwd=TOP, timeout=60, check=False,
    )  # fmt: skip
    lines = done.stderr.splitlines()
    assert done.returncode == code, done.stderr
    assert any(says in line for line in lines)
    imported = {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}
    assert imported & {"json", "socket"}
    assert not imported & {"pathlib", "yaml", "dataclasses", "mitmproxy", "asyncio"}


def test_a_conversation_answers_line_by_line_and_ends_with_its_questions():
    done = subprocess.run(
        [sys.executable, "-E", "-S", "-m", "sidecar_addon", "control", "-"],
        input='{"verb": "status"}\nnonsense\n', capture_output=True, text=True, cwd=TOP, timeout=60, check=False,
    )  # fmt: skip
    down, wrong = (json.loads(line)["error"] for line in done.stdout.splitlines())
    assert (done.returncode, done.stderr) == (0, "")
    assert down.startswith("control: the gate does not answer at")
    assert wrong.startswith("control: the question is not JSON")


def test_a_conversation_that_nobody_goes_on_with_ends_by_itself():
    impatient = "from sidecar_addon.gate import ask; ask.IDLE_SECONDS = 1; ask.main(['-'])"
    with subprocess.Popen([sys.executable, "-S", "-c", impatient], stdin=subprocess.PIPE, cwd=TOP) as asked:
        assert asked.wait(30) != 0
