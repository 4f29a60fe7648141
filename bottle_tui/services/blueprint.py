"""From a manifest on disk to a plan whose paths are real, all of it checked before anything is built or started."""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bottle_tui.core import manifest as manifests
from bottle_tui.core import mounts, providers, resolve
from bottle_tui.core.agent_environment import dockerfile_of
from bottle_tui.core.manifest import Manifest
from bottle_tui.core.plan import Mount, Plan
from bottle_tui.core.slots import Slots
from bottle_tui.errors import UsageError
from bottle_tui.ports import World
from bottle_tui.services import tokens

_PEM_LIMIT = 1024 * 1024
_BUILD_LIMIT = 1024 * 1024 * 1024


@dataclass(frozen=True)
class Blueprint:
    """A manifest and the plan it leads to now."""

    manifest: Manifest
    plan: Plan
    dockerfile: bytes
    """What the agent reads as its current Dockerfile."""
    joined: bool = False
    """Whether whoever starts it joins the agent next."""


def load(path: Path) -> Manifest:
    """Read and check a manifest. Raises UsageError, InvalidManifest."""
    try:
        with path.open("rb") as file:
            data = file.read(manifests.LIMIT_BYTES + 1)
    except FileNotFoundError:
        raise UsageError("is not there; `bottle-tui init` writes one", file=str(path)) from None
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", file=str(path)) from None
    return manifests.parse(data, str(path))


def draw(world: World, path: Path, *, slots: Slots | None = None, need_tokens: bool = True) -> Blueprint:
    """The plan of a manifest. Raises InvalidManifest, InvalidFile; TokenUnset where this process lacks a token."""
    real = Path(os.path.realpath(path))
    manifest = load(real)
    base = str(real.parent)
    build = resolve.build_folder(manifest, base)
    build = None if build is None else os.path.realpath(build)
    digest, dockerfile = (None, None) if build is None else _built_from(manifest, build)
    plan = resolve.resolve(
        manifest,
        base=base,
        build_digest=digest,
        extra_ca=_extra_ca(manifest, base),
        grants=world.home.bottle(manifest.name).read("grants.yaml"),
        slots=slots,
        host_env_names=_names_with_a_value(world) if need_tokens else None,
    )
    agent = replace(plan.agent, build=build, mounts=_real_mounts(world, manifest, plan, str(real), build))
    return Blueprint(manifest, replace(plan, agent=agent), dockerfile_of(plan.agent.image, dockerfile))


def _names_with_a_value(world: World) -> set[str]:
    """Host variables that are set and not empty, and those that a login of this host stands in for."""
    stated = {name for name, value in world.environ.items() if value}
    return stated | {ref for ref in providers.HOST_LOGINS if tokens.value(world, ref)}


def _extra_ca(manifest: Manifest, base: str) -> str | None:
    file = resolve.extra_ca_file(manifest, base)
    if file is None:
        return None
    try:
        with Path(file).open("rb") as opened:
            return opened.read(_PEM_LIMIT).decode("ascii", "replace")
    except OSError:
        return None  # resolve names the key and the remedy


def _real_mounts(world: World, manifest: Manifest, plan: Plan, own: str, build: str | None) -> tuple[Mount, ...]:
    """The mounts with links resolved, each checked, and what the agent must not rewrite over them read-only."""
    home = os.path.realpath(world.home.root)
    sockets = (*mounts.ENGINE_SOCKETS, *_engine_socket(world))
    guarded = (own, *((build,) if build else ()))
    found = []
    for index, mount in enumerate(plan.agent.mounts):
        where = ("agent", "mounts", min(index, max(0, len(manifest.agent.mounts) - 1)))
        source = os.path.realpath(mount.source)
        why = mounts.source_problem(source, home=home, sockets=sockets) or mounts.target_problem(mount.target)
        if why:
            raise manifest.refuse(where, f"{mount.source} is not mounted: {why}")
        if not Path(source).exists():
            raise manifest.refuse(where, f"{mount.source} does not exist; make it, or take the mount out")
        inside = any(mounts.holds(path, source) for path in guarded)
        found.append(Mount(source, mount.target, read_only=mount.read_only or inside))
    return mounts.pinned(tuple(found), guarded)


def _engine_socket(world: World) -> Iterator[str]:
    """The socket that DOCKER_HOST names, and where it really is."""
    address = world.environ.get("DOCKER_HOST", "")
    if address.startswith("unix://"):
        yield address.removeprefix("unix://")
        yield os.path.realpath(address.removeprefix("unix://"))
    for socket in mounts.ENGINE_SOCKETS:
        yield os.path.realpath(socket)


def _built_from(manifest: Manifest, folder: str) -> tuple[str, bytes]:
    """The build folder's digest and its Dockerfile. Raises InvalidManifest, also where a file cannot be read."""
    try:
        return _folder_digest(manifest, folder), (Path(folder) / "Dockerfile").read_bytes()
    except OSError as error:
        why = f"{error.filename} cannot be read ({error.strerror}); make it readable, or take it out of the folder"
        raise manifest.refuse(("agent", "build"), why) from None


def _folder_digest(manifest: Manifest, folder: str) -> str:
    """Of every file of the build folder: its name, whether it can be run, its content, or where a link leads."""
    if not (Path(folder) / "Dockerfile").is_file():
        raise manifest.refuse(("agent", "build"), f"{folder} has no Dockerfile")
    digest = hashlib.sha256()
    total = 0
    for path in _walk(Path(folder)):
        status = path.lstat()
        name = str(path.relative_to(folder))
        total += status.st_size
        if total > _BUILD_LIMIT:
            raise manifest.refuse(("agent", "build"), f"{folder} holds more than 1 GiB; build from a smaller folder")
        digest.update(f"{name}\0{stat.S_IMODE(status.st_mode) & 0o111}\0".encode("utf-8", "surrogateescape"))
        digest.update(_content(path, status.st_mode))
    return "sha256:" + digest.hexdigest()


def _walk(folder: Path) -> Iterator[Path]:
    """Every file and link below, in an order that is the same everywhere."""
    for where, folders, files in folder.walk():
        folders.sort()
        links = [name for name in folders if (where / name).is_symlink()]
        yield from (where / name for name in sorted([*files, *links]))


def _content(path: Path, mode: int) -> bytes:
    if stat.S_ISLNK(mode):
        return b"link\0" + os.fsencode(path.readlink())
    if not stat.S_ISREG(mode):
        return b"special\0"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
