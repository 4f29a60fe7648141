"""`bottle.yaml` is strict: what is wrong is named with file, line, key and what would be right."""

import textwrap

import pytest

from bottle_tui.core.manifest import parse
from bottle_tui.errors import InvalidManifest

DESIGN = """\
name: research
agent:
  image: my-agent:latest
  command: [claude]
  workdir: /work
  mounts: [".:/work"]
  env: {EDITOR: vi}
  provider: claude
  limits: {memory: 8g, pids: 1024}
egress:
  allowlist: [docs.example.com]
  routes:
    - host: api.example.com
      path_allowlist: [/v1/]
      methods: [GET, POST]
      ports: [443]
      auth: {scheme: Bearer, token_ref: EXAMPLE_TOKEN}
      role: claude_code_oauth
      pipelock: {tls_passthrough: true}
pipelock:
  image: null
  extra_ca: null
  allow_private: []
  dlp: {patterns: []}
  scan_limit_mb: 8
supervise:
  wait_seconds: 45
  grantable_tokens: []
"""


def route(body: str) -> str:
    """A manifest whose one route starts on line 5 and has these keys."""
    return "name: a\nagent: {}\negress:\n  routes:\n" + textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")


REFUSED: dict[str, tuple[str, str, str]] = {
    "nothing": ("", "", "must be a mapping with the keys name, agent"),
    "a list": ("- a\n", "1", "must be a mapping"),
    "no name": ("agent: {}\n", "1", "the key name is missing"),
    "no agent": ("name: a\n", "1", "the key agent is missing"),
    "an empty agent": ("name: a\nagent:\n", "2 (agent)", "not nothing"),
    "a capital in the name": ("name: Aa\nagent: {}\n", "1 (name)", "not a slug"),
    "a name of 41": (f"name: {'a' * 41}\nagent: {{}}\n", "1 (name)", "not a slug"),
    "a name that ends in a hyphen": ("name: a-\nagent: {}\n", "1 (name)", "not a slug"),
    "a name with a line feed": ('name: "a\\n"\nagent: {}\n', "1 (name)", "not a slug"),
    "a number as name": ("name: 12\nagent: {}\n", "1 (name)", 'put it in quotes: "12"'),
    "an unknown key": ("name: a\nagent: {}\nagnet: {}\n", "3 (agnet)", "unknown key; known here are name, agent"),
    "an unknown key of the agent": ("name: a\nagent:\n  imgae: x\n", "3 (agent.imgae)", "known here are image, build"),
    "an empty build folder": ('name: a\nagent: {build: ""}\n', "2 (agent.build)", "not an empty text"),
    "a list of providers": ("name: a\nagent: {provider: [claude]}\n", "2 (agent.provider)", "not a list"),
    "env as a list": ("name: a\nagent: {env: [A=b]}\n", "2 (agent.env)", "mapping of names to texts"),
    "cred_proxy": ("name: a\nagent: {}\ncred_proxy: {}\n", "3 (cred_proxy)", "egress.routes[].auth"),
    "image and build": ("name: a\nagent:\n  image: x\n  build: .\n", "4 (agent.build)", "leave one"),
    "privileged": ("name: a\nagent:\n  privileged: true\n", "3 (agent.privileged)", "never privileged"),
    "capabilities": ("name: a\nagent:\n  cap_add: [NET_ADMIN]\n", "3 (agent.cap_add)", "never privileged"),
    "the host's network": ("name: a\nagent:\n  network: host\n", "3 (agent.network)", "namespace"),
    "a command as text": ("name: a\nagent:\n  command: bash\n", "3 (agent.command)", "must be a list"),
    "an empty command": ("name: a\nagent:\n  command: []\n", "3 (agent.command)", "must not be empty"),
    "a relative workdir": ("name: a\nagent:\n  workdir: work\n", "3 (agent.workdir)", "absolute"),
    "a mount without target": ('name: a\nagent:\n  mounts: ["."]\n', "3 (agent.mounts[0])", "is not a mount"),
    "a mount mode that is none": ('name: a\nagent:\n  mounts: [".:/w:z"]\n', "3 (agent.mounts[0])", "is not a mount"),
    "a number in env": ("name: a\nagent:\n  env: {N: 1}\n", "3 (agent.env.N)", 'in quotes: "1"'),
    "a bad name in env": ("name: a\nagent:\n  env: {1N: x}\n", "3 (agent.env.1N)", "not a variable's name"),
    "an unknown provider": ("name: a\nagent:\n  provider: cluade\n", "3 (agent.provider)", "claude, codex, opencode"),
    "memory without sense": ("name: a\nagent:\n  limits: {memory: lots}\n", "3 (agent.limits.memory)", "8g"),
    "too little memory": ("name: a\nagent:\n  limits: {memory: 1k}\n", "3 (agent.limits.memory)", "memory size"),
    "pids as text": ("name: a\nagent:\n  limits: {pids: many}\n", "3 (agent.limits.pids)", "whole number"),
    "no cpus": ("name: a\nagent:\n  limits: {cpus: 0}\n", "3 (agent.limits.cpus)", "out of range"),
    "a user with a space": ("name: a\nagent:\n  user: a b\n", "3 (agent.user)", "is not a user"),
    "true as user": ("name: a\nagent:\n  user: true\n", "3 (agent.user)", "not true"),
    "egress that is empty": ("name: a\nagent: {}\negress:\n", "3 (egress)", "not nothing"),
    "a URL in the allowlist": (
        "name: a\nagent: {}\negress:\n  allowlist: [https://x.test/]\n",
        "4 (egress.allowlist[0])",
        "leave out scheme",
    ),
    "an address in the allowlist": (
        "name: a\nagent: {}\negress:\n  allowlist: [127.0.0.1]\n",
        "4 (egress.allowlist[0])",
        "IP address",
    ),
    "an address spelt as a number": (
        'name: a\nagent: {}\negress:\n  allowlist: ["2130706433"]\n',
        "4 (egress.allowlist[0])",
        "IP address",
    ),
    "a host of the allowlist twice": (
        "name: a\nagent: {}\negress:\n  allowlist:\n    - x.test\n    - X.test.\n",
        "6 (egress.allowlist[1])",
        "there twice",
    ),
    "a bare star": (route('- host: "*"'), "5 (egress.routes[0].host)", "not a host name"),
    "a star in the middle": (route("- host: a.*.test"), "5 (egress.routes[0].host)", "not a host name"),
    "our own name": (route("- host: supervise"), "5 (egress.routes[0].host)", "bottle's own"),
    "a host with a port": (route("- host: x.test:443"), "5 (egress.routes[0].host)", "port"),
    "no host": (route("- methods: [GET]"), "5 (egress.routes[0])", "the key host is missing"),
    "an unknown key of a route": (
        route("- host: x.test\n  pathallowlist: [/]"),
        "6 (egress.routes[0].pathallowlist)",
        "known here are host, path_allowlist",
    ),
    "a null where a rule belongs": (
        route("- host: x.test\n  methods:"),
        "6 (egress.routes[0].methods)",
        "not nothing",
    ),
    "empty paths": (route("- host: x.test\n  path_allowlist: []"), "6 (egress.routes[0].path_allowlist)", "every path"),
    "empty methods": (route("- host: x.test\n  methods: []"), "6 (egress.routes[0].methods)", "every method"),
    "empty ports": (route("- host: x.test\n  ports: []"), "6 (egress.routes[0].ports)", "443"),
    "a relative prefix": (
        route("- host: x.test\n  path_allowlist: [v1/]"),
        "6 (egress.routes[0].path_allowlist[0])",
        "write '/v1/'",
    ),
    "a prefix with a dot segment": (
        route("- host: x.test\n  path_allowlist: [/a/../b]"),
        "6 (egress.routes[0].path_allowlist[0])",
        "dot segment",
    ),
    "a prefix twice": (
        route("- host: x.test\n  path_allowlist: [/a, /a]"),
        "6 (egress.routes[0].path_allowlist[1])",
        "twice",
    ),
    "an unknown method": (
        route("- host: x.test\n  methods: [FETCH]"),
        "6 (egress.routes[0].methods[0])",
        "known are GET",
    ),
    "a method in small letters": (
        route("- host: x.test\n  methods: [get]"),
        "6 (egress.routes[0].methods[0])",
        "write GET",
    ),
    "port 0": (route("- host: x.test\n  ports: [0]"), "6 (egress.routes[0].ports[0])", "1 to 65535"),
    "true as port": (route("- host: x.test\n  ports: [true]"), "6 (egress.routes[0].ports[0])", "not true"),
    "plain HTTP with methods": (
        route("- host: x.test\n  ports: [80]\n  methods: [GET]"),
        "6 (egress.routes[0].ports)",
        "leave out 80, or methods",
    ),
    "plain HTTP with paths": (
        route("- host: x.test\n  ports: [80, 443]\n  path_allowlist: [/a]"),
        "6 (egress.routes[0].ports)",
        "leave out 80",
    ),
    "plain HTTP with auth": (
        route("- host: x.test\n  ports: [80]\n  auth: {scheme: Bearer, token_ref: T}"),
        "6 (egress.routes[0].ports)",
        "leave out 80, or auth",
    ),
    "auth on a wildcard": (
        route('- host: "*.x.test"\n  auth: {scheme: Bearer, token_ref: T}'),
        "6 (egress.routes[0].auth)",
        "below x.test",
    ),
    "auth without token_ref": (
        route("- host: x.test\n  auth: {scheme: Bearer}"),
        "6 (egress.routes[0].auth)",
        "the key token_ref is missing",
    ),
    "auth without scheme": (
        route("- host: x.test\n  auth: {token_ref: T}"),
        "6 (egress.routes[0].auth)",
        "the key scheme is missing",
    ),
    "a value in auth": (
        route("- host: x.test\n  auth: {scheme: Bearer, token: s3cr3t}"),
        "6 (egress.routes[0].auth.token)",
        "token_ref",
    ),
    "a header that is none": (
        route('- host: x.test\n  auth: {scheme: Bearer, token_ref: T, header: "X: y"}'),
        "6 (egress.routes[0].auth.header)",
        "not a header name",
    ),
    "a duplicate host": (
        route("- host: x.test\n- host: X.TEST."),
        "6 (egress.routes[1].host)",
        "on line 5",
    ),
    "an unknown role": (
        route("- host: x.test\n  role: claude_code_oath"),
        "6 (egress.routes[0].role)",
        "claude_code_oauth",
    ),
    "an unknown role in a list": (
        route("- host: x.test\n  role: [nope]"),
        "6 (egress.routes[0].role[0])",
        "claude_code_oauth",
    ),
    "a singleton role twice": (
        route("- {host: x.test, role: claude_code_oauth}\n- {host: y.test, role: [claude_code_oauth]}"),
        "6 (egress.routes[1].role)",
        "belongs to x.test",
    ),
    "passthrough as text": (
        route('- host: x.test\n  pipelock: {tls_passthrough: "yes"}'),
        "6 (egress.routes[0].pipelock.tls_passthrough)",
        "true or false",
    ),
    "no for false": (
        route("- host: x.test\n  pipelock: {tls_passthrough: no}"),
        "6 (egress.routes[0].pipelock.tls_passthrough)",
        "true or false",
    ),
    "a network that is none": (
        "name: a\nagent: {}\npipelock:\n  allow_private: [10.0.0.1/8]\n",
        "4 (pipelock.allow_private[0])",
        "CIDR",
    ),
    "a broken pattern": (
        "name: a\nagent: {}\npipelock:\n  dlp: {patterns: [{name: x, regex: '('}]}\n",
        "4 (pipelock.dlp.patterns[0].regex)",
        "not a regular expression",
    ),
    "a pattern that RE2 has not": (
        "name: a\nagent: {}\npipelock:\n  dlp: {patterns: [{name: x, regex: '(?=a)b'}]}\n",
        "4 (pipelock.dlp.patterns[0].regex)",
        "RE2",
    ),
    "a pattern that matches everything": (
        "name: a\nagent: {}\npipelock:\n  dlp: {patterns: [{name: x, regex: 'a*'}]}\n",
        "4 (pipelock.dlp.patterns[0].regex)",
        "empty text",
    ),
    "an unknown severity": (
        "name: a\nagent: {}\npipelock:\n  dlp: {patterns: [{name: x, regex: a, severity: bad}]}\n",
        "4 (pipelock.dlp.patterns[0].severity)",
        "critical",
    ),
    "a scan limit of nothing": (
        "name: a\nagent: {}\npipelock: {scan_limit_mb: 0}\n",
        "3 (pipelock.scan_limit_mb)",
        "1 to 1024",
    ),
    "waiting for ever": ("name: a\nagent: {}\nsupervise: {wait_seconds: 9999}\n", "3 (supervise.wait_seconds)", "600"),
    "a grantable token without hosts": (
        "name: a\nagent: {}\nsupervise: {grantable_tokens: [{token_ref: T, hosts: []}]}\n",
        "3 (supervise.grantable_tokens[0].hosts)",
        "where it may go",
    ),
    "a grantable token twice": (
        "name: a\nagent: {}\nsupervise:\n  grantable_tokens:\n"
        "    - {token_ref: T, hosts: [x.test]}\n    - {token_ref: T, hosts: [y.test]}\n",
        "6 (supervise.grantable_tokens[1].token_ref)",
        "listed twice",
    ),
    "a duplicate key": ("name: a\nname: b\nagent: {}\n", "2", "there twice"),
    "an alias": ("name: a\nagent: &x {}\negress: *x\n", "2", "aliases"),
    "a tag": ("name: a\nagent: !!python/name:os.system {}\n", "2", "tag"),
    "a tab": ("name: a\nagent:\n\timage: x\n", "3", "cannot start any token"),
}


@pytest.mark.parametrize("case", REFUSED, ids=list(REFUSED))
def test_what_is_wrong_is_refused_with_its_place_and_what_would_be_right(case: str) -> None:
    text, place, words = REFUSED[case]
    with pytest.raises(InvalidManifest) as caught:
        parse(text.encode(), "bottle.yaml")
    error = caught.value
    assert error.file == "bottle.yaml"
    assert (error.place or "") == place, str(error)
    assert words in error.message
    assert error.exit_code == 2


def test_a_token_written_in_place_of_its_name_is_not_repeated() -> None:
    with pytest.raises(InvalidManifest) as caught:
        parse(route("- host: x.test\n  auth: {scheme: Bearer, token_ref: sk-live-123}").encode(), "bottle.yaml")
    assert "sk-live-123" not in str(caught.value)
    assert "NAME" in caught.value.message


def test_a_variable_of_the_gate_cannot_be_given_to_the_agent() -> None:
    text = "name: a\nagent:\n  env: {T: x}\negress:\n  routes:\n    - {host: x.test, auth: {scheme: B, token_ref: T}}\n"
    with pytest.raises(InvalidManifest, match="the gate holds back"):
        parse(text.encode(), "bottle.yaml")


def test_more_than_one_mebibyte_is_refused() -> None:
    with pytest.raises(InvalidManifest, match="over the limit of 1048576"):
        parse(b"name: a\nagent: {}\n#" + b"x" * 1024 * 1024, "bottle.yaml")


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InvalidManifest, match="not UTF-8"):
        parse(b"name: a\nagent: {}\n# \xff\n", "bottle.yaml")


def test_the_manifest_of_the_reference_is_read_whole() -> None:
    manifest = parse(DESIGN.encode(), "bottle.yaml")
    assert manifest.name == "research"
    assert manifest.agent.memory == 8 * 1024**3
    assert manifest.allowlist == ("docs.example.com",)
    (one,) = manifest.routes
    assert (one.host, one.path_allowlist, one.methods, one.ports) == (
        "api.example.com",
        ("/v1/",),
        ("GET", "POST"),
        (443,),
    )
    assert one.auth is not None
    assert (one.auth.scheme, one.auth.token_ref, one.auth.header) == ("Bearer", "EXAMPLE_TOKEN", "Authorization")
    assert one.roles == ("claude_code_oauth",)
    assert one.passthrough is True
    assert one.line == 13


def test_the_least_manifest_denies_everything_and_has_the_defaults() -> None:
    manifest = parse(b"name: a\nagent: {}\n", "bottle.yaml")
    assert (manifest.allowlist, manifest.routes) == ((), ())
    assert manifest.agent.provider == "none"
    assert manifest.pipelock.scan_limit_mb == 8
    assert manifest.supervise.wait_seconds == 45


def test_hosts_take_their_normal_form() -> None:
    text = 'name: a\nagent: {}\negress: {allowlist: [DOCS.Example.com., "*.Bücher.test"]}\n'
    assert parse(text.encode(), "f").allowlist == ("docs.example.com", "*.xn--bcher-kva.test")


def test_what_yaml_would_twist_stays_text() -> None:
    manifest = parse(b"name: a\nagent:\n  env: {A: no, B: 012x, C: ''}\n  user: 1000\n", "f")
    assert manifest.agent.env == {"A": "no", "B": "012x", "C": ""}
    assert manifest.agent.user == "1000"
    assert parse(b"name: a\nagent: {user: node:staff}\n", "f").agent.user == "node:staff"
