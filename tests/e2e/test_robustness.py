"""Malformed, truncated and oversized frames on both ports: the connection is closed, nobody else is disturbed."""
import os
import random
import socket
import struct

import pytest

import kzlib


def send(port, data, timeout=5):
    """Sends, half-closes, and returns what came back until the server closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as s:
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            out = b""
            while chunk := s.recv(65536):
                out += chunk
            return out
        except ConnectionError:
            return b""


def frame(body):
    return struct.pack(">i", len(body)) + body


def header(api, version, correlation=7, client="x"):
    return struct.pack(">hhih", api, version, correlation, len(client)) + client.encode()


FRAMES = {
    "negative length": struct.pack(">i", -1),
    "huge length": struct.pack(">i", 0x7fffffff) + b"x" * 100,
    "over the limit": struct.pack(">i", 104857601) + b"x" * 100,
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "tls": bytes.fromhex("16030100c8010000c40303") + os.urandom(64),
    "empty frame": frame(b""),
    "short header": frame(b"\x00\x12"),
    "unknown api": frame(header(999, 0)),
    "unsupported version": frame(header(3, 99)),
    "truncated metadata": frame(header(3, 1) + struct.pack(">i", 1000000)),
    "absurd array": frame(header(3, 1) + struct.pack(">i", 0x7ffffff0)),
    "produce garbage": frame(header(0, 8) + os.urandom(200)),
    "fetch garbage": frame(header(1, 11) + os.urandom(200)),
    "truncated frame": struct.pack(">i", 500) + b"x" * 20,
}


@pytest.mark.parametrize("name", FRAMES)
def test_broker_closes_on(dev, name):
    send(dev.port, FRAMES[name])
    assert dev.process.alive(), dev.log()
    assert kzlib.run("kcat", "-b", dev.bootstrap, "-L", check=0)


@pytest.mark.parametrize("name", FRAMES)
def test_zookeeper_closes_on(dev, name):
    send(dev.zk_port, FRAMES[name])
    assert dev.process.alive(), dev.log()
    assert "Mode: standalone" in kzlib.four_letter(dev.zk_port, "srvr")


def test_too_new_api_versions_is_answered_with_version_0(dev):
    with socket.create_connection(("127.0.0.1", dev.port), timeout=5) as s:
        s.sendall(frame(header(18, 99) + b"\0"))  # a flexible header ends with its tagged fields
        size = struct.unpack(">i", s.recv(4))[0]
        body = s.recv(size)
    correlation, error = struct.unpack(">ih", body[:6])
    assert (correlation, error) == (7, 35)


def test_random_garbage(dev):
    rng = random.Random(1)
    for _ in range(300):
        data = rng.randbytes(rng.randrange(1, 400))
        if rng.random() < 0.7:
            data = frame(header(rng.randrange(0, 68), rng.randrange(0, 13)) + data)
        send(rng.choice([dev.port, dev.zk_port]), data)
    assert dev.process.alive(), dev.log()
    assert kzlib.run("kcat", "-b", dev.bootstrap, "-L", check=0)


def test_a_corrupt_batch_is_named(dev, topic):
    """A batch whose CRC does not match: CORRUPT_MESSAGE (2), and the partition goes on."""
    dev.create_topic(topic, 1)
    records = b"\x0c\x00\x00\x00\x01\x00\x00"
    after_crc = struct.pack(">hiqqqhii", 0, 0, 0, 0, -1, -1, -1, 1) + records
    batch = struct.pack(">qiibI", 0, 4 + 1 + 4 + len(after_crc), -1, 2, 0xdeadbeef) + after_crc
    name = topic.encode()
    body = struct.pack(">hhi", -1, -1, 5000) + struct.pack(">i", 1) + struct.pack(">h", len(name)) + name + \
        struct.pack(">iii", 1, 0, len(batch)) + batch
    with socket.create_connection(("127.0.0.1", dev.port), timeout=5) as s:
        s.sendall(frame(header(0, 7) + body))
        size = struct.unpack(">i", s.recv(4))[0]
        reply = s.recv(size)
    at = 4 + 4 + 2 + len(name) + 4 + 4
    assert struct.unpack(">h", reply[at:at + 2])[0] == 2
    kzlib.run("kcat", "-b", dev.bootstrap, "-P", "-t", topic, input="fine\n", check=0)
    assert kzlib.run("kcat", "-b", dev.bootstrap, "-C", "-t", topic, "-e", "-q", check=0).stdout == "fine\n"
