#!/usr/bin/env python3
"""Renews tests/golden/kafka_files/RELEASE: the files that a real broker leaves after a clean stop.

usage: record_kafka_files.py RELEASE     (the jars are fetched by tests/tools/peers.sh; needs confluent-kafka)

Topics, one partition each:
  t  segments of 1500 bytes, an index entry every 200; an idempotent producer, one batch a record, then one of three
  x  transactions: committed, aborted, committed
  e  one record before and one after a restart of the broker, which raises the leader epoch
"""
import pathlib
import shutil
import sys
import tempfile
import time

REPO = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / "tests/lib"))

import confluent_kafka  # noqa: E402
import kzlib  # noqa: E402
from confluent_kafka.admin import AdminClient, NewTopic  # noqa: E402

TIME = 1700000000000
CHECKPOINTS = ("recovery-point-offset-checkpoint", "log-start-offset-checkpoint", "replication-offset-checkpoint", "meta.properties")


def produce(producer, topic, values, first_ms):
    for i, value in enumerate(values):
        producer.produce(topic, value, key=b"k%d" % i, timestamp=first_ms + i)
    assert producer.flush(30) == 0


def main():
    release = sys.argv[1]
    out = REPO / "tests/golden/kafka_files" / release
    work = pathlib.Path(tempfile.mkdtemp())
    zk = kzlib.ApacheZooKeeper(work).wait_ready()
    extra = "transaction.state.log.num.partitions=1\ncontrolled.shutdown.enable=true\n"
    broker = kzlib.ApacheBroker(release, work, zk.address, extra=extra).wait_ready()
    try:
        admin = AdminClient({"bootstrap.servers": broker.bootstrap})
        common = {"retention.ms": "-1"}
        t = {**common, "segment.bytes": "1500", "index.interval.bytes": "200"}
        for future in admin.create_topics([NewTopic("t", 1, 1, config=t), NewTopic("x", 1, 1, config=common),
                                           NewTopic("e", 1, 1, config=common)]).values():
            future.result(30)
        time.sleep(1)
        base = {"bootstrap.servers": broker.bootstrap, "linger.ms": 100}
        idempotent = confluent_kafka.Producer({**base, "enable.idempotence": True})
        for i in range(12):
            produce(idempotent, "t", [b"v%02d" % i * 40], TIME + (i * 7 % 12) * 1000)
        produce(idempotent, "t", [b"a", b"b", b"c"], TIME + 60000)
        transactional = confluent_kafka.Producer({**base, "transactional.id": "tx"})
        transactional.init_transactions(30)
        for i, end in enumerate((transactional.commit_transaction, transactional.abort_transaction, transactional.commit_transaction)):
            transactional.begin_transaction()
            produce(transactional, "x", [b"x%d" % i, b"y%d" % i], TIME + i * 1000)
            end(30)
        produce(confluent_kafka.Producer(base), "e", [b"before"], TIME)
        broker.stop(seconds=60)
        port = broker.port
        broker = kzlib.ApacheBroker(release, work, zk.address, extra=extra, port=port).wait_ready()
        time.sleep(2)
        produce(confluent_kafka.Producer(base), "e", [b"after"], TIME + 1000)
        broker.stop(seconds=60)
        shutil.rmtree(out, ignore_errors=True)
        for name in ("t-0", "x-0", "e-0"):
            shutil.copytree(broker.data / name, out / name)
        for name in CHECKPOINTS:
            if (broker.data / name).exists():
                shutil.copy(broker.data / name, out / name)
    finally:
        broker.kill()
        zk.kill()
        shutil.rmtree(work, ignore_errors=True)


main()
