"""The operator's own command: JSON on its input, no shell, and an end in any case."""

import json
import sys
from pathlib import Path

import pytest

from bottle_tui.adapters import notifier
from bottle_tui.errors import UsageError


def test_it_reads_one_json_object_and_its_words_are_no_shell(tmp_path: Path) -> None:
    out = tmp_path / "got"
    program = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read())"
    notifier.call([sys.executable, "-c", program, str(out), "; exit 3", "$(false)"], {"waiting": 2, "text": "é"})
    assert json.loads(out.read_bytes()) == {"waiting": 2, "text": "é"}


def test_one_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match=r"notify\.command \(/no/such\) cannot be run: No such file"):
        notifier.call(["/no/such"], {})


def test_one_that_fails_is_named_with_its_code() -> None:
    with pytest.raises(UsageError, match="ended with 3"):
        notifier.call([sys.executable, "-c", "import sys; sys.stdin.read(); sys.exit(3)"], {})


def test_one_that_does_not_read_its_input_is_fine() -> None:
    notifier.call(["true"], {"text": "x" * 200_000})


def test_one_that_hangs_is_ended_with_all_it_started() -> None:
    program = "import subprocess, sys; subprocess.run(['sleep', '1000'])"
    with pytest.raises(UsageError, match="took more than"):
        notifier.call([sys.executable, "-c", program], {}, seconds=1.0)
