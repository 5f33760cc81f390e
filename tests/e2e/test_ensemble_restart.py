"""What a member of an ensemble finds on its disk when it starts: epochs, cuts that its files cannot make exactly."""
import shutil
import signal
import socket
import time

import pytest

import kzlib
import zklib
from zkensemble import Ensemble


@pytest.fixture
def three(kz, tmp_path):
    with Ensemble(kz, tmp_path, {0: "kz", 1: "kz", 2: "kz"}, extra="nio.sessionlessCnxnTimeout=500\n") as e:
        yield e


def tree(member):
    c = zklib.client(member.address, timeout=20)
    c.sync("/")
    out = {p: v for p, v in zklib.tree(c).items() if not p.startswith("/zookeeper")}
    c.stop()
    c.close()
    return out


def epoch_file(member, name):
    return member.data / "version-2" / name


def test_an_epoch_file_behind_the_log_is_brought_up_and_one_that_cannot_be_is_refused(three):
    three.start().wait_serving()
    c = zklib.client(three.addresses, timeout=20)
    c.create("/in-the-epoch", b"")
    c.stop()
    c.close()
    three.wait_equal()
    for m in three.members.values():
        m.stop()
    # As if the server had stopped between the first transaction of the epoch and the file: Java refuses this start.
    m = three[0]
    current, accepted = epoch_file(m, "currentEpoch"), epoch_file(m, "acceptedEpoch")
    epoch = int(current.read_text())
    assert epoch > 0 and int(accepted.read_text()) == epoch
    current.write_text(str(epoch - 1))
    m.start()
    kzlib.wait_for("currentEpoch is written", lambda: current.read_text().strip() == str(epoch))
    three.start(1)
    three.wait_serving()
    assert "/in-the-epoch" in tree(m)
    for sid in (0, 1):
        three[sid].stop()
    # A log ahead of what was ever accepted is another server's.
    m = three[2]
    epoch_file(m, "currentEpoch").write_text(str(epoch - 1))
    epoch_file(m, "acceptedEpoch").write_text(str(epoch - 1))
    r = kzlib.run(three.kz, "zk-server", "start-foreground", m.config)
    assert r.returncode == 1
    assert f"The current epoch, {epoch - 1:x}, is older than the last zxid" in r.stdout + r.stderr


def test_a_cut_that_the_files_cannot_make_exactly_ends_in_a_snapshot_not_in_a_gap(three):
    leader = three.start().wait_serving()
    others = [sid for sid in three.members if sid != leader]
    c = zklib.client(three[leader].address, timeout=20)
    for n in range(5):
        c.create(f"/common-{n}", b"")
    three.wait_equal()
    last = int(three[leader].srvr("Zxid"), 16) + 3
    for sid in others:
        three[sid].kill(signal.SIGSTOP)
    for n in range(3):
        c.create_async(f"/lonely-{n}", b"")
    logs = three[leader].log_dir / "version-2"
    kzlib.wait_for("the leader logs them", lambda: sum(f.read_bytes().count(b"/lonely") for f in logs.glob("log.*")) == 3)
    three[leader].kill()
    c.stop()
    c.close()
    # The old leader's log goes; a snapshot of its end alone says how far it was.
    for f in logs.glob("log.*"):
        f.unlink()
    snapshots = three[leader].data / "version-2"
    shutil.copy(snapshots / "snapshot.0", snapshots / f"snapshot.{last:x}")
    for sid in others:
        three[sid].kill()  # with the proposals unread in their sockets
        three[sid].start()
    kzlib.wait_for("another leader", lambda: "leader" in three.modes().values(), 30)
    three[leader].start()
    kzlib.wait_for("the old leader follows", lambda: three[leader].mode() == "follower", 30)
    assert "Truncating log" in three[leader].process.output()
    d = zklib.client(three[others[0]].address, timeout=20)
    d.create("/later", b"")
    d.stop()
    d.close()
    three.wait_equal()
    trees = {sid: tree(m) for sid, m in three.members.items()}
    assert {f"/common-{n}" for n in range(5)} | {"/later"} <= trees[leader].keys()
    assert all(t == trees[leader] for t in trees.values())


def test_silent_connections_do_not_stay_while_there_is_no_leader(three):
    three.start(0)
    kzlib.wait_for("it answers", lambda: "not currently serving" in kzlib.four_letter(three[0].port, "srvr"))
    with socket.create_connection(("127.0.0.1", three[0].port), timeout=10 * kzlib.SLOW) as s:
        begun = time.monotonic()
        assert s.recv(1) == b""  # closed by the server; the client's own timeout would raise
        assert time.monotonic() - begun > 0.3
