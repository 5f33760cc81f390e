"""Acknowledged records survive SIGKILL: twenty kills at random moments under an idempotent producer with retries, then every
acknowledged record is there once and in order."""
import random
import threading
import time

import confluent_kafka

import kzlib


def test_twenty_kills(own_dev, topic):
    own_dev.create_topic(topic, 2)
    producer = confluent_kafka.Producer({"bootstrap.servers": own_dev.bootstrap, "enable.idempotence": True, "linger.ms": 1,
                                         "delivery.timeout.ms": 120000, "reconnect.backoff.max.ms": 200})
    acknowledged = {0: [], 1: []}
    failures = []
    stop = threading.Event()

    def delivered(error, message):
        if error:
            failures.append(str(error))
        else:
            acknowledged[message.partition()].append((message.offset(), message.value()))

    def produce():
        i = 0
        while not stop.is_set():
            try:
                producer.produce(topic, b"%d" % i, partition=i % 2, on_delivery=delivered)
                i += 1
            except BufferError:
                pass
            producer.poll(0)
            if i % 50 == 0:
                time.sleep(0.002)
        producer.flush(60)

    seed = random.randrange(1 << 30)
    rng = random.Random(seed)
    thread = threading.Thread(target=produce)
    thread.start()
    try:
        for _ in range(20):
            time.sleep(rng.uniform(0.05, 0.4))
            own_dev.kill()
            own_dev.start()
        time.sleep(0.3)
    finally:
        stop.set()
        thread.join(120)
    assert not failures, (seed, failures[:3])
    assert sum(map(len, acknowledged.values())) > 200, "the producer hardly ran"

    for partition in (0, 1):
        got = kzlib.run("kcat", "-b", own_dev.bootstrap, "-C", "-t", topic, "-p", partition, "-o", "beginning", "-e", "-q", "-f", "%o %s\n",
                        check=0).stdout
        records = [(int(o), v.encode()) for o, v in (line.split() for line in got.splitlines())]
        values = [v for _, v in records]
        assert len(set(values)) == len(values), f"seed {seed}: duplicates in partition {partition}"
        assert values == sorted(values, key=int), f"seed {seed}: out of order in partition {partition}"
        assert set(acknowledged[partition]) <= set(records), f"seed {seed}: an acknowledged record is missing"


def test_served_at_once_after_a_crash(own_dev, topic):
    """The broker resumes and closes its old ZooKeeper session: no waiting for its expiry (6 s at the least)."""
    own_dev.create_topic(topic, 1)
    kzlib.run("kcat", "-b", own_dev.bootstrap, "-P", "-t", topic, input="before\n", check=0)
    own_dev.kill()
    began = time.monotonic()
    own_dev.start()
    out = kzlib.wait_for("the record", lambda: kzlib.run("kcat", "-b", own_dev.bootstrap, "-C", "-t", topic, "-e", "-q").stdout, 10)
    assert out == "before\n"
    assert time.monotonic() - began < 4 * kzlib.SLOW, "it waited for the old session to expire"
