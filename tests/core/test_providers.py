"""Each agent program gets its routes, placeholders and our MCP server, and loses nothing of its own."""

import json
import tomllib

import pytest

from bottle_tui.core import providers
from bottle_tui.core.manifest import parse
from bottle_tui.core.plan import Plan
from bottle_tui.core.resolve import resolve
from sidecar_addon import hosts


def plan(agent: str) -> Plan:
    return resolve(parse(f"name: a\nagent: {{{agent}}}\n".encode(), "bottle.yaml"), base="/p")


def test_the_names_of_the_providers_are_those_the_manifest_knows() -> None:
    from bottle_tui.core.keys import PROVIDERS, ROLES

    assert tuple(providers.ALL) == PROVIDERS
    assert tuple(providers.ROLES) == ROLES


def test_claude_is_told_of_our_server_by_a_flag_that_swallows_nothing() -> None:
    made = plan("provider: claude, command: [claude, -p, do it]")
    assert made.agent.command == ("claude", "-p", "do it", "--mcp-config=/etc/bottle/mcp.json")
    server = json.loads(made.agent.files["/etc/bottle/mcp.json"])["mcpServers"]["supervise"]
    assert server == {"type": "http", "url": "http://supervise:9100/mcp"}


def test_flags_go_before_a_double_dash() -> None:
    made = plan("provider: claude, command: [/usr/bin/claude, --, -x]")
    assert made.agent.command == ("/usr/bin/claude", "--mcp-config=/etc/bottle/mcp.json", "--", "-x")


def test_a_command_that_starts_something_else_is_left_alone_and_up_says_so() -> None:
    made = plan("provider: claude, command: [bash]")
    assert made.agent.command == ("bash",)
    assert "--mcp-config=/etc/bottle/mcp.json" in made.notes[0]


def test_without_a_command_the_providers_program_runs() -> None:
    assert plan("provider: claude").agent.command[0] == "claude"
    assert plan("provider: none").agent.command == ()


def test_codex_gets_settings_that_are_valid_and_point_through_the_gate() -> None:
    made = plan("provider: codex")
    settings = [word for word in made.agent.command if "=" in word]
    read = tomllib.loads("\n".join(settings))
    assert read["mcp_servers"]["supervise"]["url"] == providers.MCP_URL
    model = read["model_providers"][read["model_provider"]]
    (route,) = made.routes
    assert model["base_url"] == f"https://{route.host}{(route.grants[0].path_allowlist or ('',))[0]}"
    assert made.agent.env[model["env_key"]] == providers.PLACEHOLDER
    assert route.has_auth


def test_opencode_gets_a_file_that_a_variable_names() -> None:
    made = plan("provider: opencode")
    config = json.loads(made.agent.files[made.agent.env["OPENCODE_CONFIG"]])
    assert config["mcp"]["supervise"] == {"type": "remote", "url": providers.MCP_URL, "enabled": True}
    assert made.tokens == ()


@pytest.mark.parametrize("name", list(providers.ALL))
def test_a_providers_own_hosts_are_passthrough_and_background_hosts_are_never_routes(name: str) -> None:
    provider = providers.ALL[name]
    assert all(route.passthrough for route in provider.routes)
    for host in provider.background_hosts:
        assert hosts.normalise_pattern(host) == host
        assert not any(hosts.covers(route.host, host) for route in provider.routes)


@pytest.mark.parametrize("name", list(providers.ALL))
def test_every_token_a_provider_needs_has_a_line_that_fills_it(name: str) -> None:
    provider = providers.ALL[name]
    assert {route.auth.token_ref for route in provider.routes if route.auth} == set(provider.remedy)


@pytest.mark.parametrize("name", list(providers.ALL))
def test_files_lie_under_etc_bottle_only(name: str) -> None:
    assert all(path.startswith("/etc/bottle/") for path in providers.ALL[name].files)


def test_another_runtime_moves_address_and_files_together() -> None:
    url = "http://127.0.0.1:5000/x/mcp"
    moved = providers.placed(plan("provider: opencode").agent, mcp_url=url, files="/tmp/b")
    config = json.loads(moved.files[moved.env["OPENCODE_CONFIG"]])
    assert moved.env["OPENCODE_CONFIG"] == "/tmp/b/opencode.json"
    assert config["mcp"]["supervise"]["url"] == url
    codex = providers.placed(plan("provider: codex").agent, mcp_url=url, files="/tmp/b")
    assert any(url in word for word in codex.command)


def test_proxy_and_trust_variables_come_in_every_spelling() -> None:
    env = providers.network_env(proxy_url="http://egress:9099", ca_file="/etc/bottle/ca.pem")
    assert env["HTTPS_PROXY"] == env["https_proxy"] == env["HTTP_PROXY"] == env["http_proxy"] == "http://egress:9099"
    assert "supervise" in env["NO_PROXY"].split(",")
    assert env["NO_PROXY"] == env["no_proxy"]
    assert env["NODE_EXTRA_CA_CERTS"] == env["SSL_CERT_FILE"] == "/etc/bottle/ca.pem"
    assert set(env) <= providers.NETWORK_VARIABLES


@pytest.mark.parametrize(
    ("data", "token"),
    [
        (b'{"tokens": {"access_token": "abc"}}', "abc"),
        (b'{"tokens": {"access_token": ""}}', None),
        (b'{"tokens": null}', None),
        (b"[]", None),
        (b"{", None),
        (b'{"tokens": {"access_token": 1}}', None),
    ],
)
def test_a_codex_login_is_read_or_is_none(data: bytes, token: str | None) -> None:
    assert providers.codex_access_token(data) == token
