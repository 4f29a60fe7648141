"""The gate in front of the real pipelock, where its binary is on PATH: what a stand-in could get wrong."""

import json
import os
import shutil
import subprocess
import textwrap
import threading

import pytest

from sidecar_addon.table import Grant

BINARY = shutil.which("pipelock")
pytestmark = [
    pytest.mark.real_pipelock,
    pytest.mark.skipif(BINARY is None, reason="no pipelock binary on PATH"),
]

CONFIG = """
    version: 1
    mode: strict
    enforce: true
    api_allowlist: [placeholder.invalid, localhost]
    fetch_proxy:
      listen: "127.0.0.1:{port}"
      timeout_seconds: 30
      monitoring: {{max_url_length: 8192, entropy_threshold: 64, subdomain_entropy_threshold: 64,
                   max_requests_per_minute: 1000000}}
    forward_proxy: {{enabled: true, max_tunnel_seconds: 3600, idle_timeout_seconds: 300, sni_verification: true}}
    tls_interception:
      enabled: true
      ca_cert: "{folder}/ca.pem"
      ca_key: "{folder}/ca-key.pem"
      passthrough_domains: [{passthrough}]
    request_body_scanning:
      enabled: true
      action: block
      sensitive_headers: ["Cookie", "X-Token"]
    dlp: {{scan_env: false}}
    response_scanning: {{enabled: true, action: warn}}
    media_policy: {{enabled: false}}
    taint: {{enabled: false}}
    sentry: {{enabled: false}}
    trusted_domains: [localhost]
    ssrf: {{ip_allowlist: ["127.0.0.0/8"]}}
    logging: {{format: json, output: stdout, include_allowed: true, include_blocked: true}}
"""


@pytest.fixture
def behind(make_world, route_of, upstream, pki, tmp_path, free_port):
    """Builds a gate with the real pipelock between it and the upstream, which is `localhost`."""
    processes = []

    def build(*, state="scanned", passthrough="", hosts=("localhost",)):
        upstream.authorities = {"localhost": pki.private, "unknown.test": pki.private}
        folder = tmp_path / "pipelock"
        folder.mkdir()
        (folder / "ca.pem").write_bytes(pki.pipelock.pem)
        (folder / "ca-key.pem").write_bytes(pki.pipelock_key)
        (folder / "ca-key.pem").chmod(0o600)
        config = textwrap.dedent(CONFIG).format(port=free_port, folder=folder, passthrough=passthrough)
        (folder / "pipelock.yaml").write_text(config)
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "SSL_CERT_FILE": str(pki.folder / "extra.pem")}
        process = subprocess.Popen(
            [BINARY, "run", "--config", str(folder / "pipelock.yaml")],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, text=True,
        )  # fmt: skip
        processes.append(process)
        for line in process.stdout:
            if '"event":"startup"' in line:
                break
        drain = threading.Thread(target=lambda: [None for _ in process.stdout], daemon=True)
        drain.start()
        world = make_world(route_of("first.test"), parent=("127.0.0.1", free_port))
        port = world.parent.tls_port
        routes = [route_of(host, grants=(Grant(f"g-{host}", ports=(port,)),), pipelock=state) for host in hosts]
        world.load(*routes)
        return world, f"https://localhost:{port}"

    yield build
    for process in processes:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def test_a_request_passes_through_both_over_one_http2_connection(behind, talk):
    world, url = behind()
    host = url.removeprefix("https://")
    with world.tunnel("localhost", int(host.partition(":")[2])) as sock:
        for _ in range(3):
            reply = talk(sock, "POST", "/x", host, json.dumps({"a": 1}).encode(), {"Content-Type": "application/json"})
            assert reply.status == 200
    assert [seen.target for seen in world.upstream.seen] == ["/x"] * 3


def test_a_body_with_a_secret_is_refused_by_pipelock_and_marked(behind):
    world, url = behind()
    secret = json.dumps({"t": "ghp_" + "A1b2" * 9}).encode()
    reply = world.get(url + "/x", method="POST", body=secret, **{"Content-Type": "application/json"})
    assert reply.status == 403
    assert reply.body.startswith(b"blocked: ")
    assert reply.headers["x-bottle-denied"] == "pipelock"
    assert world.upstream.seen == []
    world.event("denied", reason="pipelock")


def test_a_host_that_pipelock_does_not_list_is_refused_by_pipelock(behind):
    world, url = behind(hosts=("localhost", "unlisted.test"))
    port = url.rpartition(":")[2]
    reply = world.get(f"https://unlisted.test:{port}/")
    assert (reply.status, reply.headers["x-bottle-denied"], reply.json()["layer"]) == (403, "pipelock", "pipelock")


def test_scanned_here_and_passthrough_there_is_a_mismatch(behind):
    world, url = behind(passthrough="localhost")
    assert world.get(url).headers["x-bottle-denied"] == "scan_state_mismatch"


def test_passthrough_here_and_scanned_there_is_a_mismatch(behind):
    world, url = behind(state="passthrough")
    assert world.get(url).headers["x-bottle-denied"] == "scan_state_mismatch"


def test_passthrough_on_both_passes(behind):
    world, url = behind(state="passthrough", passthrough="localhost")
    assert world.get(url).status == 200
