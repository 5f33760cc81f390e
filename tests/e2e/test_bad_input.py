"""Bad input gets the original's first line on the original's stream, at most one hint, and a non-zero exit."""
import socket
import ssl
import subprocess
import threading
import time

import pytest

import kzlib


def test_unknown_option_names_the_nearest(kz):
    p = kzlib.run(kz, "topics", "--bootstrap-sever", "x:1", "--list", check=1)
    assert "bootstrap-sever is not a recognized option" in p.stderr
    assert "hint: did you mean --bootstrap-server?" in p.stderr


def test_bad_number(kz):
    p = kzlib.run(kz, "topics", "--bootstrap-server", "x:1", "--create", "--topic", "t", "--partitions", "abc", check=1)
    assert "Cannot parse argument 'abc' of option partitions" in p.stderr


def test_help_goes_to_stdout_and_exits_0(kz):
    for name in kzlib.run(kz, "help", "--names", check=0).stdout.split("\n"):
        if name:
            p = kzlib.run(kz, "help", name.split()[0], check=0)
            assert p.stdout and not p.stderr
    assert kzlib.run(kz, "topics", "--help", check=0).stdout


def test_unknown_command(kz):
    p = kzlib.run(kz, "topcs", check=1)
    assert "did you mean `kz topics`?" in p.stderr


def test_topic_errors(dev, topic):
    dev.create_topic(topic, 3)
    cases = [
        (["--create", "--topic", topic], f"Topic '{topic}' already exists."),
        (["--create", "--topic", topic + "x", "--replication-factor", 2], "Replication factor: 2 larger than available brokers: 1."),
        (["--alter", "--topic", topic, "--partitions", 2], "Topic currently has 3 partitions, which is higher than the requested 2."),
        (["--alter", "--topic", topic, "--partitions", 3], "Topic already has 3 partitions."),
        (["--create", "--topic", "a b"], "is illegal" if False else "contains one or more characters other than ASCII alphanumerics"),
        (["--describe", "--topic", "nosuch"], "Topic 'nosuch' does not exist as expected"),
        (["--delete", "--topic", "nosuch"], "Topic 'nosuch' does not exist as expected"),
        (["--create", "--topic", topic + "y", "--config", "retention.ms=abc"], "Invalid value abc for configuration retention.ms: Not a number of type LONG"),
        (["--create", "--topic", topic + "z", "--config", "foo.bar=1"], "Unknown topic config name: foo.bar"),
    ]
    for args, text in cases:
        p = dev.tool("topics", *args, check=1)
        assert f"Error while executing topic command : " in p.stdout and text in p.stdout, (args, p.stdout, p.stderr)
    assert "InvalidReplicationFactorException" in dev.tool("topics", "--create", "--topic", "q", "--replication-factor", 2).stderr


def test_unreachable_broker(kz):
    port = kzlib.free_port()
    p = kzlib.run(kz, "console-producer", "--bootstrap-server", f"127.0.0.1:{port}", "--topic", "t", "--max-block-ms", "1500", input="x\n")
    assert f"Connection to node -1 (/127.0.0.1:{port}) could not be established. Broker may not be available." in p.stderr or \
        f"Connection to node -1 (127.0.0.1/127.0.0.1:{port}) could not be established. Broker may not be available." in p.stderr
    assert f"Bootstrap broker 127.0.0.1:{port} (id: -1 rack: null) disconnected" in p.stderr
    assert p.returncode != 0


def serve(talk):
    """A server that answers each connection with talk(socket); returns its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def loop():
        while True:
            try:
                conn, _ = listener.accept()
                threading.Thread(target=talk, args=(conn,), daemon=True).start()
            except OSError:
                return

    threading.Thread(target=loop, daemon=True).start()
    return listener.getsockname()[1]


def http(conn):
    conn.recv(1000)
    conn.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    conn.close()


def tls(conn):
    conn.recv(1000)
    conn.sendall(bytes.fromhex("15030100020246"))  # a TLS alert, as OpenSSL answers plaintext
    conn.close()


@pytest.mark.parametrize("talk,word", [(http, "HTTP"), (tls, "TLS")])
def test_wrong_protocol_is_named(kz, talk, word):
    port = serve(talk)
    p = kzlib.run(kz, "console-producer", "--bootstrap-server", f"127.0.0.1:{port}", "--topic", "t", "--max-block-ms", "1500", input="x\n")
    assert p.returncode != 0
    hints = [l for l in p.stderr.splitlines() if l.startswith("hint:")]
    assert hints and word in hints[0], p.stderr


def silent_http(conn):
    while chunk := conn.recv(1000):  # says nothing before a whole request is there
        if b"\r\n\r\n" in chunk:
            conn.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")
            break
    conn.close()


@pytest.mark.parametrize("talk,word", [(None, "ZooKeeper"), (http, "HTTP"), (silent_http, "HTTP"), (tls, "TLS")])
def test_topics_at_a_port_of_another_kind_ends_soon(dev, talk, word):
    address = dev.zookeeper if talk is None else f"127.0.0.1:{serve(talk)}"
    started = time.monotonic()
    p = kzlib.run(dev.kz, "topics", "--bootstrap-server", address, "--list", timeout=55)
    assert time.monotonic() - started < 8 * kzlib.SLOW
    assert p.returncode == 1
    assert p.stdout == "Error while executing topic command : Timed out waiting for a node assignment. Call: listTopics\n"
    hints = [l for l in p.stderr.splitlines() if l.startswith("hint:")]
    assert len(hints) == 1 and word in hints[0] and p.stderr.rstrip().endswith(hints[0]), p.stderr


@pytest.mark.parametrize("text,words", [
    ("broker.id=abc\n", ["broker.id", "abc"]),
    ("num.network.threads=0\n", ["num.network.threads", "0"]),
    ("log.cleanup.policy=shred\n", ["log.cleanup.policy", "shred"]),
    ("listeners=nonsense\n", ["listeners", "nonsense"]),
])
def test_broken_server_properties(kz, tmp_path, text, words):
    path = tmp_path / "server.properties"
    path.write_text(f"zookeeper.connect=127.0.0.1:1\nlog.dirs={tmp_path}/d\n" + text)
    p = kzlib.run(kz, "kafka-server-start", path, check=1)
    out = p.stdout + p.stderr
    for w in words:
        assert w in out, out


@pytest.mark.parametrize("text,words", [
    ("clientPort=abc\n", ["clientPort", "abc"]),
    ("tickTime=-5\n", ["tickTime", "-5"]),
    ("server.x=y\n", ["server.x"]),
])
def test_broken_zoo_cfg(kz, tmp_path, text, words):
    path = tmp_path / "zoo.cfg"
    path.write_text(f"dataDir={tmp_path}/zk\nclientPort=0\n" + text)
    p = kzlib.run(kz, "zk-server", "start-foreground", path)
    assert p.returncode == 2, p
    out = p.stdout + p.stderr
    for w in words:
        assert w in out, out


def test_port_taken(dev, tmp_path):
    p = kzlib.run(dev.kz, "dev", "--data-dir", tmp_path / "other", "--port", dev.port, "--zookeeper-port", 0, check=1)
    assert str(dev.port) in p.stderr and len(p.stderr.strip().splitlines()) <= 2, p.stderr


def test_directory_in_use(dev):
    p = kzlib.run(dev.kz, "dev", "--data-dir", dev.data, "--port", 0, "--zookeeper-port", 0, check=1)
    assert str(dev.data) in p.stderr, p.stderr


def test_fresh_only_on_our_own_directory(kz, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/file").write_text("x")
    p = kzlib.run(kz, "dev", "--fresh", "--data-dir", tmp_path / "precious", "--port", 0, "--zookeeper-port", 0, check=1)
    assert "precious" in p.stderr
    assert (tmp_path / "precious/file").read_text() == "x"


def test_broken_pipe_and_full_device(dev, topic):
    dev.create_topic(topic, 1)
    kzlib.run("kcat", "-b", dev.bootstrap, "-P", "-t", topic, input="".join(f"line {i}\n" for i in range(50000)), check=0)
    p = subprocess.run(f"{dev.kz} console-consumer --bootstrap-server {dev.bootstrap} --topic {topic} --from-beginning --timeout-ms 5000 | head -1",
                       shell=True, capture_output=True, text=True, timeout=60)
    assert p.stdout == "line 0\n"
    assert "Unable to write to standard out, closing consumer." in p.stderr
    with open("/dev/full", "w") as full:
        p = subprocess.run([dev.kz, "topics", "--bootstrap-server", dev.bootstrap, "--list"], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert p.returncode != 0 and p.stderr
