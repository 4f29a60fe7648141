"""`put-token SLOT`: reads `{"fingerprint": …, "value": …}` on standard input and hands it to the running gate.

The value is never an argument, never in the environment, and never printed.
"""

import json
import sys

from sidecar_addon import strict_json
from sidecar_addon.gate.ask import AskError, ask

_LIMIT = 64 * 1024


def main(argv: list[str]) -> int:
    """Print `{"slot": …, "fingerprint": …}` once the gate holds the token."""
    if len(argv) != 1:
        print('usage: python -m sidecar_addon put-token SLOT < {"fingerprint": …, "value": …}', file=sys.stderr)
        return 2
    try:
        offered = strict_json.load_json(sys.stdin.buffer.read(_LIMIT + 1), limit=_LIMIT)
    except strict_json.StrictYamlError:
        # The parser's own words may quote what was read.
        print("put-token: standard input is not one JSON object", file=sys.stderr)
        return 2
    if not isinstance(offered, dict):
        print("put-token: standard input is not one JSON object", file=sys.stderr)
        return 2
    question = {"verb": "put_token", "slot": argv[0]}
    try:
        answer = ask(question | {key: offered.get(key) for key in ("fingerprint", "value")})
    except AskError as error:
        print(f"put-token: {error}", file=sys.stderr)
        return 1
    print(json.dumps(answer, separators=(",", ":")))
    return 0
