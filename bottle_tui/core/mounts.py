"""Mounts of the agent: how they are written, and which are refused. Text only; the launch resolves links first."""

import posixpath
from collections.abc import Iterable

from bottle_tui.core.plan import Mount

ENGINE_SOCKETS = (
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/var/run/podman/podman.sock",
    "/run/podman/podman.sock",
    "/run/containerd/containerd.sock",
    "/var/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/var/run/crio/crio.sock",
)
OWN_TARGETS = ("/etc/bottle", "/run/tokens", "/proc", "/sys", "/dev")
"""Places in the agent that a mount must not cover: the bottle's own, and the kernel's."""


def parse(text: str, base: str) -> Mount:
    """`source:target[:ro]`, the source relative to `base` (absolute). Raises ValueError."""
    source, _, rest = text.partition(":")
    target, _, mode = rest.partition(":")
    if source.startswith("~"):
        raise ValueError(f"{text!r}: write the folder out, or relative to this file; ~ is not expanded")
    if ".." in target.split("/"):
        raise ValueError(f"{text!r}: the target must be an absolute path without ..")
    mount = Mount(posixpath.normpath(posixpath.join(base, source)), posixpath.normpath(target), mode == "ro")
    why = target_problem(mount.target)
    if why:
        raise ValueError(f"{text!r}: {why}")
    return mount


def target_problem(target: str) -> str | None:
    """Why nothing may be mounted there, or None."""
    if target == "/":
        return "the target / would replace the whole image; name a folder"
    for own in OWN_TARGETS:
        if holds(own, target) or holds(target, own):
            return f"the target {target} covers {own}, which is not the agent's; name another folder"
    return None


def source_problem(source: str, *, home: str, sockets: Iterable[str] = ENGINE_SOCKETS) -> str | None:
    """Why this host path must never be mounted, or None. It and `home` (`<home>`) with links resolved."""
    if source == "/":
        return "it is the host's whole file system"
    if holds(source, home) or holds(home, source):
        return f"it holds {home}, where the decisions and keys of all bottles are kept"
    for socket in sockets:
        if holds(source, socket):
            return f"it holds {socket}: whoever has an engine's socket owns the host"
    return None


def holds(folder: str, path: str) -> bool:
    """Whether `path` is `folder` or lies below it. Both absolute and normal."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def pinned(mounts: tuple[Mount, ...], guarded: Iterable[str]) -> tuple[Mount, ...]:
    """The mounts, and over each writable one the guarded host paths that it holds, read-only."""
    extra: dict[str, Mount] = {}
    for mount in mounts:
        for path in guarded:
            if not mount.read_only and holds(mount.source, path):
                target = posixpath.normpath(mount.target + path[len(mount.source.rstrip("/")) :])
                extra.setdefault(target, Mount(path, target, read_only=True))
    taken = {mount.target for mount in mounts}
    return mounts + tuple(mount for mount in extra.values() if mount.target not in taken)
