"""The ZooKeeper server under kazoo and the C client, neither of them ours."""
import re
import socket
import struct
import threading

import pytest

import kzlib
import zklib
from kzlib import four_letter, run, wait_for

@pytest.fixture(scope="module")
def server(kz, tmp_path_factory):
    s = zklib.ZkServer(kz, tmp_path_factory.mktemp("zk"), "maxSessionTimeout=60000\n").start()
    yield s
    s.stop()


@pytest.fixture
def zk(server):
    c = zklib.client(server.address)
    yield c
    c.stop()
    c.close()


@pytest.fixture
def root(zk, request):
    path = "/" + re.sub(r"\W", "-", request.node.name)
    zk.create(path, b"")
    return path


def test_create_get_set_delete(zk, root):
    from kazoo import exceptions as e
    assert zk.create(root + "/a", b"one") == root + "/a"
    data, stat = zk.get(root + "/a")
    assert (data, stat.version, stat.numChildren, stat.dataLength) == (b"one", 0, 0, 3)
    assert stat.czxid == stat.mzxid == stat.pzxid
    changed = zk.set(root + "/a", b"two!", version=0)
    assert changed.version == 1 and changed.mzxid > stat.mzxid and changed.czxid == stat.czxid
    with pytest.raises(e.BadVersionError):
        zk.set(root + "/a", b"x", version=0)
    with pytest.raises(e.NodeExistsError):
        zk.create(root + "/a", b"")
    with pytest.raises(e.NoNodeError):
        zk.create(root + "/no/parent", b"")
    zk.create(root + "/a/b", b"")
    assert zk.get(root + "/a")[1].cversion == 1
    with pytest.raises(e.NotEmptyError):
        zk.delete(root + "/a")
    zk.delete(root + "/a/b")
    assert zk.get(root + "/a")[1].cversion == 2  # deletes count in what clients see
    zk.delete(root + "/a", version=1)
    assert zk.exists(root + "/a") is None
    with pytest.raises(e.NoNodeError):
        zk.delete(root + "/a")


def test_null_and_large_data(zk, root):
    from kazoo import exceptions as e
    big = bytes(range(256)) * 4000  # below jute.maxbuffer
    zk.create(root + "/big", big)
    assert zk.get(root + "/big")[0] == big
    zk.create(root + "/empty", b"")
    assert zk.get(root + "/empty")[0] == b""
    with pytest.raises(e.ConnectionLoss):
        zk.retry.max_tries = 0
        zk.create(root + "/too-big", b"x" * 1048600)
    wait_for("the session to come back", lambda: zk.connected)
    assert zk.exists(root + "/too-big") is None


def test_sequences(zk, root):
    names = [zk.create(root + "/s-", b"", sequence=True) for _ in range(5)]
    assert names == [f"{root}/s-{i:010d}" for i in range(5)]
    zk.delete(names[-1])
    assert zk.create(root + "/s-", b"", sequence=True) == f"{root}/s-{5:010d}"
    path, stat = zk.create(root + "/t", b"abc", include_data=True)
    assert path == root + "/t" and stat.dataLength == 3


def test_ephemerals_go_with_their_session(server, zk, root):
    from kazoo import exceptions as e
    other = zklib.client(server.address)
    other.create(root + "/e", b"", ephemeral=True)
    assert zk.get(root + "/e")[1].ephemeralOwner == other.client_id[0]
    with pytest.raises(e.NoChildrenForEphemeralsError):
        zk.create(root + "/e/child", b"")
    gone = threading.Event()
    assert zk.exists(root + "/e", watch=lambda event: gone.set() if event.type == "DELETED" else None)
    other.stop()
    assert gone.wait(5)
    assert zk.exists(root + "/e") is None
    other.close()


def test_watches_fire_once_and_before_the_answer(zk, root):
    events = []
    zk.create(root + "/w", b"")
    zk.get(root + "/w", watch=events.append)
    zk.get_children(root, watch=events.append)
    assert zk.exists(root + "/later", watch=events.append) is None
    zk.set(root + "/w", b"1")
    zk.set(root + "/w", b"2")
    zk.create(root + "/later", b"")
    wait_for("three events", lambda: len(events) == 3)
    assert [(ev.type, ev.path) for ev in events] == [("CHANGED", root + "/w"), ("CREATED", root + "/later"), ("CHILD", root)]
    zk.get(root + "/w", watch=events.append)
    zk.delete(root + "/w")
    wait_for("the deletion", lambda: len(events) == 4)
    assert events[3].type == "DELETED"


def test_multi_is_all_or_nothing(zk, root):
    from kazoo import exceptions as e
    t = zk.transaction()
    t.create(root + "/m", b"a")
    t.set_data(root + "/m", b"b")
    t.check(root + "/m", 1)
    t.create(root + "/m/s-", b"", sequence=True)
    results = t.commit()
    assert results[0] == root + "/m" and results[1].version == 1 and results[2] is True
    assert results[3] == root + "/m/s-0000000000"
    t = zk.transaction()
    t.create(root + "/n", b"")
    t.check(root + "/m", 7)
    t.delete(root + "/m")
    results = t.commit()
    assert [type(r) for r in results] == [e.RolledBackError, e.BadVersionError, e.RuntimeInconsistency]
    assert zk.exists(root + "/n") is None and zk.get(root + "/m")[0] == b"b"
    assert zk.transaction().commit() == []


def test_acl_and_auth(server, zk, root):
    from kazoo import exceptions as e
    from kazoo.security import ACL, Id, make_acl, make_digest_acl
    owner = zklib.client(server.address)
    owner.add_auth("digest", "bob:secret")
    owner.create(root + "/mine", b"x", acl=[make_digest_acl("bob", "secret", all=True)])
    for forbidden in (lambda: zk.get(root + "/mine"), lambda: zk.set(root + "/mine", b""), lambda: zk.get_children(root + "/mine"),
                      lambda: zk.create(root + "/mine/c", b""), lambda: zk.set_acls(root + "/mine", [make_acl("world", "anyone", read=True)])):
        with pytest.raises(e.NoAuthError):
            forbidden()
    assert zk.exists(root + "/mine")  # exists asks no right
    zk.add_auth("digest", "bob:secret")
    assert zk.get(root + "/mine")[0] == b"x"
    owner.create(root + "/auth", b"", acl=[make_acl("auth", "", all=True)])
    assert owner.get_acls(root + "/auth")[0] == [make_digest_acl("bob", "secret", all=True)]
    owner.create(root + "/ip", b"", acl=[ACL(31, Id("ip", "127.0.0.0/8"))])
    assert zk.get(root + "/ip")[0] == b""
    owner.create(root + "/far", b"", acl=[ACL(31, Id("ip", "10.1.2.3"))])
    with pytest.raises(e.NoAuthError):
        zk.get(root + "/far")
    with pytest.raises(e.InvalidACLError):
        zk.create(root + "/none", b"", acl=[ACL(31, Id("nosuch", "x"))])
    stranger = zklib.client(server.address)
    with pytest.raises(e.NoAuthError):
        stranger.get(root + "/mine")
    stranger.delete(root + "/mine")  # a right on the parent
    for c in (owner, stranger):
        c.stop()
        c.close()


def test_a_silent_session_expires_and_a_live_one_does_not(server, zk, root):
    silent = zklib.client(server.address, timeout=1)
    silent.create(root + "/silent", b"", ephemeral=True)
    assert silent._session_timeout == 1000  # 2 ticks of 500 ms: the least
    sock = silent._connection._socket
    gone = threading.Event()
    zk.exists(root + "/silent", watch=lambda event: gone.set())
    # The client's threads stop without a word to the server: its pings end, the socket stays.
    silent._connection.ping = lambda *a, **k: None
    silent._stopped.set()
    silent._connection._write = lambda *a, **k: None
    assert gone.wait(10)
    assert zk.exists(root + "/silent") is None
    assert zk.connected and zk.get(root)[0] == b""
    sock.close()


def test_reconnect_keeps_the_session_and_its_watches(kz, tmp_path):
    server = zklib.ZkServer(kz, tmp_path).start()
    c = zklib.client(server.address)
    c.create("/kept", b"", ephemeral=True)
    session = c.client_id
    fired = threading.Event()
    c.get("/kept", watch=lambda event: fired.set())
    server.kill()
    server.start()
    wait_for("the reconnect", lambda: c.connected)
    assert c.client_id == session
    other = zklib.client(server.address)
    assert other.get("/kept")[1].ephemeralOwner == session[0]
    other.set("/kept", b"changed")
    assert fired.wait(5)
    for client in (c, other):
        client.stop()
        client.close()
    server.stop()


def test_wrong_password_is_refused(server, zk, caplog):
    from kazoo.client import KazooClient
    c = KazooClient(server.address, client_id=(zk.client_id[0], b"0" * 16))
    c.start(10)
    assert "Session has expired" in caplog.text
    assert c.client_id[0] != zk.client_id[0]
    c.stop()
    c.close()


def test_chroot_and_sync(server, zk, root):
    c = zklib.client(server.address + root)
    c.create("/x/y", b"z", makepath=True)
    assert zk.get(root + "/x/y")[0] == b"z"
    assert c.sync("/x") == "/x"
    c.stop()
    c.close()


def test_four_letter_words(server, zk):
    assert four_letter(server.port, "ruok") == "imok"
    srvr = four_letter(server.port, "srvr").splitlines()
    assert srvr[0].startswith("Zookeeper version: 3.8.0")
    assert [line.split(":")[0] for line in srvr[1:]] == ["Latency min/avg/max", "Received", "Sent", "Connections", "Outstanding",
                                                        "Zxid", "Mode", "Node count"]
    assert "Mode: standalone" in srvr
    mntr = dict(line.split("\t", 1) for line in four_letter(server.port, "mntr").splitlines())
    assert mntr["zk_server_state"] == "standalone" and int(mntr["zk_num_alive_connections"]) >= 2
    assert f"dataDir={server.version_2}" in four_letter(server.port, "conf")
    assert f"sid=0x{zk.client_id[0]:x}" in four_letter(server.port, "cons")
    assert four_letter(server.port, "isro") == "rw"
    assert "os.name=Linux" in four_letter(server.port, "envi")


def test_four_letter_whitelist(kz, tmp_path):
    server = zklib.ZkServer(kz, tmp_path)
    server.config.write_text(server.config.read_text().replace("whitelist=*", "whitelist=srvr, ruok"))
    server.start()
    assert four_letter(server.port, "stat") == "stat is not executed because it is not in the whitelist.\n"
    assert "Mode:" in four_letter(server.port, "srvr")
    server.stop()


@pytest.mark.parametrize("garbage", [b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", struct.pack(">i", 44) + b"x" * 44, b"GET / HTTP/1.1\r\n\r\n",
                                     struct.pack(">i", 8) + b"\0" * 8, struct.pack(">i", 0), b"\x16\x03\x01\x02\x00\x01\x00"])
def test_garbage_closes_its_connection_only(server, zk, garbage):
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as s:
        s.sendall(garbage)
        s.shutdown(socket.SHUT_WR)
        while s.recv(4096):
            pass
    assert zk.get("/")[1] is not None


def test_connection_limit_per_address(kz, tmp_path):
    server = zklib.ZkServer(kz, tmp_path, "maxClientCnxns=3\n").start()
    clients = [zklib.client(server.address) for _ in range(3)]
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as s:
        assert s.recv(10) == b""
    for c in clients:
        c.stop()
        c.close()
    server.stop()


CLI_MT = "/usr/lib/zookeeper/bin/cli_mt"


def c_client(server, command):
    p = run(CLI_MT, "-h", server.address, "-c", command, check=0)
    return p.stdout + p.stderr


def test_c_client(server, zk):
    assert "rc = 0" in c_client(server, "create /from-c")
    assert zk.exists("/from-c")
    assert "rc = 0" in c_client(server, "set /from-c hello")
    assert zk.get("/from-c")[0] == b"hello"
    assert "hello" in c_client(server, "get /from-c")
    assert "from-c" in c_client(server, "ls /")
    assert "from-c" in c_client(server, "ls2 /")
    assert "rc = -110" in c_client(server, "create /from-c")
    assert "rc = 0" in c_client(server, "delete /from-c")
    assert zk.exists("/from-c") is None
