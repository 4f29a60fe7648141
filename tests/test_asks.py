"""What an agent may ask for, row by row, and that the same ask has the same key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar_addon import asks, paths, table, table_parser
from sidecar_addon.asks import ProposalError

WHY = {"justification": "to read the documentation"}


def egress(**args: object) -> dict[str, object]:
    return asks.normalise("egress-block", {**WHY, **args})


REFUSED_HOSTS = {
    "": "host name such as",
    " ": "host name such as",
    "https://api.example.com/v1": "without scheme, port or path",
    "api.example.com:8443": "without scheme, port or path",
    "api.example.com/v1": "without scheme, port or path",
    "user@api.example.com": "without scheme, port or path",
    "[2001:db8::1]": "without scheme, port or path",
    "two words.example.com": "without scheme, port or path",
    "203.0.113.7": "IP address",
    "127.1": "IP address",
    "0x7f000001": "IP address",
    "2130706433": "IP address",
    "api.example.123": "ends in a number",
    "intranet": "single label",
    "*.com": "single label",
    "*": "not a host name",
    "a.*.example.com": "not a host name",
    "_egress.local": "part of this sandbox",
    "egress": "part of this sandbox",
    "SUPERVISE": "part of this sandbox",
    "pipelock.": "part of this sandbox",
    "agent": "part of this sandbox",
    "localhost": "your own container",
    "x.localhost": "your own container",
    "placeholder.invalid": "can never exist",
    "*.invalid": "can never exist",
    "internal": "internal name",
    "metadata.google.internal": "internal name",
    "*.internal": "internal name",
    "exa_mple.com": "not a host name",
    "-a.example.com": "not a host name",
    "x" * 64 + ".example.com": "not a host name",
    "x." * 130 + "example.com": "not a host name",
    "xn--a.example.com": "not a host name",
    "ex\u202eample.com": "not a host name",
}


@pytest.mark.parametrize(("host", "says"), REFUSED_HOSTS.items())
@pytest.mark.parametrize("tool", ["egress-block", "pipelock-block"])
def test_a_host_that_no_route_may_name_is_refused_in_words_an_agent_can_act_on(tool: str, host: str, says: str) -> None:
    want = {"want": "allow"} if tool == "pipelock-block" else {}
    with pytest.raises(ProposalError, match=says) as caught:
        asks.normalise(tool, {"host": host, **want, **WHY})
    assert str(caught.value).startswith("host: ")


@pytest.mark.parametrize("value", [1, True, [], {}, 1.5])
@pytest.mark.parametrize(
    "key", ["host", "path_allowlist", "methods", "ports", "auth", "justification", "want", "dockerfile"]
)
def test_every_argument_of_a_wrong_type_is_refused_by_its_name(key: str, value: object) -> None:
    tool = {"want": "pipelock-block", "dockerfile": "capability-block"}.get(key, "egress-block")
    good = {"egress-block": {"host": "a.test.example.com"}, "pipelock-block": {"host": "a.test.example.com"}}
    with pytest.raises(ProposalError, match=key):
        asks.normalise(tool, {**good.get(tool, {}), **WHY, key: value})


REFUSED_EGRESS = [
    ({"path_allowlist": ["v1/"]}, "does not start with /"),
    ({"path_allowlist": ["/v1/*"]}, "a prefix, not a pattern"),
    ({"path_allowlist": ["/v1?x=1"]}, "a prefix, not a pattern"),
    ({"path_allowlist": ["/a/../b"]}, "dot segment"),
    ({"path_allowlist": ["/a//b"]}, "empty segment"),
    ({"path_allowlist": ["/\x1b[2J"]}, "visible ASCII"),
    ({"path_allowlist": ["/v1/\n"]}, "visible ASCII"),
    ({"path_allowlist": ["/" + "a" * 1024]}, "longer than"),
    ({"path_allowlist": [f"/{n}" for n in range(65)]}, "at most 64"),
    ({"path_allowlist": ["/a", 1]}, "list of texts"),
    ({"methods": ["TRACE"]}, "'TRACE' is not one of"),
    ({"methods": ["GET\n"]}, "is not one of"),
    ({"methods": ["GET"] * 17}, "at most 16"),
    ({"ports": [0]}, "is not a port"),
    ({"ports": [65536]}, "is not a port"),
    ({"ports": [True]}, "is not a port"),
    ({"ports": ["443"]}, "is not a port"),
    ({"ports": list(range(1, 18))}, "1 to 16 numbers"),
    ({"ports": [80], "methods": ["GET"]}, "port 80"),
    ({"ports": [443, 80], "path_allowlist": ["/"]}, "port 80"),
    ({"ports": [80], "auth": {"scheme": "Bearer", "token_ref": "T"}}, "port 80"),
    ({"auth": {"scheme": "Bearer"}}, "auth.token_ref"),
    ({"auth": {"scheme": "Bearer x", "token_ref": "T"}}, "auth.scheme"),
    ({"auth": {"scheme": "Bearer", "token_ref": "a-token"}}, "auth.token_ref"),
    ({"auth": {"scheme": "Bearer", "token_ref": "T\n"}}, "auth.token_ref"),
    ({"auth": {"scheme": "Bearer", "token_ref": "T", "header": "X-Key"}}, "'header' is not known"),
    ({"host": "*.example.com", "auth": {"scheme": "Bearer", "token_ref": "T"}}, "wildcard"),
    ({"path": "/v1"}, "'path' is not known"),
    ({"justification": "  \n"}, "justification"),
    ({"justification": "x" * 4001}, "at most 4000"),
    ({"justification": "\ud800"}, "surrogate"),
]


@pytest.mark.parametrize(("args", "says"), REFUSED_EGRESS)
def test_an_ask_for_a_route_that_breaks_a_rule_is_refused_with_that_rule(args: dict[str, object], says: str) -> None:
    with pytest.raises(ProposalError, match=says):
        egress(**{"host": "api.example.com", **args})


@pytest.mark.parametrize("args", [None, [], "x", 3])
def test_arguments_that_are_no_object_are_refused(args: object) -> None:
    with pytest.raises(ProposalError, match="must be an object"):
        asks.normalise("egress-block", args)


def test_an_unknown_tool_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(ProposalError, match="egress-block, pipelock-block, capability-block"):
        asks.normalise("egress-allow", WHY)


def test_the_normal_form_leaves_out_what_is_at_its_default() -> None:
    asked = egress(host=" API.Example.com. ", ports=[443], methods=None, path_allowlist=None)
    assert asked == {"host": "api.example.com", **WHY}


def test_the_normal_form_keeps_the_order_of_paths_and_orders_the_rest() -> None:
    asked = egress(
        host="bücher.example.com", path_allowlist=["/b", "/a", "/b"], methods=["post", "GET"], ports=[8443, 443]
    )
    assert asked["host"] == "xn--bcher-kva.example.com"
    assert asked["path_allowlist"] == ["/b", "/a"]
    assert asked["methods"] == ["GET", "POST"]
    assert asked["ports"] == [443, 8443]


def test_port_80_is_taken_by_itself() -> None:
    assert egress(host="files.example.net", ports=[80])["ports"] == [80]


def test_a_grant_made_of_an_ask_passes_the_route_tables_own_parser() -> None:
    asked = egress(host="*.example.com", path_allowlist=["/v1/"], methods=["GET"], ports=[8443])
    grant = table.Grant(id="g1", **asks.grant_fields(asked))
    read = table_parser.parse(table.render(table.Table((table.Route(str(asked["host"]), (grant,)),))))
    assert read.routes[0].grants == (grant,)


def test_pipelock_block_takes_an_exact_host_and_one_of_two_wishes() -> None:
    args = {"host": "Api.example.com", "want": "passthrough", **WHY}
    assert asks.normalise("pipelock-block", args) == {"host": "api.example.com", "want": "passthrough", **WHY}
    with pytest.raises(ProposalError, match="exact host"):
        asks.normalise("pipelock-block", {**args, "host": "*.example.com"})
    with pytest.raises(ProposalError, match="allow, passthrough"):
        asks.normalise("pipelock-block", {**args, "want": "everything"})


def test_the_same_ask_has_the_same_key_whatever_its_justification_spelling_and_order() -> None:
    one = {"host": "api.example.com", "path_allowlist": ["/a", "/b"], "methods": ["GET"], "justification": "one"}
    other = {"methods": ["get"], "path_allowlist": ["/b", "/a"], "host": "API.example.com.", "justification": "two"}
    assert asks.ask_key("egress-block", one) == asks.ask_key("egress-block", other | {"ports": [443]})


@pytest.mark.parametrize(
    "other",
    [
        {"host": "b.example.com"},
        {"path_allowlist": ["/a"]},
        {"methods": ["POST"]},
        {"ports": [8443]},
        {"methods": None},
    ],
)
def test_another_ask_has_another_key(other: dict[str, object]) -> None:
    one = {"host": "api.example.com", "methods": ["GET"], **WHY}
    assert asks.ask_key("egress-block", one) != asks.ask_key("egress-block", one | other)


GRANTABLE = {"GIT_TOKEN": ("git.example.com",), "WIDE_TOKEN": ("*.example.com",), "BAD_TOKEN": ("203.0.113.1",)}


def test_a_token_goes_only_to_hosts_it_is_grantable_for_and_the_refusal_names_those_that_are() -> None:
    auth = {"scheme": "Bearer", "token_ref": "GIT_TOKEN"}
    asks.check_grantable(egress(host="git.example.com", auth=auth), GRANTABLE)
    asks.check_grantable(egress(host="other.example.org"), GRANTABLE)
    with pytest.raises(ProposalError, match=r"not grantable for api\.example\.com; .* you may name: WIDE_TOKEN"):
        asks.check_grantable(egress(host="api.example.com", auth=auth), GRANTABLE)
    with pytest.raises(ProposalError, match="no token may be handed to this host"):
        asks.check_grantable(egress(host="api.example.org", auth=auth), GRANTABLE)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
likely = st.fixed_dictionaries(
    {},
    optional={
        "host": st.sampled_from(["api.example.com", "*.example.com"]) | st.text(),
        "path_allowlist": st.lists(st.sampled_from(["/a", "/b/"]) | st.text(), max_size=3) | json_values,
        "methods": st.lists(st.sampled_from(["GET", "post"]), max_size=3) | json_values,
        "ports": st.lists(st.integers(0, 70000), max_size=3) | json_values,
        "auth": st.fixed_dictionaries({"scheme": st.just("Bearer"), "token_ref": st.text()}) | json_values,
        "justification": st.just("because") | st.text() | json_values,
        "want": st.sampled_from(["allow"]) | json_values,
        "dockerfile": st.just("RUN true") | st.text() | json_values,
    },
)


@given(st.sampled_from([*asks.TOOLS, "other"]), likely | json_values)
def test_whatever_is_asked_the_answer_is_a_normal_form_that_stays_as_it_is_or_a_refusal(
    tool: str, args: object
) -> None:
    try:
        asked = asks.normalise(tool, args)
    except ProposalError as error:
        assert "\x1b" not in str(error)
        return
    assert asks.normalise(tool, asked) == asked
    assert asks.ask_key(tool, asked) == asks.ask_key(tool, {**asked, "justification": "another"})
    assert all(paths.problem(prefix) is None for prefix in asked.get("path_allowlist", []))
