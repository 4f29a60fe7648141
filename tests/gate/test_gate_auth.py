"""The gate's credentials: what is taken off, what is put on, and what may never come back or be sent."""

import base64
import contextlib
import gzip
import zlib

import h2.config
import h2.connection
import pytest

from sidecar_addon.gate.tokens import Token
from sidecar_addon.table import Grant

VALUE = "real-token-of-the-gate-0123456789"
AUTH = {"auth_scheme": "Bearer", "token_env": "EGRESS_TOKEN_0", "token_fingerprint": "fp1"}
TOKENS = {"EGRESS_TOKEN_0": Token("fp1", VALUE)}
PACKED = gzip.compress(VALUE.encode())
GITHUB = "ghp_" + "A1b2" * 9


@pytest.fixture
def authed(make_world, route_of):
    """A gate that adds a token on api.test and none on open.test."""
    return make_world(route_of(**AUTH), route_of("open.test", grants=(Grant("g2"),)), tokens=TOKENS)


def response_with(body, fields=b""):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n%sContent-Length: %d\r\n\r\n" % (fields, len(body))
    return head + body


def test_the_real_header_replaces_the_agents(authed):
    assert authed.get("https://api.test/", Authorization="Bearer placeholder").status == 200
    seen = authed.upstream.seen[0]
    assert [value for name, value in seen.headers if name.lower() == "authorization"] == [f"Bearer {VALUE}"]


def test_credentials_of_the_agent_are_removed_also_where_the_route_gets_its_token_while_a_use_is_taken(
    make_world, route_of, monkeypatch
):
    world = make_world(route_of(grants=(Grant("g", uses=1),)), tokens=TOKENS)
    spend = world.gate._policy.uses.spend

    def meanwhile(grant):
        world.load(route_of(**AUTH, grants=(Grant("g", uses=1),)))
        return spend(grant)

    monkeypatch.setattr(world.gate._policy.uses, "spend", meanwhile)
    assert world.get("https://api.test/?api_key=agents-own&x=1", X_Api_Key="agents-own").status == 200
    (seen,) = world.upstream.seen
    assert seen.header("authorization") == f"Bearer {VALUE}"
    assert "agents-own" not in f"{seen.headers} {seen.target}"
    assert seen.target == "/?x=1"


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "Cookie",
        "X-Api-Key",
        "Api-Key",
        "X-Goog-Api-Key",
        "X-Auth-Token",
        "Private-Token",
        "X-Amz-Security-Token",
        "Proxy-Authorization",
        "X-ApiToken",
        "AccessToken",
        "Ocp-Apim-Subscription-Key",
        "X-Functions-Key",
        "DD-Application-Key",
        "X_Api_Key",
        "X.Auth.Token",
    ],
)
def test_every_credential_of_the_agent_is_removed_on_a_route_with_auth(authed, name):
    with authed.tunnel("api.test") as sock:
        sock.sendall(f"GET / HTTP/1.1\r\nHost: api.test\r\n{name}: agents-own\r\n\r\n".encode())
        assert sock.recv(65536).startswith(b"HTTP/1.1 200")
    assert "agents-own" not in str(authed.upstream.seen[0].headers)


def test_what_is_no_credential_stays(authed):
    assert authed.get("https://api.test/", **{"X-Session_id": "1", "Idempotency-Key": "2", "Accept": "3"}).status == 200
    assert {"1", "2", "3"} <= {value for _, value in authed.upstream.seen[0].headers}


def test_key_like_query_parameters_are_removed_and_the_rest_stays_as_it_was(authed):
    url = (
        "https://api.test/x?a=1&key=mine&%6bey=mine&b=%20+;c&API_KEY=mine&access_token=mine&token[]=mine"
        "&page_token=2&x=1;token=mine"
    )
    assert authed.get(url).status == 200
    assert authed.upstream.seen[0].target == "/x?a=1&b=%20+;c&page_token=2"


def test_without_auth_the_agents_own_credentials_pass(authed):
    assert authed.get("https://open.test/?key=mine", Authorization="Bearer own", Cookie="a=b").status == 200
    seen = authed.upstream.seen[0]
    assert (seen.target, seen.header("authorization"), seen.header("cookie")) == ("/?key=mine", "Bearer own", "a=b")


def test_another_header_and_the_scheme_none(make_world, route_of):
    world = make_world(route_of(**AUTH | {"auth_scheme": "none", "auth_header": "X-Key"}), tokens=TOKENS)
    assert world.get("https://api.test/", **{"X-Key": "mine", "Authorization": "Bearer mine"}).status == 200
    assert world.upstream.seen[0].header("x-key") == VALUE
    assert world.upstream.seen[0].header("authorization") is None


def test_a_token_never_goes_on_plain_http(make_world, route_of):
    world = make_world(route_of(grants=(Grant("g", ports=(80, 443)),), **AUTH), tokens=TOKENS)
    assert world.get("http://api.test/").headers["x-bottle-denied"] == "tls_required"
    assert world.upstream.seen == []


def test_the_token_is_in_no_event_and_no_answer(authed):
    assert authed.get("https://api.test/").status == 200
    authed.event("finished")
    said = str(authed.past) + str(authed.gate.ask({"verb": "status"}))
    said += authed.get("http://_egress.local/allowlist").body.decode()
    assert VALUE not in said


@pytest.mark.parametrize(
    "answer",
    [
        response_with(b"you sent " + VALUE.encode()),
        response_with(b"ok", b"X-Echo: Bearer " + VALUE.encode() + b"\r\n"),
        response_with(gzip.compress(b"packed " + VALUE.encode()), b"Content-Encoding: gzip\r\n"),
        response_with(zlib.compress(b"packed " + VALUE.encode()), b"Content-Encoding: deflate\r\n"),
        b"HTTP/1.1 302 Found\r\nLocation: https://x.test/?t=" + VALUE.encode() + b"\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 " + VALUE.encode() + b"\r\nContent-Length: 0\r\n\r\n",
        response_with(gzip.compress(b"one") + gzip.compress(VALUE.encode()), b"Content-Encoding: gzip\r\n"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(PACKED), PACKED),
        response_with(PACKED, b"Content-Encoding: gzip\r\n").replace(b"200 OK", b"403 Forbidden"),
    ],
    ids=["body", "header", "gzip", "deflate", "location", "reason", "gzip of two", "transfer gzip", "error page"],
)
def test_a_response_that_holds_the_token_is_cut(authed, answer):
    authed.upstream.answers["/"] = answer
    seen = b""
    with authed.tunnel("api.test") as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: api.test\r\n\r\n")
        try:
            while data := sock.recv(65536):
                seen += data
        except OSError:
            pass
    assert VALUE.encode() not in seen and PACKED not in seen
    assert authed.event("finished")["cut"] == "token_reflected"


@pytest.mark.parametrize("offers", [("http/1.1",), ("h2",)], ids=["http/1.1", "h2"])
@pytest.mark.parametrize(
    "answer",
    [
        b"what is %b\r\n\r\n",
        b"HTTP/1.1 2%b OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: %b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: %b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n%b : x\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n%b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%b\r\n",
    ],
    ids=["no http", "status", "length", "encoding", "name", "line", "chunk"],
)
def test_an_answer_that_is_no_http_is_not_quoted_to_the_agent(authed, answer, offers):
    authed.upstream.answers["/"] = answer % VALUE.encode()
    seen = b""
    with authed.tunnel("api.test", offers=offers) as sock:
        if offers == ("h2",):
            agent = h2.connection.H2Connection(h2.config.H2Configuration())
            agent.initiate_connection()
            fields = [(":method", "GET"), (":scheme", "https"), (":authority", "api.test"), (":path", "/")]
            agent.send_headers(1, fields, end_stream=True)
            sock.sendall(agent.data_to_send())
        else:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: api.test\r\n\r\n")
        authed.event("finished")
        sock.settimeout(0.5)
        with contextlib.suppress(OSError):
            while data := sock.recv(65536):
                seen += data
    assert VALUE.encode() not in seen


def test_a_token_cut_into_chunks_is_found(authed):
    pieces = (b"be", VALUE[:9].encode(), VALUE[9:30].encode(), VALUE[30:].encode())
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    authed.upstream.answers["/"] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    seen = b""
    with authed.tunnel("api.test") as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: api.test\r\n\r\n")
        try:
            while data := sock.recv(65536):
                seen += data
        except OSError:
            pass
    assert VALUE[:9].encode() not in seen
    assert authed.event("finished")["cut"] == "token_reflected"


def test_an_encoding_that_cannot_be_searched_is_refused(authed):
    authed.upstream.answers["/"] = response_with(b"?" * 50, b"Content-Encoding: br\r\n")
    reply = authed.get("https://api.test/")
    assert (reply.status, reply.headers["x-bottle-denied"]) == (403, "gate_error")
    assert "'br'" in reply.json()["detail"]


def test_answers_in_plain_text_are_asked_for_on_a_route_with_auth(authed):
    authed.get("https://api.test/", **{"Accept-Encoding": "br, gzip"})
    authed.get("https://open.test/", **{"Accept-Encoding": "br, gzip"})
    assert [seen.header("accept-encoding") for seen in authed.upstream.seen] == ["identity", "br, gzip"]


def secret(reply):
    assert reply.status == 403
    assert reply.headers["x-bottle-denied"] == "secret_in_request"
    assert "egress.routes[].auth" in reply.json()["hint"]
    assert GITHUB not in str(reply)


@pytest.mark.parametrize(
    "target",
    [
        f"/?t={GITHUB}",
        f"/{GITHUB}/x",
        "/?t=" + "".join(f"%{ord(char):02x}" for char in GITHUB),
        "/?t=" + "".join(f"%25{ord(char):02x}" for char in GITHUB),
    ],
)
def test_a_secret_in_the_url_is_refused(authed, target):
    secret(authed.get("https://open.test" + target))
    assert authed.upstream.seen == []


@pytest.mark.parametrize(
    "value",
    [
        GITHUB,
        "Basic " + base64.b64encode(f"user:{GITHUB}".encode()).decode(),
        "AKIA" + "ABCD2345" * 2,
        "sk-ant-" + "a1B2" * 8,
        "glpat-" + "a1B2" * 5,
        "-----BEGIN RSA PRIVATE KEY-----",
    ],
)
def test_a_secret_in_a_header_is_refused(authed, value):
    reply = authed.get("https://open.test/", **{"X-Note": value})
    assert reply.headers["x-bottle-denied"] == "secret_in_request"


def test_the_gates_own_token_is_refused_on_its_way_to_any_host(authed):
    assert (
        authed.get("https://open.test/", **{"X-Note": f"a{VALUE}b"}).headers["x-bottle-denied"] == "secret_in_request"
    )


def test_a_placeholder_that_looks_like_a_secret_is_removed_before_the_search(authed):
    assert authed.get("https://api.test/", Authorization=f"Bearer {GITHUB}").status == 200


def test_the_operators_own_patterns_are_searched(make_world, route_of):
    import re

    from sidecar_addon.gate.settings import Secret

    world = make_world(route_of(), dlp_patterns=(Secret("canary", re.compile("canary-[a-z]{4}", re.IGNORECASE)),))
    reply = world.get("https://api.test/", **{"X-Note": "CANARY-abcd"})
    assert reply.json()["detail"] == "it looks like: canary"


def test_a_presigned_url_passes(authed):
    query = "X-Amz-Credential=AKIA" + "ABCD2345" * 2 + "%2F20260101&X-Amz-Signature=ab"
    assert authed.get(f"https://open.test/file?{query}").status == 200


def test_a_secret_in_trailers_cuts_the_request(authed):
    import h2.config
    import h2.connection

    sock = authed.tunnel("open.test", offers=("h2",))
    connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    connection.initiate_connection()
    fields = [(":method", "POST"), (":scheme", "https"), (":authority", "open.test"), (":path", "/")]
    with sock:
        connection.send_headers(1, fields)
        connection.send_data(1, b"body")
        connection.send_headers(1, [("x-note", GITHUB)], end_stream=True)
        sock.sendall(connection.data_to_send())
        try:
            while sock.recv(65536):
                pass
        except OSError:
            pass
    assert authed.event("denied")["reason"] == "secret_in_request"
    assert GITHUB not in str(authed.upstream.seen)


def test_what_does_not_pass_as_a_header_does_not_pass_as_a_trailer(authed, upstream):
    upstream.offers = ("h2",)
    trailers = {"x-note": "1", "x-http-method-override": "DELETE", "host": "evil.test", "authorization": "agents-own"}
    for host in ("api.test", "open.test"):
        connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        connection.initiate_connection()
        fields = [(":method", "POST"), (":scheme", "https"), (":authority", host), (":path", "/")]
        connection.send_headers(1, fields)
        connection.send_data(1, b"body")
        connection.send_headers(1, list(trailers.items()), end_stream=True)
        with authed.tunnel(host, offers=("h2",)) as sock:
            sock.sendall(connection.data_to_send())
            authed.event("finished", host=host, status=200)
    with_auth, without = upstream.seen
    assert with_auth.trailers == [("x-note", "1")]
    assert without.trailers == [("x-note", "1"), ("authorization", "agents-own")]


@pytest.mark.parametrize(
    "name",
    [
        "X-HTTP-Method-Override",
        "X-HTTP-Method",
        "X-Method-Override",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Forwarded-Host",
        "X-Forwarded-For",
        "Forwarded",
        "X-Pipelock-Agent",
        "X-Bottle-Denied",
        "Proxy-Authorization",
        "Proxy-Connection",
        "TE",
        "Keep-Alive",
        "HTTP2-Settings",
        "Upgrade",
        "X_HTTP_Method_Override",
        "X.Original.URL",
        "X_Forwarded-Host",
        "X_Pipelock_Agent",
        "Proxy_Authorization",
        "Content_Length",
        "Transfer_Encoding",
    ],
)
def test_headers_that_steer_others_are_removed_however_a_server_would_spell_them(world, talk, name):
    with world.tunnel("api.test") as sock:
        sock.sendall(f"GET / HTTP/1.1\r\nHost: api.test\r\n{name}: h2c\r\nX_Other: 2\r\n\r\n".encode())
        assert sock.recv(65536).startswith(b"HTTP/1.1 200")
    assert world.upstream.seen[0].header(name) is None
    assert world.upstream.seen[0].header("X_Other") == "2"


def test_the_real_header_is_the_only_one_that_a_server_can_take_for_it(make_world, route_of):
    route = route_of(auth_scheme="none", token_env="EGRESS_TOKEN_0", auth_header="X-Acme-Login")
    world = make_world(route, tokens={"EGRESS_TOKEN_0": Token("f" * 16, VALUE)})
    with world.tunnel("api.test") as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: api.test\r\nX_Acme_Login: agents-own\r\n\r\n")
        assert sock.recv(65536).startswith(b"HTTP/1.1 200")
    (seen,) = world.upstream.seen
    assert seen.header("x-acme-login") == VALUE
    assert "agents-own" not in str(seen.headers)


def test_what_connection_lists_is_removed_with_it(world):
    assert (
        world.get("https://api.test/", Connection="X-Secret, Host", **{"X-Secret": "1", "X-Other": "2"}).status == 200
    )
    seen = world.upstream.seen[0]
    assert (seen.header("x-secret"), seen.header("connection"), seen.header("x-other")) == (None, None, "2")
    assert seen.header("host") == "api.test"


def test_a_secret_in_a_denied_path_or_host_is_in_no_event(make_world, route_of):
    world = make_world(route_of("*.test"))
    for url in (f"https://other.invalid/{GITHUB}", f"https://api.test/{GITHUB}"):
        world.get(url)
    world.event("denied", reason="secret_in_request")
    assert GITHUB not in str(world.past)
