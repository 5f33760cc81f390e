"""What a new user tries in the first hour: container variables, large messages, many partitions, a port that is taken, a
directory in use, --zookeeper, Ctrl-C, a broker that dies under a console and comes back."""
import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import termios
import time

import confluent_kafka
import confluent_kafka.admin
import pytest

import kzlib


def broker_file(dev, directory, port, **more):
    """A server.properties for a second broker id on dev's ZooKeeper, under a chroot of its own."""
    path = directory / "server.properties"
    keys = {"broker.id": 5, "listeners": f"PLAINTEXT://127.0.0.1:{port}", "log.dirs": directory / "data",
            "zookeeper.connect": f"{dev.zookeeper}/{directory.name}", "offsets.topic.replication.factor": 1, **more}
    path.write_text("".join(f"{k}={v}\n" for k, v in keys.items()))
    return path


def metadata(address):
    p = kzlib.run(kzlib.require("kcat"), "-b", address, "-L", "-J", "-m", 5, check=0)
    return json.loads(p.stdout)


def test_container_variables_configure_a_broker(dev, tmp_path):
    port = kzlib.free_port()
    env = {"KAFKA_LISTENERS": f"PLAINTEXT://:{port}", "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
           "KAFKA_BROKER_ID": "1", "KAFKA_ZOOKEEPER_CONNECT": f"{dev.zookeeper}/{tmp_path.name}", "KAFKA_LOG_DIRS": str(tmp_path / "data"),
           "KAFKA_CFG_NUM_PARTITIONS": "4", "KAFKA_MAP_USERNAME": "admin", "KAFKA_HEAP_OPTS": "-Xmx1G"}
    p = kzlib.Process([dev.kz, "kafka-server-start"], tmp_path / "log", env=env)
    try:
        kzlib.wait_for("the broker", lambda: kzlib.can_connect(port) and "started" in p.output())
        assert [(b["id"], b["name"]) for b in metadata(f"127.0.0.1:{port}")["brokers"]] == [(1, f"127.0.0.1:{port}")]
        kzlib.run(kzlib.require("kcat"), "-b", f"127.0.0.1:{port}", "-P", "-t", "auto", input="x\n", check=0)
        topic = next(t for t in metadata(f"127.0.0.1:{port}")["topics"] if t["topic"] == "auto")
        assert len(topic["partitions"]) == 4
        assert "broker.id, listeners" in p.output() and "map.username" not in p.output().lower()
    finally:
        p.stop()


def test_a_wrong_container_variable_is_named(dev, tmp_path):
    path = broker_file(dev, tmp_path, kzlib.free_port())
    p = kzlib.run(dev.kz, "kafka-server-start", path, env={"KAFKA_NUM_PARTITIONS": "many"}, check=1)
    assert "num.partitions=many" in p.stderr and "environment" in p.stderr, p.stderr


@pytest.mark.parametrize("size", [1048500, 1000000, 70000])
def test_messages_just_below_the_limit_pass(dev, topic, size):
    dev.create_topic(topic)
    value = os.urandom(size)
    producer = confluent_kafka.Producer({"bootstrap.servers": dev.bootstrap, "message.max.bytes": 3000000})
    errors = []
    producer.produce(topic, value, on_delivery=lambda e, m: errors.append(e))
    assert producer.flush(20) == 0 and errors == [None]
    consumer = confluent_kafka.Consumer({"bootstrap.servers": dev.bootstrap, "group.id": topic, "auto.offset.reset": "earliest",
                                         "fetch.message.max.bytes": 1024})  # a batch above every limit still gets through
    consumer.subscribe([topic])
    message = consumer.poll(20 * kzlib.SLOW)
    assert message is not None and message.error() is None and message.value() == value
    consumer.close()


def test_a_message_above_message_max_bytes_is_refused_and_the_rest_pass(dev, topic):
    dev.create_topic(topic)
    producer = confluent_kafka.Producer({"bootstrap.servers": dev.bootstrap, "message.max.bytes": 3000000, "linger.ms": 0})
    results = []
    for value in (b"small", os.urandom(1100000), b"after"):
        producer.produce(topic, value, on_delivery=lambda e, m: results.append(e.name() if e else None))
        producer.flush(20)
    assert results == [None, "MSG_SIZE_TOO_LARGE", None]


def test_console_producer_and_lines_above_max_request_size(dev, topic):
    dev.create_topic(topic)
    p = dev.tool("console-producer", "--topic", topic, input="a\n" + "x" * 2000000 + "\nb\n")
    assert p.returncode != 0
    assert "RecordTooLargeException" in p.stderr and "larger than 1048576" in p.stderr and "max.request.size" in p.stderr, p.stderr[:1000]
    got = dev.tool("console-consumer", "--topic", topic, "--from-beginning", "--timeout-ms", 2000 * kzlib.SLOW)
    assert got.stdout == "a\nb\n"
    # Allowed by the client, refused by the broker.
    p = dev.tool("console-producer", "--topic", topic, "--producer-property", "max.request.size=3000000", input="x" * 2000000 + "\n")
    assert p.returncode != 0 and "RecordTooLargeException" in p.stderr, p.stderr[:1000]
    # A topic of its own limit takes it, and the console reads it.
    big = topic[:40] + "-big"
    dev.create_topic(big, 1, "--config", "max.message.bytes=5000000")
    dev.tool("console-producer", "--topic", big, "--producer-property", "max.request.size=3000000", input="x" * 2000000 + "\n", check=0)
    got = dev.tool("console-consumer", "--topic", big, "--from-beginning", "--max-messages", 1, check=0)
    assert got.stdout == "x" * 2000000 + "\n"


def test_a_topic_of_100_partitions(dev, topic):
    dev.create_topic(topic, 100)
    described = dev.tool("topics", "--describe", "--topic", topic, check=0).stdout
    assert f"Topic: {topic}\t" in described and "PartitionCount: 100" in described
    assert len(re.findall(r"\tPartition: \d+\tLeader: 0\t", described)) == 100
    lines = "".join(f"k{i}\tv{i}\n" for i in range(2000))
    dev.tool("console-producer", "--topic", topic, "--property", "parse.key=true", input=lines, check=0)
    got = dev.tool("console-consumer", "--topic", topic, "--from-beginning", "--max-messages", 2000, "--property", "print.key=true",
                   "--property", "print.partition=true", check=0).stdout.splitlines()
    assert sorted(l.split("\t", 1)[1] for l in got) == sorted(lines.splitlines())
    assert len({l.split("\t")[0] for l in got}) == 100


def test_the_port_is_taken(dev, tmp_path):
    started = time.monotonic()
    p = kzlib.run(dev.kz, "kafka-server-start", broker_file(dev, tmp_path, dev.port))
    assert p.returncode == 1 and time.monotonic() - started < 10 * kzlib.SLOW
    assert f"Socket server failed to bind to 127.0.0.1:{dev.port}: Address already in use." in p.stderr, p.stderr
    p = kzlib.run(dev.kz, "dev", "--data-dir", tmp_path / "other", "--port", dev.port, "--zookeeper-port", 0, check=1)
    assert len(p.stderr.splitlines()) == 1 and str(dev.port) in p.stderr, p.stderr


def test_started_twice_on_one_directory(dev, tmp_path):
    first = kzlib.Process([dev.kz, "kafka-server-start", broker_file(dev, tmp_path, kzlib.free_port())], tmp_path / "log")
    try:
        kzlib.wait_for("the lock", lambda: (tmp_path / "data/.lock").exists())
        second = kzlib.run(dev.kz, "kafka-server-start", tmp_path / "server.properties", check=1)
        assert "Failed to acquire lock on file .lock in" in second.stderr and "A Kafka instance in another process" in second.stderr
        kzlib.wait_for("the first", lambda: "started (kafka.server.KafkaServer)" in first.output())
        # The same id from another directory: Kafka's words.
        other = tmp_path / "other"
        other.mkdir()
        path = broker_file(dev, other, kzlib.free_port(), **{"zookeeper.connect": f"{dev.zookeeper}/{tmp_path.name}",
                                                             "zookeeper.session.timeout.ms": 2000})
        third = kzlib.run(dev.kz, "kafka-server-start", path, check=1)
        assert "5" in third.stderr and first.alive()
    finally:
        first.stop()


def test_an_unreachable_zookeeper_ends_soon_after_its_time(kz, tmp_path):
    path = tmp_path / "server.properties"
    path.write_text(f"broker.id=1\nlisteners=PLAINTEXT://127.0.0.1:0\nlog.dirs={tmp_path}/d\nzookeeper.connect=127.0.0.1:{kzlib.free_port()}\n"
                    "zookeeper.connection.timeout.ms=1000\n")
    started = time.monotonic()
    p = kzlib.run(kz, "kafka-server-start", path, check=1)
    assert time.monotonic() - started < 2.5 * kzlib.SLOW
    assert "Timed out waiting for connection while in state: CONNECTING" in p.stderr


def test_zookeeper_generation_of_topics(dev, topic):
    def topics(*args, check=0):
        return kzlib.run(dev.kz, "topics", "--zookeeper", dev.zookeeper, *args, check=check)

    assert f"Created topic {topic}.\n" in topics("--create", "--topic", topic, "--partitions", 2, "--replication-factor", 1,
                                                "--config", "retention.ms=1000000").stdout
    kzlib.wait_for("leaders", lambda: topics("--describe", "--topic", topic).stdout.count("Leader: 0") == 2)
    assert topic in topics("--list").stdout.splitlines()
    described = topics("--describe", "--topic", topic).stdout
    assert "PartitionCount: 2" in described and "retention.ms=1000000" in described
    dev.tool("console-producer", "--topic", topic, input="x\n", check=0)
    topics("--alter", "--topic", topic, "--partitions", 3)
    kzlib.wait_for("3 partitions", lambda: dev.tool("topics", "--describe", "--topic", topic).stdout.count("Leader: 0") == 3)
    topics("--alter", "--topic", topic, "--config", "retention.ms=2000000")
    kzlib.wait_for("the configuration", lambda: "retention.ms=2000000" in dev.tool("topics", "--describe", "--topic", topic).stdout)
    topics("--alter", "--topic", topic, "--delete-config", "retention.ms")
    kzlib.wait_for("no configuration", lambda: "retention.ms" not in dev.tool("topics", "--describe", "--topic", topic).stdout)
    again = topics("--create", "--topic", topic, "--partitions", 2, "--replication-factor", 1, check=1)
    assert f"Topic '{topic}' already exists." in again.stdout
    assert "marked for deletion" in topics("--delete", "--topic", topic).stdout
    kzlib.wait_for("deletion", lambda: topic not in topics("--list").stdout.splitlines())
    missing = topics("--describe", "--topic", topic, check=1)
    assert f"Topic '{topic}' does not exist as expected" in missing.stdout


class Console:
    """A console tool with pipes, to be interrupted."""

    def __init__(self, dev, name, *args):
        self.p = subprocess.Popen([dev.kz, name, "--bootstrap-server", dev.bootstrap, *[str(a) for a in args]],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.set_blocking(self.p.stdout.fileno(), False)
        self.seen = b""

    def say(self, text):
        self.p.stdin.write(text.encode())
        self.p.stdin.flush()

    def wait_seen(self, text, seconds=20):
        def look():
            self.seen += self.p.stdout.read() or b""
            return text.encode() in self.seen
        kzlib.wait_for(f"{text!r} on standard output", look, seconds)

    def end(self, sig):
        self.p.send_signal(sig)
        self.p.wait(20 * kzlib.SLOW)
        os.set_blocking(self.p.stdout.fileno(), True)
        self.seen += self.p.stdout.read()
        return self.p.returncode, self.p.stderr.read().decode()


def test_ctrl_c_in_the_consumer_commits_and_counts(dev, topic):
    dev.create_topic(topic)
    dev.tool("console-producer", "--topic", topic, input="a\nb\nc\n", check=0)
    console = Console(dev, "console-consumer", "--topic", topic, "--from-beginning", "--group", topic)
    console.wait_seen("c\n")
    status, stderr = console.end(signal.SIGINT)
    assert status == 130 and "Processed a total of 3 messages" in stderr, (status, stderr)
    dev.tool("console-producer", "--topic", topic, input="d\n", check=0)
    again = dev.tool("console-consumer", "--topic", topic, "--group", topic, "--max-messages", 1, check=0)
    assert again.stdout == "d\n"
    console = Console(dev, "console-consumer", "--topic", topic, "--group", topic)
    kzlib.wait_for("the member", lambda: confluent_kafka.admin.AdminClient({"bootstrap.servers": dev.bootstrap}).list_groups(topic, 5)[0].members)
    status, stderr = console.end(signal.SIGTERM)
    assert status == 143 and "Processed a total of 0 messages" in stderr, (status, stderr)
    # It left: the group is empty at once, not after the session's time.
    kzlib.wait_for("an empty group", lambda: not confluent_kafka.admin.AdminClient({"bootstrap.servers": dev.bootstrap}).list_groups(topic, 5)[0].members, 3)


def test_ctrl_c_in_the_producer_sends_what_was_typed(dev, topic):
    dev.create_topic(topic)
    console = Console(dev, "console-producer", "--topic", topic, "--timeout", "100000")  # linger: nothing leaves by itself
    console.say("typed\n")
    unread = lambda: struct.unpack("i", fcntl.ioctl(console.p.stdin.fileno(), termios.FIONREAD, b"\0" * 4))[0]
    kzlib.wait_for("the tool to have read the line", lambda: unread() == 0)
    status, stderr = console.end(signal.SIGINT)
    assert status == 130, (status, stderr)
    assert dev.tool("console-consumer", "--topic", topic, "--from-beginning", "--max-messages", 1, "--timeout-ms", 5000 * kzlib.SLOW).stdout == "typed\n"


def test_consoles_live_through_a_broker_that_dies_and_comes_back(own_dev, topic):
    dev = own_dev
    dev.create_topic(topic)
    consumer = Console(dev, "console-consumer", "--topic", topic, "--from-beginning", "--group", topic)
    producer = Console(dev, "console-producer", "--topic", topic)
    producer.say("before\n")
    consumer.wait_seen("before\n")
    dev.kill()
    producer.say("meanwhile\n")
    dev.start()
    producer.say("after\n")
    consumer.wait_seen("after\n", 40)
    producer.p.stdin.close()
    assert producer.p.wait(20 * kzlib.SLOW) == 0, producer.p.stderr.read()
    status, stderr = consumer.end(signal.SIGINT)
    assert status == 130 and consumer.seen == b"before\nmeanwhile\nafter\n", (consumer.seen, stderr)


def test_deleted_and_made_again_at_once(dev, topic):
    admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": dev.bootstrap})
    for _ in range(15):
        admin.create_topics([confluent_kafka.admin.NewTopic(topic, 1, 1)])[topic].result()
        admin.delete_topics([topic], operation_timeout=10)[topic].result()


def test_log_files_as_the_start_script_leaves_them(dev, tmp_path):
    port = kzlib.free_port()
    p = kzlib.Process([dev.kz, "kafka-server-start", broker_file(dev, tmp_path, port)], tmp_path / "out",
                      env={"LOG_DIR": str(tmp_path / "logs"), "KAFKA_LOG4J_OPTS": "-Dlog4j.configuration=file:/x"})
    kzlib.wait_for("the broker", lambda: "started (kafka.server.KafkaServer)" in p.output())
    p.stop()
    server = (tmp_path / "logs/server.log").read_text()
    assert server == p.output() and "KAFKA_LOG4J_OPTS has no effect" in server
    assert "kafka.controller" not in server
    assert "(kafka.controller.KafkaController)" in (tmp_path / "logs/controller.log").read_text()
    assert (tmp_path / "logs/state-change.log").exists()


def test_connection_limits_change_while_the_broker_runs(dev, tmp_path):
    port = kzlib.free_port()
    p = kzlib.Process([dev.kz, "kafka-server-start", broker_file(dev, tmp_path, port, **{"max.connections.per.ip": 3})], tmp_path / "out")
    try:
        kzlib.wait_for("the broker", lambda: "started (kafka.server.KafkaServer)" in p.output())
        address = f"127.0.0.1:{port}"
        admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": address})
        resource = confluent_kafka.admin.ConfigResource("BROKER", "5", {"max.connections.per.ip": "100", "num.network.threads": "2",
                                                                       "log.segment.bytes": "1048576"})
        admin.alter_configs([resource])[resource].result()

        def many():
            consumers = [confluent_kafka.Consumer({"bootstrap.servers": address, "group.id": "g"}) for _ in range(6)]
            try:
                return all(c.list_topics(timeout=2).brokers for c in consumers)
            except confluent_kafka.KafkaException:
                return False
            finally:
                for c in consumers:
                    c.close()
        kzlib.wait_for("more connections", many)
        wrong = confluent_kafka.admin.ConfigResource("BROKER", "5", {"num.network.threads": "50"})
        with pytest.raises(confluent_kafka.KafkaException) as refused:
            admin.alter_configs([wrong])[wrong].result()
        assert "double the current value" in str(refused.value)
    finally:
        p.stop()
