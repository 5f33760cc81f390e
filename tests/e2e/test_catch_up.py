"""Members that come back late: from the log on disk, by a snapshot while the others serve, and where a TRUNC cannot be
made. With kz alone, and with Apache ZooKeeper on either side."""
import signal

import pytest

import kzlib
import zklib
from zkensemble import Ensemble

MIXED = [({1: "kz", 2: "kz", 3: "kz"}, "kz"), ({1: "apache", 2: "kz", 3: "kz"}, "apache behind kz"), ({1: "kz", 2: "kz", 3: "apache"}, "kz behind Apache")]


def fill(c, prefix, count, size=100):
    pending = [c.create_async(f"{prefix}{n}", b"x" * size) for n in range(count)]
    for p in pending:
        p.get()


def others(ensemble, sid):
    return ",".join(m.address for other, m in ensemble.members.items() if other != sid)


def nodes_of(member, parent):
    c = zklib.client(member.address, timeout=20)
    try:
        c.sync(parent)
        return sorted(c.get_children(parent)), c.get(parent)[1]
    finally:
        c.stop()
        c.close()


@pytest.mark.parametrize("kinds", [k for k, _ in MIXED], ids=[n for _, n in MIXED])
def test_beyond_memory_by_the_log_on_disk(kz, tmp_path, kinds):
    """Server 1 misses 1,200 transactions of a tree of 8,000 nodes: less than a third of a snapshot, more than the 500 in memory."""
    with Ensemble(kz, tmp_path, kinds) as e:
        e.start(3).start(2)
        kzlib.wait_for("server 3 leads", lambda: e.modes().get(3) == "leader", 30)
        e.start(1)
        e.wait_serving(60)
        c = zklib.client(others(e, 1), timeout=20)
        c.create("/a", b"")
        fill(c, "/a/base-", 8000)
        e.wait_equal()
        e[1].kill()
        fill(c, "/a/missed-", 1200)
        e[1].start()
        kzlib.wait_for("it follows", lambda: e[1].mode() == "follower", 30)
        c.create("/a/after", b"")
        e.wait_equal()
        assert nodes_of(e[1], "/a") == nodes_of(e[3], "/a")
        assert len(nodes_of(e[1], "/a")[0]) == 9201
        text = e[1].process.output()
        if kinds[1] == "kz":
            assert "Getting a snapshot" not in text, text[-2000:]
        if kinds[3] == "kz":
            assert "Sending the log from" in e[3].process.output()
        c.stop()
        c.close()


@pytest.mark.parametrize("factor,by_log", [("-1", False), ("0", False), ("100", True)])
def test_snapshot_size_factor_decides(kz, tmp_path, factor, by_log):
    with Ensemble(kz, tmp_path, {1: "kz", 2: "kz", 3: "kz"}, extra=f"snapshotSizeFactor={factor}\n") as e:
        e.start(3).start(2)
        kzlib.wait_for("server 3 leads", lambda: e.modes().get(3) == "leader", 30)
        e.start(1)
        e.wait_serving(60)
        c = zklib.client(others(e, 1), timeout=20)
        c.create("/a", b"")
        e.wait_equal()
        e[1].kill()
        fill(c, "/a/", 800)
        e[1].start()
        kzlib.wait_for("it follows", lambda: e[1].mode() == "follower", 30)
        e.wait_equal()
        assert nodes_of(e[1], "/a") == nodes_of(e[3], "/a")
        assert ("Getting a snapshot" in e[1].process.output()) != by_log
        c.stop()
        c.close()


def test_a_trunc_below_the_first_snapshot_ends_in_a_snapshot(kz, tmp_path):
    """The old leader logged what nobody else has, and has lost the snapshots from which a cut log could be read."""
    with Ensemble(kz, tmp_path, {1: "kz", 2: "kz", 3: "kz"}) as e:
        leader = e.start().wait_serving(60)
        rest = [sid for sid in e.members if sid != leader]
        c = zklib.client(e[leader].address, timeout=20)
        c.create("/common", b"")
        e.wait_equal()
        committed = int(e[leader].srvr("Zxid"), 16)
        for sid in rest:
            e[sid].kill(signal.SIGSTOP)
        for n in range(3):
            c.create_async(f"/lonely-{n}", b"")
        logs = e[leader].log_dir / "version-2"
        kzlib.wait_for("the leader logs them", lambda: sum(f.read_bytes().count(b"/lonely") for f in logs.glob("log.*")) == 3)
        e[leader].kill()
        c.stop()
        c.close()
        for sid in rest:
            e[sid].kill()
            e[sid].start()
        kzlib.wait_for("another leader", lambda: "leader" in e.modes().values(), 30)
        # As on a server that began by a snapshot of its last transaction: nothing older is left to cut back to.
        snapshots = e[leader].data / "version-2"
        assert [f.name for f in snapshots.glob("snapshot.*")] == ["snapshot.0"]
        (snapshots / "snapshot.0").rename(snapshots / f"snapshot.{committed + 3:x}")
        e[leader].start()
        kzlib.wait_for("the old leader follows", lambda: e[leader].mode() == "follower", 30)
        e.wait_equal()
        text = e[leader].process.output()
        assert "asking for a snapshot instead" in text and "Getting a snapshot" in text
        d = zklib.client(e[leader].address, timeout=20)
        assert d.exists("/common") and not [p for p in d.get_children("/") if p.startswith("lonely")]
        d.stop()
        d.close()
        e[leader].kill()
        e[leader].start()
        kzlib.wait_for("it follows after a restart too", lambda: e[leader].mode() == "follower", 30)
