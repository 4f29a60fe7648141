"""The gate: mitmproxy with the policy. Whatever of it is imported, mitmproxy's unused addons stay out."""

from sidecar_addon.gate.lean import skip_default_addons

skip_default_addons()
