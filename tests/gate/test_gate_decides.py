"""What passes and what is refused, seen from the agent, the upstream and the event lines."""

import contextlib
import http.client

import pytest

from sidecar_addon.gate import requests
from sidecar_addon.gate.judge import Verdict
from sidecar_addon.gate.tokens import Token
from sidecar_addon.matching import Request
from sidecar_addon.table import Grant, Route

NOTHING = Request("GET", "https", "api.test", 443, "/")


def refused(reply, reason):
    """Asserts a denial with this reason, whole as the design says."""
    assert reply.status == 403
    assert reply.headers["x-bottle-denied"] == reason
    assert reply.headers["content-type"] == "application/json"
    body = reply.json()
    assert body["error"] == "egress_denied"
    assert body["layer"] == "egress"
    assert body["reason"] == reason
    assert set(body) >= {"id", "host", "path", "method", "hint"}
    return body


def connect_refused(answer: bytes) -> bool:
    return answer.startswith(b"HTTP/1.1 403")


def test_an_allowed_request_reaches_the_upstream(world):
    reply = world.get("https://api.test/v1/x?y=1")
    assert reply.status == 200
    assert world.upstream.seen[0].target == "/v1/x?y=1"
    assert world.upstream.seen[0].header("host") == "api.test"
    event = world.event("allowed")
    assert (event["host"], event["path"], event["grant"], event["route"]) == ("api.test", "/v1/x", "g1", "api.test")
    finished = world.event("finished", id=event["id"])
    assert (finished["status"], finished["cut"], finished["bytes_down"]) == (200, None, len(reply.body))


def test_a_host_without_a_route_is_refused_inside_the_tunnel_and_nothing_is_dialled(world):
    body = refused(world.get("https://other.test/secret?q=private"), "host_not_allowed")
    assert (body["host"], body["path"], body["method"]) == ("other.test", "/secret", "GET")
    assert 'call egress-block with {"host": "other.test", "path_allowlist": ["/secret"]' in body["hint"]
    event = world.event("denied")
    assert event["id"] == body["id"]
    assert "private" not in str(event)
    assert world.parent.connects == []


def test_a_quarantined_table_refuses_at_connect(make_world, route_of):
    world = make_world(route_of())
    world.load(route_of(), quarantined=True)
    sock, answer = world.tunnel_raw("api.test:443")
    sock.close()
    assert connect_refused(answer)
    assert b"X-Bottle-Denied: quarantined" in answer


def test_quarantine_refuses_on_a_tunnel_that_was_open_before(make_world, route_of, talk):
    world = make_world(route_of())
    with world.tunnel("api.test") as sock:
        assert talk(sock, "GET", "/", "api.test").status == 200
        world.event("finished")
        world.load(route_of(), quarantined=True)
        refused(talk(sock, "GET", "/", "api.test"), "quarantined")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("127.0.0.1:443", "host_not_allowed"),
        ("[::1]:443", "host_not_allowed"),
        ("2130706433:443", "host_not_allowed"),
        ("0x7f.1:443", "host_not_allowed"),
        ("_egress.local:443", "host_not_allowed"),
        ("api.test:8443", "port_not_allowed"),
        ("api.test:53", "port_not_allowed"),
    ],
)
def test_connect_refuses_addresses_nonsense_and_ports(world, target, reason):
    sock, answer = world.tunnel_raw(target)
    sock.close()
    assert connect_refused(answer)
    assert f"X-Bottle-Denied: {reason}".encode() in answer
    world.event("denied", method="CONNECT", reason=reason)


def test_connect_may_lack_a_host_but_not_name_another(world):
    for extra, status in (("", b"200"), ("Host: api.test:443\r\n", b"200"), ("Host: API.test\r\n", b"200")):
        sock, answer = world.tunnel_raw("api.test:443", extra)
        sock.close()
        assert answer.startswith(b"HTTP/1.1 " + status), extra
    for extra in ("Host: other.test:443\r\n", "Host: api.test:80\r\n", "Host: api.test\r\nHost: api.test\r\n"):
        sock, answer = world.tunnel_raw("api.test:443", extra)
        sock.close()
        assert b"X-Bottle-Denied: host_mismatch" in answer, extra


@pytest.mark.parametrize(
    ("target", "fields"),
    [
        ("/", {"Host": "other.test"}),
        ("/", {"Host": "api.test:8443"}),
        ("/", {"Host": "api.test:443x"}),
        ("/", {"Host": "api.test\r\nHost: api.test"}),
        ("https://other.test/secret", {"Host": "api.test"}),
        ("https://api.test:8443/", {"Host": "api.test"}),
        ("/", {"Host": "user@api.test"}),
    ],
)
def test_every_name_in_a_tunnel_must_be_the_tunnels(world, talk, target, fields):
    with world.tunnel("api.test") as sock:
        refused(talk(sock, "GET", target, fields["Host"]), "host_mismatch")
    assert world.upstream.seen == []


def test_a_request_without_any_host_is_refused(world):
    with world.tunnel("api.test") as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert b"X-Bottle-Denied: host_mismatch" in sock.recv(65536)


def test_the_server_name_of_the_handshake_must_be_the_tunnels(make_world, route_of, talk):
    world = make_world(route_of("api.test"), route_of("other.test", grants=(Grant("g2"),)))
    with world.tunnel("api.test", sni="other.test") as sock:
        refused(talk(sock, "GET", "/", "api.test"), "host_mismatch")


def test_what_goes_on_is_in_origin_form_with_the_gates_own_host(world, talk):
    with world.tunnel("API.test") as sock:
        assert talk(sock, "GET", "https://api.TEST:443/x?a=b", "Api.Test:443").status == 200
    seen = world.upstream.seen[0]
    assert seen.target == "/x?a=b"
    assert [value for name, value in seen.headers if name.lower() == "host"] == ["api.test"]
    assert world.parent.connects == ["api.test:443"]


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "get", "FOO", "WEBSOCKET"])
def test_unknown_methods_pass_on_no_route(world, method):
    refused(world.get("https://api.test/", method=method), "method_not_allowed")


def test_methods_and_paths_are_those_of_one_grant_together(make_world, route_of):
    grants = (Grant("read", ("/v1/",), ("GET",)), Grant("write", ("/v2/",), ("POST",)))
    world = make_world(route_of(grants=grants))
    assert world.get("https://api.test/v1/x").status == 200
    assert world.get("https://api.test/v1/x", method="HEAD").status == 200
    assert world.get("https://api.test/v2/x", method="POST", body=b"1").status == 200
    refused(world.get("https://api.test/v1/x", method="POST", body=b"1"), "method_not_allowed")
    refused(world.get("https://api.test/v3"), "path_not_allowed")


@pytest.mark.parametrize(
    "path",
    ["/v1/..;/admin", "/v1//admin", "/v1/..%3b/admin", "/v1/%c0%ae%c0%ae/admin", "/v1/x#/admin", "/v1/../admin"],
)
def test_with_rules_only_a_canonical_path_passes(make_world, route_of, path):
    world = make_world(route_of(grants=(Grant("g", ("/v1/",)),)))
    refused(world.get(f"https://api.test{path}"), "ambiguous_path")
    assert world.upstream.seen == []


@pytest.mark.parametrize("target", ["/v1/\x01", "/v1\x7f", "*"])
def test_without_rules_a_target_must_still_arrive_as_it_is(world, talk, target):
    with world.tunnel("api.test") as sock:
        refused(talk(sock, "GET", target, "api.test"), "ambiguous_path")


def test_an_expired_grant_says_so(make_world, route_of):
    world = make_world(route_of())
    past = world.clock.now().replace(year=2020)
    world.load(route_of(grants=(Grant("g", expires_at=past),)))
    refused(world.get("https://api.test/"), "expired")


def test_a_used_up_grant_says_so_and_an_error_upstream_gives_nothing_back(make_world, route_of):
    world = make_world(route_of(grants=(Grant("g", uses=2),)))
    assert world.get("https://api.test/drop").status == 502
    assert world.get("https://api.test/").status == 200
    refused(world.get("https://api.test/"), "used_up")
    assert world.gate.ask({"verb": "status"})["uses"] == {"g": 2}


def test_an_unreadable_count_leaves_no_use(make_world, route_of, tmp_path):
    world = make_world(route_of(grants=(Grant("g", uses=2),)))
    (tmp_path / "uses" / "g").write_text("many")
    refused(world.get("https://api.test/"), "used_up")


def test_a_denied_request_and_a_question_take_no_use(make_world, route_of):
    world = make_world(route_of(grants=(Grant("g", ("/v1/",), uses=1),)))
    refused(world.get("https://api.test/v2"), "path_not_allowed")
    assert world.get("http://_egress.local/decide?url=https%3A%2F%2Fapi.test%2Fv1%2F").json()["allowed"] is True
    asked = {"verb": "decide", "requests": [{"method": "GET", "url": "https://api.test/v1/"}]}
    assert world.gate.ask(asked)["answers"][0]["allowed"] is True
    assert world.get("https://api.test/v1/").status == 200


def test_two_requests_at_once_cannot_share_one_use(make_world, route_of):
    world = make_world(route_of(grants=(Grant("g", uses=1),)))
    first, second = world.tunnel("api.test"), world.tunnel("api.test")
    for sock in (first, second):
        sock.sendall(b"GET / HTTP/1.1\r\nHost: api.test\r\n\r\n")
    answers = sorted(sock.recv(65536).split()[1] for sock in (first, second))
    first.close()
    second.close()
    assert answers == [b"200", b"403"]


def while_a_use_is_taken(world, monkeypatch, what):
    """`what` happens between a first decision and the use that it takes."""
    spend, done = world.gate._policy.uses.spend, []

    def meanwhile(grant):
        if not done:
            done.append(grant)
            what()
        return spend(grant)

    monkeypatch.setattr(world.gate._policy.uses, "spend", meanwhile)


@pytest.mark.parametrize("other", [Grant("b", uses=1), Grant("b")])
def test_a_use_that_another_request_took_first_leaves_what_other_grants_admit(make_world, route_of, monkeypatch, other):
    world = make_world(route_of(grants=(Grant("a", uses=1), other)))
    while_a_use_is_taken(world, monkeypatch, lambda: world.get("https://api.test/first"))
    assert world.get("https://api.test/second").status == 200
    assert world.event("allowed", path="/first")["grant"] == "a"
    assert world.event("allowed", path="/second")["grant"] == "b"


def test_a_request_that_another_grant_admits_by_now_takes_a_use_of_that_one(make_world, route_of, monkeypatch):
    world = make_world(route_of(grants=(Grant("a", uses=1),)))
    while_a_use_is_taken(world, monkeypatch, lambda: world.load(route_of(grants=(Grant("b", uses=1),))))
    assert world.get("https://api.test/").status == 200
    assert world.event("allowed")["grant"] == "b"
    assert world.gate.ask({"verb": "status"})["uses"] == {"b": 1}
    refused(world.get("https://api.test/"), "used_up")


def test_a_use_that_cannot_be_written_admits_nothing(make_world, route_of, monkeypatch):
    world = make_world(route_of(grants=(Grant("a", uses=1),)))
    monkeypatch.setattr(world.gate._policy.uses, "spend", lambda grant: False)
    refused(world.get("https://api.test/"), "used_up")
    assert world.upstream.seen == []


def test_plain_http_passes_only_for_port_80_without_rules_and_auth(make_world, route_of):
    world = make_world(
        route_of("plain.test", grants=(Grant("g1", ports=(80,)),)),
        route_of("ruled.test", grants=(Grant("g2", ("/v1/",), ports=(80,)),)),
        route_of("other.test", grants=(Grant("g3", ports=(8080,)),)),
    )
    assert world.get("http://plain.test/x", Accept_Encoding="gzip").status == 200
    assert world.parent.plain == ["GET http://plain.test/x"]
    assert world.upstream.seen[0].header("accept-encoding") is None
    refused(world.get("http://ruled.test/v1/x"), "tls_required")
    refused(world.get("http://other.test:8080/"), "tls_required")


def test_plain_http_inside_a_tunnel_would_pass_unscanned_and_is_refused(make_world, route_of, talk):
    world = make_world(route_of(grants=(Grant("g", ports=(80,)),)))
    sock, answer = world.tunnel_raw("api.test:80")
    assert answer.startswith(b"HTTP/1.1 200")
    with sock:
        refused(talk(sock, "GET", "/", "api.test"), "tls_required")
    assert world.parent.connects == []


def test_an_https_url_without_a_tunnel_is_refused(world, talk):
    with world.connect() as sock:
        refused(talk(sock, "GET", "https://api.test/", "api.test"), "tls_required")


def test_an_https_url_on_port_80_is_no_plain_http(make_world, route_of, talk):
    world = make_world(route_of(grants=(Grant("g", ports=(80,)),)))
    with world.connect() as sock:
        refused(talk(sock, "GET", "https://api.test:80/", "api.test:80"), "tls_required")


def test_an_empty_slot_is_token_missing(make_world, route_of):
    world = make_world(route_of(auth_scheme="Bearer", token_env="EGRESS_TOKEN_0", token_fingerprint="abc"))
    refused(world.get("https://api.test/"), "token_missing")
    world.tokens.put("EGRESS_TOKEN_0", Token("another", "v"))
    refused(world.get("https://api.test/"), "token_missing")
    world.tokens.put("EGRESS_TOKEN_0", Token("abc", "v"))
    assert world.get("https://api.test/").status == 200


def test_a_websocket_on_a_scanned_host_is_refused(make_world, route_of):
    world = make_world(route_of(grants=(Grant("g", methods=("GET", "WEBSOCKET")),)))
    body = refused(
        world.get("https://api.test/websocket", Upgrade="websocket", Connection="Upgrade"), "websocket_not_scannable"
    )
    assert "call pipelock-block with" in body["hint"] or "pipelock-block" in body["hint"]


def test_a_websocket_that_no_grant_names_is_refused(make_world, route_of):
    world = make_world(route_of(pipelock="passthrough"))
    refused(
        world.get("https://api.test/websocket", Upgrade="websocket", Connection="Upgrade"), "websocket_not_scannable"
    )


@pytest.mark.parametrize("first", [b"SSH-2.0-OpenSSH_9\r\n", b"\x00\x1dbinary dns query", b"\x05\x01\x00 socks"])
def test_bytes_that_are_no_http_are_refused_in_a_tunnel(make_world, route_of, first):
    world = make_world(route_of(grants=(Grant("g", ports=(443, 53)),)))
    for port in (443, 53):
        sock, answer = world.tunnel_raw(f"api.test:{port}")
        assert answer.startswith(b"HTTP/1.1 200")
        with sock:
            sock.sendall(first)
            assert b"X-Bottle-Denied: not_http" in sock.recv(65536)
    assert world.event("denied", reason="not_http")["host"] == "api.test"
    assert world.parent.connects == []


def test_bytes_that_are_no_http_are_refused_inside_tls(world):
    with world.tunnel("api.test") as sock:
        sock.sendall(b"\x16\x03\x01 tls in tls")
        assert b"X-Bottle-Denied: not_http" in sock.recv(65536)


@pytest.mark.parametrize(
    "fields",
    [
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Transfer-Encoding: gzip\r\n",
    ],
)
def test_ambiguous_framing_is_no_http(world, fields):
    with world.tunnel("api.test") as sock:
        sock.sendall(f"POST / HTTP/1.1\r\nHost: api.test\r\n{fields}\r\nabc".encode())
        data = sock.recv(65536)
    assert data.startswith(b"HTTP/1.1 4")
    assert world.parent.connects == []


def test_an_exception_in_the_decision_denies(world, monkeypatch):
    monkeypatch.setattr("sidecar_addon.gate.policy.decide", lambda *_: 1 / 0)
    body = refused(world.get("https://api.test/path"), "gate_error")
    assert body["path"] == "/path"
    assert world.event("gate_error")["error"] == "ZeroDivisionError"
    assert world.upstream.seen == []


def test_an_exception_in_connect_denies(world, monkeypatch):
    monkeypatch.setattr("sidecar_addon.gate.addon.judge_connect", lambda *_: 1 / 0)
    sock, answer = world.tunnel_raw("api.test:443")
    sock.close()
    assert b"X-Bottle-Denied: gate_error" in answer


@pytest.mark.parametrize("raw", [None, b"routes: [", b'{"routes": 5}', b""])
def test_without_a_valid_table_at_the_start_everything_is_denied_and_said(make_world, raw):
    world = make_world(raw=raw)
    assert "routes.yaml" in world.event("routes_rejected")["error"] or raw is not None
    sock, answer = world.tunnel_raw("api.test:443")
    sock.close()
    assert b"X-Bottle-Denied: gate_error" in answer
    assert world.event("gate_ready")["digest"] is None
    assert world.gate.ask({"verb": "status"})["routes_error"]


def test_a_wildcard_never_takes_over_from_an_exact_route_whose_grants_are_gone(make_world, route_of):
    world = make_world(Route("*.test", (Grant("wide"),)), Route("api.test", ()))
    assert world.get("https://www.test/").status == 200
    refused(world.get("https://api.test/"), "host_not_allowed")


def test_denials_of_hosts_an_agent_knocks_on_by_itself_are_marked(make_world, route_of):
    world = make_world(route_of(), background_hosts=("telemetry.test",))
    refused(world.get("https://telemetry.test/"), "host_not_allowed")
    assert world.event("denied")["background"] is True


def test_a_flood_of_denials_is_one_line_and_a_count(world, talk):
    with world.tunnel("other.test") as sock:
        for _ in range(50):
            refused(talk(sock, "GET", "/", "other.test"), "host_not_allowed")
    world.event("denied", host="other.test")
    more = world.event("denied_more")
    assert more["paths"] == [{"path": "/", "port": 443, "scheme": "https", "count": more["count"]}]
    assert sum(item["event"] == "denied" for item in world.past) < 10


def test_nothing_but_the_parent_is_ever_dialled(world, monkeypatch):
    elsewhere = ("http", ("127.0.0.1", world.parent.plain_port))
    compose = requests.compose

    def redirect(flow, request):
        compose(flow, request)
        flow.server_conn.via = elsewhere

    monkeypatch.setattr(requests, "compose", redirect)
    assert world.get("https://api.test/").status == 502
    assert world.upstream.seen == []


def test_the_local_runtimes_password_is_asked_for(make_world, route_of):
    import base64

    world = make_world(route_of(), proxy_password="pa:ss")
    for value in ("", "Basic " + base64.b64encode(b"x:wrong").decode(), "Bearer pa:ss", "Basic %%%"):
        extra = f"Proxy-Authorization: {value}\r\n" if value else ""
        sock, answer = world.tunnel_raw("api.test:443", extra)
        sock.close()
        assert answer.startswith(b"HTTP/1.1 407"), value
    assert world.get("http://_egress.local/allowlist").status == 407
    good = "Basic " + base64.b64encode(b"agent:pa:ss").decode()
    sock, answer = world.tunnel_raw("api.test:443", f"Proxy-Authorization: {good}\r\n")
    sock.close()
    assert answer.startswith(b"HTTP/1.1 200")
    assert world.get("http://_egress.local/allowlist", Proxy_Authorization=good).status == 200


@pytest.mark.parametrize(
    "broken",
    [
        ("sidecar_addon.gate.admission.matching", lambda *_: None),
        ("sidecar_addon.gate.admission.judge", lambda policy, claims: Verdict(None, NOTHING)),
    ],
    ids=["without its token", "without a grant"],
)
def test_what_was_allowed_without_all_it_needs_is_denied(make_world, route_of, monkeypatch, broken):
    world = make_world(
        route_of(auth_scheme="Bearer", token_env="EGRESS_TOKEN_0"), tokens={"EGRESS_TOKEN_0": Token("a", "value")}
    )
    monkeypatch.setattr(*broken)
    refused(world.get("https://api.test/"), "gate_error")
    assert world.upstream.seen == []


def test_a_request_that_cannot_even_be_named_is_denied(world, monkeypatch):
    monkeypatch.setattr("sidecar_addon.gate.requests.claims_of", lambda *_: 1 / 0)
    monkeypatch.setattr("sidecar_addon.gate.addon.asked_by", lambda *_: 1 / 0)
    assert refused(world.get("https://api.test/"), "gate_error")["host"] == "?"


@pytest.mark.parametrize("hook", ["begin", "end"])
def test_an_exception_in_an_answer_cuts_it(world, monkeypatch, talk, hook):
    monkeypatch.setattr(world.gate._addon._answers, hook, lambda *_: 1 / 0)
    with world.tunnel("api.test") as sock, contextlib.suppress(OSError, http.client.HTTPException):
        talk(sock, "GET", "/", "api.test")
    assert world.event("gate_error")["error"] == "ZeroDivisionError"
    assert world.event("finished")["cut"] == "gate_error"


def test_a_secret_in_the_host_is_in_no_event(make_world, route_of):
    world = make_world(route_of("*.test"))
    label = "glpat-" + "a1b2" * 6
    refused(world.get(f"https://{label}.test/"), "secret_in_request")
    refused(world.get(f"https://{label}.invalid/"), "host_not_allowed")
    assert world.event("denied", reason="secret_in_request")["host"] == "*.test"
    assert world.event("denied", reason="host_not_allowed")["host"] == "[redacted]"
