"""`audit show`: one row a deed, with whom, what, which host and how it ended, in columns that fit the terminal."""

import pytest

from tests.cli.conftest import Shell


@pytest.fixture
def busy(shell: Shell) -> Shell:
    """A bottle about which everything has been decided once."""
    shell.up()
    supervise = shell.runtime.supervise("box")
    granted = supervise.file("egress-block", host="files.example.net", path_allowlist=["/data/"])
    refused = supervise.file("egress-block", host="mirror.example.org")
    assert shell("approve", granted) == 0, shell.err
    assert shell("reject", refused, "--reason", "use the mirror that the task names, this one is slow") == 0
    assert shell("routes", "add", "box", "api.example.com", "--path", "/v1/") == 0, shell.err
    assert shell("revoke", "box", "files.example.net") == 0, shell.err
    assert shell("routes", "remove", "box", "api.example.com") == 0, shell.err
    assert shell("quarantine", "box") == 0
    assert shell("release", "box") == 0
    assert shell("stop", "box") == 0
    return shell


def rows(shell: Shell, width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    assert shell("audit", "show", "box") == 0, shell.err
    lines = shell.out.splitlines()
    assert max(map(len, lines)) <= width, shell.out
    return lines


@pytest.mark.parametrize("width", [80, 120])
def test_each_deed_is_a_row_with_its_host_in_columns_that_fit(
    busy: Shell, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, *lines = rows(busy, width, monkeypatch)
    names = ("TIME", "ACTOR", "WHAT", "HOST", "RESULT")
    at = [head.index(name) for name in names]
    assert at == sorted(at)
    for what, host in (
        ("started", "bottle.yaml"),
        ("approved", "files.example.net"),
        ("rejected", "mirror.example.org"),
        ("added", "api.example.com"),
        ("revoked", "files.example.net"),
        ("removed", "api.example.com"),
        ("quarantined", ""),
        ("released", ""),
        ("stopped", "the bottle"),
    ):
        (row,) = [line for line in lines if line[at[2] :].startswith(what)]
        assert row[at[3] :].startswith(host), row
        assert row[at[1] :].startswith("op"), row
        assert row[at[4] :].strip(), row


def test_no_word_of_a_result_is_lost_where_the_terminal_is_narrow(busy: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    head, *lines = rows(busy, 80, monkeypatch)
    at = head.index("RESULT")
    told = " ".join(line[at:].strip() for line in lines)
    assert "use the mirror that the task names, this one is slow" in told


def test_without_a_terminal_each_deed_is_one_line_with_its_number_and_proposal(
    busy: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert busy("audit", "show", "box") == 0
    head, *lines = busy.out.splitlines()
    assert head.split() == ["N", "TIME", "ACTOR", "WHAT", "HOST", "PROPOSAL", "RESULT"]
    assert len(lines) == 9
    assert busy.json("proposals", "--all")[0]["id"] in busy.out


def test_the_document_has_every_record_as_it_stands(busy: Shell) -> None:
    records = busy.json("audit", "show", "box")
    assert [record["n"] for record in records] == list(range(1, len(records) + 1))
    assert {"prev", "hash", "time", "kind", "actor"} <= set(records[0])


def test_an_approval_of_an_earlier_start_still_names_its_host(busy: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert busy("down", "box") == 0
    busy.up()
    assert busy("audit", "show", "box") == 0
    (row,) = [line for line in busy.out.splitlines() if " approved " in line]
    assert "files.example.net" in row


def test_a_ledger_that_does_not_verify_is_not_shown_as_if_it_did(busy: Shell) -> None:
    ledger = busy.world.home.bottle("box").path / "audit.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b"use the mirror", b"use no mirror", 1))
    assert busy("audit", "show", "box") == 1
    assert busy.out == ""
    assert "was changed" in busy.err
