"""Proposals from the command line: what is printed is what is bound to."""

import io
import re
import sys

import pytest


@pytest.fixture
def asked(shell) -> str:
    """A bottle whose agent asks for one path of one host."""
    shell.up()
    return shell.runtime.supervise("box").file(
        "egress-block",
        host="api.example.com",
        path_allowlist=["/v1/"],
        methods=["POST"],
        justification="for\x1b[31m you\u202e",
    )


def test_proposals_have_the_promised_shape(shell, asked: str) -> None:
    (row,) = shell.json("proposals")
    assert set(row) == {"id", "slug", "tool", "status", "author", "created", "host", "args", "risks", "in_force"}
    assert (row["id"], row["slug"], row["status"], row["host"]) == (asked, "box", "pending", "api.example.com")
    assert all(set(risk) == {"id", "level", "text"} for risk in row["risks"])
    assert row["created"].endswith("Z")


def test_where_a_bottles_queue_cannot_be_read_the_list_says_that_it_is_not_all(shell, asked: str) -> None:
    shell("proposals")
    shell.world.home.bottle("box").write(f"queue/{asked}.note.json", b"{")
    assert shell("proposals") == 1
    assert "box: what it asks is not known: queue/" in shell.err and "nothing waits" not in shell.err


def test_show_adds_the_change_and_its_digest(shell, asked: str) -> None:
    document = shell.json("show", asked)
    assert "+- host: api.example.com" in document["diff"]["routes"]
    assert "+- api.example.com" in document["diff"]["pipelock"]
    assert document["digest"].startswith("sha256:")
    assert (document["reason"], document["applied"]) == (None, None)


def test_show_for_people_puts_risks_before_the_change_and_the_agents_words_last(shell, asked: str) -> None:
    assert shell("show", asked) == 0
    order = [shell.out.index(part) for part in ("api.example.com", "!  ", "change of routes", "the agent's words")]
    assert order == sorted(order)
    assert "\x1b" not in shell.out
    assert "\u202e" not in shell.out
    assert "⟨U+202E⟩" in shell.out


def test_a_day_later_nothing_waits_and_show_and_approve_say_why(shell, asked: str) -> None:
    assert [row["id"] for row in shell.json("proposals")] == [asked]
    shell.world.clock.advance(25 * 3600)
    assert shell.json("show", asked)["status"] == "superseded"
    assert shell.runtime.supervise("box").decision(asked).status == "superseded"
    assert shell.json("proposals") == []
    assert shell("approve", asked) == 4
    assert "nobody answered within a day" in shell.err


def test_any_unique_fragment_of_an_id_works_and_others_are_three(shell, asked: str) -> None:
    assert shell.json("show", asked[-5:])["id"] == asked
    assert shell("show", "zzzzzz") == 3


def test_approve_prints_the_change_binds_to_it_and_ends_in_force(shell, asked: str) -> None:
    assert shell("approve", asked) == 0, shell.err
    assert "+- host: api.example.com" in shell.out
    assert "in force" in shell.out
    assert shell.runtime.gate("box").table.route_for("api.example.com") is not None
    decision = shell.runtime.supervise("box").decision(asked)
    assert decision is not None
    assert (decision.status, decision.in_force) == ("approved", True)


def test_approve_by_digest_is_the_one_that_was_shown(shell, asked: str) -> None:
    digest = shell.json("show", asked)["digest"]
    assert shell("approve", asked, "--digest", "sha256:" + "0" * 64) == 4
    assert shell.runtime.gate("box").table.route_for("api.example.com") is None
    document = shell.json("approve", asked, "--digest", digest)
    assert (document["status"], document["in_force"], document["digest"]) == ("approved", True, digest)


def test_an_edit_narrows_what_is_applied(shell, asked: str) -> None:
    assert shell("approve", asked, "--edit", "path=/v1/only/", "--for", "1h") == 0, shell.err
    (grant,) = shell.runtime.gate("box").table.route_for("api.example.com").grants
    assert grant.path_allowlist == ("/v1/only/",)
    assert grant.expires_at is not None
    assert shell("approve", asked, "--edit", "colour=red") == 2


def test_a_second_decision_is_four(shell, asked: str) -> None:
    assert shell("reject", asked, "--reason", "no") == 0
    assert shell("approve", asked) == 4


def test_reject_tells_the_agent_why_and_reopen_lets_it_ask_again(shell, asked: str) -> None:
    assert shell("reject", asked) == 2
    assert shell("reject", asked, "--reason", "not needed") == 0
    decision = shell.runtime.supervise("box").decision(asked)
    assert decision is not None
    assert (decision.status, decision.reason) == ("rejected", "not needed")
    assert shell.json("proposals") == []
    assert [row["status"] for row in shell.json("proposals", "--all")] == ["rejected"]
    assert shell("reopen", asked) == 0
    assert [row["status"] for row in shell.json("proposals")] == ["pending"]


@pytest.fixture
def dangerous(shell) -> str:
    """A bottle whose agent asks for a whole public suffix."""
    shell.up()
    return shell.runtime.supervise("box").file("egress-block", host="*.github.io")


class Terminal(io.StringIO):
    """Standard input as a person's."""

    def isatty(self) -> bool:
        return True


def test_a_danger_needs_more_than_approve_without_a_terminal(shell, dangerous: str) -> None:
    assert shell("approve", dangerous) == 4
    assert "--digest" in shell.err
    assert shell.runtime.gate("box").table.route_for("a.github.io") is None
    digest = shell.json("show", dangerous)["digest"]
    assert shell("approve", dangerous, "--digest", digest) == 0, shell.err


@pytest.mark.parametrize(("typed", "code"), [("yes\n", 0), ("y\n", 4), ("", 4)])
def test_at_a_terminal_a_danger_wants_a_typed_yes(
    shell, dangerous: str, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert shell("approve", dangerous) == code, shell.err
    assert (shell.runtime.gate("box").table.route_for("a.github.io") is not None) is (code == 0)


def test_a_failed_proof_is_five_and_the_proposal_stays_open(shell, asked: str) -> None:
    shell.runtime.gate("box").lies = lambda answers: [each | {"allowed": False, "grant": None} for each in answers]
    assert shell("approve", asked) == 5, shell.out
    assert "not in force" in shell.out
    assert [row["status"] for row in shell.json("proposals")] == ["failed"]


def test_a_gate_that_dies_under_the_proof_is_six_and_quarantine_is_advised(shell, asked: str) -> None:
    gate = shell.runtime.gate("box")

    def die(answers: list[dict[str, object]]) -> list[dict[str, object]]:
        gate.running = False
        return [each | {"allowed": False} for each in answers]

    gate.lies = die
    assert shell("approve", asked) == 6, shell.out
    assert "bottle-tui quarantine box" in shell.out


def test_a_silent_gate_is_six_or_five_but_never_in_force(shell, asked: str) -> None:
    shell.runtime.gate("box").silent = True
    assert shell("approve", asked) in (5, 6)
    assert shell.json("show", asked)["in_force"] is False


def test_listing_settles_what_time_has_ended(shell, asked) -> None:
    identity = asked
    assert shell("approve", identity, "--for", "15m") == 0, shell.err
    shell.world.clock.advance(901)
    assert shell("proposals") == 0
    assert shell.json("show", identity)["in_force"] is False
    assert [record.get("of") for record in shell.json("audit", "show", "box")][-1] == "expire"


def test_what_is_decided_already_says_by_whom_and_that_nothing_was_done(shell, asked: str) -> None:
    assert shell("approve", asked) == 0, shell.err
    shell.world.clock.advance(93)
    for words in (("approve", asked), ("reject", asked, "--reason", "no")):
        assert shell(*words) == 4
        assert re.search(r"already approved by op, 9\d s ago; nothing was done", shell.err)
        assert shell.json(*words)["error"]["code"] == "already_decided"


def test_an_approval_that_was_revoked_is_shown_as_not_in_force(shell, asked: str) -> None:
    assert shell("approve", asked) == 0, shell.err
    assert shell("revoke", "box", "api.example.com") == 0
    assert shell("show", asked) == 0
    assert "approved, revoked by op: not in force" in shell.out
    assert shell("proposals", "--all") == 0
    assert "approved: not in force" in shell.out
    (row,) = shell.json("proposals", "--all")
    assert (row["status"], row["in_force"]) == ("approved", False)
