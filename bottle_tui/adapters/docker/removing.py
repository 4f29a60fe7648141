"""Taking a bottle down: by recorded id, and by the incarnation's label where `up` died before it could record."""

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from bottle_tui.adapters.docker import names
from bottle_tui.adapters.docker.engine import Engine, explanation, foreign_errors, is_missing, translated
from bottle_tui.errors import EngineUnavailable
from bottle_tui.ports import Recorded


@contextlib.contextmanager
def missing_is_fine() -> Iterator[None]:
    """Lets the engine's "no such thing" pass: what is gone already needs no removing."""
    try:
        yield
    except foreign_errors() as error:
        if not is_missing(error):
            raise


def remove(engine: Engine, uid: int, slug: str, recorded: Recorded | None, *, purge: bool) -> list[str]:
    """Remove containers, networks and the sidecars' volumes; with `purge` the agent's home volume too."""
    left: list[str] = []
    label = {"label": f"{names.SLUG}={slug}"}
    with translated(EngineUnavailable, "the engine does not list what a bottle is made of"):
        containers = engine.api.containers(all=True, filters=label)
        networks = engine.api.networks(filters=label)
        volumes = engine.api.volumes(filters=label).get("Volumes") or []
    known = _Known(slug, uid, recorded)
    for each in containers:
        name = (each.get("Names") or [each["Id"]])[0].lstrip("/")
        if known.container(each):
            _try(left, f"docker rm -f {name}", partial(engine.api.remove_container, each["Id"], force=True, v=True))
        elif known.mine(each):
            left.append(f"the container {name} carries this bottle's label but is not recorded: `docker rm -f {name}`")
    for each in networks:
        if known.network(each):
            left += _of_network(engine, each)
    for each in volumes:
        if known.volume(each, purge=purge):
            _try(left, f"docker volume rm {each['Name']}", partial(engine.api.remove_volume, each["Name"], force=True))
    return left


def _of_network(engine: Engine, network: dict[str, Any]) -> list[str]:
    """What is left of a network, in the order in which the commands work: who is on it first."""
    name = network["Name"]
    left: list[str] = []
    if _try(left, f"docker network rm {name}", partial(engine.api.remove_network, network["Id"])):
        return []
    on_it = _attached(engine, network["Id"])
    return [*(f"`docker network disconnect -f {name} {each}` ({each} is still on it)" for each in on_it), *left]


class _Known:
    """What is this account's bottle, and what only carries its label."""

    def __init__(self, slug: str, uid: int, recorded: Recorded | None) -> None:
        self._slug = slug
        self._uid = str(uid)
        self._incarnation = recorded.incarnation if recorded else None
        self._ids = {*recorded.containers.values(), *recorded.networks.values()} if recorded else set()
        self._volumes = set(recorded.volumes.values()) if recorded else set()

    def container(self, thing: dict[str, Any]) -> bool:
        """Whether it was made by this incarnation: recorded, or made before the record could be finished."""
        return thing["Id"] in self._ids or self._of_incarnation(thing)

    network = container

    def volume(self, thing: dict[str, Any], *, purge: bool) -> bool:
        """Sidecars' volumes always; the home only when all is to go."""
        name = thing["Name"]
        if name == names.volume(self._slug, "home"):
            return purge and self.mine(thing)
        return name in self._volumes or self._of_incarnation(thing)

    def mine(self, thing: dict[str, Any]) -> bool:
        """Whether this account made it, by its label."""
        return (thing.get("Labels") or {}).get(names.UID) == self._uid

    def _of_incarnation(self, thing: dict[str, Any]) -> bool:
        label = (thing.get("Labels") or {}).get(names.INCARNATION)
        return self._incarnation is not None and label == self._incarnation


def _try(left: list[str], command: str, remove_it: Callable[[], object]) -> bool:
    try:
        with missing_is_fine():
            remove_it()
    except foreign_errors() as error:
        left.append(f"`{command}` ({explanation(error)})")
        return False
    return True


def _attached(engine: Engine, network: str) -> list[str]:
    """Who else is on a network, by name; nothing when the engine does not say."""
    try:
        found = engine.api.inspect_network(network).get("Containers") or {}
    except foreign_errors():
        return []
    return sorted(str(each.get("Name")) for each in found.values())
