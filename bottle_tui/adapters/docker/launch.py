"""Making a bottle on the engine, in order; whatever a failed step leaves is undone.

Networks, pipelock, egress, supervise; the probe; what the sidecars say; tokens; the agent last.
"""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from bottle_tui.adapters.docker import agent, containers, executing, images, names, probing, waiting
from bottle_tui.adapters.docker.engine import Engine, translated
from bottle_tui.adapters.docker.making import Workshop
from bottle_tui.errors import BottleError, LaunchFailed
from bottle_tui.ports import SIDECARS, Launch, Progress, Recorded, Role

PROXY_URL = "http://egress:9099"
MCP_URL = "http://supervise:9100/mcp"
CA_FILE = "/etc/bottle/ca-bundle.pem"
GATE_CERTIFICATE = "/etc/bottle/gate-ca.pem"


@dataclass(frozen=True)
class Setting:
    """Where and for whom: the engine, the environment that names images and subnets, the operator's ids."""

    engine: Engine
    environ: Mapping[str, str]
    operator: tuple[int, int]


def launch(setting: Setting, wanted: Launch, progress: Progress) -> Recorded:
    """Make and start everything. Raises LaunchFailed, and then nothing of it is left (or it is named)."""
    with ExitStack() as undo:
        workshop = Workshop(setting.engine, wanted.plan.slug, setting.operator[0], wanted.incarnation, undo)
        try:
            try:
                made = _all_steps(setting, workshop, wanted, progress)
            finally:
                workshop.wait()
        except BottleError as error:
            progress("a step failed; undoing what was made…")
            undo.close()
            raise _with_leftovers(error, workshop.leftovers) from error
        undo.pop_all()
        return made


def _with_leftovers(error: BottleError, leftovers: list[str]) -> LaunchFailed:
    if not leftovers:
        return LaunchFailed(f"{error.message} (everything that was made is undone)")
    return LaunchFailed(f"{error.message} (left behind, remove with: {', '.join(leftovers)})")


def _all_steps(setting: Setting, workshop: Workshop, wanted: Launch, progress: Progress) -> Recorded:
    ready = sidecar_images(setting, wanted, progress)
    ready["agent"] = agent_image(setting, wanted, progress)
    progress("making networks…")
    subnet = setting.environ.get("BOTTLE_TUI_SUBNET")
    networks = {kind: workshop.network(kind, subnet) for kind in names.NETWORKS}
    volumes: dict[str, str] = {role: workshop.volume(role) for role in SIDECARS}
    made: dict[str, str] = {}
    with ThreadPoolExecutor(1) as pool:
        made["pipelock"] = _sidecar(setting, workshop, "pipelock", ready["pipelock"], wanted, progress)
        closed = pool.submit(probe, workshop, made["pipelock"], ready["egress"])
        for role in ("egress", "supervise"):
            made[role] = _sidecar(setting, workshop, role, ready[role], wanted, progress)
        for role in _order():
            waiting.until_ready(setting.engine, made[role], role)
            progress(f"{role}: ready")
        closed.result()
        progress("the agent's network is closed: a probe reached neither the host nor a name outside")
        deliver(setting.engine, made["egress"], wanted)
        made["agent"], volumes["home"] = _agent(setting, workshop, ready["agent"], wanted, progress)
    return Recorded(
        slug=workshop.slug,
        runtime="docker",
        incarnation=workshop.incarnation,
        created=datetime.now(UTC),
        containers=made,
        networks=networks,
        volumes=volumes,
        proxy_url=PROXY_URL,
        mcp_url=MCP_URL,
        ca_file=CA_FILE,
        details={"pipelock": "hop" if is_hop(setting.environ) else "real", "images": {**ready}},
    )


def is_hop(environ: Mapping[str, str]) -> bool:
    """Whether the hop stands in for pipelock."""
    return environ.get("BOTTLE_TUI_PIPELOCK") == "hop"


def _order() -> tuple[Role, ...]:
    return tuple(role for role in names.START_ORDER if role != "agent")


def sidecar_images(setting: Setting, wanted: Launch, progress: Progress) -> dict[Role, str]:
    """The image of each sidecar, built or pulled when the engine does not have it."""
    found: dict[Role, str] = {}
    for role in ("egress", "supervise"):
        found[role] = images.ensure(setting.engine, role, setting.environ, progress)
    if is_hop(setting.environ):
        progress("pipelock: the hop stands in for it (BOTTLE_TUI_PIPELOCK=hop): an allowlist, nothing is scanned")
        found["pipelock"] = found["egress"]
    elif wanted.plan.pipelock.image:
        found["pipelock"] = images.ensure_named(setting.engine, wanted.plan.pipelock.image, progress)
    else:
        found["pipelock"] = images.ensure(setting.engine, "pipelock", setting.environ, progress)
    return found


def agent_image(setting: Setting, wanted: Launch, progress: Progress) -> str:
    """The agent's image: named, or built from the folder that the plan's digest pins."""
    plan = wanted.plan.agent
    if setting.engine.remote and plan.mounts:
        raise LaunchFailed(
            f"agent.mounts: {plan.mounts[0].source} is a folder of this machine, and the engine is "
            f"{setting.engine.address}; take the mounts out, or use a local engine"
        )
    if plan.build:
        return images.build_folder(setting.engine, plan.build, wanted.plan.digest, setting.environ, progress)
    if plan.image:
        return images.ensure_named(setting.engine, plan.image, progress)
    raise LaunchFailed("agent.image or agent.build is needed for the docker runtime; write one into the manifest")


def _sidecar(setting: Setting, workshop: Workshop, role: Role, image: str, wanted: Launch, progress: Progress) -> str:
    labels = workshop.labels(role)
    match role:
        case "pipelock":
            body = containers.pipelock(workshop.slug, image, labels, hop=is_hop(setting.environ))
        case "egress":
            body = containers.egress(workshop.slug, image, labels)
        case _:
            body = containers.supervise(workshop.slug, image, labels)
    progress(f"starting {role}…")
    container = workshop.container(body)
    workshop.first_files(container, role, wanted)
    workshop.start(container, role)
    return container


def probe(workshop: Workshop, pipelock: str, image: str) -> None:
    """The agent's network leads nowhere; from there not even pipelock's own addresses may answer."""
    with translated(LaunchFailed, "pipelock's addresses are not known"):
        settings = workshop.engine.api.inspect_container(pipelock)["NetworkSettings"]
    attached = (settings.get("Networks") or {}).values()
    forbidden = [(str(each["IPAddress"]), 8888) for each in attached if each.get("IPAddress")]
    probing.check(workshop, names.network(workshop.slug, "agent"), image, forbidden=forbidden)


def deliver(engine: Engine, egress: str, wanted: Launch) -> None:
    """Hand each token to the gate on standard input, and hear that it holds it."""
    for slot, (value, fingerprint) in sorted(wanted.tokens.items()):
        handed = json.dumps({"fingerprint": fingerprint, "value": value}).encode()
        argv = ["python", "-m", "sidecar_addon", "put-token", slot]
        ran = executing.run(engine, egress, executing.quick(argv), handed, timeout=30.0)
        if ran.code != 0:
            said = (ran.stderr or ran.stdout).decode("utf-8", "replace").replace(value, "***").strip()[-300:]
            raise LaunchFailed(f"the gate did not take the token for {slot}: {said}")


def _agent(setting: Setting, workshop: Workshop, image: str, wanted: Launch, progress: Progress) -> tuple[str, str]:
    plan, engine = wanted.plan.agent, setting.engine
    shape, owner = agent.shape(engine, plan, image, wanted.agent_env, setting.operator, progress)
    volume, fresh = workshop.home_volume()
    container = workshop.container(containers.agent(workshop.slug, shape, workshop.labels("agent")))
    files = {**plan.files, **wanted.files.get("agent", {})}
    agent.furnish(engine, container, files, shape.home, owner, fresh_home=fresh)
    certificate = files.get(GATE_CERTIFICATE)
    if certificate is not None and not agent.trust(engine, container, certificate):
        progress("agent: the image has no system root bundle to add the gate's CA to; the variables must do")
    if wanted.joined:
        progress("the agent starts when it is joined")
        return container, volume
    progress("starting the agent…")
    workshop.start(container, "the agent")
    agent.refuse_missing_program(engine, container)
    return container, volume
