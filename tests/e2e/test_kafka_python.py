"""kafka-python from Debian: admin, producer, consumer, groups; a group shared between two members and ours."""
import threading

import kafka
import kafka.errors
import pytest
from kafka.admin import KafkaAdminClient, NewPartitions, NewTopic

import kzlib


@pytest.fixture
def admin(dev):
    a = KafkaAdminClient(bootstrap_servers=dev.bootstrap)
    yield a
    a.close()


def test_admin(dev, admin, topic):
    admin.create_topics([NewTopic(topic, 2, 1, topic_configs={"retention.ms": "86400000"})])
    assert topic in admin.list_topics()
    admin.create_partitions({topic: NewPartitions(4)})
    described = admin.describe_topics([topic])[0]
    kzlib.wait_for("4 partitions", lambda: len(admin.describe_topics([topic])[0]["partitions"]) == 4)
    assert described["topic"] == topic
    with pytest.raises(kafka.errors.TopicAlreadyExistsError):
        admin.create_topics([NewTopic(topic, 2, 1)])
    with pytest.raises(kafka.errors.InvalidReplicationFactorError):
        admin.create_topics([NewTopic(topic + "-rf", 1, 2)])
    admin.delete_topics([topic])
    kzlib.wait_for("deletion", lambda: topic not in admin.list_topics())


@pytest.mark.parametrize("codec", [None, "gzip", "snappy", "lz4", "zstd"])
def test_produce_and_consume(dev, topic, codec):
    if codec in ("snappy", "lz4", "zstd") and not kafka.codec.__dict__[f"has_{codec}"]():
        pytest.skip(f"kafka-python has no {codec} here")
    producer = kafka.KafkaProducer(bootstrap_servers=dev.bootstrap, compression_type=codec, acks="all")
    futures = [producer.send(topic, key=b"k%d" % i, value=b"v%d" % i, headers=[("h", b"x")]) for i in range(500)]
    offsets = [f.get(20).offset for f in futures]
    assert offsets == list(range(500))
    producer.close()
    consumer = kafka.KafkaConsumer(topic, bootstrap_servers=dev.bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=5000)
    got = []
    for m in consumer:
        got.append((m.key, m.value, m.headers))
        if len(got) == 500:
            break
    consumer.close()
    assert got == [(b"k%d" % i, b"v%d" % i, [("h", b"x")]) for i in range(500)]


def test_group_offsets_survive(dev, topic):
    dev.create_topic(topic, 2)
    producer = kafka.KafkaProducer(bootstrap_servers=dev.bootstrap)
    for i in range(40):
        producer.send(topic, b"v%d" % i)
    producer.flush()

    def read(expected):
        c = kafka.KafkaConsumer(topic, bootstrap_servers=dev.bootstrap, group_id=f"g-{topic}", auto_offset_reset="earliest",
                                enable_auto_commit=False, consumer_timeout_ms=8000)
        seen = []
        while len(seen) < expected:
            for records in c.poll(1000).values():
                seen += [r.value for r in records]
        c.commit()
        c.close()
        return seen

    assert sorted(read(40)) == sorted(b"v%d" % i for i in range(40))
    for i in range(40, 45):
        producer.send(topic, b"v%d" % i)
    producer.flush()
    producer.close()
    assert sorted(read(5)) == sorted(b"v%d" % i for i in range(40, 45))


def test_two_members_share(dev, topic):
    """Each member polls on a thread of its own: a join waits for the other's."""
    dev.create_topic(topic, 4)
    assigned = [set(), set()]
    stop = [threading.Event(), threading.Event()]

    def member(i):
        c = kafka.KafkaConsumer(topic, bootstrap_servers=dev.bootstrap, group_id=f"g-{topic}", auto_offset_reset="earliest",
                                heartbeat_interval_ms=200)
        while not stop[i].is_set():
            c.poll(100)
            assigned[i] = c.assignment()
        c.close()

    threads = [threading.Thread(target=member, args=(i,), daemon=True) for i in range(2)]
    for t in threads:
        t.start()
    try:
        kzlib.wait_for("two partitions each", lambda: len(assigned[0]) == len(assigned[1]) == 2 and not assigned[0] & assigned[1], 30)
        stop[0].set()
        threads[0].join(20)
        kzlib.wait_for("the other has all", lambda: len(assigned[1]) == 4, 30)
    finally:
        for s in stop:
            s.set()
        for t in threads:
            t.join(20)


def test_offsets_for_times_and_bounds(dev, topic):
    dev.create_topic(topic, 1)
    producer = kafka.KafkaProducer(bootstrap_servers=dev.bootstrap)
    for i in range(10):
        producer.send(topic, b"x", timestamp_ms=1_700_000_000_000 + i * 1000)
    producer.close()
    c = kafka.KafkaConsumer(bootstrap_servers=dev.bootstrap)
    tp = kafka.TopicPartition(topic, 0)
    assert c.beginning_offsets([tp]) == {tp: 0} and c.end_offsets([tp]) == {tp: 10}
    assert c.offsets_for_times({tp: 1_700_000_000_000 + 3500})[tp].offset == 4
    c.close()


def test_documents_producer_and_consumer(dev, tmp_path):
    """The fourth document's scripts, only the addresses changed."""
    here = kzlib.REPO / "tests" / "e2e" / "scenarios" / "d-cluster-scripts"
    for name in ("producer.py", "consumer.py"):
        text = (here / name).read_text()
        (tmp_path / name).write_text(text.replace("139.196.169.148:7091", dev.bootstrap).replace("139.196.169.148:7092", dev.bootstrap)
                                     .replace("139.196.169.148:7093", dev.bootstrap))
    out = kzlib.run("/usr/bin/python3", tmp_path / "producer.py", check=0)
    assert out.stdout == "Message sent successfully: Hello, Kafka!\n"
    consumer = kzlib.Process(["/usr/bin/python3", "-u", tmp_path / "consumer.py"], tmp_path / "consumer.log")
    try:
        kzlib.wait_for("the message", lambda: "Message received: Hello, Kafka!" in consumer.output(), 20)
    finally:
        consumer.kill()
