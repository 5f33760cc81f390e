#!/usr/bin/env python3
"""Records what a real broker answers to DescribeConfigs, for tests/golden/kafka_config/describe_*.tsv.

usage: record_describe_configs.py HOST:PORT     (a 3.4.0 broker with id 0 and a server.properties that holds, beside
listeners, zookeeper.connect and log.dirs: log.segment.bytes=1073741824 log.retention.hours=100 num.network.threads=3
offsets.topic.replication.factor=1 ssl.key.password=secret)

Needs kafka-python. Creates the topic "described". Entries keep the broker's order: name, value, read-only, source,
sensitive, synonyms (name=value@source, joined by a space); null is \\N. Keys of the three excepted settings and of KRaft
are left out.
"""
import pathlib
import sys
import time

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewTopic

OUT = pathlib.Path(__file__).resolve().parent.parent / "golden" / "kafka_config"
OWN = {"listeners", "zookeeper.connect", "log.dirs"}
KRAFT = ("controller.quorum.", "metadata.", "broker.heartbeat.", "broker.session.", "initial.broker.")
KRAFT_KEYS = {"controller.listener.names", "process.roles", "sasl.mechanism.controller.protocol"}


def text(value):
    return "\\N" if value is None else value


def record(admin, kind, name, path):
    (response,) = admin.describe_configs([ConfigResource(kind, name)], include_synonyms=True)
    with open(path, "w", encoding="utf-8") as f:
        for key, value, read_only, source, sensitive, synonyms in response.resources[0][4]:
            if key in OWN or key in KRAFT_KEYS or key.startswith(KRAFT):
                continue
            shown = " ".join(f"{n}={text(v)}@{s}" for n, v, s in synonyms)
            f.write("\t".join([key, text(value), str(int(read_only)), str(source), str(int(sensitive)), shown]) + "\n")


def main():
    admin = KafkaAdminClient(bootstrap_servers=sys.argv[1])
    overrides = {"retention.ms": "100000", "max.message.bytes": "64000", "cleanup.policy": "compact,delete"}
    admin.create_topics([NewTopic("described", 3, 1, topic_configs=overrides)])
    time.sleep(1)
    record(admin, ConfigResourceType.TOPIC, "described", OUT / "describe_topic.tsv")
    record(admin, ConfigResourceType.BROKER, "0", OUT / "describe_broker.tsv")


main()
