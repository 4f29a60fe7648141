"""The chain: unbroken when written by us, and the first bad record named when it is not."""

import json

import pytest

from bottle_tui.core import ledger
from bottle_tui.core.ledger import Head
from bottle_tui.errors import LedgerBroken


def chain(count: int) -> list[bytes]:
    head, lines = Head(), []
    for number in range(count):
        line, head = ledger.record(head, {"kind": "test", "value": number, "text": "ü"})
        lines.append(line)
    return lines


def whole(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def test_what_is_written_verifies() -> None:
    read = list(ledger.read(whole(chain(3))))
    assert [value["value"] for value, _ in read] == [0, 1, 2]
    assert read[-1][1] == ledger.last(whole(chain(3)))


def test_an_empty_ledger_begins_at_the_beginning() -> None:
    assert list(ledger.read(b"")) == []
    assert ledger.last(b"") == Head()


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_a_changed_record_is_named(bad: int) -> None:
    lines = chain(3)
    lines[bad] = lines[bad].replace(b'"value":%d' % bad, b'"value":9')
    with pytest.raises(LedgerBroken, match=f"record {bad + 1} was changed") as caught:
        list(ledger.read(whole(lines)))
    assert caught.value.place == f"line {bad + 1}"


def test_a_removed_record_is_named() -> None:
    lines = chain(3)
    with pytest.raises(LedgerBroken, match="record 2 does not follow"):
        list(ledger.read(whole([lines[0], lines[2]])))


def test_moved_records_are_named() -> None:
    lines = chain(3)
    with pytest.raises(LedgerBroken, match="record 1"):
        list(ledger.read(whole([lines[1], lines[0], lines[2]])))


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"n":1,"n":1}'])
def test_what_is_no_record_is_named(line: bytes) -> None:
    with pytest.raises(LedgerBroken, match="record 1 is no JSON object"):
        list(ledger.read(line + b"\n"))


def test_a_torn_last_line_was_never_confirmed_and_does_not_count() -> None:
    data = whole(chain(2)) + b'{"n":3,"pre'
    assert len(list(ledger.read(data))) == 2
    assert ledger.last(data).number == 2


def test_an_unreadable_end_stops_appending() -> None:
    with pytest.raises(LedgerBroken):
        ledger.last(b"nonsense\n")
    with pytest.raises(LedgerBroken):
        ledger.last(b'{"n": 1}\n')


def test_a_line_is_read_alone() -> None:
    assert ledger.parsed(chain(1)[0])["n"] == 1
    assert ledger.parsed(b"{") == {}
    assert ledger.parsed(b"[]") == {}


def test_records_are_plain_ascii_json() -> None:
    line = chain(1)[0]
    assert line.isascii()
    assert json.loads(line)["prev"] == ledger.GENESIS


def test_a_line_that_is_nested_without_end_is_no_record() -> None:
    line = b'{"a":' * 100_000 + b"\n"
    assert ledger.parsed(line) == {}
    with pytest.raises(LedgerBroken, match="cannot be read"):
        ledger.last(line)
