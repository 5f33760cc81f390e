"""Read-only mode: a member without a quorum serves those who accept it, and goes back when there is one."""
import socket
import struct

import pytest
from kazoo.exceptions import KazooException, NotReadOnlyCallError
from kazoo.protocol.states import KeeperState

import kzlib
import zklib
from zkensemble import Ensemble


def connect_frame(read_only, session=0, password=b"\0" * 16):
    body = struct.pack(">iqiqi", 0, 0, 10000, session, len(password)) + password
    if read_only is not None:
        body += bytes([read_only])
    return struct.pack(">i", len(body)) + body


def connect(port, read_only, session=0, password=b"\0" * 16):
    """The connect response's (timeout, session, password, read only), or None when the server closes at once."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
        s.sendall(connect_frame(read_only, session, password))
        head = s.recv(4, socket.MSG_WAITALL)
        if len(head) < 4:
            return None
        body = s.recv(struct.unpack(">i", head)[0], socket.MSG_WAITALL)
    _, timeout, sid, n = struct.unpack(">iiqi", body[:20])
    return timeout, sid, body[20:20 + n], body[20 + n:] == b"\1"


@pytest.fixture
def alone(kz, tmp_path):
    """Three servers, a node /x, then the first of them alone in read-only mode."""
    extra = "readonlymode.enabled=true\nlocalSessionsEnabled=true\nlocalSessionsUpgradingEnabled=true\n"
    with Ensemble(kz, tmp_path, {1: "kz", 2: "kz", 3: "kz"}, extra=extra) as e:
        e.start().wait_serving()
        c = zklib.client(e[1].address)
        c.create("/x", b"data")
        c.create("/owned", b"", ephemeral=True)  # its session is global now
        e.global_session = c.client_id
        e.wait_equal()
        assert kzlib.four_letter(e[1].port, "isro") == "rw"
        e[2].kill()
        e[3].kill()
        kzlib.wait_for("read-only mode", lambda: kzlib.four_letter(e[1].port, "isro") == "ro", 20)
        yield e
        c.stop()
        c.close()


def test_serves_clients_that_accept_it_and_no_others(alone):
    port = alone[1].port
    assert connect(port, None) is None
    assert connect(port, False) is None
    timeout, sid, password, read_only = connect(port, True)
    assert timeout > 0 and sid >> 56 == 1 and read_only
    # A local session can be resumed where it was made; one that the ensemble knows cannot.
    assert connect(port, True, sid, password)[1] == sid
    assert connect(port, True, sid, b"x" * 16)[1] == 0
    assert connect(port, True, *alone.global_session) is None


def test_what_it_says_of_itself(alone):
    m = alone[1]
    text = kzlib.four_letter(m.port, "srvr")
    assert "READ-ONLY mode; serving only read-only clients\n" in text
    assert m.srvr("Mode") == "read-only"
    assert "READ-ONLY mode" in kzlib.four_letter(m.port, "stat")
    assert "zk_server_state\tread-only\n" in kzlib.four_letter(m.port, "mntr")
    dump = kzlib.four_letter(m.port, "dump")
    assert "Local Session Sets (" in dump and "Global Sessions(1):\n" in dump
    assert "membership" not in kzlib.four_letter(m.port, "conf")


def test_reads_but_no_writes_and_back_to_both(alone):
    c = zklib.client(alone[1].address, read_only=True)
    assert c.client_state == KeeperState.CONNECTED_RO
    events = []
    assert c.get("/x", watch=events.append)[0] == b"data"
    assert c.exists("/owned")  # whether its owner lives is not for this server to say
    for write in (lambda: c.create("/y", b""), lambda: c.set("/x", b"2"), lambda: c.delete("/x"), lambda: c.sync("/"),
                  lambda: c.create("/e", b"", ephemeral=True)):
        with pytest.raises(NotReadOnlyCallError):
            write()
    t = c.transaction()
    t.create("/t", b"")
    with pytest.raises((NotReadOnlyCallError, KazooException)):
        t.commit()
    zxid = alone[1].srvr("Zxid")
    alone.start(2)
    alone.wait_serving()
    assert kzlib.four_letter(alone[1].port, "isro") == "rw"
    kzlib.wait_for("the client writes", lambda: c.client_state == KeeperState.CONNECTED and c.create("/y", b""), 20)
    assert alone[1].srvr("Zxid") > zxid
    c.stop()
    c.close()


def test_not_without_the_key(kz, tmp_path):
    with Ensemble(kz, tmp_path, {1: "kz", 2: "kz", 3: "kz"}) as e:
        e.start(1)
        kzlib.wait_for("it listens", lambda: kzlib.can_connect(e[1].port))
        kzlib.wait_for("it looks for a leader", lambda: "LOOKING" in e[1].process.output())
        assert "currently serving" in kzlib.four_letter(e[1].port, "srvr")
        assert connect(e[1].port, True) is None


def test_zkcli_r(alone):
    p = kzlib.run("java", "-cp", "/usr/share/java/*", "org.apache.zookeeper.ZooKeeperMain", "-r", "-server", alone[1].address,
                  "get", "/x", timeout=60)
    assert "data" in p.stdout.splitlines(), p.stdout + p.stderr
