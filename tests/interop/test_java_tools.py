"""Apache Kafka's own tools, 2.7.1 and 3.4.0, on a kz broker."""
import pytest

import kzlib

RELEASES = ["2.7.1", "3.4.0"]


@pytest.mark.parametrize("release", RELEASES)
def test_topic_command(dev, topic, release):
    def topics(*args, check=0):
        return kzlib.java_tool(release, "kafka.admin.TopicCommand", "--bootstrap-server", dev.bootstrap, *args, check=check)

    assert "Created topic" in topics("--create", "--topic", topic, "--partitions", "3", "--replication-factor", "1",
                                     "--config", "retention.ms=86400000").stdout
    assert topic in topics("--list").stdout.split()
    described = topics("--describe", "--topic", topic).stdout
    assert "PartitionCount: 3" in described and "retention.ms=86400000" in described
    assert described.count("Leader: 0") == 3
    topics("--alter", "--topic", topic, "--partitions", "6")
    assert "PartitionCount: 6" in topics("--describe", "--topic", topic).stdout
    again = topics("--create", "--topic", topic, check=1)
    assert f"Topic '{topic}' already exists." in again.stdout + again.stderr
    topics("--delete", "--topic", topic)
    kzlib.wait_for("deletion", lambda: topic not in dev.tool("topics", "--list", check=0).stdout.split())


def test_topic_command_through_zookeeper(dev, topic):
    def topics(*args):
        return kzlib.java_tool("2.7.1", "kafka.admin.TopicCommand", "--zookeeper", dev.zookeeper, *args, check=0).stdout

    assert f"Created topic {topic}." in topics("--create", "--topic", topic, "--partitions", "2", "--replication-factor", "1")
    kzlib.wait_for("leaders", lambda: dev.tool("topics", "--describe", "--topic", topic).stdout.count("Leader: 0") == 2)
    assert "Adding partitions succeeded!" in topics("--alter", "--topic", topic, "--partitions", "4")
    kzlib.wait_for("4 leaders", lambda: dev.tool("topics", "--describe", "--topic", topic).stdout.count("Leader: 0") == 4)
    assert "marked for deletion" in topics("--delete", "--topic", topic)
    kzlib.wait_for("deletion", lambda: topic not in dev.tool("topics", "--list", check=0).stdout.split())


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
@pytest.mark.parametrize("release", RELEASES)
def test_console_producer_and_consumer(dev, topic, release, codec):
    dev.create_topic(topic, 2)
    lines = "".join(f"key{i}\tvalue {i} with some text to squeeze squeeze squeeze\n" for i in range(500))
    kzlib.java_tool(release, "kafka.tools.ConsoleProducer", "--bootstrap-server", dev.bootstrap, "--topic", topic, "--compression-codec",
                    codec, "--property", "parse.key=true", input=lines, check=0)
    got = kzlib.java_tool(release, "kafka.tools.ConsoleConsumer", "--bootstrap-server", dev.bootstrap, "--topic", topic, "--from-beginning",
                          "--max-messages", "500", "--timeout-ms", "20000", "--property", "print.key=true", check=0)
    assert sorted(got.stdout.splitlines()) == sorted(lines.splitlines())
    assert "Processed a total of 500 messages" in got.stderr
    ours = dev.tool("console-consumer", "--topic", topic, "--from-beginning", "--max-messages", "500", "--timeout-ms", "20000", "--property",
                    "print.key=true", check=0)
    assert sorted(ours.stdout.splitlines()) == sorted(lines.splitlines())


@pytest.mark.parametrize("release", RELEASES)
def test_their_consumer_reads_ours_by_key(dev, topic, release):
    """Partitioning equals Java's: the same keys land in the same partitions from both producers."""
    dev.create_topic(topic, 7)
    ours = "".join(f"k{i}\tours\n" for i in range(300))
    theirs = "".join(f"k{i}\ttheirs\n" for i in range(300))
    dev.tool("console-producer", "--topic", topic, "--property", "parse.key=true", input=ours, check=0)
    kzlib.java_tool(release, "kafka.tools.ConsoleProducer", "--bootstrap-server", dev.bootstrap, "--topic", topic, "--property",
                    "parse.key=true", input=theirs, check=0)
    got = kzlib.java_tool(release, "kafka.tools.ConsoleConsumer", "--bootstrap-server", dev.bootstrap, "--topic", topic, "--from-beginning",
                          "--max-messages", "600", "--timeout-ms", "20000", "--property", "print.key=true", "--property",
                          "print.partition=true", check=0)
    placed = {}
    for line in got.stdout.splitlines():
        partition, key, who = line.split("\t")
        placed.setdefault(who, {})[key] = partition
    assert len(placed["ours"]) == 300
    assert placed["ours"] == placed["theirs"]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("assignor", ["org.apache.kafka.clients.consumer.RangeAssignor", "org.apache.kafka.clients.consumer.RoundRobinAssignor",
                                      "org.apache.kafka.clients.consumer.StickyAssignor",
                                      "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"])
def test_a_group_shared_with_java(dev, topic, release, assignor, tmp_path):
    """One of our members and one of Java's share a group: each record is read once."""
    import subprocess
    dev.create_topic(topic, 6)
    group = f"g-{topic}"
    ours = kzlib.Process([dev.kz, "console-consumer", "--bootstrap-server", dev.bootstrap, "--topic", topic, "--group", group, "--from-beginning",
                          "--consumer-property", f"partition.assignment.strategy={assignor}"], tmp_path / "ours")
    theirs_out = open(tmp_path / "theirs", "wb")
    theirs = subprocess.Popen(["java", "-Xmx256M", "-XX:+UseSerialGC", "-cp", kzlib.kafka_classpath(release), "kafka.tools.ConsoleConsumer",
                               "--bootstrap-server", dev.bootstrap, "--topic", topic, "--group", group, "--from-beginning",
                               "--consumer-property", f"partition.assignment.strategy={assignor}"], stdout=theirs_out,
                              stderr=subprocess.DEVNULL)
    try:
        def two_members():
            out = kzlib.java_tool(release, "kafka.admin.ConsumerGroupCommand", "--bootstrap-server", dev.bootstrap, "--describe", "--group",
                                  group, "--members").stdout
            rows = [l for l in out.splitlines() if l.startswith(group)]
            return len(rows) == 2 and all(r.split()[-1] == "3" for r in rows)

        kzlib.wait_for("two members with three partitions each", two_members, 60)
        dev.tool("console-producer", "--topic", topic, "--property", "parse.key=true", input="".join(f"k{i}\tv{i}\n" for i in range(600)), check=0)

        def all_read():
            a = (tmp_path / "ours").read_text().split()
            b = (tmp_path / "theirs").read_text().split()
            a = [x for x in a if x.startswith("v")]
            return len(a) + len(b) == 600 and a and b and sorted(a + b) == sorted(f"v{i}" for i in range(600))

        kzlib.wait_for("every record once", all_read, 30)
    finally:
        ours.kill()
        theirs.kill()
        theirs.wait()
        theirs_out.close()
