"""kz's tools on Apache Kafka 3.4.0 and 2.7.1 and Apache ZooKeeper 3.8, compared with Apache's own tools."""
import pytest

import kzlib


class Cluster:
    def __init__(self, release, zk, broker):
        self.release, self.zk, self.broker = release, zk, broker


@pytest.fixture(scope="module", params=["2.7.1", "3.4.0"])
def apache(request, tmp_path_factory):
    directory = tmp_path_factory.mktemp("apache-" + request.param)
    zk = kzlib.ApacheZooKeeper(directory).wait_ready()
    broker = kzlib.ApacheBroker(request.param, directory, zk.address).wait_ready()
    yield Cluster(request.param, zk, broker)
    broker.kill()
    zk.kill()


def ours(kz, apache, tool, *args, **kw):
    return kzlib.run(kz, tool, "--bootstrap-server", apache.broker.bootstrap, *args, **kw)


def theirs(apache, *args, **kw):
    return kzlib.java_tool(apache.release, "kafka.admin.TopicCommand", "--bootstrap-server", apache.broker.bootstrap, *args, **kw)


def test_topics_outputs_equal(kz, apache, topic):
    created = ours(kz, apache, "topics", "--create", "--topic", topic, "--partitions", 3, "--replication-factor", 1, "--config",
                   "segment.bytes=1048576", check=0)
    assert created.stdout == f"Created topic {topic}.\n"
    for args in (["--describe", "--topic", topic], ["--list"], ["--describe", "--topics-with-overrides"],
                 ["--describe", "--under-replicated-partitions"]):
        a, b = ours(kz, apache, "topics", *args), theirs(apache, *args)
        assert sorted(a.stdout.splitlines()) == sorted(b.stdout.splitlines()), args
        assert a.returncode == b.returncode
    for args in (["--create", "--topic", topic], ["--create", "--topic", topic + "-2", "--replication-factor", "2"],
                 ["--alter", "--topic", topic, "--partitions", "2"], ["--describe", "--topic", "no-such-topic"],
                 ["--create", "--topic", topic + "-3", "--config", "retention.ms=abc"],
                 ["--create", "--topic", topic + "-4", "--partitions", "0"], ["--delete", "--topic", "no-such-topic"]):
        a, b = ours(kz, apache, "topics", *args), theirs(apache, *args)
        assert a.stdout == b.stdout, args
        assert a.returncode == b.returncode == 1, args
    ours(kz, apache, "topics", "--alter", "--topic", topic, "--partitions", 5, check=0)
    assert "PartitionCount: 5" in theirs(apache, "--describe", "--topic", topic).stdout
    ours(kz, apache, "topics", "--delete", "--topic", topic, check=0)
    kzlib.wait_for("deletion", lambda: topic not in ours(kz, apache, "topics", "--list").stdout.split())


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_console_tools(kz, apache, topic, codec):
    ours(kz, apache, "topics", "--create", "--topic", topic, "--partitions", 2, "--replication-factor", 1, check=0)
    lines = "".join(f"key{i}\tvalue {i} squeeze squeeze squeeze squeeze\n" for i in range(2000))
    ours(kz, apache, "console-producer", "--topic", topic, "--compression-codec", codec, "--property", "parse.key=true", input=lines, check=0)
    mine = ours(kz, apache, "console-consumer", "--topic", topic, "--from-beginning", "--max-messages", 2000, "--timeout-ms", 20000,
                "--property", "print.key=true", check=0)
    assert sorted(mine.stdout.splitlines()) == sorted(lines.splitlines())
    java = kzlib.java_tool(apache.release, "kafka.tools.ConsoleConsumer", "--bootstrap-server", apache.broker.bootstrap, "--topic", topic,
                           "--from-beginning", "--max-messages", "2000", "--timeout-ms", "20000", "--property", "print.key=true", check=0)
    assert sorted(java.stdout.splitlines()) == sorted(lines.splitlines())


def test_zookeeper_form(kz, apache, topic):
    def topics(*args, check=0):
        return kzlib.run(kz, "topics", "--zookeeper", apache.zk.address, *args, check=check).stdout

    assert topics("--create", "--topic", topic, "--partitions", 2, "--replication-factor", 1) == f"Created topic {topic}.\n"
    kzlib.wait_for("leaders", lambda: theirs(apache, "--describe", "--topic", topic).stdout.count("Leader: 0") == 2)
    assert topic in topics("--list").split()
    topics("--alter", "--topic", topic, "--partitions", 3)
    kzlib.wait_for("3 leaders", lambda: theirs(apache, "--describe", "--topic", topic).stdout.count("Leader: 0") == 3)
    topics("--delete", "--topic", topic)
    kzlib.wait_for("deletion", lambda: topic not in theirs(apache, "--list").stdout.split())


def test_zk_cli(kz, apache):
    def cli(*args, check=0, input=None):
        return kzlib.run(kz, "zk-cli", "-server", apache.zk.address, *args, check=check, input=input)

    cli("create", "/kz-cli", "hello")
    assert "hello" in cli("get", "/kz-cli").stdout
    assert "brokers" in cli("ls", "/").stdout
    cli("delete", "/kz-cli")
    assert "Node does not exist: /kz-cli" in cli("get", "/kz-cli", check=1).stderr
