#!/usr/bin/env python3
"""Renews tests/golden/kafka_config from the two tables of Kafka's keys given as arguments.

usage: kafka_config_facts.py BROKER-CONFIGS.tsv TOPIC-CONFIGS.tsv

Only facts are kept: key, type, default, what is allowed, how it may change (broker) or its broker keys (topic).
"""
import csv
import pathlib
import re
import sys

OUT = pathlib.Path(__file__).resolve().parent.parent / "golden" / "kafka_config"


def rows(path):
    with open(path, encoding="utf-8") as f:
        yield from csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)


def default(text):
    """A remark in brackets behind a value is not part of it; a bare "(empty)" is."""
    return text if text == "(empty)" else re.sub(r" \(.*\)$", "", text)


def main():
    broker, topic = sys.argv[1:]
    OUT.mkdir(parents=True, exist_ok=True)
    with open(OUT / "broker.tsv", "w", encoding="utf-8") as f:
        for r in rows(broker):
            f.write("\t".join([r["key"], r["type"], default(r["default"]), r["constraint"], r["dynamic"]]) + "\n")
    with open(OUT / "topic.tsv", "w", encoding="utf-8") as f:
        for r in rows(topic):
            synonyms = r["broker_synonyms_in_priority_order"]
            f.write("\t".join([r["key"], r["type"], default(r["default"]), r["constraint"], synonyms]) + "\n")


main()
