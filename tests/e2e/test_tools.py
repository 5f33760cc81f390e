"""The three Kafka tools and zk-cli against a running kz: what goes in comes out, groups, signals, closed pipes."""
import signal
import subprocess
import time

import pytest

import kzlib


def produce(dev, topic, text, *args, check=0):
    return dev.tool("console-producer", "--topic", topic, *args, input=text, check=check)


def consume(dev, topic, count, *args, check=0):
    return dev.tool("console-consumer", "--topic", topic, "--from-beginning", "--max-messages", count, *args, check=check)


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_every_codec_round_trip(dev, topic, codec):
    dev.create_topic(topic, 1)
    text = "".join(f"line {i} " + "x" * (i % 300) + "\n" for i in range(3000))
    produce(dev, topic, text, "--compression-codec", codec)
    p = consume(dev, topic, 3000)
    assert p.stdout == text
    assert p.stderr == "Processed a total of 3000 messages\n"


def test_keys_headers_and_nulls(dev, topic):
    dev.create_topic(topic, 1)
    produce(dev, topic, "a:1,b:-\tk\tv\n-\t-\t-\r\nx:\tk2\tlast without an end",
            "--property", "parse.key=true", "--property", "parse.headers=true", "--property", "null.marker=-")
    p = consume(dev, topic, 3, "--property", "print.key=true", "--property", "print.headers=true",
                "--property", "print.offset=true", "--property", "print.partition=true", "--property", "key.separator=|")
    assert p.stdout == ("Partition:0|Offset:0|a:1,b:null|k|v\n"
                        "Partition:0|Offset:1|NO_HEADERS|null|null\n"
                        "Partition:0|Offset:2|x:|k2|last without an end\n")


def test_a_bad_line_ends_the_producer_and_what_came_before_is_delivered(dev, topic):
    dev.create_topic(topic, 1)
    p = produce(dev, topic, "k\tv\nnokey\nk\tw\n", "--property", "parse.key=true", check=1)
    assert p.stderr.splitlines()[0] == "kafka.common.KafkaException: No key separator found on line number 2: 'nokey'"
    assert consume(dev, topic, 1).stdout == "v\n"


def test_sync_and_acks(dev, topic):
    dev.create_topic(topic, 1)
    produce(dev, topic, "a\nb\n", "--sync")
    produce(dev, topic, "c\n", "--request-required-acks", "0")
    produce(dev, topic, "d\n", "--request-required-acks", "1")
    assert sorted(consume(dev, topic, 4).stdout.split()) == ["a", "b", "c", "d"]


def test_partition_and_offset(dev, topic):
    dev.create_topic(topic, 1)
    produce(dev, topic, "a\nb\nc\n")
    p = dev.tool("console-consumer", "--topic", topic, "--partition", 0, "--offset", 1, "--max-messages", 2, check=0)
    assert p.stdout == "b\nc\n"
    p = dev.tool("console-consumer", "--topic", topic, "--partition", 0, "--timeout-ms", 500, check=0)
    assert p.stdout == ""
    assert "ERROR Error processing message, terminating consumer process:  (kafka.tools.ConsoleConsumer$)" in p.stderr
    assert p.stderr.splitlines()[-2:] == ["org.apache.kafka.common.errors.TimeoutException",
                                          "Processed a total of 0 messages"]


def test_include_takes_all_that_match(dev, topic):
    for i in range(2):
        dev.create_topic(f"{topic}.{i}", 1)
        produce(dev, f"{topic}.{i}", f"v{i}\n")
    p = dev.tool("console-consumer", "--include", topic + r"\.[01]", "--from-beginning", "--max-messages", 2, check=0)
    assert sorted(p.stdout.split()) == ["v0", "v1"]


def test_a_group_goes_on_where_it_was(dev, topic):
    dev.create_topic(topic, 3)
    produce(dev, topic, "".join(f"{i}\n" for i in range(30)))
    first = consume(dev, topic, 10, "--group", topic).stdout.split()
    second = consume(dev, topic, 20, "--group", topic).stdout.split()
    assert sorted(first + second, key=int) == [str(i) for i in range(30)]


@pytest.mark.parametrize("strategy", ["RangeAssignor", "RoundRobinAssignor", "StickyAssignor", "CooperativeStickyAssignor"])
def test_two_members_share_and_one_takes_over(dev, topic, strategy):
    dev.create_topic(topic, 4)
    argv = [dev.kz, "console-consumer", "--bootstrap-server", dev.bootstrap, "--topic", topic, "--group", topic,
            "--from-beginning", "--property", "print.partition=true", "--consumer-property",
            f"partition.assignment.strategy=org.apache.kafka.clients.consumer.{strategy}"]
    members = [subprocess.Popen([str(a) for a in argv], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for _ in range(2)]
    outs = [[], []]
    import threading
    for m, out in zip(members, outs):
        threading.Thread(target=lambda m=m, out=out: out.extend(iter(m.stdout.readline, b"")), daemon=True).start()
    lines = "".join(f"{i}\t{i}\n" for i in range(40))

    def both_read():
        for out in outs:
            out.clear()
        produce(dev, topic, lines, "--property", "parse.key=true")
        time.sleep(0.3)
        return all(outs) and len(outs[0]) + len(outs[1]) == 40

    try:
        kzlib.wait_for("both members to read", both_read, 40)
        parts = [{l.split(b"\t")[0] for l in out} for out in outs]
        assert not parts[0] & parts[1], "a partition belongs to one member"
        members[0].send_signal(signal.SIGINT)
        assert members[0].wait(20) == 130

        def other_reads_all():
            outs[1].clear()
            produce(dev, topic, lines, "--property", "parse.key=true")
            time.sleep(0.3)
            return len(outs[1]) == 40

        kzlib.wait_for("the other to take over", other_reads_all, 40)
    finally:
        for m in members:
            m.kill()


def test_interrupted_consumer_counts(dev, topic):
    dev.create_topic(topic, 1)
    produce(dev, topic, "a\n")
    p = subprocess.Popen([str(dev.kz), "console-consumer", "--bootstrap-server", dev.bootstrap, "--topic", topic,
                          "--from-beginning"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert p.stdout.readline() == b"a\n"
    p.send_signal(signal.SIGINT)
    assert p.wait(10) == 130
    assert p.stderr.read() == b"Processed a total of 1 messages\n"


def test_closed_pipe_ends_the_consumer(dev, topic):
    dev.create_topic(topic, 1)
    produce(dev, topic, "a\nb\n")
    p = subprocess.Popen([str(dev.kz), "console-consumer", "--bootstrap-server", dev.bootstrap, "--topic", topic,
                          "--from-beginning"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert p.stdout.readline() == b"a\n"
    p.stdout.close()
    assert p.wait(10) == 0
    assert p.stderr.read().splitlines() == [b"Unable to write to standard out, closing consumer.",
                                            b"Processed a total of 2 messages"]


def test_topics_by_znodes(dev, topic):
    def zk(*args, check=0):
        return dev.tool("topics", "--zookeeper", dev.zookeeper, *args, check=check).stdout

    assert zk("--create", "--topic", topic, "--partitions", 2, "--replication-factor", 1) == f"Created topic {topic}.\n"
    kzlib.wait_for("leaders", lambda: zk("--describe", "--topic", topic).count("Leader: 0") == 2)
    assert "already exists" in zk("--create", "--topic", topic, "--partitions", 2, "--replication-factor", 1, check=1)
    assert "Adding partitions succeeded!" in zk("--alter", "--topic", topic, "--partitions", 3)
    kzlib.wait_for("the new leader", lambda: dev.tool("topics", "--describe", "--topic", topic).stdout.count("Leader: 0") == 3)
    assert f"Updated config for topic {topic}." in zk("--alter", "--topic", topic, "--config", "retention.ms=5000")
    kzlib.wait_for("the configuration", lambda: "retention.ms=5000" in dev.tool("topics", "--describe", "--topic", topic).stdout)
    assert f"Topic {topic} is marked for deletion." in zk("--delete", "--topic", topic)
    kzlib.wait_for("the deletion", lambda: topic not in zk("--list").split())


def test_zk_cli_from_standard_input(dev):
    script = "create /cli 'two words'\nget /cli\nset -v 0 /cli x\nls -R /cli\ndelete -v 0 /cli\ndeleteall /cli\nstat /cli\nquit\n"
    p = kzlib.run(dev.kz, "zk-cli", "-server", dev.zookeeper, input=script)
    assert p.returncode == 1  # of the command before quit, as Apache's
    assert p.stdout.startswith(f"Connecting to {dev.zookeeper}\n")
    assert "\nWATCHER::\n\nWatchedEvent state:SyncConnected type:None path:null\n" in p.stdout
    assert [l for l in p.stdout.splitlines() if l in ("two words", "/cli")] == ["two words", "/cli"]
    assert p.stderr.splitlines() == ["Created /cli", "version No is not valid : /cli", "Node does not exist: /cli"]
    assert kzlib.run(dev.kz, "zk-cli", "-server", dev.zookeeper, "get", "/nope").returncode == 1
