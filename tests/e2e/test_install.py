"""make install: the homes that people's scripts name, as relative links to the one binary, and the daemons run from them."""
import os
import shutil
import subprocess

import pytest

import kzlib


@pytest.fixture(scope="module")
def home(kz, tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    prefix = root / "usr/local"
    kzlib.run(kzlib.REPO / "tests/tools/install.sh", kz, "", prefix, prefix / "kafka", prefix / "zookeeper", check=0)
    return prefix


def test_links_are_relative_and_complete(home):
    for name in ("kafka-topics.sh", "kafka-console-producer.sh", "kafka-console-consumer.sh", "kafka-server-start.sh", "kafka-server-stop.sh",
                 "zookeeper-server-start.sh", "zookeeper-server-stop.sh", "zookeeper-shell.sh"):
        assert not os.path.isabs(os.readlink(home / "kafka/bin" / name)), name
    for name in ("zkServer.sh", "zkServer-initialize.sh", "zkCli.sh", "zkCleanup.sh", "zkTxnLogToolkit.sh", "zkSnapShotToolkit.sh",
                 "zkSnapshotComparer.sh"):
        assert not os.path.isabs(os.readlink(home / "zookeeper/bin" / name)), name
    assert (home / "kafka/config/server.properties").exists()
    assert (home / "zookeeper/conf/zoo_sample.cfg").exists()
    assert (home / "share/man/man1/kz-topics.1").exists()


def test_completions_load(home):
    script = home / "share/bash-completion/completions/kz"
    out = kzlib.run("bash", "-c", f"source {script}; COMP_WORDS=(kz top); COMP_CWORD=1; _kz; echo ${{COMPREPLY[@]}}", check=0)
    assert "topics" in out.stdout.split()
    out = kzlib.run("bash", "-c", f"source {script}; COMP_WORDS=(kafka-topics.sh --boot); COMP_CWORD=1; _kz; echo ${{COMPREPLY[@]}}", check=0)
    assert out.stdout.split() == ["--bootstrap-server"]
    kzlib.run("zsh", "-n", home / "share/zsh/site-functions/_kz", check=0)
    kzlib.run("fish", "-n", home / "share/fish/vendor_completions.d/kz.fish", check=0)


def test_edited_configuration_is_kept(kz, home):
    path = home / "kafka/config/server.properties"
    path.write_text("broker.id=42\n")
    kzlib.run(kzlib.REPO / "tests/tools/install.sh", kz, "", home, home / "kafka", home / "zookeeper", check=0)
    assert path.read_text() == "broker.id=42\n"


def test_the_daemons(home, tmp_path):
    """zkServer.sh and kafka-server-start.sh -daemon as the documents call them; status, stop, files where the scripts put them."""
    zk_port, port = kzlib.free_port(), kzlib.free_port()
    zk_home, kafka_home = tmp_path / "zk", tmp_path / "kafka"
    shutil.copytree(home / "zookeeper", zk_home, symlinks=True)
    shutil.copytree(home / "kafka", kafka_home, symlinks=True)
    (tmp_path / "bin").mkdir()
    shutil.copy(home / "bin/kz", tmp_path / "bin/kz")
    (zk_home / "conf/zoo.cfg").write_text(f"tickTime=2000\ndataDir={zk_home}/data\nclientPort={zk_port}\nadmin.enableServer=false\n")
    (kafka_home / "config/server.properties").write_text(
        f"broker.id=7\nlisteners=PLAINTEXT://127.0.0.1:{port}\nlog.dirs={kafka_home}/data\nzookeeper.connect=127.0.0.1:{zk_port}\n"
        "offsets.topic.replication.factor=1\n")
    zk_server = zk_home / "bin/zkServer.sh"
    started = kzlib.run(zk_server, "start", check=0)
    try:
        assert started.stdout.rstrip().endswith("STARTED") and "Using config:" in started.stderr
        status = kzlib.wait_for("status", lambda: (s := kzlib.run(zk_server, "status")).returncode == 0 and s)
        assert status.stdout.splitlines()[-1] == "Mode: standalone"
        again = kzlib.run(zk_server, "start")
        assert "already running as process" in again.stdout
        kzlib.run(kafka_home / "bin/kafka-server-start.sh", "-daemon", kafka_home / "config/server.properties", check=0)
        kzlib.wait_for("the broker", lambda: kzlib.can_connect(port), 20)
        tool = kafka_home / "bin/kafka-topics.sh"
        kzlib.wait_for("create", lambda: kzlib.run(tool, "--bootstrap-server", f"127.0.0.1:{port}", "--create", "--topic", "x").returncode == 0)
        assert (kafka_home / "logs/kafkaServer.out").exists() or (kafka_home / "logs/server.log").exists()
        kzlib.run(kafka_home / "bin/kafka-server-stop.sh", check=0)
        kzlib.wait_for("clean stop", lambda: (kafka_home / "data/.kafka_cleanshutdown").exists(), 20)
        kzlib.wait_for("process end", lambda: kzlib.run(kafka_home / "bin/kafka-server-stop.sh").returncode == 1 or not pids(kafka_home), 20)
    finally:
        for pid in pids(kafka_home):
            os.kill(pid, 9)
        stopped = kzlib.run(zk_server, "stop")
    assert stopped.stdout.rstrip().endswith("STOPPED")
    assert kzlib.run(zk_server, "status").returncode == 1


def pids(directory):
    out = subprocess.run(["pgrep", "-f", str(directory)], capture_output=True, text=True).stdout
    return [int(p) for p in out.split() if int(p) != os.getpid()]
