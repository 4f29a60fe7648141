"""`egress`: the gate as a container's main process."""

import asyncio
import os
import signal
import sys

from sidecar_addon import quiet
from sidecar_addon.gate import settings as gate_settings


def main(argv: list[str]) -> int:
    """Run until SIGTERM; SIGHUP loads the route table. 1 when it cannot start."""
    if argv:
        print("usage: python -m sidecar_addon egress   (settings: /etc/egress/gate.json)", file=sys.stderr)
        return 2
    for name in ("SSLKEYLOGFILE", "MITMPROXY_SSLKEYLOGFILE"):
        os.environ.pop(name, None)  # read by mitmproxy when it is imported
    os.umask(0o077)
    quiet.set_up()
    from sidecar_addon.gate import master, stream, tls

    try:
        asyncio.run(_serve(gate_settings.read()))
    except (gate_settings.SettingsError, tls.CaError, stream.StreamError, master.StartError, OSError) as error:
        print(f"egress: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(settings: gate_settings.Settings) -> None:
    from sidecar_addon.gate.master import Gate

    gate = Gate(settings)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGHUP, gate.reload)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await gate.start()
    await stopped.wait()
    await gate.stop()
