"""The offline tools against Apache's own, on the same files: zkSnapShotToolkit.sh, zkSnapshotComparer.sh and zkTxnLogToolkit.sh
on snapshots and logs of both servers, in every compression; zkServer.sh's answers against Debian's script."""
import json
import pathlib
import re

import pytest

import kzlib
import zklib
from kzlib import run

JAVA = ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Duser.timezone=UTC", "-cp",
        "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-nop.jar"]
ENV = {"TZ": "UTC"}


def java(name, *args, **kw):
    return run(*JAVA, f"org.apache.zookeeper.server.{name}", *args, env=ENV, **kw)


def plain_errors(text):
    return re.sub(r"(?m)^(\tat |Caused by: |\t\.\.\. ).*\n", "", text)


def fill(address, more=False):
    c = zklib.client(address)
    c.create("/eph-", b"e", ephemeral=True, sequence=True)
    c.create("/a", b"data of a")
    c.create("/a/null", None)
    c.create("/größe", b"\x00\x01\xff" * 20)
    c.create('/odd"name\\', b"")
    for i in range(60 if more else 40):  # more than Java's small tables hold
        c.create(f"/many/n{i:03}", b"x" * i, makepath=True)
        if i % 7 == 0:
            c.create(f"/many/n{i:03}/deep/er", b"y" * (i if more else 1), makepath=True)
    if more:
        c.create("/only", b"z" * 200)
    c.set("/a", b"new data of a")
    return c


@pytest.fixture(scope="module", params=["apache-none", "apache-gz", "apache-snappy", "kz-none", "kz-gz", "kz-snappy"])
def files(request, kz, tmp_path_factory):
    """Two data directories of one server kind, each with a snapshot of what was written."""
    kind, compression = request.param.split("-")
    extra = "" if compression == "none" else f"snapshot.compression.method={compression}\n"
    out = []
    for name in ("left", "right"):
        directory = tmp_path_factory.mktemp(name)
        if kind == "kz":
            server = zklib.ZkServer(kz, directory, extra + "snapCount=30\n").start()
        else:
            server = kzlib.ApacheZooKeeper(directory, extra=extra).wait_ready()
        held = fill(server.address, name == "right")
        # Apache's writes a snapshot when it starts; ours has written some on the way. The session is alive in them.
        if kind == "kz":
            server.stop()
        else:
            server.stop()
            again = kzlib.ApacheZooKeeper(directory, data=server.data, extra=extra).wait_ready()
            again.stop()
        held.stop()
        held.close()
        version_2 = pathlib.Path(server.data) / "version-2"
        out.append({"snapshot": max(version_2.glob("snapshot.*"), key=lambda p: int(p.name.split(".")[1], 16)),
                    "log": min(version_2.glob("log.*"), key=lambda p: int(p.name.split(".")[1], 16))})
        assert (out[-1]["snapshot"].suffix == "." + compression) == (compression != "none")
    return out


def test_snapshot_toolkit(kz, files):
    snapshot = files[1]["snapshot"]
    for options in ([], ["-d"]):
        theirs = java("SnapshotFormatter", *options, snapshot)
        ours = run(kz, "zk-snapshot-toolkit", *options, snapshot, env=ENV)
        assert theirs.returncode == 0, theirs.stderr
        assert (ours.returncode, ours.stderr) == (0, "")
        assert ours.stdout == theirs.stdout
    assert "Session Details" in ours.stdout and re.search(r"(?m)^0x[0-9a-f]+, \d+, 1$", ours.stdout)


def test_snapshot_toolkit_json(kz, files):
    snapshot = files[0]["snapshot"]
    theirs = java("SnapshotFormatter", "-json", snapshot)
    ours = run(kz, "zk-snapshot-toolkit", "-json", snapshot, env=ENV)
    stamp = re.compile(r'"timestamp":\d+')
    assert stamp.sub("", ours.stdout) == stamp.sub("", theirs.stdout)
    assert json.loads(ours.stdout)[3][0]["name"] == "/"


def test_snapshot_comparer(kz, files):
    left, right = files[0]["snapshot"], files[1]["snapshot"]
    seconds = re.compile(r"in [0-9.]+ seconds")
    for options, typed in ((["-b", "5", "-n", "1"], ""), (["-b", "100000", "--nodes=100000"], ""), (["-b", "0", "-n", "0", "-d"], ""),
                           (["--bytes", "10", "-n", "1", "-i"], "\n9\n/many\n/none\nx\n2\n\n\n\n")):
        args = ["-l", left, "--right", right, *options]
        theirs = java("SnapshotComparer", *args, input=typed)
        ours = run(kz, "zk-snapshot-comparer", *args, input=typed, env=ENV)
        assert (theirs.returncode, ours.returncode) == (0, 0), theirs.stderr + ours.stderr
        assert seconds.sub("", ours.stdout) == seconds.sub("", theirs.stdout)
    assert "All layers compared." in ours.stdout


def test_txn_log_toolkit(kz, files):
    log = files[0]["log"]
    theirs = java("persistence.TxnLogToolkit", log)
    ours = run(kz, "zk-txn-log-toolkit", log, env=ENV)
    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout)
    assert "createSession" in ours.stdout


def test_errors(kz, tmp_path):
    (tmp_path / "text").write_text("this is no snapshot, and quite long enough to be told apart\n")
    for args in ([], ["-d"], ["-q", "x"], ["-d", "-json", tmp_path / "text"], [tmp_path / "none"], [tmp_path], ["a", "b"]):
        theirs = java("SnapshotFormatter", *args)
        ours = run(kz, "zk-snapshot-toolkit", *args)
        assert (ours.returncode, ours.stdout, ours.stderr) == (theirs.returncode, theirs.stdout, theirs.stderr), args
    for name in ("zk-snapshot-toolkit", "zk-snapshot-comparer"):
        args = [tmp_path / "text"] if name == "zk-snapshot-toolkit" else ["-l", tmp_path / "text", "-r", "x", "-b", "1", "-n", "1"]
        p = run(kz, name, *args)
        assert p.returncode == 1 and p.stderr.startswith('Exception in thread "main" java.io.')
    for args in ([], ["-l", "a"], ["-l", "a", "-r", "b", "-b", "1"], ["-q"], ["-l", "a", "-r", "b", "-n", "1", "-b"],
                 ["-l", "a", "-r", "b", "-n", "1", "-b", "x"]):
        theirs = java("SnapshotComparer", *args)
        ours = run(kz, "zk-snapshot-comparer", *args)
        assert (ours.returncode, ours.stdout, ours.stderr) == (theirs.returncode, theirs.stdout.replace("Successfully parsed options!\n", "")
                                                               if args and args[-1] == "x" else theirs.stdout, plain_errors(theirs.stderr)), args


# Where Apache's toolkit fails in its purpose and exits 0, ours exits 2.
CHOP_FAILS = (["-c", "-z", "0x999", "ok"], ["-c", "-z", "0", "ok"])
TOOLKIT = [["-r", "-v", "-y", "bad"], ["-d", "bad"], ["-v", "bad"], ["-r", "bad"], ["-ry", "bad"], ["torn"], ["-r", "-y", "torn"], ["header"],
           ["text"], ["none"], [], ["-q", "ok"], ["-c", "ok"], ["-c", "-z", "5", "ok"], ["-c", "-z", "3", "torn"], ["-c", "-z", "1", "bad"],
           ["--chop", "--zxid", "0x3", "ok"], ["--recover", "--yes", "ok"], ["-z", "x", "-c", "ok"], *CHOP_FAILS]


def test_txn_log_toolkit_on_good_and_bad_logs(kz, tmp_path):
    server = zklib.ZkServer(kz, tmp_path / "zk").start()
    c = fill(server.address)
    c.stop()
    c.close()
    server.stop()
    data = server.logs()[0].read_bytes()
    bad = bytearray(data)
    bad[bad.find(b"data of a")] ^= 1
    logs = {"ok": data, "bad": bytes(bad), "torn": data[:len(data.rstrip(b"\0")) - 40], "header": data[:16], "text": b"no log at all, but text"}
    for args in TOOLKIT:
        results = []
        for side in ("theirs", "ours"):
            d = tmp_path / side
            for name, content in logs.items():
                d.mkdir(exist_ok=True)
                (d / name).write_bytes(content)
            words = [str(d / a) if a in logs or a == "none" else a for a in args]
            p = java("persistence.TxnLogToolkit", *words, input="n\n") if side == "theirs" else \
                run(kz, "zk-txn-log-toolkit", *words, input="n\n", env=ENV)
            status = p.returncode
            if args in CHOP_FAILS:
                assert status == (0 if side == "theirs" else 2)
                status = None
            made = {f.name: f.read_bytes().rstrip(b"\0") for f in d.iterdir() if f.name not in logs}
            err = re.sub(r"(?m)^hint: .*\n", "", plain_errors(p.stderr)).replace(str(d), "D")
            results.append((status, p.stdout.replace(str(d), "D"), err, None if args in CHOP_FAILS else made))
            for f in d.iterdir():
                f.unlink()
        assert results[1] == results[0], args


SCRIPT = "/usr/share/zookeeper/bin/zkServer.sh"
CONFIGS = {
    "no-server": "dataDir={data}\nclientPort={closed}\n",
    "address": "dataDir={data}\nclientPort={closed}\nclientPortAddress=127.0.0.1\n",
    "running": "dataDir={data}\nclientPort={port}\n",
    "running-indented": "  dataDir={data}\n  clientPort={port}\n",
    "static": "dataDir={data}\nserver.3=127.0.0.1:1:2;{port}\nserver.4=127.0.0.1:3:4;{closed}\n",
    "static-address": "dataDir={data}\nserver.3=127.0.0.1:1:2:participant;127.0.0.1:{port}\n",
    "dynamic": "dataDir={data}\ndynamicConfigFile={dynamic}\n",
    "no-port": "dataDir={data}\nserver.3=127.0.0.1:1:2\n",
    "no-myid": "dataDir={empty}\nserver.3=127.0.0.1:1:2;{port}\n",
    "secure": "dataDir={empty}\nsecureClientPort={closed}\n",
    "secure-address": "dataDir={empty}\nsecureClientPort={closed}\nsecureClientPortAddress=127.0.0.1\n",
}


@pytest.fixture(scope="module")
def server(kz, tmp_path_factory):
    s = zklib.ZkServer(kz, tmp_path_factory.mktemp("zk")).start()
    yield s
    s.stop()


@pytest.mark.parametrize("name", CONFIGS)
def test_status(kz, server, tmp_path, name):
    data, empty = tmp_path / "data", tmp_path / "empty"
    data.mkdir()
    empty.mkdir()
    (data / "myid").write_text("3\n")
    dynamic = tmp_path / "zoo.cfg.dynamic"
    dynamic.write_text(f"server.3=127.0.0.1:1:2;127.0.0.1:{server.port}\n")
    config = tmp_path / "zoo.cfg"
    config.write_text(CONFIGS[name].format(data=data, empty=empty, port=server.port, closed=kzlib.free_port(), dynamic=dynamic))
    theirs = run("bash", SCRIPT, "status", config)
    ours = run(kz, "zk-server", "status", config)
    assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout)
    head = "ZooKeeper JMX enabled by default\n"
    if name != "dynamic":  # the script's grep complains of the clientPort's absence in its own words
        assert ours.stderr.startswith(head) and theirs.stderr.startswith(head)


def test_stop_without_a_server_and_wrong_verbs(kz, tmp_path):
    config = tmp_path / "zoo.cfg"
    config.write_text(f"dataDir={tmp_path}/data\nclientPort=1\n")
    for env in ({}, {"JMXDISABLE": "true"}, {"JMXPORT": "12345", "JMXHOSTNAME": "h"}, {"ZOO_DATADIR_AUTOCREATE_DISABLE": "1"}):
        theirs = run("bash", SCRIPT, "stop", config, env=env)
        ours = run(kz, "zk-server", "stop", config, env=env)
        assert (ours.returncode, ours.stdout, ours.stderr) == (theirs.returncode, theirs.stdout, theirs.stderr), env
    theirs = run("bash", SCRIPT, "nonsense", config)
    ours = run(kz, "zk-server", "nonsense", config)
    assert ours.returncode == theirs.returncode
    assert ours.stderr.split("[--config")[1] == theirs.stderr.split("[--config")[1]


def test_initialize(kz, tmp_path):
    config = tmp_path / "zoo.cfg"
    data, log = tmp_path / "data", tmp_path / "log"
    p = run(kz, "zk-server-initialize", "--configfile", config)
    assert (p.returncode, p.stdout) == (1, f"Unable to find config file at {config}\n")
    config.write_text("clientPort=1\n")
    p = run(kz, "zk-server-initialize", f"--configfile={config}")
    assert (p.returncode, p.stdout) == (1, f"Unable to determine dataDir from {config}\n")
    config.write_text(f"clientPort=1\ndataDir={data}\ndataLogDir={log}\n")
    p = run(kz, "zk-server-initialize", f"--configfile={config}")
    assert (p.returncode, p.stdout) == (0, f"No myid provided, be sure to specify it in {data}/myid if using non-standalone\n")
    assert (data / "version-2").is_dir() and (log / "version-2").is_dir() and (data / "initialize").exists()
    (data / "version-2/snapshot.0").write_text("x")
    p = run(kz, "zk-server-initialize", f"--configfile={config}", "--myid", "7")
    assert (p.returncode, p.stdout) == (1, f"ZooKeeper data directory already exists at {data} (or use --force to force re-initialization)\n")
    p = run(kz, "zk-server-initialize", f"--configfile={config}", "--myid=7", "--force")
    assert (p.returncode, p.stdout) == (0, "Force enabled, data/txnlog directories will be re-initialized\nUsing myid of 7\n")
    assert (data / "myid").read_text() == "7\n" and not list((data / "version-2").iterdir())
    p = run(kz, "zk-server-initialize", "--what")
    assert p.returncode == 1 and p.stdout.startswith("Unknown option: --what\nusage: ")
