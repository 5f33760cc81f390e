"""Three servers: elections, failover, catching up, sessions that move."""
import signal
import threading
import time

import pytest

import kzlib
import zklib
from zkensemble import Ensemble


@pytest.fixture
def three(kz, tmp_path):
    with Ensemble(kz, tmp_path, {0: "kz", 1: "kz", 2: "kz"}) as e:
        yield e


def trees(ensemble):
    """The tree of every running member, read from that member."""
    out = {}
    for sid, m in ensemble.members.items():
        if not m.running():
            continue
        c = zklib.client(m.address)
        c.sync("/")
        # /zookeeper/config is written by each server from its own file, with its own times.
        out[sid] = {p: v for p, v in zklib.tree(c).items() if not p.startswith("/zookeeper")}
        c.stop()
        c.close()
    return out


def equal_trees(ensemble):
    ensemble.wait_equal()
    all_trees = trees(ensemble)
    first = next(iter(all_trees.values()))
    for sid, t in all_trees.items():
        assert t == first, f"server {sid} differs"
    return first


def test_first_start_elects_the_largest_id_of_the_first_majority(three):
    three.start(0, 1)
    assert three.wait_serving() == 1
    three.start(2)
    kzlib.wait_for("server 2 follows", lambda: three[2].mode() == "follower")
    assert three.modes() == {0: "follower", 1: "leader", 2: "follower"}


def test_a_write_anywhere_is_read_everywhere(three):
    three.start().wait_serving()
    clients = {sid: zklib.client(m.address) for sid, m in three.members.items()}
    for sid, c in clients.items():
        c.create(f"/from-{sid}", str(sid).encode())
        assert c.get(f"/from-{sid}")[0] == str(sid).encode()  # its own write, at once
    for c in clients.values():
        c.sync("/")
        assert {f"from-{sid}" for sid in clients} <= set(c.get_children("/"))
        c.stop()
        c.close()
    assert len(equal_trees(three)) == 4


def test_no_acknowledged_write_is_lost_when_the_leader_is_killed(three):
    leader = three.start().wait_serving()
    survivors = ",".join(m.address for sid, m in three.members.items() if sid != leader)
    c = zklib.client(survivors, timeout=20)
    c.create("/load", b"")
    acknowledged = []
    stop = threading.Event()

    def write():
        from kazoo.exceptions import KazooException
        n = 0
        while not stop.is_set():
            n += 1
            try:
                c.create(f"/load/n{n:06d}", b"x")
                acknowledged.append(f"n{n:06d}")
            except KazooException:
                time.sleep(0.005)

    thread = threading.Thread(target=write)
    thread.start()
    kzlib.wait_for("some load", lambda: len(acknowledged) > 50)
    three[leader].kill()
    at = len(acknowledged)
    kzlib.wait_for("writes go on", lambda: len(acknowledged) > at + 50, 30)
    three[leader].start()
    kzlib.wait_for("the old leader follows", lambda: three[leader].mode() == "follower", 30)
    stop.set()
    thread.join()
    assert set(acknowledged) <= set(c.get_children("/load"))
    c.stop()
    c.close()
    equal_trees(three)


def test_a_member_catches_up_by_diff_and_by_snapshot(three):
    three.start().wait_serving()
    follower = next(sid for sid, mode in three.modes().items() if mode == "follower")
    others = ",".join(m.address for sid, m in three.members.items() if sid != follower)
    c = zklib.client(others, timeout=20)
    c.create("/a", b"")
    three[follower].kill()
    for n in range(20):
        c.create(f"/a/{n}", b"d")
    three[follower].start()
    kzlib.wait_for("it follows", lambda: three[follower].mode() == "follower", 30)
    equal_trees(three)
    three[follower].kill()
    for n in range(700):
        c.create_async(f"/a/b{n}", b"s")
    c.create("/last", b"")
    three[follower].start()
    kzlib.wait_for("it follows", lambda: three[follower].mode() == "follower", 30)
    assert "Getting a snapshot from leader" in three[follower].process.output()
    c.stop()
    c.close()
    equal_trees(three)


def test_a_session_moves_with_its_ephemerals(three):
    leader = three.start().wait_serving()
    c = zklib.client(three.addresses, timeout=10)
    c.create("/eph", b"", ephemeral=True)
    session = c.client_id
    here = next(m for m in three.members.values() if m.port == c._connection._socket.getpeername()[1])
    here.kill()
    kzlib.wait_for("the client is elsewhere", lambda: c.connected and c.retry(c.exists, "/eph"), 30)
    assert c.client_id == session
    here.start()
    kzlib.wait_for("all serve", lambda: three.wait_serving(), 30)
    c.stop()
    c.close()
    other = zklib.client(three.addresses)
    kzlib.wait_for("the ephemeral went with its session", lambda: other.exists("/eph") is None, 20)
    other.stop()
    other.close()


def test_without_a_quorum_nobody_serves(three):
    leader = three.start().wait_serving()
    for sid in list(three.members):
        if sid != leader:
            three[sid].kill(signal.SIGSTOP)
    kzlib.wait_for("the leader gives up", lambda: three[leader].mode() is None, 30)
    assert "not currently serving" in kzlib.four_letter(three[leader].port, "srvr")
    assert kzlib.four_letter(three[leader].port, "isro") == "null"
    for sid in three.members:
        if sid != leader:
            three[sid].kill(signal.SIGCONT)
    three.wait_serving(40)


@pytest.mark.parametrize("myid,text", [(None, "file is missing"), ("x\n", "is not a number"), ("7\n", "not in the peer list")])
def test_a_wrong_myid_is_refused(three, myid, text):
    m = three[0]
    (m.data / "myid").unlink()
    if myid is not None:
        (m.data / "myid").write_text(myid)
    r = kzlib.run(three.kz, "zk-server", "start-foreground", m.config)
    assert r.returncode == 2
    assert text in r.stdout + r.stderr


def test_an_observer_serves_and_does_not_vote(kz, tmp_path):
    with Ensemble(kz, tmp_path, {1: "kz", 2: "kz", 3: "kz", 4: "kz"}, observers=(4,)) as e:
        e.start(1, 2, 4)
        assert e.wait_serving() == 2
        assert e.modes() == {1: "follower", 2: "leader", 4: "observer"}
        c = zklib.client(e[4].address)
        c.create("/through-the-observer", b"x")
        assert c.get("/through-the-observer")[0] == b"x"
        c.stop()
        c.close()
        equal_trees(e)
        e[4].kill()
        other = zklib.client(e[1].address)
        other.create("/meanwhile", b"")
        other.stop()
        other.close()
        e[4].start()
        kzlib.wait_for("it observes again", lambda: e[4].mode() == "observer")
        assert "/meanwhile" in equal_trees(e)
        # One voter of three with an observer is no quorum.
        e[1].kill()
        kzlib.wait_for("the leader gives up", lambda: e[2].mode() is None, 30)


def test_garbage_on_the_election_and_quorum_ports(three):
    import os
    import socket
    import struct
    leader = three.start().wait_serving()
    ports = {}
    for line in three[leader].config.read_text().splitlines():
        if line.startswith("server."):
            _, quorum, election = line.split("=")[1].split(":")
            ports[int(line[7:line.index("=")])] = (int(quorum), int(election))
    greeting = struct.pack(">qqi", -65536, 99, 15) + b"127.0.0.1:65000"
    attacks = [
        b"GET / HTTP/1.1\r\n\r\n", os.urandom(4096), b"\xff" * 64, b"\0" * 64,
        struct.pack(">qqi", -65536, 99, -5), struct.pack(">qqi", -65536, 99, 1 << 30), struct.pack(">qqi", -7, 99, 5),
        struct.pack(">qqi", -65536, leader, 15) + b"127.0.0.1:65000",
        greeting + struct.pack(">i", 1 << 30), greeting + struct.pack(">i", 3) + b"abc",
        greeting + struct.pack(">i", 40) + os.urandom(40),
        struct.pack(">iqi", 11, 0, 1 << 30), struct.pack(">iqii", 11, 0, 0, -1), struct.pack(">iqii", 3, 5, -1, -1),
        struct.pack(">iqii", 18, 0, -1, 1 << 20),
    ]
    for port in ports[leader]:
        for attack in attacks:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
                s.sendall(attack)
                s.settimeout(0.2)
                try:
                    s.recv(1000)
                except OSError:
                    pass
    assert three.modes()[leader] == "leader"
    c = zklib.client(three.addresses)
    c.create("/after", b"")
    c.stop()
    c.close()
    equal_trees(three)


def test_leader_serves_no(kz, tmp_path):
    with Ensemble(kz, tmp_path, {1: "kz", 2: "kz", 3: "kz"}, extra="leaderServes=no\n") as e:
        leader = e.start().wait_serving()
        for sid, m in e.members.items():
            from kazoo.client import KazooClient
            c = KazooClient(m.address, timeout=5)
            if sid == leader:
                with pytest.raises(c.handler.timeout_exception):
                    c.start(1)
            else:
                c.start(10)
                c.create(f"/by-{sid}", b"")
            c.stop()
            c.close()


@pytest.mark.parametrize("cut", [True, False], ids=["TRUNC", "SNAP"])
def test_what_only_the_dead_leader_logged_goes(three, cut):
    leader = three.start().wait_serving()
    others = [sid for sid in three.members if sid != leader]
    c = zklib.client(three[leader].address, timeout=20)
    c.create("/common", b"")
    three.wait_equal()
    for sid in others:
        three[sid].kill(signal.SIGSTOP)
    for n in range(3):
        c.create_async(f"/lonely-{n}", b"")
    kzlib.wait_for("the leader logs them", lambda: sum(
        f.read_bytes().count(b"/lonely") for f in (three[leader].log_dir / "version-2").glob("log.*")) == 3)
    three[leader].kill()
    c.stop()
    c.close()
    for sid in others:
        three[sid].kill()  # with the proposals unread in their sockets
        three[sid].start()
    kzlib.wait_for("another leader", lambda: "leader" in three.modes().values(), 30)
    if cut:
        three[leader].start()  # before the new epoch has a transaction: a cut is enough
        kzlib.wait_for("the old leader follows", lambda: three[leader].mode() == "follower", 30)
    d = zklib.client(",".join(three[sid].address for sid in others), timeout=20)
    d.create("/later", b"")
    d.stop()
    d.close()
    if not cut:
        three[leader].start()
        kzlib.wait_for("the old leader follows", lambda: three[leader].mode() == "follower", 30)
    tree = equal_trees(three)
    assert "/later" in tree and not [p for p in tree if p.startswith("/lonely")]
    assert ("Truncating log" if cut else "Getting a snapshot") in three[leader].process.output()
    three[leader].kill()
    three[leader].start()
    kzlib.wait_for("it follows after a restart too", lambda: three[leader].mode() == "follower", 30)
    assert equal_trees(three) == tree
