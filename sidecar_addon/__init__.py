"""What runs inside the sidecars (gate, supervise, the local hop) and the route table they share with the host.

Never imports `bottle_tui`. Heavy parts (mitmproxy, mcp) are imported only by the sub-package that needs them,
so each image installs one of them and the dashboard neither.
"""
