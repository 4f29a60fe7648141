"""Lines as pipelock 2.3.0 wrote them (addresses and secrets replaced), and what the reader makes of them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bottle_tui.core import pipelock_log
from bottle_tui.core.redaction import redacted

SECRET = "ghp_" + "a1B2" * 9
HASH = "b12a630aa5410e3fc1b496acafa990d692d2602a40f9a3d156173aa0ecef94d1"


def line(level: str, event: str, **fields: Any) -> str:
    head = {"level": level, "component": "pipelock", "event": event}
    return json.dumps(head | fields | {"time": "2026-11-22T02:37:37Z", "message": "…"}, ensure_ascii=False)


def blocked(scanner: str, reason: str, **fields: Any) -> str:
    where = {"method": "GET", "url": "https://api.example.com:443/x"} | fields
    return line("warn", "blocked", **where, scanner=scanner, reason=reason, client_ip="127.0.0.1")


HOST_BLOCK = line(
    "warn",
    "blocked",
    method="CONNECT",
    target="evil.example:443",
    scanner="allowlist",
    reason="domain not in allowlist: evil.example",
)

BLOCKS = [
    ("host_block", HOST_BLOCK),
    ("host_block", blocked("blocklist", "domain in blocklist")),
    ("address_block", blocked("ssrf", "SSRF blocked: api.example.com resolves to internal IP 10.0.0.1")),
    ("secret_block", blocked("core_dlp", "core DLP match: GitHub Token (critical)")),
    ("secret_block", blocked("body_dlp", "request body contains secret: GitHub Token, AWS Access ID")),
    ("secret_block", blocked("entropy", 'high entropy query param "t" (4.86 > 4.50 threshold)')),
    ("secret_block", line("warn", "body_dlp", action="block", url="http://a.test/x", patterns=["GitHub Token"])),
    ("secret_block", line("warn", "header_dlp", action="block", header="Cookie", patterns=["JWT"])),
    ("size_block", blocked("body_dlp", "request body exceeds max_body_bytes (5000)")),
    ("size_block", blocked("tls_response_blocked", "response too large for scanning")),
    ("size_block", blocked("length", "URL length 328 exceeds maximum 200")),
    ("compressed_block", blocked("tls_response_blocked", "compressed response cannot be scanned")),
    (
        "compressed_block",
        blocked("body_dlp", 'request body uses Content-Encoding "gzip"; compressed bodies cannot be scanned'),
    ),
    ("malformed_block", blocked("body_dlp", "invalid form body")),
    ("ca_not_trusted", blocked("tls_handshake_error", "remote error: tls: unknown certificate authority")),
    ("authority_mismatch", blocked("tls_authority_mismatch", "authority mismatch")),
    ("response_block", blocked("tls_response_blocked", "response contains injection")),
    ("rate_block", blocked("ratelimit", "too many")),
    ("block", blocked("something_new", "?")),
]


@pytest.mark.parametrize(("kind", "raw"), BLOCKS)
def test_a_refusal_is_a_policy_decision_of_its_kind(kind: str, raw: str) -> None:
    read = pipelock_log.read("research", raw)
    assert (read.facts["kind"], read.noise, read.sidecar, read.slug) == (kind, False, "pipelock", "research")
    assert read.facts["summary"]


@pytest.mark.parametrize(
    "raw",
    [
        line("warn", "anomaly", target="api.example.com:443", scanner="tls_intercept", reason="TLS MITM interception"),
        line("error", "error", method="close", error="clientConn: close tcp: use of closed network connection"),
        line("error", "error", method="CONNECT", error="client TLS handshake: remote error: tls: bad certificate"),
        line("warn", "sni_mismatch", connect_host="api.example.com", sni_host="", category="timeout"),
        line("warn", "anomaly", method="STARTUP", resource="0.0.0.0:8888", reason="listen address is not loopback — …"),
        "WARNING: fetch_proxy.listen: listen address 0.0.0.0:8888 is not loopback - proxy endpoints exposed",
    ],
)
def test_what_pipelock_says_about_itself_is_noise(raw: str) -> None:
    assert pipelock_log.read("s", raw).noise


@pytest.mark.parametrize(
    "raw",
    [
        line("warn", "sni_mismatch", connect_host="api.example.com", sni_host="other.test", category="mismatch"),
        line("error", "error", method="CONNECT", target="a.test:1", error="dial tcp: connection refused"),
        line("warn", "anomaly", scanner="body_dlp", reason="request body contains secret: JWT"),
        line("warn", "anomaly", method="STARTUP", reason="scanners are off"),
        "Pipelock v2.3.0 starting",
        "WARNING: config reload: ssrf.ip_allowlist - SSRF IP allowlist expanded",
    ],
)
def test_what_may_matter_is_not_noise(raw: str) -> None:
    assert not pipelock_log.read("s", raw).noise


def test_the_names_of_the_patterns_that_hit_are_told_apart() -> None:
    several = blocked("body_dlp", "request body contains secret: GitHub Token, AWS Access ID")
    assert pipelock_log.read("s", several).facts["patterns"] == ["GitHub Token", "AWS Access ID"]
    core = blocked("core_dlp", "core DLP match: GitHub Token (critical)")
    assert pipelock_log.read("s", core).facts["patterns"] == ["GitHub Token"]
    plain = line("warn", "body_dlp", action="block", url="http://a.test/x", patterns=["JWT"])
    assert pipelock_log.read("s", plain).facts["patterns"] == ["JWT"]


def test_a_body_hit_that_only_warned_is_no_refusal() -> None:
    assert pipelock_log.read("s", line("warn", "body_dlp", action="warn", patterns=["JWT"])).facts["kind"] == "other"


@pytest.mark.parametrize(
    ("fields", "host"),
    [
        ({"target": "Evil.Example.:443"}, "evil.example"),
        ({"url": "https://api.example.com:8443/a/b?c=d"}, "api.example.com"),
        ({"url": "http://api.example.com"}, "api.example.com"),
        ({"connect_host": "api.example.com"}, "api.example.com"),
        ({"target": "[::1]:443"}, "::1"),
    ],
)
def test_the_host_is_read_from_whatever_names_it(fields: dict[str, str], host: str) -> None:
    assert pipelock_log.read("s", line("info", "tunnel_open", **fields)).facts["host"] == host


def test_an_acknowledgement_gives_its_hash() -> None:
    reload = pipelock_log.read("s", line("info", "config_reload", status="success", config_hash=HASH))
    assert (pipelock_log.config_hash(reload), reload.facts["kind"]) == (HASH, "ack")
    start = pipelock_log.read("s", line("info", "startup", listen="0.0.0.0:8888", config_hash=HASH))
    assert pipelock_log.config_hash(start) == HASH
    failed = pipelock_log.read("s", line("error", "config_reload", status="error", config_hash=HASH))
    assert (pipelock_log.config_hash(failed), failed.facts["kind"]) == (None, "rejected")
    assert pipelock_log.config_hash(pipelock_log.read("s", HOST_BLOCK)) is None


@pytest.mark.parametrize(
    "raw",
    [
        "pipelock: config reload failed: parsing config p.yaml: yaml: line 1: did not find expected node content",
        line("error", "error", method="CONFIG_RELOAD", error="rejected: security downgrade from strict mode"),
    ],
)
def test_a_refused_configuration_is_told_as_such(raw: str) -> None:
    read = pipelock_log.read("s", raw)
    assert (read.facts["kind"], read.level) == ("rejected", "error")


URL = f"https://u:pw@api.example.com:443/private/{SECRET}?token={SECRET}#f"


@pytest.mark.parametrize(
    "raw",
    [
        blocked("core_dlp", "core DLP match: GitHub Token (critical)", url=URL),
        blocked("entropy", "high entropy path segment", url=URL),
        line("warn", "body_dlp", action="block", url=URL, patterns=["GitHub Token"]),
        line("warn", "header_dlp", action="block", url=URL),
        line("info", "forward_http", method="GET", url=URL, status_code=200),
        line("error", "error", method="GET", url=URL, error=f'Get "{URL}": connection refused'),
        line("info", "something_new", deep={"list": [URL, {"key": SECRET}]}),
        f"panic: {URL} {SECRET}",
        "{ not json " + URL,
    ],
)
def test_no_line_carries_the_path_the_query_or_a_secret(raw: str) -> None:
    read = pipelock_log.read("s", raw)
    shown = read.text + json.dumps(read.event) + json.dumps(read.facts)
    for gone in (SECRET, "private", "pw@", "token="):
        assert gone not in shown
    assert "api.example.com" in shown or "deep" in shown


@pytest.mark.parametrize(
    "secret",
    [
        SECRET,
        "github_pat_11ABCDEFG0123456789abcdef",
        "glpat-abcdefghij0123456789",
        "sk-ant-abcdefghijklmnop0123",
        "AKIAABCDEFGHIJKLMNOP",
        "xoxb-123456789012-abcdef",
        "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2lnbmF0dXJl",
        "Bearer abcdefgh12345678",
        "password=hunter2hunter2",
        "Zk39xQ0aLp8vRtYw2Jm5NcBhUe7DsGf1Xy",
    ],
)
def test_known_secret_shapes_vanish_from_plain_text_too(secret: str) -> None:
    assert secret not in redacted(f"before {secret} after")
    assert redacted(f"before {secret} after").startswith("before ")


def test_digests_and_plain_words_stay_readable() -> None:
    assert redacted(HASH) == HASH
    assert redacted("domain not in allowlist: a.example.com") == "domain not in allowlist: a.example.com"
    assert redacted("http://a.test:80/") == "http://a.test:80/"


def test_a_line_as_long_as_an_agent_likes_is_cut() -> None:
    assert len(pipelock_log.read("s", "x" * 1_000_000).text) <= pipelock_log.MAX_LINE
    assert len(pipelock_log.read("s", line("warn", "blocked", note="y " * 500_000)).text) <= pipelock_log.MAX_LINE


@given(
    st.text()
    | st.recursive(st.none() | st.text() | st.integers(), lambda x: st.dictionaries(st.text(), x)).map(json.dumps)
)
def test_no_line_whatsoever_upsets_the_reader(raw: str) -> None:
    assert pipelock_log.read("s", raw).facts["kind"]


@given(
    st.dictionaries(
        st.sampled_from(["method", "url", "target", "scanner", "reason", "error", "patterns", "level"]),
        st.none() | st.integers() | st.text() | st.lists(st.text()),
    )
)
def test_no_event_with_odd_fields_upsets_the_reader(fields: dict[str, Any]) -> None:
    for event in ("blocked", "error", "anomaly", "config_reload", "body_dlp"):
        assert pipelock_log.read("s", json.dumps({"event": event, **fields})).facts["kind"]
