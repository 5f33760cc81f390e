"""zkTxnLogToolkit.sh and zkCleanup.sh against Apache's own, on the same files."""
import shutil

import pytest

import kzlib
import zklib
from kzlib import run

JAVA = ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-nop.jar"]


def java_toolkit(*args):
    return run(*JAVA, "org.apache.zookeeper.server.persistence.TxnLogToolkit", *args)


@pytest.fixture(scope="module")
def log(kz, tmp_path_factory):
    """A log with every kind of transaction that kazoo can cause."""
    from kazoo.security import make_digest_acl
    server = zklib.ZkServer(kz, tmp_path_factory.mktemp("zk")).start()
    c = zklib.client(server.address)
    c.create("/a", b"one,two}%\n")
    c.create("/b", b"", ephemeral=True)
    sequential = c.create("/s-", "größe".encode(), sequence=True)
    c.set("/a", bytes(range(256)))
    c.set_acls("/a", [make_digest_acl("u", "p", all=True), make_digest_acl("v", "p", read=True)])
    t = c.transaction()
    t.create("/m", b"m")
    t.check("/m", 0)
    t.delete("/nope")
    t.commit()
    c.delete(sequential)
    with pytest.raises(Exception):
        c.create("/a", b"")
    c.stop()
    c.close()
    server.stop()
    return server.logs()[0]


def damaged(log, directory):
    copy = shutil.copy(log, directory / "log.1")
    data = bytearray(open(copy, "rb").read())
    at = data.find("größe".encode())
    data[at] ^= 1
    open(copy, "wb").write(data)
    return copy


def test_dump(kz, log):
    ours, theirs = run(kz, "zk-txn-log-toolkit", "-d", log), java_toolkit("-d", log)
    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout)
    assert "EOF reached after" in ours.stdout


def test_damage_is_shown_and_mended(kz, log, tmp_path):
    (tmp_path / "k").mkdir()
    (tmp_path / "j").mkdir()
    ours, theirs = damaged(log, tmp_path / "k"), damaged(log, tmp_path / "j")
    assert "CRC ERROR - " in run(kz, "zk-txn-log-toolkit", ours).stdout
    a = run(kz, "zk-txn-log-toolkit", "-r", ours, input="yes\n")
    b = java_toolkit("-r", "-y", theirs)
    assert (a.returncode, b.returncode) == (0, 0)
    assert a.stdout.endswith(f"Recovery file {ours}.fixed has been written with 1 fixed CRC error(s)\n")
    a, b = (open(f"{path}.fixed", "rb").read() for path in (ours, theirs))
    assert b.rstrip(b"\0") == a.rstrip(b"\0")
    assert "already exists" in run(kz, "zk-txn-log-toolkit", "-r", ours).stderr


def test_chop(kz, log, tmp_path):
    shutil.copy(log, tmp_path / "k")
    shutil.copy(log, tmp_path / "j")
    a = run(kz, "zk-txn-log-toolkit", "-c", "-z", "0x4", tmp_path / "k", check=0)
    b = java_toolkit("-c", "-z", "0x4", tmp_path / "j")
    assert a.stdout == b.stdout
    assert (tmp_path / "k.chopped4").read_bytes() == (tmp_path / "j.chopped4").read_bytes()


def test_the_remedy_for_damage_works(kz, tmp_path):
    """What a server says on a wrong checksum leads back to a server."""
    server = zklib.ZkServer(kz, tmp_path).start()
    c = zklib.client(server.address)
    for i in range(4):
        c.create(f"/n{i}", b"x" * 300)
    c.stop()
    server.stop()
    path = server.logs()[0]
    data = bytearray(path.read_bytes())
    data[data.rfind(b"x" * 300) + 7] ^= 1
    path.write_bytes(data)
    assert server.launch().process.p.wait(20) == 1
    advice = server.process.output().split("zkTxnLogToolkit.sh ")[1].split(" (put ")[0].split()
    run(kz, "zk-txn-log-toolkit", *advice, check=0)
    next(server.version_2.glob("*.chopped*")).rename(path)
    server.start()
    c = zklib.client(server.address)
    assert sorted(n for n in c.get_children("/") if n != "zookeeper") == ["n0", "n1", "n2"]
    c.stop()
    server.stop()


def test_errors(kz, tmp_path):
    assert run(kz, "zk-txn-log-toolkit", tmp_path / "none").returncode == 1
    (tmp_path / "text").write_text("this is no transaction log at all")
    p = run(kz, "zk-txn-log-toolkit", tmp_path / "text")
    assert (p.returncode, p.stderr) == (2, "Invalid magic number for text\n")
    assert run(kz, "zk-txn-log-toolkit").returncode == 1
    assert "Unrecognized option: -q" in run(kz, "zk-txn-log-toolkit", "-q", "x").stderr


def test_cleanup(kz, tmp_path):
    for name in ("k", "j"):
        version_2 = tmp_path / name / "version-2"
        version_2.mkdir(parents=True)
        for zxid in range(6):
            (version_2 / f"snapshot.{zxid}0").write_bytes(b"0123456789\0\0\0\1/")
            (version_2 / f"log.{zxid}1").write_bytes(b"ZKLG")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/zoo.cfg").write_text(f"dataDir={tmp_path}/k\n")
    a = run(kz, "zk-cleanup", "--config", tmp_path / "conf", "-n", "3", check=0)
    b = run(*JAVA, "org.apache.zookeeper.server.PurgeTxnLog", tmp_path / "j", "-n", "3")
    assert b.returncode == 0

    def removed(text):
        return sorted(line.split("\t")[1].split("/")[-1] for line in text.splitlines())

    assert removed(a.stdout) == removed(b.stdout) != []
    names = [sorted(p.name for p in (tmp_path / n / "version-2").iterdir()) for n in ("k", "j")]
    assert names[0] == names[1]
    for wrong in (["-n", "2"], ["-n", "x"], []):
        p = run(kz, "zk-cleanup", "--config", tmp_path / "conf", *wrong)
        assert p.returncode == 1 and p.stdout.startswith("Usage:\nPurgeTxnLog dataLogDir [snapDir] -n count\n")
