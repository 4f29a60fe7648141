"""The queue as the agent sees it: an MCP server with five tools, decided by files and a signal."""
