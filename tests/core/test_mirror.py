"""Pipelock's configuration: what of the routes is in it, what never is, and that it is a whole one."""

from datetime import UTC, datetime

import pytest
import yaml

from bottle_tui.core import mirror
from bottle_tui.core.mirror import Extra, Mirrored
from bottle_tui.core.plan import DlpPattern, PipelockPlan
from bottle_tui.errors import Conflict, InvalidFile
from sidecar_addon.table import Grant, Route

PLAN = PipelockPlan(None, None, (), (), 8)
G = (Grant("g"),)


def test_a_wildcard_gives_the_name_and_the_wildcard() -> None:
    assert mirror.mirror([Route("*.example.com", G)]) == Mirrored(("example.com", "*.example.com"))


def test_hosts_come_once_and_in_order_routes_first() -> None:
    routes = [Route("b.example.com", G), Route("*.example.com", G), Route("example.com", G)]
    extra = Extra(hosts=("b.example.com", "z.example.org"))
    assert mirror.mirror(routes, extra).hosts == ("b.example.com", "example.com", "*.example.com", "z.example.org")


def test_a_route_without_grants_denies_at_both() -> None:
    assert mirror.mirror([Route("a.example.com")]) == Mirrored()


def test_a_passthrough_wildcard_is_spread_for_pipelock() -> None:
    found = mirror.mirror([Route("*.example.com", G, pipelock="passthrough")], Extra(passthrough=("p.example.org",)))
    assert found.passthrough == ("example.com", "*.example.com", "p.example.org")
    assert "p.example.org" in found.hosts


@pytest.mark.parametrize("extra", [Extra(), Extra(passthrough=("*.example.com",))])
def test_passthrough_that_would_blind_a_scanned_route_is_refused(extra: Extra) -> None:
    routes = [Route("a.example.com", G)]
    if not extra.passthrough:
        routes.append(Route("*.example.com", G, pipelock="passthrough"))
    with pytest.raises(Conflict, match=r"a\.example\.com"):
        mirror.mirror(routes, extra)


def test_a_passthrough_name_under_a_scanned_wildcard_is_fine() -> None:
    routes = [Route("*.example.com", G), Route("a.example.com", G, pipelock="passthrough")]
    assert mirror.mirror(routes).passthrough == ("a.example.com",)


def test_a_host_that_the_extra_list_passes_is_not_called_scanned() -> None:
    routes = (Route("a.example.com", G), Route("b.example.org", G), Route("c.example.com", G, pipelock="not_scanned"))
    found = mirror.unscanned(routes, Extra(passthrough=("*.example.com",)))
    assert [route.pipelock for route in found] == ["passthrough", "scanned", "not_scanned"]
    assert mirror.scan_state("a.example.org", Extra(passthrough=("*.example.com",))) == "scanned"


def test_the_config_is_strict_whole_and_never_empty() -> None:
    config = yaml.safe_load(mirror.render_config([], Extra(), PLAN, "01A"))
    assert config["mode"] == "strict"
    assert config["api_allowlist"] == ["placeholder.invalid"]
    assert config["tls_interception"]["max_response_bytes"] == 8 * 1024 * 1024
    assert config["request_body_scanning"]["action"] == "block"
    assert "Authorization" not in config["request_body_scanning"]["sensitive_headers"]
    assert config["request_body_scanning"]["sensitive_headers"] != []
    assert config["response_scanning"]["sse_streaming"]["action"] == "warn"
    assert config["dlp"]["scan_env"] is False
    assert "ssrf" not in config


def test_the_manifests_settings_are_in_it() -> None:
    plan = PipelockPlan(None, None, ("172.16.0.0/12",), (DlpPattern("Canary", "canary-[a-z]{4}", "high"),), 2)
    config = yaml.safe_load(mirror.render_config([], Extra(), plan, "01A"))
    assert config["ssrf"] == {"ip_allowlist": ["172.16.0.0/12"]}
    assert config["dlp"]["patterns"] == [{"name": "Canary", "regex": "canary-[a-z]{4}", "severity": "high"}]
    assert config["request_body_scanning"]["max_body_bytes"] == 2 * 1024 * 1024


def test_every_apply_has_a_hash_of_its_own() -> None:
    one, two = (mirror.render_config([], Extra(), PLAN, apply) for apply in ("01A", "01B"))
    assert b"# apply 01A\n" in one
    assert mirror.config_hash(one) != mirror.config_hash(two)
    assert len(mirror.config_hash(one)) == 64


def test_rewriting_changes_the_lists_alone() -> None:
    plan = PipelockPlan(None, None, ("10.0.0.0/8",), (DlpPattern("C", r"\bc-\d+: #"),), 3)
    first = mirror.render_config([Route("a.example.com", G)], Extra(), plan, "01A")
    lists = Mirrored(("b.example.com", "*.b.example.com"), ("b.example.com",))
    second = mirror.rewrite(first, lists, "01B")
    assert mirror.read(first) == Mirrored(("a.example.com",))
    assert mirror.read(second) == lists
    was, now = yaml.safe_load(first), yaml.safe_load(second)
    for config in (was, now):
        del config["api_allowlist"]
        del config["tls_interception"]["passthrough_domains"]
    assert was == now


LISTS = b"api_allowlist: []\ntls_interception: {passthrough_domains: []}\n"


@pytest.mark.parametrize(
    "data",
    [b"[1", b"- a\n", b"api_allowlist: []\n", b"api_allowlist: []\ntls_interception: 1\n", LISTS,
     LISTS + b"request_body_scanning: {max_body_bytes: x}\n",
     LISTS + b"request_body_scanning: {max_body_bytes: 1}\nssrf: []\n",
     LISTS + b"request_body_scanning: {max_body_bytes: 1}\nssrf: {ip_allowlist: 1}\n"],
)  # fmt: skip
def test_a_foreign_config_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidFile):
        mirror.read(data)


def test_the_extra_lists_are_read_and_written() -> None:
    extra = Extra(("a.example.com",), ("*.example.org",))
    assert mirror.parse_extra(mirror.render_extra(extra)) == extra
    assert mirror.parse_extra(None) == mirror.parse_extra(b"hosts:\n") == Extra()
    assert mirror.parse_extra(b"hosts: [A.Example.COM, a.example.com.]\n") == Extra(("a.example.com",))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"hosts: [1]\n", "hosts"),
        (b"hosts: a\n", "hosts"),
        (b"other: []\n", "other"),
        (b"- a\n", "mapping"),
        (b"hosts: [10.0.0.1]\n", "IP"),
        (b"hosts: &a []\n", "anchor"),
        (b"\xff", "UTF-8"),
    ],
)
def test_a_wrong_extra_list_names_file_and_place(text: bytes, says: str) -> None:
    with pytest.raises(InvalidFile, match=says) as caught:
        mirror.parse_extra(text)
    assert caught.value.file == "pipelock.extra.yaml"


def test_times_do_not_matter_to_the_mirror() -> None:
    ended = Grant("g", expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert mirror.mirror([Route("a.example.com", (ended,))]).hosts == ("a.example.com",)


def test_a_wildcard_whose_grants_are_all_limited_opens_those_hosts_alone() -> None:
    limited = Grant("g1", host="narrow.example.org", path_allowlist=("/n/",))
    assert mirror.mirror([Route("*.example.org", (limited,))]).hosts == ("narrow.example.org",)
    whole = mirror.mirror([Route("*.example.org", (limited, Grant("m1")))])
    assert whole.hosts == ("example.org", "*.example.org")
    passed = mirror.mirror([Route("*.example.org", (limited,), pipelock="passthrough")])
    assert passed.passthrough == ("narrow.example.org",)
