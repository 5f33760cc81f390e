"""Observers that attach to followers (observerMasterPort), of either make."""
import re
import subprocess

import pytest

import kzlib
import zklib
from test_read_only import connect
import zkensemble
from zkensemble import Ensemble

HOSTS = {1: "127.0.0.2", 2: "127.0.0.3", 3: "127.0.0.4", 4: "127.0.0.5", 5: "127.0.0.6"}


def ensemble(kz, directory, kinds, observers, extra="", tick_ms=500):
    port = zkensemble.free_ports(1)[0]
    e = Ensemble(kz, directory, kinds, observers=observers, hosts=HOSTS, tick_ms=tick_ms,
                 extra=f"observerMasterPort={port}\n" + extra)
    e.master_port = port
    return e


def master_of(ensemble, sid):
    """The server on whose observerMasterPort this observer hangs, from the kernel's list of connections."""
    pid = ensemble[sid].process.pid
    out = subprocess.run(["ss", "-tnpH", "state", "established"], capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        peer = re.search(r"[\s:](127\.0\.0\.\d+)\]?:%d\s" % ensemble.master_port, line)
        if peer and f"pid={pid}," in line:
            return next(s for s, host in HOSTS.items() if host == peer[1])
    return None


def close(*clients):
    for c in clients:
        c.stop()
        c.close()


def data_tree(address):
    c = zklib.client(address, timeout=20)
    c.sync("/")
    out = {p: v for p, v in zklib.tree(c).items() if not p.startswith("/zookeeper")}
    close(c)
    return out


def exercise(e, observer, prefix):
    """What an observer's clients can do, all of it by way of its follower."""
    voter = next(sid for sid, mode in e.modes().items() if mode == "leader")
    c = zklib.client(e[observer].address, timeout=10)
    other = zklib.client(e[voter].address, timeout=10)
    c.create(f"/{prefix}", b"1")
    assert c.get(f"/{prefix}")[0] == b"1"  # its own write
    for i in range(30):
        c.create(f"/{prefix}/n", str(i).encode(), sequence=True)
    events = []
    c.get(f"/{prefix}", watch=events.append)
    other.set(f"/{prefix}", b"2")
    kzlib.wait_for("the watch", lambda: events)
    c.sync("/")
    assert c.get(f"/{prefix}")[0] == b"2"
    c.create(f"/{prefix}/e", b"", ephemeral=True)
    kzlib.wait_for("the ephemeral is everywhere", lambda: other.exists(f"/{prefix}/e"))
    # The session goes to a voter and back, and lives as long as the observer passes its pings on.
    session, password = c.client_id
    assert connect(e[observer].port, False, session, password)[1] == session  # revalidated through the follower
    assert connect(e[observer].port, False, session ^ 1, password)[1] == 0
    assert connect(e[observer].port, False, session, b"x" * 16)[1] == 0
    kzlib.wait_for("it goes on", lambda: c.retry(c.exists, f"/{prefix}/e"))
    close(c)
    kzlib.wait_for("the ephemeral is gone", lambda: not other.exists(f"/{prefix}/e"))
    close(other)


@pytest.mark.parametrize("voters,observer", [("kz", "kz"), ("kz", "apache"), ("apache", "kz")])
def test_an_observer_of_a_follower(kz, tmp_path, voters, observer):
    with ensemble(kz, tmp_path, {1: voters, 2: voters, 3: voters, 4: observer}, (4,), tick_ms=500 if voters == "kz" else 1000) as e:
        e.start(1, 2, 3)
        leader = e.wait_serving(60)
        kzlib.wait_for("both others follow", lambda: [e[sid].mode() for sid in (1, 2, 3)].count("follower") == 2, 60)
        first = zklib.client(e[leader].address, timeout=20)
        first.create("/before", b"x" * 1000)
        e.start(4)
        kzlib.wait_for("it observes", lambda: e[4].mode() == "observer", 60)
        master = master_of(e, 4)
        assert master and e[master].mode() == "follower", master
        exercise(e, 4, "one")
        # Its follower goes: it finds another one, with what it missed.
        e[master].kill()
        for i in range(20):
            first.retry(first.ensure_path, f"/missed{i}")
        kzlib.wait_for("it observes again", lambda: e[4].mode() == "observer" and master_of(e, 4) not in (None, master), 60)
        exercise(e, 4, "two")
        # A restart far behind.
        e[4].kill()
        for i in range(700):
            first.create_async(f"/later{i:03}", b"y" * 100)
        first.retry(first.ensure_path, "/last")
        e[4].start()
        kzlib.wait_for("it is back", lambda: e[4].mode() == "observer", 60)
        e.wait_equal()
        trees = [data_tree(e[sid].address) for sid in e.members if e[sid].running()]
        assert len(trees) == 3 and len(trees[0]) > 750
        assert trees[0] == trees[1] == trees[2]
        close(first)


def test_sessions_of_idle_clients_stay_alive(kz, tmp_path):
    with ensemble(kz, tmp_path, {1: "kz", 2: "kz", 3: "kz", 4: "kz"}, (4,), extra="minSessionTimeout=500\n", tick_ms=250) as e:
        leader = e.start().wait_serving()
        kzlib.wait_for("it observes", lambda: e[4].mode() == "observer")
        c = zklib.client(e[4].address, timeout=1.5)
        c.create("/e", b"", ephemeral=True)
        sid = c.client_id[0]
        other = zklib.client(e[leader].address)
        begin = int(kzlib.four_letter(e[leader].port, "mntr").split("zk_uptime\t")[1].split("\n")[0])
        kzlib.wait_for("four timeouts have passed", lambda: int(
            kzlib.four_letter(e[leader].port, "mntr").split("zk_uptime\t")[1].split("\n")[0]) > begin + 6000)
        assert c.client_id[0] == sid and other.exists("/e")
        # Its observer dies: the leader ends it, once.
        e[4].kill()
        kzlib.wait_for("it has expired", lambda: not other.exists("/e"))
        close(c, other)


def test_with_one_voter_it_observes_the_leader(kz, tmp_path):
    with ensemble(kz, tmp_path, {1: "kz", 2: "kz"}, (2,), extra="standaloneEnabled=false\n") as e:
        assert e.start().wait_serving() == 1
        kzlib.wait_for("it observes the leader", lambda: e[2].mode() == "observer")
        assert master_of(e, 2) is None
