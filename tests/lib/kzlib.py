"""What the Python tests share: running kz, starting servers of both kinds, polling with a deadline."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

REPO = pathlib.Path(__file__).resolve().parents[2]
PEERS = REPO / "build" / "peers"
SLOW = 5 if os.environ.get("KZ_SANITIZER") else 1  # sanitizer builds get longer deadlines


def run(*argv, input=None, timeout=60, env=None, check=None, cwd=None):
    """Runs a command; stdout and stderr as text. check: the exit status that is required."""
    if isinstance(input, str):
        input = input.encode()
    p = subprocess.run([str(a) for a in argv], input=input if input is not None else b"", capture_output=True,
                       timeout=timeout * SLOW, env=None if env is None else {**os.environ, **env}, cwd=cwd)
    p.stdout = p.stdout.decode(errors="replace")
    p.stderr = p.stderr.decode(errors="replace")
    if check is not None:
        assert p.returncode == check, f"{argv}: exit {p.returncode}\nstdout: {p.stdout[-3000:]}\nstderr: {p.stderr[-3000:]}"
    return p


def wait_for(what, condition, seconds=20):
    """Polls until condition() is true and returns its value; fails with `what` at the deadline."""
    deadline = time.monotonic() + seconds * SLOW
    last = None
    while time.monotonic() < deadline:
        try:
            value = condition()
            if value:
                return value
        except (OSError, AssertionError, subprocess.SubprocessError) as e:
            last = e
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds * SLOW} s: {what}" + (f" (last: {last})" if last else ""))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def can_connect(port):
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def four_letter(port, word, timeout=5):
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as s:
        s.sendall(word.encode())
        out = b""
        while chunk := s.recv(65536):
            out += chunk
        return out.decode()


class Process:
    """A server process with its output in a file."""

    def __init__(self, argv, log, env=None, cwd=None):
        self.log = pathlib.Path(log)
        self.file = open(self.log, "ab")
        self.p = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=self.file, stderr=subprocess.STDOUT,
                                  env=None if env is None else {**os.environ, **env}, cwd=cwd)

    @property
    def pid(self):
        return self.p.pid

    def output(self):
        return self.log.read_text(errors="replace")

    def alive(self):
        return self.p.poll() is None

    def kill(self, sig=signal.SIGKILL):
        if not self.alive():
            return
        self.p.send_signal(sig)
        if sig == signal.SIGSTOP:  # its threads stop one by one
            tasks = pathlib.Path(f"/proc/{self.p.pid}/task")
            wait_for("every thread has stopped", lambda: all(
                (task / "stat").read_text().rpartition(")")[2].split()[0] == "T" for task in tasks.iterdir()))

    def stop(self, sig=signal.SIGTERM, seconds=15):
        if self.alive():
            self.p.send_signal(sig)
            try:
                self.p.wait(seconds * SLOW)
            except subprocess.TimeoutExpired:
                self.p.kill()
                self.p.wait()
                raise AssertionError(f"{self.p.args} did not stop on {sig!r}; its log ends:\n{self.output()[-2000:]}")
        self.file.close()
        if os.environ.get("KZ_SANITIZER"):
            found = re.search(r"(ERROR|WARNING): (Address|Leak|Thread)Sanitizer|runtime error:", self.output())
            assert not found, f"{self.p.args}: {self.output()[found.start():][:6000]}"
        return self.p.returncode


class Dev:
    """`kz dev`: a ZooKeeper server and a broker in one process, on ports of their own that survive restarts."""

    def __init__(self, kz, directory, options=(), properties=None):
        self.kz = kz
        self.dir = pathlib.Path(directory)
        self.data = self.dir / "data"
        self.zk_port = free_port()
        self.port = free_port()
        self.options = list(options)
        if properties is not None:
            path = self.dir / "server.properties"
            path.write_text(properties)
            self.options += ["--config", str(path)]
        self.process = None
        self.starts = 0

    @property
    def bootstrap(self):
        return f"127.0.0.1:{self.port}"

    @property
    def zookeeper(self):
        return f"127.0.0.1:{self.zk_port}"

    def start(self):
        self.starts += 1
        self.process = Process([self.kz, "dev", "--data-dir", self.data, "--zookeeper-port", self.zk_port, "--port", self.port,
                                *self.options], self.dir / f"dev-{self.starts}.log")

        def ready():
            assert self.process.alive(), self.process.output()
            return can_connect(self.port) and "started" in self.process.output()

        wait_for(f"kz dev to start (its log: {self.process.log})", ready, 40)
        return self

    def kill(self):
        self.process.kill()
        self.process.p.wait()
        self.process.file.close()

    def stop(self):
        if self.process and self.process.alive():
            self.process.stop()

    def log(self):
        return self.process.output()

    def tool(self, name, *args, **kw):
        server = [] if any(a in ("--bootstrap-server", "--zookeeper", "--broker-list") for a in args) else \
            ["--bootstrap-server", self.bootstrap]
        return run(self.kz, name, *server, *args, **kw)

    def create_topic(self, name, partitions=1, *more):
        return self.tool("topics", "--create", "--topic", name, "--partitions", partitions, "--replication-factor", 1, *more, check=0)


# ---- Apache's servers and tools ----

def kafka_classpath(release):
    libs = PEERS / f"kafka-{release}" / "libs"
    assert libs.is_dir(), f"Apache Kafka {release} is not there: tests/tools/peers.sh"
    return f"{libs}/*"


def java_tool(release, main_class, *args, input=None, timeout=90, check=None, heap="256M"):
    """One of Apache Kafka's command line tools."""
    log4j = PEERS / "tools-log4j.properties"
    if not log4j.exists():
        log4j.write_text("log4j.rootLogger=WARN, stderr\nlog4j.appender.stderr=org.apache.log4j.ConsoleAppender\n"
                         "log4j.appender.stderr.layout=org.apache.log4j.PatternLayout\n"
                         "log4j.appender.stderr.layout.ConversionPattern=[%d] %p %m (%c)%n\nlog4j.appender.stderr.Target=System.err\n")
    return run("java", f"-Xmx{heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Dlog4j.configuration=file:{log4j}", "-cp",
               kafka_classpath(release), main_class, *args, input=input, timeout=timeout, check=check)


class ApacheZooKeeper(Process):
    """Debian's Apache ZooKeeper 3.8, standalone. jvm: more flags for Java."""

    def __init__(self, directory, data=None, extra="", port=None, jvm=()):
        directory = pathlib.Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.data = pathlib.Path(data) if data else directory / "zk-data"
        cfg = directory / "apache-zoo.cfg"
        cfg.write_text(f"tickTime=2000\ndataDir={self.data}\nclientPort={self.port}\nadmin.enableServer=false\n"
                       f"4lw.commands.whitelist=*\n{extra}")
        super().__init__(["java", "-Xmx256M", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *jvm, "-cp",
                          # slf4j-simple: its log goes to standard error, where tests look for digest warnings.
                          "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar",
                          "org.apache.zookeeper.server.quorum.QuorumPeerMain", cfg],
                         directory / "apache-zookeeper.log")

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def wait_ready(self):
        wait_for(f"Apache ZooKeeper to start (log {self.log})", lambda: "Mode:" in four_letter(self.port, "srvr"), 40)
        return self


class ApacheBroker(Process):
    """An Apache Kafka broker."""

    def __init__(self, release, directory, zookeeper, data=None, extra="", port=None, broker_id=0):
        directory = pathlib.Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self.data = pathlib.Path(data) if data else directory / "kafka-data"
        properties = directory / f"apache-{broker_id}.properties"
        properties.write_text(
            f"broker.id={broker_id}\nlisteners=PLAINTEXT://127.0.0.1:{self.port}\nlog.dirs={self.data}\n"
            f"zookeeper.connect={zookeeper}\noffsets.topic.replication.factor=1\noffsets.topic.num.partitions=50\n"
            "transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\ngroup.initial.rebalance.delay.ms=0\n"
            f"{extra}")
        log4j = PEERS / "server-log4j.properties"
        log4j.write_text("log4j.rootLogger=INFO, stdout\nlog4j.appender.stdout=org.apache.log4j.ConsoleAppender\n"
                         "log4j.appender.stdout.layout=org.apache.log4j.PatternLayout\n"
                         "log4j.appender.stdout.layout.ConversionPattern=[%d] %p %m (%c)%n\n")
        super().__init__(["java", "-Xmx384M", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Dlog4j.configuration=file:{log4j}", "-cp",
                          kafka_classpath(release), "kafka.Kafka", properties], directory / f"apache-broker-{broker_id}.log")

    @property
    def bootstrap(self):
        return f"127.0.0.1:{self.port}"

    def wait_ready(self):
        def ready():
            assert self.alive(), self.output()[-3000:]
            return "started (kafka.server.KafkaServer)" in self.output() and can_connect(self.port)

        wait_for(f"Apache Kafka to start (log {self.log})", ready, 60)
        return self


def require(program):
    path = shutil.which(program)
    assert path, f"{program} is missing: tests/tools/packages.sh test"
    return path


def strip_timestamps(text):
    return re.sub(r"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\] ", "", text, flags=re.M)
