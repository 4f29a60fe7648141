"""A process by its id and start time, so that a number the system gave away again is never mistaken for ours."""

import os
import subprocess
from pathlib import Path


def start_time(pid: int) -> str | None:
    """When the process started, as the system writes it; None when there is none of that id (or only its remains)."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if _is_remains(fields) else fields[19]
    argv = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    same_words = {**os.environ, "LC_ALL": "C"}
    asked = subprocess.run(argv, capture_output=True, text=True, check=False, env=same_words)
    state, _, started = asked.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else "-".join(started.split())


def _is_remains(fields: list[str]) -> bool:
    """Whether only the entry is left. While another thread still winds up, its files and sockets are open."""
    state, threads = fields[0], int(fields[17])
    return state == "X" or (state == "Z" and threads <= 1)


def is_running(pid: int, started: str) -> bool:
    """Whether that very process still runs."""
    return start_time(pid) == started
