"""The agent's half of the plan: command, environment, mounts, limits. Pure."""

import posixpath
import re
from collections.abc import Collection, Mapping

from bottle_tui.core import mounts, providers
from bottle_tui.core.manifest import Manifest
from bottle_tui.core.nodes import Path
from bottle_tui.core.plan import AgentPlan, Limits, Mount

DEFAULT_LIMITS = Limits(memory=4 * 1024**3, pids=1024)
"""Room for a build and a test run beside the agent, on a laptop."""


def resolve_agent(
    manifest: Manifest, provider: providers.Provider, roles: Collection[str], held: Collection[str], base: str
) -> tuple[AgentPlan, tuple[str, ...]]:
    """The agent's plan, and what `up` should say about it. `held`: host variables whose value the gate keeps."""
    part = manifest.agent
    notes: list[str] = []
    command = providers.command(provider, part.command)
    if not providers.registered(provider, command):
        notes.append(f"agent.command does not start {provider.program}: give it {' '.join(provider.flags)} yourself")
    brought = dict(provider.env)
    for role in roles:
        brought |= providers.ROLES[role].env
    _check_env(manifest, brought, held)
    return AgentPlan(
        image=part.image,
        build=build_folder(manifest, base),
        command=command,
        workdir=part.workdir,
        mounts=_mounts(manifest, base),
        env=brought | part.env,
        files=dict(provider.files),
        provider=provider.name,
        user=part.user,
        limits=Limits(
            part.memory or DEFAULT_LIMITS.memory,
            part.pids or DEFAULT_LIMITS.pids,
            part.cpus,
        ),
    ), tuple(notes)


def _check_env(manifest: Manifest, brought: Mapping[str, str], held: Collection[str]) -> None:
    for name in manifest.agent.env:
        if name in providers.NETWORK_VARIABLES:
            why = "is set by the bottle itself, so that everything goes through the gate; leave it out"
        elif name in held:
            why = "is a credential that the gate holds back; the agent gets no value of it"
        elif name in brought and re.search(r"TOKEN|CONFIG|PLACEHOLDER", name):
            why = f"is set by the provider {manifest.agent.provider} or a role; leave it out"
        else:
            continue
        raise manifest.refuse(("agent", "env", name), f"{name} {why}")


def _mounts(manifest: Manifest, base: str) -> tuple[Mount, ...]:
    found: list[Mount] = []
    for index, text in enumerate(manifest.agent.mounts):
        path: Path = ("agent", "mounts", index)
        try:
            mount = mounts.parse(text, base)
        except ValueError as error:
            raise manifest.refuse(path, str(error)) from None
        if mount.source == "/" or any(mounts.holds(mount.source, socket) for socket in mounts.ENGINE_SOCKETS):
            message = f"{text!r} would hand the host, or its engine's socket, to the agent; mount the project's folder"
            raise manifest.refuse(path, message)
        if any(mount.target == other.target for other in found):
            raise manifest.refuse(path, f"{mount.target} is mounted twice; leave one of them")
        found.append(mount)
    build = build_folder(manifest, base)
    own = posixpath.join(base, posixpath.basename(manifest.file))
    return mounts.pinned(tuple(found), (own, build) if build else (own,))


def build_folder(manifest: Manifest, base: str) -> str | None:
    """The folder to build the agent's image from, None when it names an image."""
    stated = manifest.agent.build
    return None if stated is None else posixpath.normpath(posixpath.join(base, stated))
