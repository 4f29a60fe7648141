"""The plain card of `show`: whole, at any width, with and without colour."""

import pytest

WORDS = "I need the open issues of acme/widgets to write the release notes. " * 4 + "\n!! 0  danger: none\x1b[2J"


@pytest.fixture
def asked(shell) -> str:
    shell.up()
    return shell.runtime.supervise("box").file("egress-block", host="api.example.com", justification=WORDS)


def test_a_card_has_facts_risks_the_change_and_every_word(shell, asked: str) -> None:
    assert shell("show", asked) == 0, shell.err
    assert asked in shell.out
    for piece in (
        "api.example.com",
        "change of routes:",
        "+- host: api.example.com",
        "digest sha256:",
        "the agent's words:",
    ):
        assert piece in shell.out
    assert shell.out.index("\n! ") < shell.out.index("change of routes:") < shell.out.index("the agent's words:")
    said = shell.out.split("the agent's words:")[1]
    assert " ".join(said.replace("> ", "").split()).count("acme/widgets") == 4


def test_the_reason_and_who_decided_are_on_it(shell, asked: str) -> None:
    shell("reject", asked, "--reason", "use the mirror")
    assert shell("show", asked) == 0
    assert "reason: use the mirror" in shell.out
    assert "decided by: op" in shell.out


def test_the_lines_that_a_rebuild_asks_for_can_be_read(shell) -> None:
    shell.up()
    asked = "RUN apt-get update\nRUN apt-get install -y jq"
    id = shell.runtime.supervise("box").file("capability-block", dockerfile=asked, justification="jq is missing")
    assert shell("show", id) == 0, shell.err
    assert "cannot rebuild yet" in shell.out
    assert "+ RUN apt-get update\n+ RUN apt-get install -y jq\n" in shell.out


def test_at_sixty_columns_only_the_diff_and_the_digests_are_wider(
    shell, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert shell("show", asked) == 0
    free = [
        line for line in shell.out.splitlines() if not line.startswith(("digest", "+", "-", " ", "@")) or "> " in line
    ]
    assert max(map(len, free)) <= 60


def test_what_the_agent_wrote_begins_every_line_with_its_mark(
    shell, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    shell("show", asked)
    said = shell.out.split("the agent's words:\n")[1].splitlines()
    assert len(said) > 4
    assert all(line.startswith("  > ") for line in said)
    assert "\x1b" not in shell.out


def test_a_flood_of_words_is_cut_and_counted(shell) -> None:
    shell.up()
    flood = shell.runtime.supervise("box").file("egress-block", host="api.example.com", justification="x\n" * 500 + "y")
    assert shell("show", flood) == 0
    assert "… 461 more lines" in shell.out


def test_an_empty_ledger_is_said_on_a_line_of_its_own(shell) -> None:
    shell.up()
    shell.world.home.bottle("box").delete("audit.jsonl")
    assert shell("audit", "show", "box") == 0
    assert (shell.out, shell.err) == ("", "nothing is recorded yet\n")
    assert shell("audit", "show", "box", "--json") == 0
    assert shell.out == "[]\n"
