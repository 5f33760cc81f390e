"""Data directories move between kz and Apache both ways, also after SIGKILL, with equal contents."""
import shutil

import pytest

import kzlib


def contents(kz, bootstrap, topic, count):
    out = kzlib.run(kz, "console-consumer", "--bootstrap-server", bootstrap, "--topic", topic, "--from-beginning", "--max-messages", count,
                    "--timeout-ms", 20000, "--property", "print.partition=true", "--property", "print.offset=true", "--property",
                    "print.key=true", check=0).stdout
    return sorted(out.splitlines())


def fill(kz, bootstrap, topic, codec="none"):
    lines = "".join(f"k{i}\t{codec} value {i} {'x' * (i % 97)}\n" for i in range(1000))
    kzlib.run(kz, "console-producer", "--bootstrap-server", bootstrap, "--topic", topic, "--compression-codec", codec, "--property",
              "parse.key=true", input=lines, check=0)


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("release", ["3.4.0", "2.7.1"])
def test_apache_opens_ours(kz, tmp_path, release, killed):
    properties = "log.segment.bytes=65536\n" + ("inter.broker.protocol.version=2.7\n" if release == "2.7.1" else "")
    dev = kzlib.Dev(kz, tmp_path, properties=properties)
    dev.start()
    for codec in ("none", "lz4", "zstd"):
        dev.create_topic(f"t-{codec}", 2)
        fill(kz, dev.bootstrap, f"t-{codec}", codec)
    before = {c: contents(kz, dev.bootstrap, f"t-{c}", 1000) for c in ("none", "lz4", "zstd")}
    group = dev.tool("console-consumer", "--topic", "t-none", "--group", "g1", "--from-beginning", "--max-messages", 10, "--timeout-ms", 20000)
    assert group.returncode == 0, group.stderr
    dev.kill() if killed else dev.stop()

    zk_data = next(p.parent for p in dev.data.rglob("version-2"))
    kafka_data = next(p.parent for p in dev.data.rglob("meta.properties"))
    for segment in sorted(kafka_data.glob("t-*/*.log")):
        dump = kzlib.java_tool("3.4.0", "kafka.tools.DumpLogSegments", "--deep-iteration", "--files", segment, check=0)
        assert "isvalid: false" not in dump.stdout and "Found timestamp mismatch" not in dump.stdout, dump.stdout[-2000:]
        assert "invalid bytes" not in dump.stdout or killed, dump.stdout[-2000:]

    zk = kzlib.ApacheZooKeeper(tmp_path / "apache", data=zk_data).wait_ready()
    try:
        # Apache's broker does not wait for the registration of one that was killed: its session has to expire first.
        kzlib.wait_for("the old registration to expire", lambda: "[]" in kzlib.run(kz, "zk-cli", "-server", zk.address, "ls", "/brokers/ids").stdout,
                       60)
        assert "digest" not in zk.output().lower() or "mismatch" not in zk.output().lower(), zk.output()
        broker = kzlib.ApacheBroker(release, tmp_path / "apache", zk.address, data=kafka_data).wait_ready()
        try:
            for c in before:
                assert contents(kz, broker.bootstrap, f"t-{c}", 1000) == before[c]
        finally:
            broker.stop(seconds=60)
    finally:
        zk.kill()


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("release", ["3.4.0", "2.7.1"])
def test_we_open_theirs(kz, tmp_path, release, killed):
    zk = kzlib.ApacheZooKeeper(tmp_path / "apache").wait_ready()
    broker = kzlib.ApacheBroker(release, tmp_path / "apache", zk.address, extra="log.segment.bytes=65536\n").wait_ready()
    for codec in ("none", "gzip", "snappy"):
        kzlib.run(kz, "topics", "--bootstrap-server", broker.bootstrap, "--create", "--topic", f"t-{codec}", "--partitions", 2, check=0)
        fill(kz, broker.bootstrap, f"t-{codec}", codec)
    before = {c: contents(kz, broker.bootstrap, f"t-{c}", 1000) for c in ("none", "gzip", "snappy")}
    broker.kill() if killed else broker.stop(seconds=60)
    broker.p.wait()
    zk.kill()
    zk.p.wait()
    properties = "inter.broker.protocol.version=2.7\n" if release == "2.7.1" else ""
    dev = kzlib.Dev(kz, tmp_path, properties=properties)
    dev.port = broker.port  # a broker of the same address takes the place of the killed one when its session has expired
    dev.data.mkdir()
    shutil.copytree(zk.data, dev.data / "zookeeper")
    shutil.copytree(broker.data, dev.data / "kafka")
    dev.start()
    try:
        for c in before:
            assert contents(kz, dev.bootstrap, f"t-{c}", 1000) == before[c]
        fill(kz, dev.bootstrap, "t-none")
        assert len(contents(kz, dev.bootstrap, "t-none", 2000)) == 2000
    finally:
        dev.stop()
