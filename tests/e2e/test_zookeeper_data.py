"""What a ZooKeeper server keeps: across SIGKILL, torn tails, damage, and between kz and Apache ZooKeeper 3.8."""
import random
import re
import signal

import pytest

import kzlib
import zklib
from kzlib import wait_for

SETTINGS = "snapCount=60\nautopurge.purgeInterval=1\nautopurge.snapRetainCount=3\npreAllocSize=512\n"


def fill(c, seed, count=150):
    """Every kind of write, through kazoo."""
    from kazoo.security import make_digest_acl
    r = random.Random(seed)
    base = f"/w{seed}"
    c.create(base, b"")
    paths = [base]
    for i in range(count):
        kind = r.randrange(8)
        parent = r.choice(paths)
        try:
            if kind <= 2:
                paths.append(c.create(f"{parent}/n{i}", r.randbytes(r.randrange(400))))
            elif kind == 3:
                c.create(f"{base}/q-", b"seq", sequence=True)
            elif kind == 4:
                c.set(parent, r.randbytes(r.randrange(100)))
            elif kind == 5:
                c.create(f"{parent}/acl{i}", b"", acl=[make_digest_acl(f"user{i % 3}", "pw", all=True)])
            elif kind == 6:
                t = c.transaction()
                t.create(f"{parent}/m{i}", b"multi")
                t.set_data(parent, b"by multi")
                if i % 2:
                    t.check(parent, 99999)
                t.commit()
            else:
                victim = c.create(f"{parent}/d{i}", b"short-lived")
                c.delete(victim)
        except Exception as e:  # an error is a logged transaction too
            from kazoo import exceptions
            assert isinstance(e, (exceptions.NodeExistsError, exceptions.NoNodeError)), e
    c.create(f"{base}/ephemeral", b"", ephemeral=True)


def contents(address):
    c = zklib.client(address)
    for i in range(3):
        c.add_auth("digest", f"user{i}:pw")
    out = zklib.tree(c)
    c.stop()
    c.close()
    # The root and the server's own nodes change with the sessions that look.
    return {p: v for p, v in out.items() if not p.startswith("/zookeeper")}


def filled(server, seed):
    c = zklib.client(server.address)
    fill(c, seed)
    return c


def test_everything_survives_sigkill(kz, tmp_path):
    server = zklib.ZkServer(kz, tmp_path, SETTINGS).start()
    for seed in range(3):
        c = filled(server, seed)
        before = contents(server.address)
        server.kill()
        server.start()
        wait_for("the reconnect", lambda: c.connected)
        assert contents(server.address) == before
        c.stop()
        c.close()
    assert len(server.snapshots()) >= 3
    server.stop()


def test_acknowledged_writes_survive_sigkill_at_any_moment(kz, tmp_path):
    from kazoo.exceptions import KazooException
    server = zklib.ZkServer(kz, tmp_path, SETTINGS).start()
    r = random.Random(7)
    for round_ in range(8):
        c = zklib.client(server.address)
        c.create(f"/r{round_}", b"")
        pending = [(i, c.create_async(f"/r{round_}/n{i}", b"x" * 50)) for i in range(400)]
        stop_at = r.randrange(1, 400)
        wait_for("some answers", lambda: pending[stop_at - 1][1].ready())
        server.kill()
        acknowledged = []
        for i, result in pending:
            try:
                if result.get(timeout=20):
                    acknowledged.append(i)
            except (KazooException, c.handler.timeout_exception):
                pass
        c.stop()
        c.close()
        server.start()
        c = zklib.client(server.address)
        there = {int(name[1:]) for name in c.get_children(f"/r{round_}")}
        assert set(acknowledged) <= there
        assert len(acknowledged) >= stop_at
        assert there == set(range(len(there)))  # in order, without holes
        c.stop()
        c.close()
    server.stop()


def test_a_torn_tail_loses_nothing_but_itself(kz, tmp_path):
    server = zklib.ZkServer(kz, tmp_path).start()
    c = zklib.client(server.address)
    for i in range(20):
        c.create(f"/n{i:02}", b"x" * 30)
    server.kill()
    c.stop()
    c.close()
    log = server.logs()[-1]
    whole = log.read_bytes()
    end = len(whole.rstrip(b"\0"))
    for cut in (end - 1, end - 5, end - 40):
        log.write_bytes(whole[:cut] + b"\0" * 5000)
        for path in server.logs():
            if path != log:
                path.unlink()
        server.start()
        assert sorted(n for n in contents(server.address) if n.startswith("/n")) == [f"/n{i:02}" for i in range(19)]
        assert "ends in an interrupted write: cut at byte" in server.process.output()
        server.kill()


def test_empty_and_short_last_logs(kz, tmp_path):
    server = zklib.ZkServer(kz, tmp_path).start()
    c = zklib.client(server.address)
    c.create("/n", b"")
    c.stop()
    server.kill()
    for content in (b"", b"ZKLG\0\0", b"\0" * 100):
        (server.version_2 / "log.ff").write_bytes(content)
        server.start()
        assert "/n" in contents(server.address)
        server.kill()
        assert not (server.version_2 / "log.ff").exists()


def test_a_wrong_checksum_is_refused_by_name(kz, tmp_path):
    server = zklib.ZkServer(kz, tmp_path).start()
    c = zklib.client(server.address)
    for i in range(5):
        c.create(f"/n{i}", b"x" * 300)
    c.stop()
    server.stop()
    log = server.logs()[-1]
    data = bytearray(log.read_bytes())
    at = data.find(b"x" * 300)
    data[at + 10] ^= 1
    log.write_bytes(data)
    process = server.launch().process
    assert process.p.wait(20) == 1
    assert re.search(rf"{log} is damaged at byte \d+: wrong checksum .*zkTxnLogToolkit.sh", process.output())


def test_a_directory_in_use_is_refused(kz, tmp_path):
    server = zklib.ZkServer(kz, tmp_path / "a").start()
    other = zklib.ZkServer(kz, tmp_path / "b", data=server.data)
    assert other.launch().process.p.wait(20) == 3
    assert "is in use by another server" in other.process.output()
    server.stop()


def test_a_port_in_use_is_one_clear_line(kz, tmp_path):
    server = zklib.ZkServer(kz, tmp_path / "a").start()
    other = zklib.ZkServer(kz, tmp_path / "b")
    other.config.write_text(other.config.read_text().replace(str(other.port), str(server.port)))
    assert other.launch().process.p.wait(20) == 1
    assert f"Cannot listen on 0.0.0.0:{server.port}: address already in use" in other.process.output()
    server.stop()


def test_separate_log_directory_and_mix_up(kz, tmp_path):
    server = zklib.ZkServer(kz, tmp_path, f"dataLogDir={tmp_path}/txn\n").start()
    c = filled(server, 1)
    c.stop()
    before = contents(server.address)
    server.restart()
    assert contents(server.address) == before
    server.stop()
    assert not list(server.version_2.glob("log.*")) and list((tmp_path / "txn/version-2").glob("log.*"))
    swapped = zklib.ZkServer(kz, tmp_path / "s", f"dataLogDir={server.data}\n", data=tmp_path / "txn")
    assert swapped.launch().process.p.wait(20) == 1
    assert "Check if dataLogDir and dataDir configuration is correct" in swapped.process.output()


# ---- Apache ZooKeeper 3.8 (Debian's package) ----

# What either server says of data that it does not like.
BAD = re.compile(r"digests? .*not match|is not covering the snapshot digest|problem reading snap|CRC|Unable to load database|"
                 r"\(highestZxid\)|are missing before byte", re.I)


def apache(tmp_path, data, extra=""):
    server = kzlib.ApacheZooKeeper(tmp_path, data=data, extra=SETTINGS.replace("autopurge.purgeInterval=1\n", "") + extra)
    return server.wait_ready()


@pytest.mark.parametrize("how, compression", [(signal.SIGTERM, "none"), (signal.SIGKILL, "none"), (signal.SIGKILL, "gz"),
                                              (signal.SIGTERM, "snappy")])
def test_apache_opens_ours_and_we_open_it_again(kz, tmp_path, how, compression):
    extra = f"snapshot.compression.method={compression}\n" if compression != "none" else ""
    server = zklib.ZkServer(kz, tmp_path / "kz", SETTINGS + extra).start()
    held = filled(server, 1)
    before = contents(server.address)
    assert before["/w1/ephemeral"][2][7] == held.client_id[0]
    if how == signal.SIGKILL:
        server.kill()
    else:
        server.stop()
    held.stop()
    held.close()

    theirs = apache(tmp_path / "apache1", server.data, extra)
    assert contents(theirs.address) == before
    c = filled(theirs, 2)
    between = contents(theirs.address)
    theirs.stop(signal.SIGKILL if how == signal.SIGKILL else signal.SIGTERM)
    c.stop()
    c.close()
    assert not BAD.search(theirs.output()), BAD.search(theirs.output())

    server.start()
    assert contents(server.address) == between
    c = filled(server, 3)
    after = contents(server.address)
    log = server.process.output()
    server.kill() if how == signal.SIGKILL else server.stop()
    c.stop()
    c.close()
    assert not BAD.search(log), BAD.search(log)

    theirs = apache(tmp_path / "apache2", server.data, extra)
    assert contents(theirs.address) == after
    theirs.stop()
    assert not BAD.search(theirs.output()), BAD.search(theirs.output())
    if compression != "none":
        assert {p.suffix for p in server.snapshots()} == {"." + compression}
    assert "Reading snapshot" in theirs.output()
