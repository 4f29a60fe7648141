"""What is asked of the engine for each container, as plain values."""

import os
from pathlib import Path

import pytest

from bottle_tui.adapters.docker import attaching, containers, names
from bottle_tui.adapters.docker.containers import AgentShape, Container, create_body
from bottle_tui.adapters.docker.engine import Engine
from bottle_tui.core.plan import Limits, Mount
from bottle_tui.errors import UsageError

LABELS = names.labels("demo", "x", 1000, "inc")


def agent_container(**changes: object) -> Container:
    shape = {
        "image": "my-agent:latest",
        "user": "1000:1000",
        "home": "/home/agent",
        "mounts": (Mount("/host/project", "/work"), Mount("/host/project/bottle.yaml", "/work/bottle.yaml", True)),
        "env": {"HTTP_PROXY": "http://egress:9099"},
        "command": ("claude",),
        "workdir": "/work",
        "limits": Limits(memory=1 << 30, pids=99, cpus=1.5),
    }
    return containers.agent("demo", AgentShape(**(shape | changes)), LABELS)  # type: ignore[arg-type]


ALL = {
    "pipelock": containers.pipelock("demo", "pipelock-image", LABELS, hop=False),
    "hop": containers.pipelock("demo", "egress-image", LABELS, hop=True),
    "egress": containers.egress("demo", "egress-image", LABELS),
    "supervise": containers.supervise("demo", "supervise-image", LABELS),
    "agent": agent_container(),
    "probe": containers.probe("p", "bottle-demo-agent", "egress-image", LABELS, "{}"),
}
SIDECARS = ("pipelock", "hop", "egress", "supervise")


@pytest.mark.parametrize("name", ALL)
def test_every_container_is_stripped_of_what_it_does_not_need(name: str) -> None:
    host = create_body(ALL[name])["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert host["CapAdd"] == []
    assert host["Privileged"] is False
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["Sysctls"] == {"net.ipv4.ip_forward": "0"}
    assert host["Ulimits"] == [{"Name": "core", "Soft": 0, "Hard": 0}]
    assert host["Memory"] > 0
    assert host["MemorySwap"] == host["Memory"]
    assert host["PidsLimit"] > 0
    assert host["PortBindings"] == {}
    assert host["PublishAllPorts"] is False
    assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "20m", "max-file": "3"}}


@pytest.mark.parametrize("name", SIDECARS)
def test_no_sidecar_runs_a_health_check_that_nobody_asks_for(name: str) -> None:
    assert create_body(ALL[name])["Healthcheck"] == {"Test": ["NONE"]}


def test_the_agents_image_keeps_its_own_health_check() -> None:
    assert "Healthcheck" not in create_body(agent_container())


@pytest.mark.parametrize("name", ALL)
def test_no_container_shares_a_namespace_with_the_host(name: str) -> None:
    host = create_body(ALL[name])["HostConfig"]
    assert host["NetworkMode"].startswith("bottle-demo-")
    assert host["IpcMode"] == "private"
    assert "PidMode" not in host
    assert "UTSMode" not in host
    assert "UsernsMode" not in host


@pytest.mark.parametrize("name", ALL)
def test_no_container_runs_as_root(name: str) -> None:
    assert int(create_body(ALL[name])["User"].split(":")[0]) > 0


@pytest.mark.parametrize("name", SIDECARS)
def test_a_sidecar_has_a_read_only_root_and_restarts_on_failure(name: str) -> None:
    host = create_body(ALL[name])["HostConfig"]
    assert host["ReadonlyRootfs"] is True
    assert host["RestartPolicy"] == {"Name": "on-failure"}


@pytest.mark.parametrize("name", SIDECARS)
def test_a_sidecar_mounts_nothing_of_the_host(name: str) -> None:
    assert [mount["Type"] for mount in create_body(ALL[name])["HostConfig"]["Mounts"]] == ["volume"]


def test_only_pipelock_has_a_network_with_a_way_out() -> None:
    outside = {name for name, made in ALL.items() if "bottle-demo-outside" in networks_of(made)}
    assert outside == {"pipelock", "hop"}


def test_the_agent_and_supervise_stand_on_the_agents_network_alone() -> None:
    for name in ("agent", "supervise", "probe"):
        assert networks_of(ALL[name]) == ["bottle-demo-agent"]
    assert networks_of(ALL["egress"]) == ["bottle-demo-agent", "bottle-demo-chain"]


def networks_of(container: Container) -> list[str]:
    return [container.network.network, *(more.network for more in container.more_networks)]


@pytest.mark.parametrize("name", ["agent", "egress", "supervise", "probe"])
def test_who_has_no_way_out_asks_a_name_server_that_leads_nowhere(name: str) -> None:
    host = create_body(ALL[name])["HostConfig"]
    assert host["Dns"] == ["203.0.113.53"]
    assert host["DnsOptions"] == ["timeout:1", "attempts:1"]


def test_pipelock_resolves_names() -> None:
    assert "Dns" not in create_body(ALL["pipelock"])["HostConfig"]


def test_tokens_are_kept_in_memory_that_only_the_gate_reads() -> None:
    tmpfs = create_body(ALL["egress"])["HostConfig"]["Tmpfs"]["/run/tokens"].split(",")
    assert {"uid=10001", "gid=10001", "mode=0700", "noexec", "nosuid"} <= set(tmpfs)


def test_sidecars_answer_to_their_names() -> None:
    for name in ("egress", "supervise", "pipelock"):
        endpoints = create_body(ALL[name])["NetworkingConfig"]["EndpointsConfig"]
        assert [endpoint["Aliases"] for endpoint in endpoints.values()] == [[name]]


def test_the_hop_is_the_egress_image_with_another_command() -> None:
    assert create_body(ALL["hop"])["Cmd"] == ["hop"]
    assert create_body(ALL["hop"])["Image"] == "egress-image"
    assert "Cmd" not in create_body(ALL["pipelock"])


def test_the_agent_gets_its_mounts_limits_terminal_and_home() -> None:
    body = create_body(ALL["agent"])
    host = body["HostConfig"]
    binds = [mount for mount in host["Mounts"] if mount["Type"] == "bind"]
    assert [(each["Source"], each["Target"], each["ReadOnly"]) for each in binds] == [
        ("/host/project", "/work", False),
        ("/host/project/bottle.yaml", "/work/bottle.yaml", True),
    ]
    assert host["Mounts"][0] == {"Type": "volume", "Source": "bottle-demo-home", "Target": "/home/agent"}
    assert (host["Memory"], host["PidsLimit"], host["NanoCpus"]) == (1 << 30, 99, 1_500_000_000)
    assert host["RestartPolicy"] == {"Name": "no"}
    assert body["Tty"] is True
    assert body["OpenStdin"] is True
    assert body["Cmd"] == ["claude"]
    assert body["WorkingDir"] == "/work"
    assert body["Env"] == ["HOME=/home/agent", "HTTP_PROXY=http://egress:9099"]


def test_an_agent_without_command_or_folder_leaves_the_images() -> None:
    body = create_body(agent_container(command=(), workdir=None))
    assert "Cmd" not in body
    assert "WorkingDir" not in body


def test_no_secret_has_a_place_in_a_sidecars_body() -> None:
    for name in SIDECARS:
        body = create_body(ALL[name])
        assert not any("TOKEN" in item for item in body["Env"])


def test_the_probes_listener_holds_nothing() -> None:
    body = containers.listener_body("egress-image", LABELS)
    assert "Env" not in body
    assert "Mounts" not in body["HostConfig"]
    assert body["HostConfig"]["CapDrop"] == ["ALL"]
    assert body["HostConfig"]["ReadonlyRootfs"] is True


def test_the_agent_is_joined_from_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        with pytest.raises(UsageError, match="joined from a terminal"):
            attaching.attach(Engine({}), "c" * 64, None)
