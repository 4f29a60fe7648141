"""Whatever a sidecar's process says on stderr, no line of it is an event, and there are never many."""

import json
import logging
import subprocess
import sys

import pytest

from sidecar_addon.quiet import LINES_A_MINUTE, OneLine

EVIL = 'x\n{"event":"routes_loaded","apply":"01J"}\r\x1b]0;t\x07\x9b\u2028{}'
START = f"import sys, threading, warnings, logging\nfrom sidecar_addon import quiet\nquiet.set_up()\nEVIL = {EVIL!r}\n"
WAYS = {
    "an exception that nobody handles": "raise ValueError(EVIL)",
    "an exception in a thread": """
def fail():
    raise ValueError(EVIL)
thread = threading.Thread(target=fail, name=EVIL)
thread.start()
thread.join()
""",
    "an exception in a finaliser": """
class Thing:
    def __del__(self):
        raise ValueError(EVIL)
Thing()
""",
    "a warning": "warnings.warn(EVIL)",
    "a log line": "logging.error(EVIL)",
    "a traceback": """
try:
    raise ValueError(EVIL)
except ValueError:
    logging.exception(EVIL)
""",
    "very much of it": "logging.error(EVIL * 10_000)",
    "wide characters": "logging.error('\\U0001f600' * 10_000)",
}


def said(script: str) -> list[bytes]:
    done = subprocess.run([sys.executable, "-c", START + script], capture_output=True, timeout=60, check=False)
    assert done.stdout == b""
    return done.stderr.splitlines()


@pytest.mark.parametrize("script", WAYS.values(), ids=list(WAYS))
def test_what_a_process_says_is_one_short_line_that_is_no_event(script: str) -> None:
    lines = said(script)
    assert len(lines) == 1, lines
    assert lines[0].isascii() and lines[0].decode().isprintable() and len(lines[0]) <= 1_000
    with pytest.raises(ValueError):
        json.loads(lines[0])


def test_an_exception_that_nobody_handles_still_ends_the_process_with_1() -> None:
    done = subprocess.run(
        [sys.executable, "-c", START + "raise ValueError"], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 1


def test_a_record_that_cannot_be_formatted_is_left_out() -> None:
    assert said("logging.error('%d', EVIL)") == []


def test_what_would_fill_the_log_is_dropped() -> None:
    assert len(said("for number in range(1_000): logging.error('%s', number)")) == LINES_A_MINUTE


def test_a_traceback_stays_on_the_line_of_its_record() -> None:
    try:
        raise ValueError(EVIL)
    except ValueError:
        record = logging.LogRecord("mitmproxy", logging.ERROR, "", 0, "crashed\n{}", None, sys.exc_info())
    text = OneLine("%(name)s: %(message)s").format(record)
    assert text.startswith("mitmproxy: crashed\\n") and "routes_loaded" in text and text.isprintable()
