"""The SDK comes in by one door: threads that import parts of it side by side can deadlock in Python's import locks."""

import ast
import subprocess
import sys
from pathlib import Path

import bottle_tui

DOOR = "adapters/docker/sdk.py"
MANY = """\
import sys, threading
from bottle_tui.adapters.docker.engine import Engine, foreign_errors
from bottle_tui.errors import EngineUnavailable
sys.setswitchinterval(1e-6)
together, failed = threading.Barrier(16), []
def look(number):
    together.wait()
    try:
        Engine({"DOCKER_HOST": "unix:///nonexistent"}).api if number % 2 else foreign_errors()
    except EngineUnavailable:
        pass
    except Exception as error:
        failed.append(repr(error))
threads = [threading.Thread(target=look, args=(number,)) for number in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(failed)
"""

WITHIN = """\
import sys
from bottle_tui.adapters.docker.sdk import sdk
class Finaliser:
    ran = False
    def find_spec(self, name, path=None, target=None):
        if name.startswith("docker.") and not Finaliser.ran:
            Finaliser.ran = True
            sdk()
sys.meta_path.insert(0, Finaliser())
print(sdk().__name__, Finaliser.ran)
"""
"""What the collector ends in the middle of an import closes its connection, and needs the SDK's errors for that."""


def imported(path: Path) -> set[str]:
    """Every module that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def test_only_one_file_imports_the_sdk() -> None:
    root = Path(bottle_tui.__file__).parent
    users = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if any(name.split(".")[0] == "docker" for name in imported(path))
    }
    assert users == {DOOR}


def test_many_threads_that_need_it_at_once_all_get_it() -> None:
    done = subprocess.run([sys.executable, "-c", MANY], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_a_thread_that_needs_it_again_while_it_gets_it_does_not_wait_for_itself() -> None:
    done = subprocess.run([sys.executable, "-c", WITHIN], capture_output=True, text=True, timeout=50)
    assert (done.stdout.strip(), done.stderr) == ("docker True", "")
