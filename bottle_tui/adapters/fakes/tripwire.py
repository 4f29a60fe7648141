"""Every call on the outside world counted, so that a test can let the process end at any one of them."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bottle_tui.ports import BottleHome, Home


class Died(BaseException):
    """The process ended here, as far as the test is concerned. No handler of ours may catch it."""


@dataclass
class Tripwire:
    """Counts every call on the outside world; at number `at` the caller dies, before the call or after it."""

    at: int | None = None
    after: bool = False
    calls: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One call."""
        self.calls.append(name)
        deadly = self.at == len(self.calls)
        if deadly and not self.after:
            raise Died(name)
        yield
        if deadly:
            raise Died(name)


@dataclass
class TrippedBottleHome:
    """A bottle's folder on which every write is counted by a tripwire."""

    inner: BottleHome
    wire: Tripwire

    @property
    def slug(self) -> str:
        """As the folder's."""
        return self.inner.slug

    @property
    def path(self) -> Path:
        """As the folder's."""
        return self.inner.path

    def exists(self) -> bool:
        """As the folder's."""
        return self.inner.exists()

    def read(self, name: str) -> bytes | None:
        """As the folder's."""
        return self.inner.read(name)

    def write(self, name: str, data: bytes, mode: int = 0o600) -> None:
        """Counted."""
        with self.wire.step("home: write " + name):
            self.inner.write(name, data, mode)

    def append(self, name: str, line: bytes) -> None:
        """Counted."""
        with self.wire.step("home: append " + name):
            self.inner.append(name, line)

    def delete(self, name: str) -> None:
        """Counted."""
        with self.wire.step("home: delete " + name):
            self.inner.delete(name)

    def names(self, folder: str) -> list[str]:
        """As the folder's."""
        return self.inner.names(folder)

    def lock(self, timeout: float = 30.0) -> AbstractContextManager[None]:
        """As the folder's."""
        return self.inner.lock(timeout)


@dataclass
class TrippedHome:
    """A home whose bottles' writes are counted."""

    inner: Home
    wire: Tripwire

    @property
    def root(self) -> Path:
        """As the home's."""
        return self.inner.root

    def slugs(self) -> list[str]:
        """As the home's."""
        return self.inner.slugs()

    def bottle(self, slug: str) -> TrippedBottleHome:
        """Counted."""
        return TrippedBottleHome(self.inner.bottle(slug), self.wire)
