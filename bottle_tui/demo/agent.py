"""The demo's scripted agent: tries, is refused, asks for one route, retries. Standard library only, so that it runs in
any container with a Python; it says each step as one JSON line."""

import http.client
import json
import os
import ssl
import sys
import time
from base64 import b64encode
from typing import Any
from urllib.parse import unquote, urlsplit

HOST = "api.example.com"
PATH = "/v1/greeting"
ASK = {
    "host": HOST,
    "path_allowlist": ["/v1/"],
    "methods": ["GET"],
    "justification": "The task says: fetch today's greeting from the API. I only read below /v1/.",
}
PATIENCE = 3600.0
_TIMEOUT = 120.0


def main() -> int:
    """0 when the loop closed: refused before, answered after."""
    before = request()
    say("request", host=HOST, path=PATH, **before)
    if before["status"] != 403:
        return 1
    say("ask", tool="egress-block", arguments=ASK)
    with Tools(os.environ["BOTTLE_MCP_URL"]) as tools:
        answer = tools.call("egress-block", ASK)
        deadline = time.monotonic() + PATIENCE
        while answer.get("status") == "pending" and time.monotonic() < deadline:
            say("waiting", id=answer.get("id"))
            answer = tools.call("proposal-status", {"id": answer["id"], "wait_seconds": 45})
    say("answer", status=answer.get("status"), in_force=answer.get("in_force"), reason=answer.get("reason"))
    if not answer.get("in_force"):
        return 3
    after = request()
    say("request", host=HOST, path=PATH, **after)
    return 0 if after["status"] == 200 else 1


def say(step: str, **fields: Any) -> None:
    """One line of what the agent does."""
    print(json.dumps({"step": step, **fields}), flush=True)


def request() -> dict[str, Any]:
    """GET through the proxy, trusting what the environment says; status, the gate's reason, the start of the body."""
    proxy = urlsplit(os.environ["HTTPS_PROXY"])
    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    connection = http.client.HTTPSConnection(
        proxy.hostname or "", proxy.port or 9099, timeout=_TIMEOUT, context=context
    )
    headers = {}
    if proxy.password is not None:
        pair = f"{unquote(proxy.username or '')}:{unquote(proxy.password)}"
        headers["Proxy-Authorization"] = "Basic " + b64encode(pair.encode()).decode()
    connection.set_tunnel(HOST, 443, headers)
    try:
        connection.request("GET", PATH, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        body = answer.read(2000).decode("utf-8", "replace")
        return {"status": answer.status, "reason": answer.headers.get("X-Bottle-Denied"), "body": body}
    except OSError as error:
        return {"status": 0, "reason": str(error), "body": ""}
    finally:
        connection.close()


class Tools:
    """A small MCP client: streamable HTTP, one session, one call at a time."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_TIMEOUT)
        self._path = parts.path
        self._headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        self._number = 0

    def __enter__(self) -> "Tools":
        information = {"name": "demo-agent", "version": "1"}
        version = "2025-06-18"
        wish = {"protocolVersion": version, "capabilities": {}, "clientInfo": information}
        self._ask("initialize", wish)
        self._headers["MCP-Protocol-Version"] = version
        self._post({"jsonrpc": "2.0", "method": "notifications/initialized"}).read()
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def call(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """A tool's answer as fields; progress beats are waited through."""
        result = self._ask("tools/call", {"name": name, "arguments": arguments, "_meta": {"progressToken": "demo"}})
        fields = result.get("structuredContent")
        if isinstance(fields, dict):
            return fields
        return {"status": "error", "reason": json.dumps(result.get("content"))}

    def _ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        answer = self._post({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        session = answer.headers.get("Mcp-Session-Id")
        if session:
            self._headers["Mcp-Session-Id"] = session
        for message in _messages(answer):
            if message.get("id") == self._number:
                answer.read()
                result = message.get("result")
                return result if isinstance(result, dict) else {"content": message.get("error")}
        raise SystemExit(f"the MCP server gave no answer to {method} (HTTP {answer.status})")

    def _post(self, message: dict[str, Any]) -> http.client.HTTPResponse:
        self._connection.request("POST", self._path, json.dumps(message), self._headers)
        return self._connection.getresponse()


def _messages(answer: http.client.HTTPResponse) -> Any:
    """JSON-RPC messages of an answer: one JSON body, or server-sent events as they come."""
    if "text/event-stream" not in (answer.headers.get("Content-Type") or ""):
        body = answer.read()
        if body:
            yield json.loads(body)
        return
    data = b""
    for line in answer:
        if line.startswith(b"data:"):
            data += line[5:].strip()
        elif not line.strip() and data:
            yield json.loads(data)
            data = b""


if __name__ == "__main__":
    sys.exit(main())
