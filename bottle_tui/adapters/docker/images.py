"""The images of the sidecars: named by the hash of what they are built from, and built when they are absent."""

import hashlib
import io
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from bottle_tui.adapters.docker.engine import Engine, is_missing, translated
from bottle_tui.errors import LaunchFailed
from bottle_tui.ports import Progress

ROLES = ("egress", "supervise", "pipelock")
_OVERRIDES = {"egress": "BOTTLE_TUI_EGRESS_IMAGE", "supervise": "BOTTLE_TUI_SUPERVISE_IMAGE"}
_LEFT_OUT = ("__pycache__", ".pyc", ".pyo")
_TAIL = 12


def override(role: str, environ: Mapping[str, str]) -> str | None:
    """The ready image that the operator named for a role, if any."""
    return environ.get(_OVERRIDES.get(role, ""), "") or None


def context_files(role: str) -> dict[str, bytes]:
    """What an image is built from, by path in the build context; the same from a checkout and from a wheel."""
    dockerfile = "Dockerfile.pipelock" if role == "pipelock" else "Dockerfile.egress"
    files = {dockerfile: _dockerfile(dockerfile)}
    if role != "pipelock":
        files.update(_package(resources.files("sidecar_addon"), "sidecar_addon"))
    return files


def context_tar(files: Mapping[str, bytes]) -> bytes:
    """The files as a tar that is the same, byte for byte, wherever and whenever it is made."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size = len(files[path])
            entry.mode = 0o644
            archive.addfile(entry, io.BytesIO(files[path]))
    return buffer.getvalue()


def tag(role: str, context: bytes) -> str:
    """`bottle-tui-<role>:<first 12 of the context's sha256>`."""
    return f"bottle-tui-{role}:{hashlib.sha256(context).hexdigest()[:12]}"


def ensure(engine: Engine, role: str, environ: Mapping[str, str], progress: Progress) -> str:
    """The image of a sidecar: the operator's, else ours, built now if the engine does not have it."""
    named = override(role, environ)
    if named:
        progress(f"{role}: using the image {named}, named by {_OVERRIDES[role]}")
        return ensure_named(engine, named, progress)
    context = context_tar(context_files(role))
    name = tag(role, context)
    if not present(engine, name):
        _build_role(engine, role, name, context, environ, progress)
    return name


def present(engine: Engine, name: str) -> bool:
    """Whether the engine has an image of this name."""
    return inspect(engine, name) is not None


def inspect(engine: Engine, name: str) -> dict[str, Any] | None:
    """What the engine says of an image, None when it has none of this name."""
    try:
        with translated(LaunchFailed, f"the engine does not answer about the image {name}"):
            found: dict[str, Any] = engine.api.inspect_image(name)
            return found
    except LaunchFailed as error:
        if is_missing(error.__cause__):
            return None
        raise


def ensure_named(engine: Engine, name: str, progress: Progress) -> str:
    """An image by name, pulled when the engine does not have it."""
    if present(engine, name):
        return name
    progress(f"pulling {name}…")
    remedy = "build it, or write the name of an image that this engine has"
    with translated(LaunchFailed, f"the image {name} is not on this engine and cannot be pulled", remedy):
        for line in engine.api.pull(name, stream=True, decode=True, tag=None if _has_tag(name) else "latest"):
            if "error" in line:
                raise LaunchFailed(f"the image {name} cannot be pulled: {line['error']}; {remedy}")
    return name


def build_folder(
    engine: Engine,
    folder: str,
    digest: str,
    environ: Mapping[str, str],
    progress: Progress,
    *,
    tag_as: str | None = None,
) -> str:
    """The agent's image from a folder with a Dockerfile, named by the folder's digest."""
    name = tag_as or f"bottle-tui-agent:{digest.removeprefix('sha256:')[:_TAIL]}"
    if present(engine, name):
        return name
    if not (Path(folder) / "Dockerfile").is_file():
        raise LaunchFailed(f"agent.build: {folder} has no Dockerfile")
    progress(f"building {name} from {folder}…")
    with translated(LaunchFailed, f"the agent's image could not be built from {folder}"):
        output = engine.api.build(
            path=folder, tag=name, decode=True, rm=True, forcerm=True, network_mode=_build_network(environ)
        )
        _watch(output, f"the agent's image ({folder})", progress)
    return name


def _build_role(
    engine: Engine, role: str, name: str, context: bytes, environ: Mapping[str, str], progress: Progress
) -> None:
    progress(f"building {name} (once)…")
    with translated(LaunchFailed, f"the image {name} could not be built"):
        output = engine.api.build(
            fileobj=io.BytesIO(context),
            custom_context=True,
            dockerfile="Dockerfile.pipelock" if role == "pipelock" else "Dockerfile.egress",
            target="" if role == "pipelock" else role,
            tag=name,
            decode=True,
            rm=True,
            forcerm=True,
            network_mode=_build_network(environ),
        )
        _watch(output, name, progress)


def _remedy(said: Sequence[str]) -> str:
    """By the step that failed."""
    step = next((line for line in reversed(said) if line.startswith("Step ")), "")
    _, base, image = step.partition(": FROM ")
    if base:
        return f"`docker pull {image.split()[0]}` says whether this engine can have it; else write another after FROM"
    return "mend that step; where a build has no network of its own: export BOTTLE_TUI_BUILD_NETWORK=host"


def _watch(output: Iterator[dict[str, Any]], what: str, progress: Progress) -> None:
    """Passes the build's steps on, and raises with its last words when it fails."""
    tail: list[str] = []
    for item in output:
        if "error" in item:
            said = " / ".join(tail[-4:])
            last = f" (last: {said})" if said else ""
            raise LaunchFailed(f"{what} could not be built: {item['error'].strip()}{last}; {_remedy(tail)}")
        text = str(item.get("stream", "")).strip()
        if text:
            tail = [*tail[-20:], text[:200]]
            if text.startswith("Step "):
                progress(f"  {text[:120]}")


def _build_network(environ: Mapping[str, str]) -> str | None:
    return environ.get("BOTTLE_TUI_BUILD_NETWORK") or None


def _has_tag(name: str) -> bool:
    return "@" in name or ":" in name.rsplit("/", 1)[-1]


def _dockerfile(name: str) -> bytes:
    """From the wheel, where it travels inside the package, else from the checkout beside the package."""
    packaged = resources.files("bottle_tui").joinpath("images", name)
    if packaged.is_file():
        return packaged.read_bytes()
    beside = Path(str(resources.files("bottle_tui"))).parent / name
    if not beside.is_file():
        raise LaunchFailed(f"{name} is neither in the installed package nor beside it; reinstall bottle-tui")
    return beside.read_bytes()


def _package(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.name.endswith(_LEFT_OUT):
            continue
        path = f"{prefix}/{entry.name}"
        if entry.is_dir():
            yield from _package(entry, path)
        else:
            yield path, entry.read_bytes()
