"""The operator's edit of a card."""

from datetime import timedelta

import pytest

from bottle_tui.core import edits
from bottle_tui.core.edits import AS_ASKED, Edit
from bottle_tui.errors import UsageError


def test_without_an_edit_the_arguments_stay() -> None:
    args = {"host": "a", "path_allowlist": ["/a"], "methods": ["GET"]}
    assert AS_ASKED.apply_to(args) == args


def test_an_edit_replaces_and_an_empty_list_means_every() -> None:
    args = {"host": "a", "path_allowlist": ["/a"], "methods": ["GET"], "ports": [80]}
    edit = Edit(host="b", path_allowlist=(), methods=("POST",), ports=(443,))
    assert edit.apply_to(args) == {"host": "b", "methods": ["POST"], "ports": [443]}
    assert args["host"] == "a"


@pytest.mark.parametrize(
    ("lasts", "length"),
    [
        ("once", None),
        ("bottle", None),
        ("always", None),
        ("15m", timedelta(minutes=15)),
        ("90s", timedelta(seconds=90)),
        ("2d", timedelta(days=2)),
    ],
)
def test_times(lasts: str, length: timedelta | None) -> None:
    assert edits.duration(lasts) == length


@pytest.mark.parametrize("lasts", ["", "h", "0h", "1w", "-1h", "366d", "1h "])
def test_what_is_no_time(lasts: str) -> None:
    with pytest.raises(UsageError):
        edits.duration(lasts)


def test_the_command_lines_pairs() -> None:
    pairs = ["host=b.example.com", "path=/a/, /b", "methods=get,post", "ports=443,8443", "scan=passthrough", "for=1h"]
    assert edits.parse(pairs) == Edit("b.example.com", ("/a/", "/b"), ("GET", "POST"), (443, 8443), "passthrough", "1h")
    assert edits.parse(["path=*", "methods="]) == Edit(path_allowlist=(), methods=())
    assert edits.parse([], "8h") == Edit(lasts="8h")


@pytest.mark.parametrize(
    "pair", ["host", "other=1", "ports=a", "ports=²", "ports=443000", "ports=" + "9" * 5_000, "scan=maybe", "for=soon"]
)
def test_wrong_pairs_say_what_is_known(pair: str) -> None:
    with pytest.raises(UsageError):
        edits.parse([pair])
