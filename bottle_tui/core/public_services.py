"""Well-known public services where anybody can drop data or open a tunnel: what an agent sends there is published.

Data, not policy: a route to one of these is possible, it is shown as a danger. A name covers what is below it.
"""

_PASTE = "a public paste service: whatever is posted there can be read by others"
_CAPTURE = "a service that records requests for whoever made the address: a usual way to carry data out"
_TUNNEL = "a tunnel to somebody's own machine: what stands behind the name can be anything, and change at any time"
_DROP = "a public file drop: uploads without an account, read by anybody with the link"
_RESOLVE = "a name that resolves to whatever address it spells, private ones too"

SERVICES: dict[str, str] = {
    "pastebin.com": _PASTE,
    "paste.ee": _PASTE,
    "dpaste.org": _PASTE,
    "dpaste.com": _PASTE,
    "ix.io": _PASTE,
    "sprunge.us": _PASTE,
    "termbin.com": _PASTE,
    "hastebin.com": _PASTE,
    "rentry.co": _PASTE,
    "ghostbin.com": _PASTE,
    "paste.rs": _PASTE,
    "gist.github.com": _PASTE,
    "webhook.site": _CAPTURE,
    "requestbin.com": _CAPTURE,
    "pipedream.net": _CAPTURE,
    "requestcatcher.com": _CAPTURE,
    "beeceptor.com": _CAPTURE,
    "hookbin.com": _CAPTURE,
    "interact.sh": _CAPTURE,
    "oast.fun": _CAPTURE,
    "oast.live": _CAPTURE,
    "oast.me": _CAPTURE,
    "oast.online": _CAPTURE,
    "oast.pro": _CAPTURE,
    "oast.site": _CAPTURE,
    "oastify.com": _CAPTURE,
    "burpcollaborator.net": _CAPTURE,
    "dnslog.cn": _CAPTURE,
    "ntfy.sh": _CAPTURE,
    "ngrok.io": _TUNNEL,
    "ngrok.app": _TUNNEL,
    "ngrok.dev": _TUNNEL,
    "ngrok-free.app": _TUNNEL,
    "ngrok-free.dev": _TUNNEL,
    "trycloudflare.com": _TUNNEL,
    "loca.lt": _TUNNEL,
    "localtunnel.me": _TUNNEL,
    "serveo.net": _TUNNEL,
    "localhost.run": _TUNNEL,
    "lhr.life": _TUNNEL,
    "pinggy.link": _TUNNEL,
    "pagekite.me": _TUNNEL,
    "telebit.io": _TUNNEL,
    "devtunnels.ms": _TUNNEL,
    "ts.net": _TUNNEL,
    "transfer.sh": _DROP,
    "file.io": _DROP,
    "0x0.st": _DROP,
    "catbox.moe": _DROP,
    "gofile.io": _DROP,
    "tmpfiles.org": _DROP,
    "bashupload.com": _DROP,
    "temp.sh": _DROP,
    "anonfiles.com": _DROP,
    "nip.io": _RESOLVE,
    "sslip.io": _RESOLVE,
    "localtest.me": _RESOLVE,
    "lvh.me": _RESOLVE,
}


def why(pattern: str) -> tuple[str, str] | None:
    """(service, why) when a normalised host or wildcard reaches one of these services."""
    name = pattern.removeprefix("*.")
    labels = name.split(".")
    for start in range(len(labels)):
        suffix = ".".join(labels[start:])
        if suffix in SERVICES:
            return suffix, SERVICES[suffix]
    if name == pattern:
        return None
    below = next((service for service in SERVICES if service.endswith("." + name)), None)
    return (below, SERVICES[below]) if below else None
