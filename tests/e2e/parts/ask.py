"""The scripted agent: calls one tool of supervise with the official MCP client, prints the answer as JSON.

`python ask.py TOOL '<arguments>' [SECONDS]`: gives up (cancels the call) after SECONDS. The address is $SUPERVISE_URL.
"""

import asyncio
import json
import os
import sys

from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

URL = os.environ.get("SUPERVISE_URL", "http://supervise:9100/mcp")


async def call(tool: str, arguments: dict, seconds: float) -> dict:
    """The tool's answer: `error` (bool), `structured`, `text`, and how many progress beats came before it."""
    beats = []

    async def beat(progress: float, total: float | None, message: str | None) -> None:
        beats.append(message)
        print(json.dumps({"progress": message}), file=sys.stderr, flush=True)

    async with streamable_http_client(URL) as (read, write, *_), ClientSession(read, write) as session:
        await session.initialize()
        if tool == "tools":
            return {"tools": [listed.name for listed in (await session.list_tools()).tools]}
        print(json.dumps({"calling": tool}), file=sys.stderr, flush=True)
        result = await session.call_tool(tool, arguments, read_timeout_seconds=seconds, progress_callback=beat)
    text = "\n".join(getattr(part, "text", "") for part in result.content)
    return {"error": result.is_error, "structured": result.structured_content, "text": text, "beats": len(beats)}


if __name__ == "__main__":
    wait = float(sys.argv[3]) if len(sys.argv) > 3 else 120.0
    print(json.dumps(asyncio.run(call(sys.argv[1], json.loads(sys.argv[2]), wait))))
