"""Why a count of traffic is too low, in words. Imports nothing, so that a status bar's start stays short."""

WHY = {
    "dropped": "events were dropped by the gate",
    "rotated": "the log was rotated before it was counted",
    "restarted": "the gate started anew; the bytes of what was under way are not counted",
    "not_drained": "the bottle ended before its log was counted",
}
