"""From manifest to plan: the order of routes, what overrides what, slots, tokens, what comes back."""

from pathlib import Path

import pytest

from bottle_tui.core import always, resolve
from bottle_tui.core.manifest import Auth, parse
from bottle_tui.core.plan import Plan
from bottle_tui.core.resolve import resolve as resolved
from bottle_tui.core.slots import Slots
from bottle_tui.errors import InvalidFile, InvalidManifest, TokenUnset
from sidecar_addon.table import Route, Table, fingerprint, render
from sidecar_addon.table_parser import parse as parse_table

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def plan(text: str, **inputs: object) -> Plan:
    """The plan of a manifest in /home/me/project."""
    return resolved(parse(text.encode(), "bottle.yaml"), base="/home/me/project", **inputs)  # type: ignore[arg-type]


def by_host(made: Plan) -> dict[str, Route]:
    return {route.host: route for route in made.routes}


def test_provider_routes_come_first_then_the_manifests_then_bare_hosts() -> None:
    made = plan(
        "name: a\nagent: {provider: claude}\negress:\n"
        "  allowlist: [docs.example.com]\n  routes: [{host: api.example.com}]\n"
    )
    assert [route.host for route in made.routes] == ["api.anthropic.com", "api.example.com", "docs.example.com"]
    assert [grant.id for route in made.routes for grant in route.grants] == ["m1", "m2", "m3"]


def test_a_manifest_route_overrides_what_it_says_of_a_providers_and_up_prints_each() -> None:
    made = plan(
        "name: a\nagent: {provider: claude}\negress:\n  routes:\n    - host: API.anthropic.com\n"
        "      path_allowlist: [/v1/]\n      auth: {scheme: Bearer, token_ref: MINE}\n"
        "      pipelock: {tls_passthrough: false}\n"
    )
    (route,) = made.routes
    assert route.pipelock == "scanned"
    assert route.token_fingerprint == fingerprint("MINE")
    assert route.grants[0].path_allowlist == ("/v1/",)
    assert made.notes == (
        "api.anthropic.com: auth from line 5 replaces the provider's",
        "api.anthropic.com: path_allowlist from line 5 replaces the provider's",
        "api.anthropic.com: pipelock from line 5 replaces the provider's",
    )


def test_what_a_manifest_does_not_say_of_a_providers_route_stays() -> None:
    made = plan("name: a\nagent: {provider: claude}\negress: {routes: [{host: api.anthropic.com, methods: [POST]}]}\n")
    (route,) = made.routes
    assert route.pipelock == "passthrough"
    assert route.token_fingerprint == fingerprint("CLAUDE_CODE_OAUTH_TOKEN")
    assert route.grants[0].methods == ("POST",)
    assert made.agent.env["CLAUDE_CODE_OAUTH_TOKEN"].startswith("placeholder")


def test_the_ports_of_a_providers_host_are_not_the_manifests_to_change() -> None:
    with pytest.raises(InvalidManifest, match="can be overridden only") as caught:
        plan("name: a\nagent: {provider: claude}\negress: {routes: [{host: api.anthropic.com, ports: [8443]}]}\n")
    assert caught.value.place == "3 (egress.routes[0].ports)"


def test_an_allowlisted_host_never_replaces_a_route_whatever_its_case() -> None:
    made = plan(
        "name: a\nagent: {provider: claude}\negress:\n  allowlist: [API.Example.com, api.ANTHROPIC.com]\n"
        "  routes: [{host: api.example.com, methods: [GET]}]\n"
    )
    assert [route.host for route in made.routes] == ["api.anthropic.com", "api.example.com"]
    assert by_host(made)["api.example.com"].grants[0].methods == ("GET",)
    assert by_host(made)["api.anthropic.com"].has_auth


def test_slots_are_given_in_order_and_shared_by_token() -> None:
    made = plan(
        "name: a\nagent: {}\negress:\n  routes:\n"
        "    - {host: a.test, auth: {scheme: Bearer, token_ref: B_TOKEN}}\n"
        "    - {host: b.test, auth: {scheme: none, token_ref: A_TOKEN, header: X-Key}}\n"
        "    - {host: c.test, auth: {scheme: token, token_ref: B_TOKEN}}\n"
    )
    assert [route.token_env for route in made.routes] == ["EGRESS_TOKEN_0", "EGRESS_TOKEN_1", "EGRESS_TOKEN_0"]
    assert [(each.slot, each.token_ref, each.hosts) for each in made.tokens] == [
        ("EGRESS_TOKEN_0", "B_TOKEN", ("a.test", "c.test")),
        ("EGRESS_TOKEN_1", "A_TOKEN", ("b.test",)),
    ]
    assert resolve.slots_after(made) == Slots({"EGRESS_TOKEN_0": "B_TOKEN", "EGRESS_TOKEN_1": "A_TOKEN"}, 2)


def test_given_slots_stay_and_numbers_are_never_used_again() -> None:
    text = "name: a\nagent: {}\negress:\n  routes:\n"
    text += "    - {host: a.test, auth: {scheme: Bearer, token_ref: NEW}}\n"
    text += "    - {host: b.test, auth: {scheme: Bearer, token_ref: OLD}}\n"
    before = Slots({"EGRESS_TOKEN_3": "OLD"}, 7)
    made = plan(text, slots=before)
    assert [route.token_env for route in made.routes] == ["EGRESS_TOKEN_7", "EGRESS_TOKEN_3"]
    assert resolve.slots_after(made, before).next == 8


def test_two_slots_for_one_token_are_an_error() -> None:
    with pytest.raises(InvalidFile, match="EGRESS_TOKEN_0 and EGRESS_TOKEN_1"):
        plan("name: a\nagent: {}\n", slots=Slots({"EGRESS_TOKEN_0": "T", "EGRESS_TOKEN_1": "T"}, 2))


def test_an_unset_variable_stops_before_anything_and_names_variable_and_route() -> None:
    text = "name: a\nagent: {}\negress: {routes: [{host: api.example.com, auth: {scheme: Bearer, token_ref: MY_T}}]}\n"
    with pytest.raises(TokenUnset, match=r"MY_T is unset or empty, and the route api\.example\.com needs it; export"):
        plan(text, host_env_names={"OTHER"})
    assert plan(text, host_env_names={"MY_T"}).tokens[0].token_ref == "MY_T"


def test_a_providers_missing_token_is_named_with_the_line_that_fixes_it() -> None:
    with pytest.raises(TokenUnset, match="claude setup-token"):
        plan("name: a\nagent: {provider: claude}\n", host_env_names=())
    with pytest.raises(TokenUnset, match="codex login"):
        plan("name: a\nagent: {provider: codex}\n", host_env_names=())


def test_plans_and_tables_hold_neither_values_nor_names_of_host_variables() -> None:
    made = plan(
        "name: a\nagent: {}\negress: {routes: [{host: a.test, auth: {scheme: Bearer, token_ref: MY_SECRET}}]}\n"
    )
    assert b"MY_SECRET" not in render(Table(routes=made.routes))


def test_the_routes_are_a_table_that_the_gate_reads() -> None:
    made = plan(
        "name: a\nagent: {provider: codex}\negress:\n  allowlist: ['*.example.com', plain.test]\n"
        "  routes: [{host: ws.test, methods: [GET, WEBSOCKET], pipelock: {tls_passthrough: true}}]\n"
    )
    table = parse_table(render(Table(routes=made.routes)))
    assert table.routes == made.routes


def test_a_passthrough_wildcard_over_a_scanned_route_is_refused() -> None:
    text = "name: a\nagent: {}\negress:\n  routes:\n    - {host: '*.example.com', pipelock: {tls_passthrough: true}}\n"
    with pytest.raises(InvalidManifest, match=r"stop the scanning of api\.example\.com") as caught:
        plan(text + "    - {host: api.example.com}\n")
    assert caught.value.place == "5 (egress.routes[0].pipelock)"
    made = plan(text + "    - {host: api.example.com, pipelock: {tls_passthrough: true}}\n")
    assert [route.pipelock for route in made.routes] == ["passthrough", "passthrough"]


def test_a_websocket_on_a_scanned_host_is_said_to_be_denied() -> None:
    made = plan("name: a\nagent: {}\negress: {routes: [{host: a.test, methods: [WEBSOCKET]}]}\n")
    assert "a.test: WEBSOCKET is named but the host is scanned" in made.notes[0]


def test_the_designs_own_example_keeps_the_role_with_the_manifests_route() -> None:
    text = (
        "name: a\nagent: {provider: claude}\negress:\n  routes:\n"
        "    - {host: api.example.com, auth: {scheme: Bearer, token_ref: T}, role: claude_code_oauth}\n"
    )
    made = plan(text)
    assert made.agent.env["CLAUDE_CODE_OAUTH_TOKEN"] == "placeholder-the-gate-holds-the-credential"


def test_a_role_gives_the_agent_a_placeholder_and_switches_telemetry_off() -> None:
    made = plan("name: a\nagent: {}\negress: {routes: [{host: a.test, role: claude_code_oauth}]}\n")
    assert made.agent.env["CLAUDE_CODE_OAUTH_TOKEN"].startswith("placeholder")
    assert made.agent.env["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] == "1"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("HTTPS_PROXY", "set by the bottle itself"),
        ("http_proxy", "set by the bottle itself"),
        ("NODE_EXTRA_CA_CERTS", "set by the bottle itself"),
        ("CLAUDE_CODE_OAUTH_TOKEN", "gate holds back"),
    ],
)
def test_what_the_bottle_sets_the_manifest_cannot(name: str, why: str) -> None:
    with pytest.raises(InvalidManifest, match=why) as caught:
        plan(f"name: a\nagent:\n  provider: claude\n  env: {{{name}: x}}\n")
    assert caught.value.place == f"4 (agent.env.{name})"


def test_what_a_provider_points_at_its_own_files_the_manifest_cannot_point_elsewhere() -> None:
    with pytest.raises(InvalidManifest, match="set by the provider opencode"):
        plan("name: a\nagent: {provider: opencode, env: {OPENCODE_CONFIG: /work/x.json}}\n")


def test_a_manifests_own_variable_wins_over_a_providers_switch() -> None:
    made = plan("name: a\nagent: {provider: claude, env: {DISABLE_AUTOUPDATER: '0'}}\n")
    assert made.agent.env["DISABLE_AUTOUPDATER"] == "0"


def test_defaults_of_the_agents_container() -> None:
    limits = plan("name: a\nagent: {}\n").agent.limits
    assert (limits.memory, limits.pids, limits.cpus) == (4 * 1024**3, 1024, None)


def test_the_digest_pins_manifest_build_folder_and_extra_ca() -> None:
    text = "name: a\nagent: {build: .}\npipelock: {extra_ca: ca.pem}\n"
    digests = {
        plan(text, build_digest="1", extra_ca=PEM).digest,
        plan(text, build_digest="2", extra_ca=PEM).digest,
        plan(text, build_digest="1", extra_ca=PEM + "\n").digest,
        plan(text + "# more\n", build_digest="1", extra_ca=PEM).digest,
    }
    assert len(digests) == 4
    assert all(digest.startswith("sha256:") and len(digest) == 71 for digest in digests)


def test_extra_ca_is_a_file_beside_the_manifest_or_its_text() -> None:
    named = parse(b"name: a\nagent: {}\npipelock: {extra_ca: certs/ca.pem}\n", "bottle.yaml")
    assert resolve.extra_ca_file(named, "/p") == "/p/certs/ca.pem"
    with pytest.raises(InvalidManifest, match="could not be read"):
        resolved(named, base="/p")
    with pytest.raises(InvalidManifest, match="private key"):
        resolved(named, base="/p", extra_ca=PEM + "-----BEGIN PRIVATE KEY-----\n")
    with pytest.raises(InvalidManifest, match="no PEM certificate"):
        resolved(named, base="/p", extra_ca="hello")
    assert resolved(named, base="/p", extra_ca=PEM).pipelock.extra_ca == PEM
    inline = "name: a\nagent: {}\npipelock:\n  extra_ca: |\n" + "".join(f"    {line}\n" for line in PEM.splitlines())
    assert resolve.extra_ca_file(parse(inline.encode(), "f"), "/p") is None
    assert plan(inline).pipelock.extra_ca == PEM


def test_the_build_folder_is_relative_to_the_manifest() -> None:
    assert plan("name: a\nagent: {build: ./agent}\n").agent.build == "/home/me/project/agent"


def grants_file(*entries: always.Always) -> bytes:
    return always.render(entries)


def test_what_was_approved_always_comes_back_and_is_said() -> None:
    data = grants_file(
        always.Always("01JA", "api.example.com", ("/repos/",), ("GET",), proposal="01JP"),
        always.Always("01JB", "new.test"),
        always.Always("01JC", "deep.files.test", ("/a/",)),
    )
    made = plan(
        "name: a\nagent: {}\negress:\n  allowlist: ['*.files.test']\n"
        "  routes: [{host: api.example.com, methods: [GET]}]\n",
        grants=data,
    )
    routes = by_host(made)
    assert [grant.id for grant in routes["api.example.com"].grants] == ["m1", "01JA"]
    assert routes["new.test"].grants[0].id == "01JB"
    assert routes["*.files.test"].grants[1].host == "deep.files.test"
    assert "deep.files.test" not in routes
    assert made.notes == (
        "grants.yaml brings back api.example.com: /repos/ GET",
        "grants.yaml brings back new.test: every path and method",
        "grants.yaml brings back deep.files.test: /a/",
    )


def test_a_credential_that_was_approved_always_comes_back_in_a_slot() -> None:
    entry = always.Always("01JA", "new.test", auth=Auth("Bearer", "GRANTED"))
    made = plan("name: a\nagent: {}\n", grants=grants_file(entry))
    assert made.routes[0].token_env == "EGRESS_TOKEN_0"
    assert made.tokens[0].token_ref == "GRANTED"
    with pytest.raises(TokenUnset, match="GRANTED"):
        plan("name: a\nagent: {}\n", grants=grants_file(entry), host_env_names=())


def test_a_credential_that_comes_back_never_replaces_the_manifests_say_on_auth() -> None:
    entry = always.Always("01JA", "api.test", auth=Auth("Bearer", "GRANTED"))
    made = plan("name: a\nagent: {}\negress: {allowlist: [api.test]}\n", grants=grants_file(entry))
    assert not made.routes[0].has_auth
    assert made.tokens == ()


def test_a_passthrough_that_comes_back_never_blinds_a_scanned_route() -> None:
    entry = always.Always("01JA", "*.example.com", passthrough=True)
    text = "name: a\nagent: {}\negress: {allowlist: [api.example.com]}\n"
    assert by_host(plan(text, grants=grants_file(entry)))["*.example.com"].pipelock == "scanned"
    assert by_host(plan("name: a\nagent: {}\n", grants=grants_file(entry)))["*.example.com"].pipelock == "passthrough"


def test_a_damaged_grants_file_stops_the_launch() -> None:
    with pytest.raises(InvalidFile, match="unknown key") as caught:
        plan("name: a\nagent: {}\n", grants=b"grants:\n  - {id: x, host: a.test, evil: 1}\n")
    assert (caught.value.file, caught.value.place) == ("grants.yaml", "2 (grants[0].evil)")


def test_every_example_resolves() -> None:
    for path in sorted((Path(__file__).parents[2] / "examples").glob("*/bottle.yaml")):
        made = resolved(parse(path.read_bytes(), path.name), base=str(path.parent))
        assert made.agent.provider == (path.parent.name)
        assert made.agent.build == str(path.parent / "agent")
