"""Sessions across servers: they move with their watches, what comes late by the old way is refused, ephemerals go once,
containers and TTL nodes go for clients of followers too."""
import socket
import struct

import pytest

import kzlib
import zklib
from test_read_only import connect, connect_frame
from zkensemble import Ensemble


@pytest.fixture
def three(kz, tmp_path):
    extra = "extendedTypesEnabled=true\nznode.container.checkIntervalMs=300\nminSessionTimeout=500\n"
    with Ensemble(kz, tmp_path, {1: "kz", 2: "kz", 3: "kz"}, extra=extra) as e:
        e.leader = e.start().wait_serving()
        e.followers = [sid for sid in e.members if sid != e.leader]
        yield e


def close(*clients):
    for c in clients:
        c.stop()
        c.close()


class Raw:
    """A client that says exactly what it is told to."""

    def __init__(self, port, session=0, password=b"\0" * 16):
        self.s = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.s.sendall(connect_frame(False, session, password))
        body = self.frame()
        _, self.timeout, self.session, n = struct.unpack(">iiqi", body[:20])
        self.password = body[20:20 + n]

    def frame(self):
        try:
            head = self.s.recv(4, socket.MSG_WAITALL)
        except ConnectionError:
            return None
        if len(head) < 4:
            return None
        return self.s.recv(struct.unpack(">i", head)[0], socket.MSG_WAITALL)

    def send(self, xid, op, body=b""):
        frame = struct.pack(">ii", xid, op) + body
        self.s.sendall(struct.pack(">i", len(frame)) + frame)

    def create(self, xid, path, flags=0):
        acl = struct.pack(">i", 1) + struct.pack(">i", 31) + text("world") + text("anyone")
        self.send(xid, 1, text(path) + struct.pack(">i", 0) + acl + struct.pack(">i", flags))

    def event(self):
        """(event type, path) of a notification, which must be what comes next."""
        return event_of(self.frame())

    def reply(self):
        """(xid, error), or None when the server closed."""
        body = self.frame()
        if body is None:
            return None
        xid, _, err = struct.unpack(">iqi", body[:16])
        return xid, err


def event_of(body):
    xid, _, _, event, _, length = struct.unpack(">iqiiii", body[:28])
    assert xid == -1
    return event, body[28:28 + length].decode()


def text(s):
    return struct.pack(">i", len(s)) + s.encode()


def test_a_late_write_by_the_old_way_is_refused(three):
    a, b = three.followers
    old = Raw(three[a].port)
    old.create(1, "/before", flags=1)
    assert old.reply() == (1, 0)
    new = Raw(three[b].port, old.session, old.password)
    assert new.session == old.session
    new.create(2, "/after", flags=1)
    assert new.reply() == (2, 0)
    # The old server does not know of the move; the leader does. The connection is closed instead of an answer.
    old.create(3, "/late")
    assert old.reply() is None
    c = zklib.client(three[three.leader].address)
    assert c.exists("/before").ephemeralOwner == c.exists("/after").ephemeralOwner == new.session
    assert not c.exists("/late")
    # And back again: the old server may once more.
    back = Raw(three[a].port, old.session, old.password)
    back.create(4, "/back")
    assert back.reply() == (4, 0)
    close(c)


def test_watches_move_with_their_client(three):
    first, second = (three[sid] for sid in three.followers)
    other = zklib.client(three[three.leader].address)
    for name in ("changed", "gone", "parent", "later"):
        other.create(f"/{name}", b"")
    three.wait_equal()
    raw = Raw(first.port)
    seen = int(first.srvr("Zxid"), 16)
    watches = {4: ["/changed", "/gone", "/later"], 3: ["/made"], 8: ["/parent"]}  # getData, exists, getChildren
    for op, paths in watches.items():
        for path in paths:
            raw.send(op, op, text(path) + b"\1")
            assert raw.reply() == (op, -101 if path == "/made" else 0)
    # While it is away four of the five come true; they are told at once when it re-arms them on the other server.
    first.kill()
    other.set("/changed", b"2")
    other.delete("/gone")
    other.create("/made", b"")
    other.create("/parent/child", b"")
    kzlib.wait_for("the other servers agree", lambda: second.srvr("Zxid") == three[three.leader].srvr("Zxid"))
    moved = Raw(second.port, raw.session, raw.password)
    assert moved.session == raw.session
    lists = b"".join(struct.pack(">i", len(paths)) + b"".join(map(text, paths)) for paths in (watches[4], watches[3], watches[8]))
    moved.send(-8, 101, struct.pack(">q", seen) + lists)
    told = [moved.event() for _ in range(4)]
    assert sorted(told) == [(1, "/made"), (2, "/gone"), (3, "/changed"), (4, "/parent")]
    assert moved.reply() == (-8, 0)
    other.set("/later", b"2")
    assert moved.event() == (3, "/later")
    close(other)


def test_ephemerals_go_once_at_expiry_whoever_leads(three):
    holders = {sid: Raw(m.port) for sid, m in three.members.items()}
    paths = [f"/e{sid}-{i}" for sid in holders for i in range(3)]
    for sid, h in holders.items():
        for i in range(3):
            h.create(i + 1, f"/e{sid}-{i}", flags=1)
            assert h.reply() == (i + 1, 0)
    survivor = three[three.followers[0]]
    # Nobody pings for them; the leader dies before they expire, and its successor gives them a full timeout anew.
    three[three.leader].kill()
    three.wait_serving()
    raw = Raw(survivor.port)
    raw.send(1, 106, text("/") + struct.pack(">i", 1))  # persistent and recursive
    assert raw.reply() == (1, 0)
    raw.send(2, 12, text("/") + b"\0")
    assert raw.reply() == (2, 0)
    raw.s.settimeout(1)
    deleted = []

    def all_gone():
        raw.send(-2, 11)
        try:
            body = raw.frame()
        except TimeoutError:
            return False
        if struct.unpack(">i", body[:4])[0] == -1:
            deleted.append(event_of(body))
        return len(deleted) >= len(paths)

    kzlib.wait_for("all of them are gone", all_gone, 40)
    assert sorted(deleted) == sorted((2, path) for path in paths)
    c = zklib.client(survivor.address)
    c.sync("/")
    assert c.get_children("/") == ["zookeeper"]
    for sid, h in holders.items():
        if sid != three.leader:
            assert connect(survivor.port, False, h.session, h.password)[1] == 0
    close(c)


def test_own_writes_are_read_through_followers(three):
    clients = [zklib.client(m.address) for m in three.members.values()]
    other = zklib.client(three[three.leader].address)
    other.create("/shared", b"0")
    for n, c in enumerate(clients):
        for i in range(50):
            path = f"/own-{n}-{i}"
            pending = [c.create_async(path, b"1"), c.set_async(path, b"2"), c.get_async(path), c.delete_async(path),
                       c.exists_async(path)]
            assert pending[2].get(10)[0] == b"2"
            assert pending[4].get(10) is None
        c.set("/shared", str(n).encode())
        assert c.get("/shared")[0] == str(n).encode()
    close(other, *clients)


def test_containers_and_ttl_nodes_of_a_follower_s_client(three):
    m = three[three.followers[0]]
    raw = Raw(m.port)
    acl = struct.pack(">i", 1) + struct.pack(">i", 31) + text("world") + text("anyone")
    raw.send(1, 19, text("/container") + struct.pack(">i", 0) + acl + struct.pack(">i", 4))
    assert raw.reply() == (1, 0)
    raw.create(2, "/container/child")
    assert raw.reply() == (2, 0)
    raw.send(3, 21, text("/ttl") + struct.pack(">i", 0) + acl + struct.pack(">iq", 5, 600))
    assert raw.reply() == (3, 0)
    c = zklib.client(m.address)
    gone = []
    for path in ("/container", "/ttl"):
        assert c.exists(path, watch=lambda e: gone.append((e.path, e.type)))
    kzlib.wait_for("the TTL node is gone", lambda: ("/ttl", "DELETED") in gone)
    assert c.exists("/container")  # it has a child
    raw.send(4, 2, text("/container/child") + struct.pack(">i", -1))
    assert raw.reply() == (4, 0)
    kzlib.wait_for("the container is gone", lambda: ("/container", "DELETED") in gone)
    for member in three.members.values():
        one = zklib.client(member.address)
        one.sync("/")
        assert one.get_children("/") == ["zookeeper"]
        close(one)
    close(c)


def test_a_client_ahead_of_a_server_is_turned_away(three):
    leader = three[three.leader]
    raw = socket.create_connection(("127.0.0.1", three[three.followers[0]].port), timeout=10)
    zxid = int(leader.srvr("Zxid"), 16) + 1000
    body = struct.pack(">iqiqi", 0, zxid, 10000, 0, 16) + b"\0" * 17
    raw.sendall(struct.pack(">i", len(body)) + body)
    assert raw.recv(4) == b""


def test_two_servers_one_session_never_both(three):
    """A session that hops between servers while it writes: every acknowledged write is there, in its order."""
    ids = None
    acknowledged = []
    for hop in range(30):
        m = list(three.members.values())[hop % 3]
        raw = Raw(m.port, *(ids or ()))
        ids = (raw.session, raw.password)
        raw.create(hop + 1, f"/hop{hop:02}", flags=1)
        reply = raw.reply()
        assert reply == (hop + 1, 0), (hop, reply)
        acknowledged.append(f"hop{hop:02}")
        # Its socket stays open: the next server takes the session over all the same.
    c = zklib.client(three[three.leader].address)
    names = sorted(n for n in c.get_children("/") if n.startswith("hop"))
    assert names == acknowledged
    assert len({c.exists("/" + n).ephemeralOwner for n in names}) == 1
    czxids = [c.exists("/" + n).czxid for n in names]
    assert czxids == sorted(czxids)
    close(c)
