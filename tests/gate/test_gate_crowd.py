"""More connections, and more memory, than an honest agent needs: the agent loses, the gate stays."""

import contextlib
import resource
import select
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from sidecar_addon.gate import crowd
from sidecar_addon.gate.crowd import Crowd, Memory
from sidecar_addon.gate.events import Events
from sidecar_addon.gate.flights import Flights


def is_closed(sock):
    """Whether the gate closes this connection; fails when it does not within the time of a test."""
    with contextlib.suppress(ConnectionResetError):
        return sock.recv(1) == b""
    return True


def closed_among(socks, count):
    """That many of these, or more, once the gate has closed them."""
    open_ones, end = list(socks), time.monotonic() + 30
    while len(socks) - len(open_ones) < count:
        assert time.monotonic() < end, f"{len(open_ones)} of {len(socks)} are open still"
        ready, _, _ = select.select(open_ones, [], [], 1.0)
        gone = {sock for sock in ready if is_closed(sock)}
        open_ones = [sock for sock in open_ones if sock not in gone]
    return set(socks) - set(open_ones)


@pytest.fixture
def cgroup(tmp_path):
    """A control group of version 2 with a limit of 1000 MB; writes what is used, in MB."""
    folder = tmp_path / "cgroup"
    folder.mkdir()
    (folder / "memory.max").write_text("1000000000\n")

    def use(megabytes):
        (folder / "memory.stat.new").write_text(f"anon {megabytes - 10}000000\nfile 5\nsock 10000000\n")
        (folder / "memory.stat.new").replace(folder / "memory.stat")

    use(100)
    use.folder = folder
    return use


def test_where_too_many_connections_are_open_the_one_that_was_idle_longest_makes_room(world, monkeypatch, talk):
    monkeypatch.setattr(crowd, "MOST", 10)
    with world.tunnel("api.test") as streaming:
        streaming.sendall(b"GET /stream HTTP/1.1\r\nHost: api.test\r\n\r\n")
        assert world.upstream.streaming.wait(30)
        idle = []
        for _ in range(30):
            idle.append(world.connect())
            idle[-1].sendall(b"GET http://api.test/ HTTP/1.1\r\nHost: ")
        closed = closed_among(idle, 20)  # which of two that came at once was idle longer is the gate's to say
        assert closed.issuperset(idle[:10])
        assert world.get("https://api.test/").status == 200
        assert streaming.recv(1)
        assert world.event("crowded")["why"] == "connections"
        for sock in idle:
            sock.close()


def test_where_every_connection_is_at_work_a_further_one_is_refused(world, monkeypatch):
    monkeypatch.setattr(crowd, "MOST", 1)
    with world.tunnel("api.test") as streaming:
        streaming.sendall(b"GET /stream HTTP/1.1\r\nHost: api.test\r\n\r\n")
        assert world.upstream.streaming.wait(30)
        with world.connect() as further:
            assert is_closed(further)
        assert streaming.recv(1)


def test_before_memory_ends_every_connection_of_the_agent_does(make_world, route_of, cgroup):
    world = make_world(route_of(), cgroup=cgroup.folder)
    with world.connect() as idle:
        cgroup(800)
        assert is_closed(idle)
    assert world.event("crowded")["why"] == "memory"
    assert world.load(route_of(), apply="later")["generation"] == 2


class Handler:
    """A connection as the crowd sees it."""

    client = SimpleNamespace(id="first")


def test_memory_that_cannot_be_had_back_does_not_keep_the_agent_out(cgroup):
    ended, events = [], Events(lambda line: None)
    handlers = [Handler()]
    crowd_of_one = Crowd(lambda: handlers, Flights(events, time.monotonic, ended.append), events, Memory(cgroup.folder))
    for megabytes, expected in ((600, 0), (800, 1), (800, 1), (800, 1), (850, 1), (900, 2), (900, 2), (960, 2)):
        cgroup(megabytes)
        for _ in range(5):
            crowd_of_one.watch()
        assert len(ended) == expected, megabytes
    events.close()


def test_both_kinds_of_control_group_are_read(tmp_path, cgroup):
    assert (Memory(cgroup.folder).limit, Memory(cgroup.folder).used()) == (1_000_000_000, 100_000_000)
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory/memory.limit_in_bytes").write_text("805306368\n")
    (tmp_path / "memory/memory.stat").write_text("cache 7\ntotal_rss 5000\nrss 4000\n")
    assert (Memory(tmp_path).limit, Memory(tmp_path).used()) == (805306368, 4000)


@pytest.mark.parametrize("limit", ["max", "9223372036854771712", "", "x", None])
def test_without_a_limit_nothing_is_watched(tmp_path, limit):
    if limit is not None:
        (tmp_path / "memory.max").write_text(limit)
    assert Memory(tmp_path).limit is None
    assert Memory(tmp_path).used() == 0


def test_a_sidecar_takes_as_many_open_files_as_it_may_have():
    script = (
        "import resource; from sidecar_addon.__main__ import take_open_files\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))\n"
        "take_open_files(); print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert int(done.stdout) == min(65_536, hard if hard != resource.RLIM_INFINITY else 65_536)


def test_few_open_files_allow_few_connections(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (1_000, 1_000))
    assert crowd.most() == 300
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert crowd.most() == crowd.MOST
