"""What the hop makes of a configuration, a name and an address. Its behaviour on the wire is in tests/contracts."""

import hashlib
import ipaddress

import h11
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sidecar_addon.hop.allowlist import Allowlist, is_outside
from sidecar_addon.hop.config import ConfigError, HopConfig, downgrades, parse
from sidecar_addon.hop.requests import TargetError, connect_target, plain_target

PLAIN = {"mode": "strict", "api_allowlist": ["placeholder.invalid"]}


def config(**more: object) -> HopConfig:
    return parse(yaml.safe_dump(PLAIN | more).encode(), "pipelock.yaml")


@pytest.mark.parametrize(
    ("entry", "host", "named"),
    [
        ("example.com", "example.com", True),
        ("Example.COM.", "EXAMPLE.com", True),
        ("example.com", "a.example.com", False),
        ("*.example.com", "example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "barexample.com", False),
        ("*.com", "example.com", True),
        ("*", "example.com", False),
        ("*.", "example.com", False),
        ("api*.example.com", "api1.example.com", False),
        ("https://example.com", "example.com", False),
        ("192.0.2.1", "192.0.2.1", True),
        ("*.2.1", "192.0.2.1", False),
        ("2001:db8::1", "[2001:db8::1]", True),
        ("example.com", "", False),
        ("", "", False),
    ],
)
def test_an_entry_names_hosts_as_pipelock_s_matcher_does(entry: str, host: str, named: bool) -> None:
    assert Allowlist([entry]).names(host) is named


LABEL = st.from_regex(r"[a-z]{1,5}", fullmatch=True)


@given(st.lists(LABEL, min_size=1, max_size=4), st.lists(LABEL, min_size=1, max_size=4))
def test_a_wildcard_covers_exactly_its_apex_and_what_ends_in_it(suffix: list[str], host: list[str]) -> None:
    expected = host[-len(suffix) :] == suffix
    assert Allowlist(["*." + ".".join(suffix)]).names(".".join(host)) is expected


@pytest.mark.parametrize(
    ("address", "outside"),
    [
        ("93.184.215.14", True),
        ("2606:4700::1", True),
        ("10.0.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("239.1.1.1", False),
        ("203.0.113.1", False),
        ("::1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.215.14", True),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
    ],
)
def test_only_public_addresses_are_dialled(address: str, outside: bool) -> None:
    assert is_outside(ipaddress.ip_address(address), ()) is outside


def test_an_allowed_range_opens_its_own_addresses_only() -> None:
    allowed = config(ssrf={"ip_allowlist": ["10.0.0.0/8"]}).ip_allowlist
    assert is_outside(ipaddress.ip_address("10.1.2.3"), allowed)
    assert is_outside(ipaddress.ip_address("::ffff:10.1.2.3"), allowed)
    assert not is_outside(ipaddress.ip_address("192.168.0.1"), allowed)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "mapping"),
        (b"- a\n", "mapping"),
        (b"mode: strict\n", "at least one domain"),
        (b"mode: strict\napi_allowlist: []\n", "at least one domain"),
        (b"mode: strict\napi_allowlist: text\n", "type list"),
        (b"mode: strict\napi_allowlist: [1]\n", "list of texts"),
        (b"mode: loose\napi_allowlist: [a.test]\n", "mode"),
        (b"mode: strict\nmode: strict\napi_allowlist: [a.test]\n", "twice"),
        (b"zork: 1\napi_allowlist: [a.test]\n", "zork"),
        (b"fetch_proxy: {zork: 1}\napi_allowlist: [a.test]\n", "fetch_proxy.zork"),
        (b"fetch_proxy: {listen: nowhere}\napi_allowlist: [a.test]\n", "ADDRESS:PORT"),
        (b"fetch_proxy: {listen: '1.2.3.4:99999'}\napi_allowlist: [a.test]\n", "ADDRESS:PORT"),
        (b"ssrf: {ip_allowlist: [0.0.0.0/0]}\napi_allowlist: [a.test]\n", "everything"),
        (b"ssrf: {ip_allowlist: [10.0.0.1/8]}\napi_allowlist: [a.test]\n", "host bits"),
        (b"enforce: 1\napi_allowlist: [a.test]\n", "type bool"),
        (b"\xff\n", "UTF-8"),
    ],
)
def test_what_is_no_configuration_is_refused_with_its_place(data: bytes, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse(data, "pipelock.yaml")


def test_the_digest_is_that_of_the_file_s_bytes() -> None:
    data = yaml.safe_dump(PLAIN).encode() + b"# apply 1\n"
    assert parse(data, "x").digest == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ({}, {"mode": "audit"}, "mode"),
        ({}, {"enforce": False}, "enforce"),
        ({}, {"tls_interception": {"passthrough_domains": ["a.test"]}}, "tls_interception.passthrough_domains"),
        ({}, {"ssrf": {"ip_allowlist": ["10.0.0.0/8"]}}, "ssrf.ip_allowlist"),
        ({}, {"trusted_domains": ["a.test"]}, "trusted_domains"),
        ({"forward_proxy": {"enabled": True}}, {}, "forward_proxy.enabled"),
        ({"tls_interception": {"enabled": True}}, {}, "tls_interception.enabled"),
        ({"dlp": {"patterns": []}}, {"dlp": {"patterns": [{"name": "x", "regex": "y"}]}}, "dlp.patterns"),
    ],
)
def test_a_change_that_weakens_is_told_by_its_field(old: dict[str, object], new: dict[str, object], field: str) -> None:
    assert [line.partition(" - ")[0] for line in downgrades(config(**old), config(**new))] == [field]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {"api_allowlist": ["placeholder.invalid", "more.test"]}),
        ({"api_allowlist": ["a.test"]}, {"api_allowlist": ["b.test"]}),
        ({"tls_interception": {"passthrough_domains": ["a.test"]}}, {}),
        ({"ssrf": {"ip_allowlist": ["10.0.0.0/8"]}}, {}),
        ({}, {"request_body_scanning": {"enabled": True}}),
    ],
)
def test_hosts_come_and_go_and_rules_tighten_without_a_restart(old: dict[str, object], new: dict[str, object]) -> None:
    assert downgrades(config(**old), config(**new)) == []


def request(method: str, target: str) -> h11.Request:
    return h11.Request(method=method, target=target, headers=[("Host", "x")])


@pytest.mark.parametrize(
    ("target", "host", "port"),
    [("api.example.com:443", "api.example.com", 443), ("[2001:db8::1]:8443", "[2001:db8::1]", 8443)],
)
def test_a_tunnel_s_target_is_its_authority(target: str, host: str, port: int) -> None:
    found = connect_target(request("CONNECT", target), "req-1")
    assert (found.host, found.port, found.is_tunnel) == (host, port, True)


@pytest.mark.parametrize(
    "target",
    [
        *("api.example.com", "api.example.com:", ":443", "api.example.com:0", "a:99999", "[]:1"),
        pytest.param("a:" + "9" * 5000, id="a port of 5000 digits"),
    ],
)
def test_a_tunnel_without_host_and_port_is_no_target(target: str) -> None:
    with pytest.raises(TargetError):
        connect_target(request("CONNECT", target), "req-1")


def test_plain_http_goes_on_in_origin_form_and_its_log_line_has_no_query() -> None:
    found = plain_target(request("GET", "http://api.example.com:8080/a/b?c=secret"), "req-1")
    assert (found.host, found.port, found.origin) == ("api.example.com", 8080, "/a/b?c=secret")
    assert "secret" not in str(found.fields)
    assert plain_target(request("GET", "http://api.example.com"), "req-2").origin == "/"


@pytest.mark.parametrize(
    "target", ["/path", "https://a.test/", "http://u:p@a.test/", "http:///x", "ftp://a.test/", "http://[a/"]
)
def test_what_is_no_absolute_http_target_is_refused(target: str) -> None:
    with pytest.raises(TargetError):
        plain_target(request("GET", target), "req-1")
