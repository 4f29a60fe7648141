"""The keys of `bottle.yaml`: the one table that the parser checks against and the JSON Schema is printed from."""

from bottle_tui.core.names import PROVIDERS
from bottle_tui.core.nodes import (
    Choice,
    EitherScalar,
    Flag,
    Key,
    ListOf,
    Mapped,
    Nullable,
    Number,
    OneOrMany,
    Text,
    TextMap,
)
from bottle_tui.core.values import absolute, cidr, host_pattern, memory, method, path_prefix, regex, user

ROLES = ("claude_code_oauth",)
SINGLETON_ROLES = ("claude_code_oauth",)
SEVERITIES = ("low", "medium", "high", "critical")

SLUG = Text(
    "a slug: 1 to 40 of a-z, 0-9 and -, a letter or digit at both ends", r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"
)
HOST = Text("a host name", r"^(\*\.)?[^\s/:@*]+$", host_pattern)
TOKEN_REF = Text("the NAME of a variable of the host, never its value", r"^[A-Za-z_][A-Za-z0-9_]{0,127}$", secret=True)
HEADER = Text("a header name", r"^[A-Za-z0-9][A-Za-z0-9-]{0,63}$")
SCHEME = Text("one word: Bearer, Basic, token, or none for the value alone", r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")
PORT = Number(1, 65535)
IMAGE = Text("an image reference without spaces", r"^[A-Za-z0-9][A-Za-z0-9._/:@+-]{0,254}$")
VARIABLE = Text("a variable's name", r"^[A-Za-z_][A-Za-z0-9_]*$")

_NEVER = "a bottle's agent is never privileged, and has no namespace, network or capability of the host"

AUTH = Mapped(
    {
        "scheme": Key(
            SCHEME, "how the credential is sent: Bearer, Basic, token; none sends the value alone", None, True
        ),
        "token_ref": Key(
            TOKEN_REF, "the host's variable that holds the credential; its value never enters the agent", None, True
        ),
        "header": Key(HEADER, "the header that carries it", "Authorization"),
    },
    dict.fromkeys(
        ("token", "value", "password"), "a value never stands in this file; name the host's variable with token_ref"
    ),
)

PATHS_KEY = Key(
    ListOf(Text("a path prefix", r"^/", path_prefix), "path prefixes", "leave it out for every path", True),
    "path prefixes, matched at segment boundaries; left out: every path",
)
METHODS_KEY = Key(
    ListOf(Text("a method", r"^[A-Z]+$", method), "methods", "leave it out for every method", True),
    "methods; left out: every method but WEBSOCKET; GET includes HEAD",
)
PORTS_KEY = Key(ListOf(PORT, "ports", "leave it out for 443", True), "ports; left out: 443", (443,))

ROUTE = Mapped(
    {
        "host": Key(HOST, 'a host name, or "*.example.com"', None, True),
        "path_allowlist": PATHS_KEY,
        "methods": METHODS_KEY,
        "ports": PORTS_KEY,
        "auth": Key(AUTH, "a credential that the gate adds; the agent never sees it"),
        "role": Key(OneOrMany(Choice(ROLES), "roles"), "what this route is to the agent program", ()),
        "pipelock": Key(
            Mapped({"tls_passthrough": Key(Flag(), "true: not scanned, only allowed by name", None, True)}, {}),
            "how pipelock treats the host; left out: its TLS is opened and bodies are scanned",
        ),
    },
    {
        "paths": "write path_allowlist",
        "token_ref": "write auth: {scheme: Bearer, token_ref: NAME}",
        "token_env": "slots are given by the launch; write auth: {scheme: Bearer, token_ref: NAME}",
        "auth_scheme": "write auth: {scheme: Bearer, token_ref: NAME}",
        "grants": "grants are what approvals add; a manifest's route is one grant by itself",
    },
)

EGRESS = Mapped(
    {
        "allowlist": Key(
            ListOf(HOST, "host names", None, True), "bare hosts: every path and method, no credential", ()
        ),
        "routes": Key(ListOf(ROUTE, "routes"), "hosts with rules, credentials or both", ()),
    },
    {"image": "name a ready image with the variable BOTTLE_TUI_EGRESS_IMAGE"},
)

LIMITS = Mapped(
    {
        "memory": Key(
            EitherScalar(Text("a size such as 8g", r"^[0-9]+[bkmgBKMG]?$", memory), Number(16 * 1024**2, 16 * 1024**4)),
            "most memory, e.g. 8g",
        ),
        "pids": Key(Number(16, 4_194_304), "most processes and threads"),
        "cpus": Key(Number(0.05, 1024, whole=False), "most cores, e.g. 1.5; left out: all of them"),
    },
    {},
)

AGENT = Mapped(
    {
        "image": Key(IMAGE, "the image to run; this or build"),
        "build": Key(Text("a folder with a Dockerfile"), "a folder with a Dockerfile, relative to this file"),
        "command": Key(
            ListOf(Text("a word of the command"), "words", "leave it out for the provider's own"),
            "what runs in the agent",
        ),
        "workdir": Key(Text("an absolute path", r"^/", absolute), "where it starts"),
        "mounts": Key(
            ListOf(Text('a mount such as ".:/work" or "./data:/data:ro"', r"^[^:]+:/[^:]*(:r[ow])?$"), "mounts"),
            "host folders the agent sees, relative to this file",
            (),
        ),
        "env": Key(TextMap(VARIABLE, Text("a text")), "variables of the agent; never a credential", None),
        "provider": Key(Choice(PROVIDERS), "the agent program, which brings its own routes and settings", "none"),
        "user": Key(
            EitherScalar(Text("a user", None, user), Number(0, 4_294_967_294)),
            "uid, uid:gid or name; left out: the operator's uid where a mount is writable, else the image's user",
        ),
        "limits": Key(LIMITS, "limits of the agent's container"),
    },
    dict.fromkeys(
        ("privileged", "cap_add", "capabilities", "devices", "network", "network_mode", "networks", "pid", "ipc"),
        _NEVER,
    )
    | {"ports": "no port of the agent is published", "volumes": "write mounts", "environment": "write env"},
)

PIPELOCK = Mapped(
    {
        "image": Key(Nullable(IMAGE), "a ready image; null: built from Dockerfile.pipelock"),
        "extra_ca": Key(
            Nullable(Text("a PEM file or its text")),
            "a PEM file (or its text) of a private CA to trust upstream",
        ),
        "allow_private": Key(
            ListOf(Text("a network", None, cidr), "networks", None, True),
            "CIDRs that upstream names may resolve to; shown as a risk",
            (),
        ),
        "dlp": Key(
            Mapped(
                {
                    "patterns": Key(
                        ListOf(
                            Mapped(
                                {
                                    "name": Key(
                                        Text("a name", r"^[^\x00-\x1f\x7f]{1,64}$"),
                                        "how a refusal names it",
                                        None,
                                        True,
                                    ),
                                    "regex": Key(
                                        Text("a regular expression", None, regex), "in RE2's syntax", None, True
                                    ),
                                    "severity": Key(Choice(SEVERITIES), "how bad a leak is", "critical"),
                                },
                                {},
                            ),
                            "patterns",
                        ),
                        "secret shapes of your own",
                        (),
                    )
                },
                {"include_defaults": "the built-in patterns cannot be switched off"},
            ),
            "data loss prevention",
        ),
        "scan_limit_mb": Key(Number(1, 1024), "larger bodies to or from a scanned host are refused, not skipped", 8),
    },
    {"mode": "pipelock always runs strict", "enforce": "pipelock always enforces"},
)

SUPERVISE = Mapped(
    {
        "wait_seconds": Key(
            Number(0, 600), "how long a blocking call of the agent waits before it answers pending", 45
        ),
        "grantable_tokens": Key(
            ListOf(
                Mapped(
                    {
                        "token_ref": Key(TOKEN_REF, "the host's variable", None, True),
                        "hosts": Key(
                            ListOf(HOST, "host names", "name where it may go", True), "where it may go", None, True
                        ),
                    },
                    {},
                ),
                "tokens",
            ),
            "credentials that an approval may hand to a new route, and where",
            (),
        ),
    },
    {"image": "name a ready image with the variable BOTTLE_TUI_SUPERVISE_IMAGE"},
)

BOTTLE = Mapped(
    {
        "name": Key(SLUG, "the slug of the bottle", None, True),
        "agent": Key(AGENT, "the agent's container", None, True),
        "egress": Key(EGRESS, "what may leave; without it everything is denied until granted"),
        "pipelock": Key(PIPELOCK, "the scanning proxy behind the gate"),
        "supervise": Key(SUPERVISE, "the queue where the agent asks"),
    },
    {
        "cred_proxy": "it is gone; write the credential as egress.routes[].auth: {scheme: Bearer, token_ref: NAME}, "
        "which does its job",
        "version": "this file has no version",
        "services": "a bottle is one agent; its sidecars need no entry",
    },
)
