"""Which bottle is meant: its record, its runtime, its sidecars. Records count; names and labels do not."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from bottle_tui.errors import BottleError, EngineUnavailable, InvalidFile, NotFound
from bottle_tui.ports import BottleHome, Recorded, Role, Runtime, Sidecar, World
from sidecar_addon import strict_yaml
from sidecar_addon.times import iso

RECORD = "bottle.json"
HALF_GONE = "removed in part"
LAST_RUNTIME = "runtime"
"""Outlives the record: where the agent's home may still be."""
_LIMIT = 1024 * 1024


def recorded(world: World, slug: str) -> Recorded:
    """The bottle's record. Raises NotFound when it was never made, or is down."""
    found = find(world, slug)
    if found is not None:
        return found
    home_of(world, slug)
    raise NotFound(f"the bottle {slug} is down; `bottle-tui up` starts it")


def home_of(world: World, slug: str) -> BottleHome:
    """The bottle's folder, also of one that is down. Raises NotFound for a slug never seen."""
    home = world.home.bottle(slug)
    if not home.exists():
        raise NotFound(f"no bottle is called {slug}; `bottle-tui ps` lists them")
    return home


def find(world: World, slug: str) -> Recorded | None:
    """The bottle's record, None when there is none."""
    data = world.home.bottle(slug).read(RECORD)
    return None if data is None else parse(data, slug)


def everything(world: World) -> tuple[dict[str, Recorded | None], dict[str, str]]:
    """Every slug with its record, None where there is none; and apart, why a record cannot be read, with the remedy.

    One damaged file hides no other bottle.
    """
    found: dict[str, Recorded | None] = {}
    damaged: dict[str, str] = {}
    for slug in world.home.slugs():
        try:
            found[slug] = find(world, slug)
        except BottleError as error:
            damaged[slug] = str(error)
    return found, damaged


def save(world: World, record: Recorded) -> None:
    """Write the record down."""
    home = world.home.bottle(record.slug)
    home.write(LAST_RUNTIME, f"{record.runtime}\n".encode())
    home.write(RECORD, render(record))


def forget(world: World, slug: str) -> None:
    """Take the record away; the bottle is down from now on."""
    world.home.bottle(slug).delete(RECORD)


def half_gone(record: Recorded) -> Recorded:
    """The record of a bottle of which `down` could not remove everything: no part of it can be started any more."""
    return replace(record, details={**record.details, HALF_GONE: True})


def last_runtime(world: World, slug: str) -> str | None:
    """The runtime that the bottle had last, also when it is down; None when it was never started."""
    data = world.home.bottle(slug).read(LAST_RUNTIME)
    return None if data is None else data.decode("ascii", "replace").strip()


def runtime(world: World, name: str) -> Runtime:
    """The runtime of that name. Raises EngineUnavailable when this process has none."""
    found = world.runtimes.get(name)
    if found is None:
        raise EngineUnavailable(f"the runtime {name} is not there; known are {', '.join(sorted(world.runtimes))}")
    return found


def described(world: World, name: str) -> str:
    """Where bottles of that runtime are, as the title, `ps` and `up` say it."""
    return world.runtimes[name].describe() if name in world.runtimes else name


def check_engine(world: World) -> None:
    """Where there is no bottle to ask: the engine that a new one would get. Raises EngineUnavailable."""
    stated = world.environ.get("BOTTLE_TUI_RUNTIME") or "docker"
    for name in [stated] if stated in world.runtimes else list(world.runtimes):
        world.runtimes[name].check()


def runtime_of(world: World, record: Recorded) -> Runtime:
    """The runtime that made the bottle."""
    return runtime(world, record.runtime)


def sidecar(world: World, slug: str, role: Role) -> Sidecar:
    """A sidecar of a recorded bottle. Raises NotFound; SidecarUnreachable when the launch did not get that far."""
    record = recorded(world, slug)
    return runtime_of(world, record).sidecar(record, role)


def render(record: Recorded) -> bytes:
    """The record's bytes in `bottle.json`."""
    data: dict[str, Any] = {
        "version": 1,
        "slug": record.slug,
        "runtime": record.runtime,
        "incarnation": record.incarnation,
        "created": iso(record.created),
        "containers": record.containers,
        "networks": record.networks,
        "volumes": record.volumes,
        "proxy_url": record.proxy_url,
        "mcp_url": record.mcp_url,
        "ca_file": record.ca_file,
        "details": record.details,
    }
    return (json.dumps(data, indent=1) + "\n").encode()


def parse(data: bytes, slug: str) -> Recorded:
    """Read a record. Raises InvalidFile: a damaged one is never guessed at."""
    try:
        value = strict_yaml.load_json(data, limit=_LIMIT)
        record = Recorded(
            slug=str(value["slug"]),
            runtime=str(value["runtime"]),
            incarnation=str(value["incarnation"]),
            created=datetime.fromisoformat(value["created"]),
            containers=_texts(value["containers"]),
            networks=_texts(value["networks"]),
            volumes=_texts(value["volumes"]),
            proxy_url=str(value["proxy_url"]),
            mcp_url=str(value["mcp_url"]),
            ca_file=str(value["ca_file"]),
            details=dict(value["details"]),
        )
    except (strict_yaml.StrictYamlError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidFile(
            f"is damaged ({error}); `bottle-tui down {slug}` and `up` make it anew", file=RECORD
        ) from None
    if record.slug != slug:
        raise InvalidFile(f"is the record of {record.slug}, in the folder of {slug}; move it away", file=RECORD)
    return record


def _texts(value: dict[str, Any]) -> dict[str, str]:
    return {str(key): str(item) for key, item in value.items()}
