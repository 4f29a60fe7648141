"""SIGTERM, SIGHUP and a closed terminal: the process ends, and soon; a terminal that is there is left as it was found.

Nothing here counts on the event loop: it may be stuck in a write to a terminal that takes no output any more.
"""

import asyncio
import contextlib
import os
import select
import signal
import sys
import termios
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.app import App

ENDING = (signal.SIGTERM, signal.SIGHUP)
PATIENCE = 5.0
"""Seconds after which the process ends whatever hangs: a worker, a terminal that takes no output."""
_AGAIN = 0.2
_LEFT = b"\x1b\\\x1b[?1000l\x1b[?1003l\x1b[?1004l\x1b[?1006l\x1b[?2004l\x1b[<u\x1b[?7h\x1b[?1049l\x1b[?25h"


_lent, _ends = threading.Event(), threading.Event()
"""Whether somebody else has the terminal, and whether the process is to end."""


class Ended(SystemExit):
    """Raised in who has the terminal, when the process is to end."""


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Who waits in here on the main thread is told by `Ended`, once; what it started is its own to end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def told(number: int, _: object) -> None:
        for name in ENDING:
            signal.signal(name, _noted)
        raise Ended(128 + number)

    before = {name: signal.signal(name, told) for name in ENDING}
    _lent.set()
    try:
        if _ends.is_set():
            raise Ended(1)
        yield
    finally:
        _lent.clear()
        for name, handler in before.items():
            signal.signal(name, handler)


def leave_cleanly(app: "App[int]") -> None:
    """From now on the app ends on these signals; Textual then restores the terminal. Main thread, in the loop."""
    if app.is_headless:
        return
    heard, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    for name in ENDING:
        signal.signal(name, _noted)
    loop = asyncio.get_running_loop()
    threading.Thread(target=_watch, args=(app, loop, heard), name="signals", daemon=True).start()


def hang_up() -> None:
    """The terminal has gone, even if nobody sent a signal. From any thread."""
    os.kill(os.getpid(), signal.SIGHUP)


def _noted(*_: object) -> None:
    """The thread that watches is told by Python itself."""


def _watch(app: "App[int]", loop: asyncio.AbstractEventLoop, heard: int) -> None:
    """Until a signal comes; then at most for a while."""
    terminal = sys.__stdin__.fileno() if sys.__stdin__ else -1
    poll = select.poll()
    poll.register(heard, select.POLLIN)
    if terminal >= 0 and os.isatty(terminal):
        poll.register(terminal, 0)  # what is told in any case: that nobody is at the other end
    while True:
        ready = dict(poll.poll())
        if terminal in ready:
            poll.unregister(terminal)
            hang_up()
        if heard in ready and not set(ENDING).isdisjoint(os.read(heard, 256)):
            break
    _ends.set()
    with contextlib.suppress(RuntimeError):  # the loop has ended, something after it has not
        loop.call_soon_threadsafe(app.exit, 0)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if _lent.is_set():  # the signal may have come to another thread, or to this one just before it waited
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGHUP)
        time.sleep(_AGAIN)
    _give_up(app)


def _give_up(app: "App[int]") -> None:
    """End it now. The terminal gets back its settings, and what it still takes."""
    with contextlib.suppress(OSError, termios.error, TypeError, ValueError):
        termios.tcsetattr(sys.__stdin__, termios.TCSANOW, getattr(app._driver, "attrs_before", None))  # type: ignore[arg-type]
    with contextlib.suppress(OSError):
        os.write(os.open("/dev/tty", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY), _LEFT)
    os._exit(1)
