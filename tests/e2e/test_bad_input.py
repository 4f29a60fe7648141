"""Every file that a person or an agent can write, spoilt: one clear error, nothing half-done, nothing lost."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.parts import engine
from tests.e2e.parts.bottle import Bottle, MakeBottle

SPOILT = {
    "empty": b"",
    "truncated": b'{"version": 1, "routes": [{"ho',
    "huge": b'{"version": 1, "x": "' + b"x" * (33 << 20) + b'"}',
    "wrong type": b"[1, 2, 3]\n",
    "binary": bytes(range(256)) * 4,
}
OPEN = "https://api.example.com/"
IDS = (f"01JZZZZZZZZZZZZZZZZZZZZ{number:03d}" for number in itertools.count())


@pytest.fixture(scope="module")
def bottle(make_bottle: MakeBottle) -> Bottle:
    return make_bottle("bad", egress={"allowlist": ["api.example.com"]}, supervise={"wait_seconds": 3})


@pytest.fixture
def whole(bottle: Bottle) -> Iterator[Bottle]:
    """The bottle, its home as before after the test."""
    names = ("apply.json", "audit.jsonl", "grants.yaml", "pipelock.extra.yaml")
    before = {name: (bottle.home / name).read_bytes() for name in names if (bottle.home / name).exists()}
    yield bottle
    for name in names:
        (bottle.home / name).unlink(missing_ok=True)
        if name in before:
            (bottle.home / name).write_bytes(before[name])
    assert bottle.up().code == 0
    assert bottle.curl(OPEN).status == 200


def path_of(what: str, kind: str) -> str:
    """A path that no other test asks for: the same ask would join."""
    return f"/{what}-{kind.replace(' ', '-')}/"


def assert_clear(done: engine.Done, codes: set[int], *names: str) -> None:
    """One line for people, no traceback, and it names what is wrong."""
    said = done.err + done.out
    assert done.code in codes, done
    assert "Traceback" not in said and "internal" not in said, said
    assert len(done.err.strip().splitlines()) <= 3, done.err
    for name in names:
        assert name in said, said


@pytest.mark.parametrize("kind", sorted(SPOILT))
def test_a_spoilt_manifest_is_one_error_and_starts_nothing(new_bottle: MakeBottle, kind: str) -> None:
    bottle = new_bottle("manifest")
    (bottle.folder / "bottle.yaml").write_bytes(SPOILT[kind])
    assert_clear(bottle.cli("up", "-f", str(bottle.folder / "bottle.yaml")), {2}, "bottle.yaml")
    assert engine.docker("ps", "--all", "--quiet", "--filter", f"name=bottle-{bottle.slug}-") == ""


@pytest.mark.parametrize("kind", sorted(SPOILT))
def test_spoilt_proposals_are_set_aside_and_good_ones_still_arrive(bottle: Bottle, kind: str) -> None:
    spoilt = next(IDS)
    path = f"/var/lib/supervise/proposals/{spoilt}.json"
    engine.put_file(bottle.container("supervise"), path, SPOILT[kind], owner=10001)
    _, id = bottle.ask(host="files.example.net", path_allowlist=[path_of("proposal", kind)])
    waiting = [row["id"] for row in bottle.ok("proposals")]
    assert id in waiting and spoilt not in waiting
    bottle.ok("reject", id, "--reason", "only a test")


@pytest.mark.parametrize("kind", sorted(SPOILT))
def test_spoilt_decisions_are_reported_and_decide_nothing(bottle: Bottle, kind: str) -> None:
    _, id = bottle.ask(host="other.example.net", path_allowlist=[path_of("decision", kind)])
    path = f"/var/lib/supervise/decisions/{id}.json"
    engine.put_file(bottle.container("supervise"), path, SPOILT[kind], owner=10001)
    bottle.signal("supervise", "HUP")
    lines = bottle.follow("supervise")
    try:
        lines.event("file_rejected", name=f"decisions/{id}.json")
    finally:
        lines.close()
    status = bottle.call("proposal-status", {"id": id}).answer()["structured"]
    assert status["status"] == "pending"
    bottle.ok("reject", id, "--reason", "only a test")
    assert bottle.call("proposal-status", {"id": id}).answer()["structured"]["status"] == "rejected"


@pytest.mark.parametrize("kind", sorted(SPOILT))
def test_a_spoilt_journal_is_named_and_nothing_is_decided_over_it(whole: Bottle, kind: str) -> None:
    digest = whole.routes()["digest"]
    _, id = whole.ask(host="control.example.com", path_allowlist=[path_of("journal", kind)])
    (whole.home / "apply.json").write_bytes(SPOILT[kind])
    assert_clear(whole.cli("approve", id, "--digest", whole.show(id)["digest"]), {1, 2, 6}, "apply.json")
    assert whole.control({"verb": "status"})["digest"] == digest
    assert (whole.home / "apply.json").read_bytes() == SPOILT[kind]


@pytest.mark.parametrize("kind", sorted(SPOILT))
def test_a_spoilt_ledger_does_not_verify_and_nothing_is_decided_without_one(whole: Bottle, kind: str) -> None:
    digest = whole.routes()["digest"]
    _, id = whole.ask(host="control.example.com", path_allowlist=[path_of("ledger", kind)])
    shown = whole.show(id)["digest"]
    with (whole.home / "audit.jsonl").open("ab") as ledger:
        ledger.write(SPOILT[kind])
    torn = kind in ("empty", "truncated")  # what a crash leaves: the last line is not a record yet
    assert_clear(whole.cli("audit", "verify", whole.slug), {0} if torn else {1, 2}, "" if torn else "audit.jsonl")
    if not torn:
        assert_clear(whole.cli("approve", id, "--digest", shown), {1, 2}, "audit.jsonl")
        assert whole.control({"verb": "status"})["digest"] == digest


@pytest.mark.parametrize("kind", ["truncated", "huge", "wrong type", "binary"])
def test_spoilt_files_of_the_operator_are_named(whole: Bottle, kind: str) -> None:
    (whole.home / "grants.yaml").write_bytes(SPOILT[kind])
    assert_clear(whole.cli("up", "-f", str(whole.folder / "bottle.yaml")), {1, 2}, "grants.yaml")
    (whole.home / "grants.yaml").unlink()
    (whole.home / "pipelock.extra.yaml").write_bytes(SPOILT[kind])
    assert_clear(whole.cli("pipelock", "show", whole.slug), {1, 2}, "pipelock.extra.yaml")
    assert_clear(whole.cli("routes", "add", whole.slug, "tree.test"), {1, 2}, "pipelock.extra.yaml")
    assert whole.curl(OPEN).status == 200


@pytest.mark.parametrize("kind", ["truncated", "wrong type", "binary"])
def test_routes_edited_by_hand_into_nonsense_change_nothing(bottle: Bottle, tmp_path: Path, kind: str) -> None:
    digest = bottle.routes()["digest"]
    (tmp_path / "spoilt").write_bytes(SPOILT[kind])
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\ncp "{tmp_path}/spoilt" "$1"\n')
    editor.chmod(0o755)
    done = bottle.cli("routes", "edit", bottle.slug, EDITOR=str(editor), VISUAL=str(editor))
    assert_clear(done, {2})
    assert bottle.control({"verb": "status"})["digest"] == digest


@pytest.mark.parametrize("kind", sorted(SPOILT))
def test_a_spoilt_table_or_config_under_a_running_sidecar_changes_nothing(whole: Bottle, kind: str) -> None:
    for role, path, owner in (
        ("egress", "/etc/egress/routes.yaml", 10001),
        ("pipelock", "/etc/pipelock/pipelock.yaml", 65532),
    ):
        if role == "pipelock" and kind == "huge":
            continue
        engine.put_file(whole.container(role), path, SPOILT[kind], owner=owner)
        whole.signal(role, "HUP")
    lines = whole.follow("egress")
    try:
        lines.event("routes_rejected")
    finally:
        lines.close()
    assert whole.curl(OPEN).status == 200
    assert whole.curl("https://control.example.com/spoilt").reason == "host_not_allowed"
