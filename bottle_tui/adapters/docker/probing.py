"""The probe before the agent starts: from where it will stand, neither the host nor an outside name may be reached."""

import ipaddress
import json
from functools import partial
from typing import Any

from bottle_tui.adapters.docker import containers, names
from bottle_tui.adapters.docker.engine import foreign_errors, translated
from bottle_tui.adapters.docker.following import ContainerLines
from bottle_tui.adapters.docker.making import Workshop
from bottle_tui.errors import LaunchFailed, SidecarUnreachable

OUTSIDE_NAMES = ("example.com", "host.docker.internal")
OUTSIDE_ADDRESS = ("203.0.113.1", 9)
"""Nobody's (RFC 5737): on a closed network a connection to it gets no answer at all, not even a refusal."""
SECONDS = 45.0


def check(workshop: Workshop, network: str, image: str, *, forbidden: list[tuple[str, int]]) -> None:
    """Raises LaunchFailed when something on `network` reaches the host or a forbidden place, or resolves outside names.

    `forbidden` are further addresses that must not answer there, e.g. pipelock's own. The engine takes seconds to
    remove a container that still waits for answers, so that goes on in the background of the launch.
    """
    found = look(workshop, network, image, forbidden=forbidden)
    problems = verdict(found)
    if problems:
        raise LaunchFailed(
            f"the agent's network is not closed: {'; '.join(problems)}. Nothing was started. Use a Docker engine of "
            "version 28 or later, or a local one that honours com.docker.network.bridge.inhibit_ipv4; "
            "`bottle-tui doctor` runs this probe alone"
        )


def verdict(found: dict[str, Any]) -> list[str]:
    """What is wrong, in words, from what the probe printed. An answer that does not say it tried is wrong too."""
    problems = []
    if not found.get("tried"):
        problems.append("the probe tried nothing, so it proves nothing")
    if found.get("reached"):
        problems.append(f"it reaches {', '.join(map(str, found['reached']))}")
    if found.get("resolved"):
        problems.append(f"it resolves {', '.join(map(str, found['resolved']))}")
    return problems


def look(workshop: Workshop, network: str, image: str, *, forbidden: list[tuple[str, int]]) -> dict[str, Any]:
    """What the probe sees from `network`: it is given every address of the engine's host with a port that listens."""
    api = workshop.engine.api
    labels = workshop.labels("probe")
    with translated(LaunchFailed, "the probe could not be run"):
        listener = str(api.create_container_from_config(containers.listener_body(image, labels))["Id"])
        try:
            api.start(listener)
            where = _first_object(workshop, listener)
            gateways = _gateways(api.inspect_network(network))
            targets = [(host, where["port"]) for host in [*where["addresses"], *gateways]]
            targets = list(dict.fromkeys([*targets, OUTSIDE_ADDRESS, *forbidden]))
            question = json.dumps({"targets": targets, "names": OUTSIDE_NAMES})
            return _ask(workshop, network, image, question)
        finally:
            workshop.in_background(partial(_remove, workshop, listener))


def _ask(workshop: Workshop, network: str, image: str, question: str) -> dict[str, Any]:
    api = workshop.engine.api
    name = f"{names.container(workshop.slug, 'agent')}-probe"
    body = containers.create_body(containers.probe(name, network, image, workshop.labels("probe"), question))
    container = str(api.create_container_from_config(body)["Id"])
    try:
        api.start(container)
        return _first_object(workshop, container)
    finally:
        workshop.in_background(partial(_remove, workshop, container))


def _first_object(workshop: Workshop, container: str) -> dict[str, Any]:
    """The first JSON object on its output."""
    lines = ContainerLines(workshop.engine, container, None, None)
    said: list[str] = []
    try:
        while (line := lines.next(SECONDS)) is not None:
            said.append(line)
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if isinstance(found, dict):
                return found
    except SidecarUnreachable:
        pass
    finally:
        lines.close()
    raise LaunchFailed(f"the probe gave no answer; it said: {' / '.join(said[-3:]) or 'nothing'}")


def _gateways(network: dict[str, Any]) -> list[str]:
    """The address the bridge would have on this network, if it had one."""
    configs = (network.get("IPAM") or {}).get("Config") or []
    return [str(ipaddress.ip_network(each["Subnet"])[1]) for each in configs if each.get("Subnet")]


def _remove(workshop: Workshop, container: str) -> None:
    try:
        workshop.engine.api.remove_container(container, force=True, v=True)
    except foreign_errors() as error:
        workshop.leftovers.append(f"`docker rm -f {container[:12]}` ({error})")
