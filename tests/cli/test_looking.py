"""Looking: logs, traffic, the ledger, the doctor, the schema."""

import json

import pytest

REFUSED = {"host": "evil.test", "method": "GET", "reason": "host_not_allowed"}


def events(shell) -> None:
    """What a gate would have said about three requests."""
    gate = shell.runtime.gate("box")
    passed = {"id": "1", "method": "GET", "host": "docs.example.com", "path": "/a", "grant": "m1"}
    for event in (
        {"event": "allowed", **passed},
        {"event": "finished", **passed, "status": 200, "bytes_up": 10, "bytes_down": 2500},
        {
            "event": "denied",
            "id": "2",
            "method": "GET",
            "host": "evil.test",
            "path": "/\x1b[2J",
            "reason": "host_not_allowed",
        },
        {"event": "denied_more", "count": 4, "host": "evil.test", "method": "GET", "reason": "host_not_allowed"},
    ):
        gate.say({"time": "2026-01-02T03:04:05.678Z", **event})


def test_traffic_adds_up_by_host_and_says_what_it_is_made_of(shell) -> None:
    shell.up()
    events(shell)
    document = shell.json("traffic", "box")
    assert document["source"] == "the traffic kept per minute on this host"
    assert [row["path"] for row in document["rows"] if row["allowed"]] == ["/a"]
    assert document["hosts"][0] == {
        "host": "evil.test",
        "allowed": 0,
        "denied": 5,
        "reasons": {"host_not_allowed": 5},
        "bytes_up": 0,
        "bytes_down": 0,
        "last": "2026-01-02T03:04:05.678Z",
    }
    assert (document["hosts"][1]["allowed"], document["hosts"][1]["bytes_down"]) == (1, 2500)
    assert shell("traffic", "box") == 0
    assert "host_not_allowed 5" in shell.out
    assert "2.5 kB" in shell.out
    assert shell("traffic", "box", "--host", "*.example.com") == 0
    assert "evil.test" not in shell.out


@pytest.mark.parametrize("only", [(), ("--host", "*.example.com")])
def test_traffic_tells_of_each_kind_host_method_path_grant_count_bytes_and_when(shell, only: tuple[str, ...]) -> None:
    shell.up()
    events(shell)
    assert shell("traffic", "box", "--since", "365d", *only) == 0
    lines = [line.split() for line in shell.out.splitlines()]
    assert lines[0] == ["HOST", "METHOD", "PATH", "GRANT", "COUNT", "UP", "DOWN", "FIRST", "LAST", "WHY"]
    (passed,) = [line for line in lines if line[2:4] == ["/a", "m1"]]
    assert passed[1] == "GET" and passed[4] == "1" and passed[7:9] == ["2.5", "kB"]
    assert len([word for word in passed if ":" in word]) == 2, "first and last"
    refused = [line for line in lines[1:] if line and line[0] == "evil.test" and "host_not_allowed" in line[-1]]
    assert len(refused) == (0 if only else 2)


def test_traffic_of_all_hosts_keeps_those_of_one_together_the_busiest_first(shell) -> None:
    shell.up()
    events(shell)
    assert shell("traffic", "box") == 0
    kinds = shell.out.partition("\n\n")[0].splitlines()[1:]
    assert [line.split()[0] for line in kinds] == ["evil.test", "evil.test", "docs.example.com"]


def test_traffic_knows_only_lengths_of_time(shell) -> None:
    shell.up()
    assert shell("traffic", "box", "--since", "yesterday") == 2
    assert shell("traffic", "box", "--since", "bottle") == 2
    events(shell)
    shell.runtime.clock.advance(3 * 86_400)
    assert shell.json("traffic", "box", "--since", "1d")["rows"] == []
    assert shell.json("traffic", "box", "--since", "7d")["rows"] != []


def test_traffic_outlives_the_bottle_until_it_is_purged(shell) -> None:
    shell.up()
    events(shell)
    assert shell("down", "box") == 0
    document = shell.json("traffic", "box")
    assert document["hosts"][0]["denied"] == 5
    assert document["gaps"] == []
    assert shell("down", "box", "--purge") == 0
    assert not (shell.world.home.bottle("box").path / "traffic").exists()


def test_routes_say_what_each_grant_has_admitted_never_included(shell) -> None:
    shell.up()
    assert shell("routes", "show", "box") == 0
    assert "never used" in shell.out
    grant = shell.json("routes", "show", "box")["routes"][0]["grants"][0]["id"]
    passed = {"id": "1", "method": "GET", "host": "docs.example.com", "path": "/a", "grant": grant}
    shell.runtime.gate("box").say({"event": "allowed", "time": "2026-01-02T03:04:05.678Z", **passed})
    assert shell("routes", "show", "box") == 0
    assert "used 1×, last 01-02 03:04" in shell.out


def test_show_has_the_evidence_beside_the_claim(shell) -> None:
    shell.up()
    identity = shell.runtime.supervise("box").file("egress-block", host="evil.test", path_allowlist=["/"])
    events(shell)
    assert shell("show", identity) == 0
    assert "denied 5×" in shell.out
    assert "evil.test" in shell.out
    document = shell.json("show", identity)
    assert document["evidence"]["denied"] == 5
    assert document["evidence"]["replay"]["total"] == 5
    assert document["by_operator"] is False


def test_listing_answers_what_is_in_force_already(shell) -> None:
    shell.up()
    identity = shell.runtime.supervise("box").file("egress-block", host="docs.example.com", methods=["GET"])
    assert shell.json("proposals") == []
    assert shell.json("show", identity)["status"] == "approved"


def test_logs_are_made_visible_and_end_without_follow(shell) -> None:
    shell.up()
    events(shell)
    assert shell("logs", "box", "egress") == 0
    assert "\x1b" not in shell.out
    assert "denied" in shell.out
    assert shell("logs", "box", "egress", "--json", "--tail", "2") == 0
    lines = [json.loads(line) for line in shell.out.splitlines()]
    assert [line["event"]["event"] for line in lines] == ["denied", "denied_more"]


def test_the_ledger_is_shown_and_verified_and_a_changed_record_is_one(shell) -> None:
    shell.up()
    identity = shell.runtime.supervise("box").file("egress-block", host="api.example.com")
    assert shell("approve", identity) == 0, shell.err
    records = shell.json("audit", "show", "box")
    assert records
    assert shell("audit", "show", "box") == 0
    assert "approved  api.example.com" in shell.out
    assert shell.json("audit", "verify", "box")["ok"] is True
    ledger = shell.world.home.bottle("box").path / "audit.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b"api.example.com", b"api.example.org", 1))
    assert shell("audit", "verify", "box") == 1
    assert shell.json("audit", "verify", "box")["error"]["code"] == "ledger_broken"


def test_the_schema_is_printed(shell) -> None:
    assert shell("schema") == 0
    assert json.loads(shell.out)["required"] == ["name", "agent"]
    assert shell("schema", "--settings") == 0
    assert json.loads(shell.out)["title"] == "settings.yaml"


def finding(findings: list[dict[str, object]], name: str) -> dict[str, object]:
    return next(each for each in findings if each["name"] == name)


def test_the_doctor_finds_a_missing_engine_and_is_one(shell) -> None:
    shell.runtime.down = True
    findings = shell.json("doctor")
    assert finding(findings, "runtime")["ok"] is False
    assert finding(findings, "python")["ok"] is True
    assert shell("doctor") == 1


def test_the_doctor_of_a_well_bottle_is_zero(shell) -> None:
    shell.up()
    assert shell("doctor") == 0, shell.out
    names = {each["name"] for each in shell.json("doctor")}
    assert {"python", "home", "runtime", "manifest", "box", "box: ledger"} <= names


def test_the_doctor_knows_an_agent_that_does_not_trust_the_gate(shell) -> None:
    shell.up()
    shell.runtime.gate("box").say({"event": "client_refused_tls", "host": "api.example.com"})
    findings = shell.json("doctor")
    trust = finding(findings, "box: trust")
    assert trust["ok"] is False
    assert "does not trust the gate's CA" in str(trust["text"])


@pytest.mark.parametrize(
    ("manifest", "words"),
    [("name: box\n", "agent is missing"), ("name: b\nagent: {provider: claude}\n", "setup-token")],
)
def test_the_doctor_reads_the_manifest_here(shell, manifest: str, words: str) -> None:
    (shell.folder / "bottle.yaml").write_text(manifest)
    assert shell("doctor") == 1
    assert words in shell.out


def test_the_doctor_refuses_a_home_that_others_can_read(shell) -> None:
    shell.up()
    shell.world.home.root.chmod(0o755)
    home = finding(shell.json("doctor"), "home")
    assert home["ok"] is False
    assert "chmod 700" in str(home["remedy"])
