"""The agent's environment leads through the gate, whatever the manifest says."""

from bottle_tui.core.agent_environment import agent_environment, dockerfile_of

ENV = agent_environment(
    {"EDITOR": "vi", "HTTPS_PROXY": "http://elsewhere", "NO_PROXY": "*", "SSL_CERT_FILE": "/x"},
    proxy_url="http://egress:9099",
    mcp_url="http://supervise:9100/mcp",
    ca_file="/etc/bottle/ca-bundle.pem",
)


def test_proxy_variables_are_there_in_both_cases() -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        assert ENV[name] == "http://egress:9099"


def test_only_supervise_and_the_agent_itself_are_reached_without_the_proxy() -> None:
    assert set(ENV["NO_PROXY"].split(",")) == {"supervise", "localhost", "127.0.0.1"}
    assert ENV["no_proxy"] == ENV["NO_PROXY"]


def test_every_common_program_trusts_the_bundle() -> None:
    for name in (
        "SSL_CERT_FILE",
        "NODE_EXTRA_CA_CERTS",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "GIT_SSL_CAINFO",
        "PIP_CERT",
        "CARGO_HTTP_CAINFO",
        "AWS_CA_BUNDLE",
        "CODEX_CA_CERTIFICATE",
        "DENO_CERT",
    ):
        assert ENV[name] == "/etc/bottle/ca-bundle.pem"


def test_the_manifests_own_variables_stay() -> None:
    assert ENV["EDITOR"] == "vi"


def test_an_agent_without_a_dockerfile_reads_the_line_that_names_its_image() -> None:
    assert dockerfile_of("my-agent:latest", None) == b"FROM my-agent:latest\n"
    assert dockerfile_of(None, b"FROM x\nRUN y\n") == b"FROM x\nRUN y\n"
    assert dockerfile_of(None, None) == b"FROM scratch\n"
