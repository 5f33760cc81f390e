"""A full disk: the log directory goes offline as Kafka's does, producers are told, nothing acknowledged is lost."""
import os
import subprocess

import confluent_kafka
import pytest

import kzlib


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 24 MB."""
    directory = tmp_path / "small"
    directory.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", directory], capture_output=True).returncode:
        pytest.skip("needs root to mount a small file system")
    yield directory
    subprocess.run(["umount", "-l", directory], check=True)


def test_the_log_directory_goes_offline(kz, tmp_path, small_disk):
    zk_port, port = kzlib.free_port(), kzlib.free_port()
    cfg = tmp_path / "zoo.cfg"
    cfg.write_text(f"dataDir={tmp_path}/zk\nclientPort={zk_port}\nadmin.enableServer=false\n")
    properties = tmp_path / "server.properties"
    properties.write_text(f"broker.id=0\nlisteners=PLAINTEXT://127.0.0.1:{port}\nlog.dirs={small_disk}/a,{tmp_path}/b\n"
                          f"zookeeper.connect=127.0.0.1:{zk_port}\noffsets.topic.replication.factor=1\n")
    zk = kzlib.Process([kz, "zk-server", "start-foreground", cfg], tmp_path / "zk.log")
    broker = kzlib.Process([kz, "kafka-server-start", properties], tmp_path / "broker.log")
    try:
        bootstrap = f"127.0.0.1:{port}"
        kzlib.wait_for("the broker", lambda: kzlib.run(kz, "topics", "--bootstrap-server", bootstrap, "--list").returncode == 0)
        # Enough topics that some live in the small directory.
        for i in range(6):
            kzlib.run(kz, "topics", "--bootstrap-server", bootstrap, "--create", "--topic", f"t{i}", "--partitions", 1, check=0)
        inside = [p.name.rsplit("-", 1)[0] for p in (small_disk / "a").glob("t*-0")]
        outside = [f"t{i}" for i in range(6) if f"t{i}" not in inside]
        assert inside and outside
        acknowledged, errors = [], []
        producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "message.timeout.ms": 4000, "linger.ms": 5})

        def delivered(error, message):
            (errors if error else acknowledged).append(error or (message.offset(), message.value()))

        payload = os.urandom(50000)
        for i in range(800):
            producer.produce(inside[0], i.to_bytes(4, "big") + payload, partition=0, on_delivery=delivered)
            producer.poll(0)
            if i % 20 == 0:
                producer.flush(10)
            if errors:
                break
        producer.flush(10)
        assert errors, "the disk never filled up"
        assert broker.alive(), broker.output()[-2000:]
        assert "no space left on device" in broker.output().lower()
        # The controller is told: what lives there has no leader, and describe says so.
        def unavailable():
            out = kzlib.run(kz, "topics", "--bootstrap-server", bootstrap, "--describe", "--unavailable-partitions", check=0).stdout
            assert out.count("Leader: none") == len(inside), out
            return sorted(l.split("\t")[1] for l in out.splitlines() if l) == sorted(f"Topic: {t}" for t in inside)

        kzlib.wait_for("partitions without a leader", unavailable)
        ls = kzlib.run(kz, "zk-cli", "-server", f"127.0.0.1:{zk_port}", "ls", "/log_dir_event_notification", check=0)
        assert ls.stdout.strip().splitlines()[-1] == "[]"
        # The other directory goes on.
        kzlib.run("kcat", "-b", bootstrap, "-P", "-t", outside[0], input="fine\n", check=0)
        assert kzlib.run("kcat", "-b", bootstrap, "-C", "-t", outside[0], "-e", "-q", check=0).stdout == "fine\n"
        broker.kill()
        broker.p.wait()
        # Room again: everything acknowledged is there.
        subprocess.run(["mount", "-o", "remount,size=96m", str(small_disk)], check=True)
        broker = kzlib.Process([kz, "kafka-server-start", properties], tmp_path / "broker.log")
        consumer = confluent_kafka.Consumer({"bootstrap.servers": bootstrap, "group.id": "x", "auto.offset.reset": "earliest"})
        consumer.assign([confluent_kafka.TopicPartition(inside[0], 0, 0)])
        found = {}

        def all_there():
            for m in consumer.consume(500, 1):
                if not m.error():
                    found[m.offset()] = m.value()
            return len(found) >= len(acknowledged)

        kzlib.wait_for("all acknowledged records", all_there, 30)
        consumer.close()
        for offset, value in acknowledged:
            assert found[offset] == value
    finally:
        broker.kill()
        zk.kill()
