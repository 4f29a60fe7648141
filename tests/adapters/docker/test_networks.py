"""Subnets of bottles: free, small, from the pool the operator named."""

from ipaddress import IPv4Network

import pytest

from bottle_tui.adapters.docker import networks
from bottle_tui.errors import LaunchFailed, UsageError


def test_networks_come_from_the_usual_pool_or_the_operators() -> None:
    assert networks.pool({}) == IPv4Network("10.213.0.0/16")
    assert networks.pool({"BOTTLE_TUI_SUBNET": "192.168.40.0/24"}) == IPv4Network("192.168.40.0/24")


@pytest.mark.parametrize("text", ["nonsense", "10.0.0.1/8", "fd00::/64", "10.213.0.0/27"])
def test_a_pool_that_is_none_or_too_small_is_named(text: str) -> None:
    with pytest.raises(UsageError, match="BOTTLE_TUI_SUBNET"):
        networks.pool({"BOTTLE_TUI_SUBNET": text})


def test_what_overlaps_a_taken_network_is_left_out() -> None:
    taken = [IPv4Network("10.213.0.0/28"), IPv4Network("10.213.0.32/29"), IPv4Network("172.17.0.0/16")]
    free = networks.free_subnets(IPv4Network("10.213.0.0/25"), taken)
    assert [str(network) for network in free][:3] == ["10.213.0.16/28", "10.213.0.48/28", "10.213.0.64/28"]


def test_a_pool_that_is_used_up_gives_nothing() -> None:
    assert list(networks.free_subnets(IPv4Network("10.213.0.0/26"), [IPv4Network("10.213.0.0/24")])) == []


def test_what_the_engine_lists_is_read_whatever_else_it_holds() -> None:
    listed = [
        {"IPAM": {"Config": [{"Subnet": "10.213.0.0/28"}, {"Subnet": "fd00::/64"}]}},
        {"IPAM": {"Config": None}},
        {"IPAM": None},
        {"IPAM": {"Config": [{}]}},
    ]
    assert list(networks.taken_subnets(listed)) == [IPv4Network("10.213.0.0/28")]


@pytest.mark.parametrize("kind", ["agent", "chain"])
def test_the_inner_networks_are_closed_to_the_host(kind: str) -> None:
    asked = networks.creation(kind, IPv4Network("10.213.0.0/28"), isolated_known=True)
    assert asked["internal"] is True
    assert asked["enable_ipv6"] is False
    assert asked["options"] == {
        "com.docker.network.bridge.inhibit_ipv4": "true",
        "com.docker.network.bridge.gateway_mode_ipv4": "isolated",
    }


def test_an_engine_that_does_not_know_isolated_gateways_is_not_asked_for_one() -> None:
    options = networks.driver_options("agent", isolated_known=False)
    assert options == {"com.docker.network.bridge.inhibit_ipv4": "true"}


def test_only_the_outside_network_leads_somewhere() -> None:
    asked = networks.creation("outside", IPv4Network("10.213.0.0/28"), isolated_known=True)
    assert asked["internal"] is False
    assert asked["options"] == {}


class Engine:
    """An engine on which a network of that name is left over."""

    def __init__(self) -> None:
        self.api = self

    def api_at_least(self, version: tuple[int, int]) -> bool:
        return False

    def networks(self) -> list[dict[str, object]]:
        return []

    def create_network(self, name: str, **arguments: object) -> dict[str, str]:
        import docker.errors
        import requests

        response = requests.Response()
        response.status_code = 409
        raise docker.errors.APIError("409", response, f"network with name {name} already exists")


def test_a_network_that_is_left_over_is_named_with_the_command_that_removes_it() -> None:
    with pytest.raises(LaunchFailed) as caught:
        networks.create(Engine(), "box", "outside", IPv4Network("10.213.0.0/24"), {})  # type: ignore[arg-type]
    assert "already exists" in caught.value.message
    assert "`docker network rm bottle-box-outside`" in caught.value.message
