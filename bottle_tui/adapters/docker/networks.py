"""A bottle's three networks: two without any way out, not even to the host, and pipelock's."""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bottle_tui.adapters.docker import names
from bottle_tui.adapters.docker.engine import Engine, explanation, translated
from bottle_tui.adapters.docker.sdk import sdk
from bottle_tui.errors import LaunchFailed, UsageError

DEFAULT_SUBNET = "10.213.0.0/16"
_PREFIX = 28
_ISOLATED_SINCE = (1, 48)
"""The API version of the first engine with `gateway_mode_ipv4=isolated`; older ones ignore it or refuse it."""


def pool(environ: Mapping[str, str]) -> ipaddress.IPv4Network:
    """Where bottles take their networks from. Raises UsageError for a BOTTLE_TUI_SUBNET that is none."""
    text = environ.get("BOTTLE_TUI_SUBNET") or DEFAULT_SUBNET
    try:
        found = ipaddress.IPv4Network(text)
    except ValueError as error:
        raise UsageError(f"BOTTLE_TUI_SUBNET {text!r} is no IPv4 network ({error}); e.g. {DEFAULT_SUBNET}") from None
    if found.prefixlen > _PREFIX - 2:
        raise UsageError(f"BOTTLE_TUI_SUBNET {text} is too small: a bottle needs three /{_PREFIX} networks")
    return found


def free_subnets(
    within: ipaddress.IPv4Network, taken: Iterable[ipaddress.IPv4Network]
) -> Iterator[ipaddress.IPv4Network]:
    """The /28s of the pool that overlap nothing that is taken, lowest first."""
    used = [network for network in taken if network.overlaps(within)]
    for candidate in within.subnets(new_prefix=_PREFIX):
        if not any(candidate.overlaps(other) for other in used):
            yield candidate


def taken_subnets(listed: Iterable[Mapping[str, Any]]) -> Iterator[ipaddress.IPv4Network]:
    """The IPv4 subnets in an engine's list of networks."""
    for network in listed:
        for config in (network.get("IPAM") or {}).get("Config") or []:
            try:
                yield ipaddress.IPv4Network(config.get("Subnet", ""), strict=False)
            except ValueError:
                continue


def driver_options(kind: str, *, isolated_known: bool) -> dict[str, str]:
    """Options of the bridge: on the inner networks the host keeps no address, so none of its ports is there."""
    if kind == "outside":
        return {}
    options = {"com.docker.network.bridge.inhibit_ipv4": "true"}
    if isolated_known:
        options["com.docker.network.bridge.gateway_mode_ipv4"] = "isolated"
    return options


def creation(kind: str, subnet: ipaddress.IPv4Network, *, isolated_known: bool) -> dict[str, Any]:
    """The arguments for the SDK's `create_network`, but for name, address pool and labels."""
    return {
        "driver": "bridge",
        "options": driver_options(kind, isolated_known=isolated_known),
        "internal": kind != "outside",
        "enable_ipv6": False,
        "check_duplicate": True,
        "attachable": False,
        "_subnet": str(subnet),
    }


def create(engine: Engine, slug: str, kind: str, within: ipaddress.IPv4Network, labels: dict[str, str]) -> str:
    """Make one network in a free /28; another `up` may be quicker, so the next one is tried. Returns its id."""
    docker = sdk()

    with translated(LaunchFailed, "the engine does not list its networks"):
        taken = list(taken_subnets(engine.api.networks()))
    known = engine.api_at_least(_ISOLATED_SINCE)
    last = ""
    for subnet in free_subnets(within, taken):
        arguments = creation(kind, subnet, isolated_known=known)
        addresses = docker.types.IPAMPool(subnet=arguments.pop("_subnet"))
        ipam = docker.types.IPAMConfig(pool_configs=[addresses])
        name = names.network(slug, kind)
        remedy = f"if one of that name is left over: `docker network rm {name}`"
        with translated(LaunchFailed, f"the network {name} could not be made", remedy):
            try:
                made = engine.api.create_network(name, ipam=ipam, labels=labels, **arguments)
                return str(made["Id"])
            except docker.errors.APIError as error:
                last = explanation(error)
                if "overlap" not in last.lower():
                    raise
    raise LaunchFailed(
        f"no free /{_PREFIX} network is left in {within}; remove bottles, or set BOTTLE_TUI_SUBNET"
        + (f" ({last})" if last else "")
    )
