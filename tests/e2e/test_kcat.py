"""librdkafka, through kcat: list, produce, consume, groups, every codec."""
import json

import pytest

import kzlib


def kcat(dev, *args, **kw):
    return kzlib.run(kzlib.require("kcat"), "-b", dev.bootstrap, *args, **kw)


def test_metadata(dev, topic):
    dev.create_topic(topic, 3)
    meta = json.loads(kcat(dev, "-L", "-J", check=0).stdout)
    assert [b["name"] for b in meta["brokers"]] == [dev.bootstrap]
    assert meta["controllerid"] == meta["brokers"][0]["id"]
    mine = next(t for t in meta["topics"] if t["topic"] == topic)
    assert sorted(p["partition"] for p in mine["partitions"]) == [0, 1, 2]
    assert all(p["leader"] == 0 and p["isrs"] == [{"id": 0}] for p in mine["partitions"])


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_produce_and_consume(dev, topic, codec):
    dev.create_topic(topic, 1)
    lines = "".join(f"k{i}:value {i} squeeze squeeze squeeze\n" for i in range(5000))
    kcat(dev, "-P", "-t", topic, "-K", ":", "-z", codec, input=lines, check=0)
    got = kcat(dev, "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-K", ":", check=0)
    assert got.stdout == lines


def test_headers_timestamps_and_empty_values(dev, topic):
    dev.create_topic(topic, 1)
    kcat(dev, "-P", "-t", topic, "-H", "a=1", "-H", "b=two", "-K", ":", "-Z", input="key:\n", check=0)  # kcat skips empty lines
    got = kcat(dev, "-C", "-t", topic, "-e", "-q", "-J", check=0)
    record = json.loads(got.stdout)
    assert record["headers"] == ["a", "1", "b", "two"] and record["key"] == "key" and record["tstype"] == "create"


def test_offsets_by_timestamp(dev, topic):
    dev.create_topic(topic, 1)
    kcat(dev, "-P", "-t", topic, input="a\nb\nc\n", check=0)
    records = [json.loads(l) for l in kcat(dev, "-C", "-t", topic, "-e", "-q", "-J", check=0).stdout.splitlines()]
    at = records[0]["ts"]
    assert kcat(dev, "-Q", "-t", f"{topic}:0:{at}", check=0).stdout.strip().endswith("offset 0")
    assert kcat(dev, "-Q", "-t", f"{topic}:0:{at + 3600000}", check=0).stdout.strip().endswith("offset -1")


def test_balanced_consumer_commits(dev, topic):
    dev.create_topic(topic, 4)
    kcat(dev, "-P", "-t", topic, "-K", ":", input="".join(f"{i}:v{i}\n" for i in range(100)), check=0)
    got = kcat(dev, "-G", f"group-{topic}", "-q", "-e", "-X", "auto.offset.reset=earliest", topic, check=0)
    assert sorted(got.stdout.split()) == sorted(f"v{i}" for i in range(100))
    again = kcat(dev, "-G", f"group-{topic}", "-q", "-e", "-X", "auto.offset.reset=earliest", topic, check=0)
    assert again.stdout == ""


def test_idempotent_producer(dev, topic):
    dev.create_topic(topic, 1)
    lines = "".join(f"{i}\n" for i in range(3000))
    kcat(dev, "-P", "-t", topic, "-X", "enable.idempotence=true", "-X", "batch.num.messages=50", input=lines, check=0)
    assert kcat(dev, "-C", "-t", topic, "-e", "-q", check=0).stdout == lines


def test_auto_creation(dev, topic):
    kcat(dev, "-P", "-t", topic, input="hello\n", check=0)
    assert kcat(dev, "-C", "-t", topic, "-e", "-q", check=0).stdout == "hello\n"


def test_large_message_is_refused_and_the_next_one_is_not(dev, topic):
    dev.create_topic(topic, 1)
    big = kcat(dev, "-P", "-t", topic, "-X", "message.max.bytes=5000000", input="x" * 2000000)
    assert big.returncode != 0 and "too large" in big.stderr.lower()
    kcat(dev, "-P", "-t", topic, input="small\n", check=0)
    assert kcat(dev, "-C", "-t", topic, "-e", "-q", check=0).stdout == "small\n"
