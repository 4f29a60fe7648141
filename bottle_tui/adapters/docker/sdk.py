"""The engine's SDK, imported when it is first needed (it costs 0.16 s) and by one thread at a time."""

import threading
from typing import Any

_IMPORTING = threading.RLock()
"""One that its own thread may take again: what the garbage collector ends within an import may need the SDK too."""


def sdk() -> Any:
    """The package `docker` with the parts that are used of it.

    Two threads that import parts of one package side by side can meet in each other's locks, which Python ends with
    a `_DeadlockError` in one of them; the dashboard's first looks are such threads.
    """
    with _IMPORTING:
        import docker
        import docker.constants
        import docker.context
        import docker.errors
        import docker.types
        import docker.utils

        return docker
