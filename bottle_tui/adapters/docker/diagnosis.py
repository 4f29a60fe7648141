"""What the engine can do for bottles, looked at without launching one: version, images, free networks, the probe."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

from bottle_tui.adapters.docker import images, names, networks, probing
from bottle_tui.adapters.docker.engine import Engine, translated
from bottle_tui.adapters.docker.making import Workshop
from bottle_tui.errors import BottleError, EngineUnavailable

type Finding = tuple[str, bool | None, str, str]
"""Name, whether it is well (None: not known), what was seen, the line that fixes it."""

_SLUG = "doctor"
_BUILD = "bottle-tui doctor --build"


def findings(environ: Mapping[str, str]) -> Iterator[Finding]:
    """One after the other; an engine that does not answer is the caller's finding and ends this one."""
    engine = Engine(environ)
    try:
        with translated(EngineUnavailable, "the engine does not say what it is"):
            version = engine.api.version()
    except BottleError:
        return
    yield "engine", True, f"{version.get('Version')} (API {version.get('ApiVersion')}), {version.get('Os')}", ""
    yield from _images(engine, environ)
    yield _subnets(engine, environ)
    yield _closed(engine, environ)


def _images(engine: Engine, environ: Mapping[str, str]) -> Iterator[Finding]:
    for role in images.ROLES:
        if role == "pipelock" and environ.get("BOTTLE_TUI_PIPELOCK") == "hop":
            yield "image pipelock", None, "the hop stands in for it: an allowlist, nothing is scanned", ""
            continue
        named = images.override(role, environ)
        name = named or images.tag(role, images.context_tar(images.context_files(role)))
        if images.present(engine, name):
            yield f"image {role}", True, name, ""
        elif named:
            yield f"image {role}", False, f"{name} is not on this engine", f"docker pull {name}"
        else:
            yield f"image {role}", None, f"{name} is not built yet; the first `up` does it", _BUILD


def _subnets(engine: Engine, environ: Mapping[str, str]) -> Finding:
    remedy = "set BOTTLE_TUI_SUBNET to an IPv4 network of your own"
    try:
        within = networks.pool(environ)
        with translated(EngineUnavailable, "the engine does not list its networks"):
            taken = list(networks.taken_subnets(engine.api.networks()))
    except BottleError as error:
        return "networks", False, error.message, remedy
    free = sum(1 for _ in networks.free_subnets(within, taken))
    return "networks", free >= len(names.NETWORKS), f"{free} free in {within}, three for each bottle", remedy


def _closed(engine: Engine, environ: Mapping[str, str]) -> Finding:
    """The probe of `up`, on a network made for it and taken away again."""
    image = images.override("egress", environ) or images.tag(
        "egress", images.context_tar(images.context_files("egress"))
    )
    if not images.present(engine, image):
        return "closed network", None, "not probed: the egress image is not built yet", _BUILD
    with ExitStack() as undo:
        workshop = Workshop(engine, f"{_SLUG}-{os.getpid()}", os.getuid(), "doctor", undo)
        try:
            workshop.network("agent", environ.get("BOTTLE_TUI_SUBNET"))
            probing.check(workshop, names.network(workshop.slug, "agent"), image, forbidden=[])
        except BottleError as error:
            return "closed network", False, error.message, "use Docker 28 or later, or a local engine"
        finally:
            workshop.wait()
    return "closed network", True, "a probe reached neither the host nor a name outside", ""
