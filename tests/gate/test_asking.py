"""What runs by `exec` for every question to the gate starts with Python alone."""

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
