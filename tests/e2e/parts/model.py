"""A model with a script, for the real agent programs: fetch, be refused, ask for a route, fetch again, say how it went.

It keeps no state: where it stands follows from the conversation it is sent. Speaks the `responses` stream (Codex)
and chat completions (opencode). The first address in the user's words is what it fetches.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

WORDS = "I need this file for the report that I was asked to write."


@dataclass(frozen=True)
class Step:
    """What the model does next: call `tool` with `arguments`, or say `text`."""

    tool: str = ""
    arguments: dict[str, object] | None = None
    text: str = ""


def next_step(asked: str, results: list[str]) -> Step:
    """The step after the tool results so far. `shell` and `ask` are named by the caller's dialect."""
    found = re.search(r"https://[A-Za-z0-9./_-]+[A-Za-z0-9/_-]", asked)
    if not found:
        return Step(text="There is no address in your words.")
    url = found.group()
    fetch = f"curl -sS --max-time 20 -o /dev/null -w 'status=%{{http_code}}' {url}"
    if not results:
        return Step("shell", {"command": fetch})
    if len(results) == 1:
        parts = urlsplit(url)
        ask = {"host": parts.hostname, "path_allowlist": [parts.path], "methods": ["GET"], "justification": WORDS}
        return Step("ask", ask)
    if len(results) == 2:
        return Step("shell", {"command": fetch})
    status = re.search(r"status=(\d+)", results[-1])
    return Step(text=f"FINAL status={status.group(1) if status else 'unknown'} after asking for {url}")


def responses(asked: dict) -> Iterator[bytes]:
    """The `responses` stream of server-sent events, as Codex reads it."""
    items = asked.get("input", [])
    words = " ".join(_texts(item) for item in items if item.get("role") == "user")
    results = [str(item.get("output")) for item in items if item.get("type") == "function_call_output"]
    step = next_step(words, results)
    number = len(results)
    if step.tool:
        shell = step.tool == "shell"
        arguments = {"cmd": step.arguments["command"]} if shell else step.arguments
        item = {
            "type": "function_call",
            "id": f"fc_{number}",
            "call_id": f"call_{number}",
            "name": "exec_command" if shell else "egress_block",
            "arguments": json.dumps(arguments),
            **({} if shell else {"namespace": "mcp__supervise"}),
        }
    else:
        text = {"type": "output_text", "text": step.text, "annotations": []}
        item = {"type": "message", "id": f"msg_{number}", "role": "assistant", "content": [text]}
    answer = {"id": f"resp_{number}", "object": "response", "status": "in_progress", "output": []}
    yield _event({"type": "response.created", "response": answer})
    yield _event({"type": "response.output_item.added", "output_index": 0, "item": item})
    yield _event({"type": "response.output_item.done", "output_index": 0, "item": item})
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    yield _event({"type": "response.completed", "response": {**answer, "status": "completed", "usage": usage}})


def chat(asked: dict) -> Iterator[bytes]:
    """Chat-completion chunks, as opencode reads them. Side questions (titles) are answered with a word."""
    messages = asked.get("messages", [])
    words = " ".join(_texts(message) for message in messages if message.get("role") == "user")
    results = [_texts(message) for message in messages if message.get("role") == "tool"]
    step = next_step(words, results) if asked.get("tools") else Step(text="title")
    base = {"id": "chat_1", "object": "chat.completion.chunk", "created": 0, "model": asked.get("model", "scripted")}
    if step.tool:
        shell = step.tool == "shell"
        arguments = {**step.arguments, "description": "Fetch the file"} if shell else step.arguments
        function = {"name": "bash" if shell else "supervise_egress-block", "arguments": json.dumps(arguments)}
        delta = {"role": "assistant", "tool_calls": [_call(len(results), function)]}
    else:
        delta = {"role": "assistant", "content": step.text}
    yield _chunk({**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    end = "tool_calls" if step.tool else "stop"
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    yield _chunk({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": end}], "usage": usage})
    yield b"data: [DONE]\n\n"


def _call(number: int, function: dict) -> dict:
    return {"index": 0, "id": f"call_{number}", "type": "function", "function": function}


def _texts(message: dict) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))


def _event(event: dict) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def _chunk(chunk: dict) -> bytes:
    return f"data: {json.dumps(chunk)}\n\n".encode()
