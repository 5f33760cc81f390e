#!/usr/bin/env python3
"""`make bench`: one table of figures, each beside its ceiling in the same run. run.py BUILD_DIR [--pairs N] [--only WORD]

--model EXE sets the null broker beside another of its kind (EXE PORT filecrc DIR) in place of kz: the ceiling's own check.

Throughput and broker CPU are medians of interleaved pairs: kz, null broker, kz, null broker... Judge by CPU and by
ratios: wall-clock on a shared machine varies by a fifth. Numbers by commit are kept in RESULTS.md beside this file.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_seconds(pid):
    """Time on a CPU of all threads that live now, in seconds; schedstat counts nanoseconds where stat counts ticks."""
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def rss_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def receive(s, n):
    out = b""
    while len(out) < n:
        chunk = s.recv(n - len(out))
        if not chunk:
            raise OSError("closed")
        out += chunk
    return out


def request(s, key, version, body):
    client = b"bench"
    frame = struct.pack(">hhih", key, version, 1, len(client)) + client + body
    s.sendall(struct.pack(">i", len(frame)) + frame)
    return receive(s, struct.unpack(">i", receive(s, 4))[0])[4:]


def controller_of(port):
    """The controller id that a Metadata v1 answer names; None while there is none or nobody listens."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as s:
            data = request(s, 3, 1, struct.pack(">i", 0))
    except OSError:
        return None
    at = 4
    for _ in range(struct.unpack_from(">i", data, 0)[0]):
        at += 4
        at += 2 + struct.unpack_from(">h", data, at)[0] + 4
        rack = struct.unpack_from(">h", data, at)[0]
        at += 2 + max(rack, 0)
    controller = struct.unpack_from(">i", data, at)[0]
    return controller if controller >= 0 else None


class Server:
    def __init__(self, argv, port):
        self.port = port
        self.began = time.monotonic()
        self.p = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    @property
    def pid(self):
        return self.p.pid

    def stop(self, sig=signal.SIGTERM):
        self.p.send_signal(sig)
        self.p.wait(30)


class Bench:
    def __init__(self, build, pairs, only, model):
        self.model = model
        self.kz = build / "kz"
        self.tools = build / "tests" / "bench"
        self.pairs = pairs
        self.only = only
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="kz-bench.", dir=os.environ.get("TMPDIR", "/tmp")))
        self.rows = []
        self.serial = 0

    def wanted(self, name):
        return not self.only or self.only in name

    def fresh_dir(self):
        self.serial += 1
        path = self.dir / str(self.serial)
        path.mkdir()
        return path

    def start_kz(self, data, zk_port=None, options=()):
        port, zk_port = free_port(), zk_port or free_port()
        server = Server([self.kz, "dev", "--data-dir", data, "--port", port, "--zookeeper-port", zk_port, *options], port)
        server.zk_port = zk_port
        while controller_of(port) is None:
            if server.p.poll() is not None or time.monotonic() - server.began > 20:
                sys.exit("run.py: kz dev does not start")
            time.sleep(0.0005)
        server.ready = time.monotonic()
        return server

    def start_null(self, model=None):
        port = free_port()
        argv = [model, port, "filecrc", self.fresh_dir()] if model else [self.tools / "kz_null_broker", port, self.fresh_dir()]
        server = Server(argv, port)
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return server
            except OSError:
                time.sleep(0.001)

    def load(self, server, *words):
        before = cpu_seconds(server.pid)
        p = subprocess.run([self.tools / "kz_kafka_load", words[0], f"127.0.0.1:{server.port}", *map(str, words[1:])],
                           capture_output=True, text=True, timeout=300)
        if p.returncode != 0:
            sys.exit(f"run.py: {' '.join(map(str, words))}: {p.stderr}")
        result = json.loads(p.stdout)
        result["cpu"] = cpu_seconds(server.pid) - before
        return result

    def row(self, name, kz, ceiling, ratio="", target=""):
        self.rows.append((name, kz, ceiling, ratio, target))

    # ---- the broker against the null broker ----

    def warm_page_cache(self):
        """A virtual machine's host backs memory at its first touch, at ten times the cost of the copy into it. Pages that a
        file has just given back are backed, so that neither server pays for the machine in its CPU seconds."""
        path = self.dir / "warm"
        chunk = bytes(1 << 20)
        with open(path, "wb") as f:
            for _ in range(1500):
                f.write(chunk)
        path.unlink()

    def pair(self, prepare, measure):
        """Medians over interleaved pairs of what measure(server) gives, a dict of numbers."""
        results = {"kz": [], "null": []}
        start = {"kz": lambda: self.start_null(self.model) if self.model else self.start_kz(self.fresh_dir()), "null": self.start_null}
        for _ in range(self.pairs):
            for who in ("kz", "null"):
                self.warm_page_cache()
                server = start[who]()
                try:
                    prepare(server)
                    results[who].append(measure(server))
                finally:
                    server.stop(signal.SIGKILL)
                    for path in self.dir.iterdir():
                        shutil.rmtree(path, ignore_errors=True)
        return tuple({key: statistics.median(r[key] for r in results[who]) for key in results[who][0]} for who in ("kz", "null"))

    def throughput(self, name, mode, records, size, target):
        if not self.wanted(name):
            return
        produce = ("produce", "t", records, size)

        def prepare(server):
            if mode == "fetch":
                self.load(server, *produce)

        def measure(server):
            return self.load(server, *(("fetch", "t", records) if mode == "fetch" else (mode, "t", records, size)))

        kz, null = self.pair(prepare, measure)
        gb = records * size / 1e9
        ratio = kz["cpu"] / null["cpu"] if null["cpu"] > 0 else float("inf")
        if size >= 1000:
            speed, cpu = (lambda r: f"{r['mb_s'] / 1000:.2f} GB/s"), (lambda r: f"{r['cpu'] / gb:.2f} CPU-s/GB")
        else:
            speed, cpu = (lambda r: f"{r['records_s'] / 1e3:,.0f} k/s"), (lambda r: f"{r['cpu'] / records * 1e6:.3f} CPU-us each")
        self.row(name, f"{speed(kz)}  {cpu(kz)}", f"{speed(null)}  {cpu(null)}", f"CPU x{ratio:.2f}", target)

    def latency(self):
        name = "end to end, 10,000 records/s"
        if not self.wanted(name):
            return
        kz, null = self.pair(lambda server: None, lambda server: self.load(server, "latency", "l", 10000, 3))
        self.row(name, f"p50 {kz['p50_us']:.0f} us  p99 {kz['p99_us'] / 1000:.1f} ms",
                 f"p50 {null['p50_us']:.0f} us  p99 {null['p99_us'] / 1000:.1f} ms", f"{kz['p50_us'] - null['p50_us']:+.0f} us", "p50 +60 us")

    # ---- ZooKeeper ----

    def zookeeper(self):
        if not self.wanted("zookeeper"):
            return
        data = self.fresh_dir()
        limits = json.loads(subprocess.run([self.tools / "kz_ceilings", data], capture_output=True, text=True, check=True).stdout)
        server = self.start_kz(data)
        sync, loop = limits["fdatasync_us"], limits["loopback_us"]
        try:
            for operation in ("create", "set", "get"):
                for outstanding in (1, 200):
                    runs = []
                    for _ in range(self.pairs):
                        count = 2000 if outstanding == 1 else 30000
                        p = subprocess.run([self.tools / "kz_zk_load", f"127.0.0.1:{server.zk_port}", operation, str(count), str(outstanding)],
                                           capture_output=True, text=True, timeout=120)
                        if p.returncode != 0:
                            sys.exit(f"run.py: zookeeper {operation}: {p.stderr}")
                        runs.append(json.loads(p.stdout))
                    ops, p50 = (statistics.median(r[k] for r in runs) for k in ("ops_s", "p50_us"))
                    writes = operation != "get"
                    if outstanding == 1:
                        limit = loop + (sync if writes else 0)
                        ceiling = f"{1e6 / limit:,.0f}/s  {limit:.0f} us ({'fdatasync + ' if writes else ''}loopback)"
                        ratio = f"x{p50 / limit:.2f}"
                    else:
                        ceiling, ratio = (f"{1e6 / sync:,.0f} fdatasync/s, shared" if writes else f"loopback {loop:.0f} us"), ""
                    self.row(f"zookeeper {operation}, {outstanding} outstanding", f"{ops:,.0f}/s  p50 {p50:.0f} us", ceiling, ratio)
        finally:
            server.stop()

    # ---- start-up and memory ----

    def startup(self):
        if not self.wanted("start"):
            return
        empty, clean, killed = [], [], []
        for _ in range(self.pairs):
            server = self.start_kz(self.fresh_dir())
            empty.append(server.ready - server.began)
            server.stop()
        data = self.fresh_dir()
        server = self.start_kz(data)
        for i in range(10):
            subprocess.run([self.kz, "topics", "--bootstrap-server", f"127.0.0.1:{server.port}", "--create", "--topic", f"t{i}",
                            "--partitions", "3"], check=True, capture_output=True)
        listing = []
        for _ in range(max(self.pairs, 5)):
            t = time.monotonic()
            subprocess.run([self.kz, "topics", "--bootstrap-server", f"127.0.0.1:{server.port}", "--list"], check=True, capture_output=True)
            listing.append(time.monotonic() - t)
        server.stop()
        for sig, times in ((signal.SIGTERM, clean), (signal.SIGKILL, killed)):
            for _ in range(self.pairs):
                server = self.start_kz(data)
                server.stop(sig)
                server = self.start_kz(data)
                times.append(server.ready - server.began)
                server.stop()
        show = lambda times: f"{statistics.median(times) * 1000:.1f} ms"
        self.row("start, empty directory", show(empty), "", "", "50 ms")
        self.row("start, 10 topics, after a clean stop", show(clean), "", "", "50 ms")
        self.row("start, 10 topics, after SIGKILL", show(killed), "", "", "200 ms")
        self.row("topics --list", show(listing), "", "", "10 ms")

    def memory(self):
        if not self.wanted("memory"):
            return
        server = self.start_kz(self.fresh_dir())
        time.sleep(10)
        self.row("memory, 10 s after the start", f"{rss_mb(server.pid):.1f} MB", "", "", "20 MB")
        deadline = time.monotonic() + 20
        error = -1
        while error != 0 and time.monotonic() < deadline:  # the first FindCoordinator creates __consumer_offsets
            with socket.create_connection(("127.0.0.1", server.port), timeout=5) as s:
                group = b"bench"
                error = struct.unpack_from(">h", request(s, 10, 0, struct.pack(">h", len(group)) + group))[0]
            time.sleep(0.05)
        time.sleep(1)
        self.row("memory with __consumer_offsets", f"{rss_mb(server.pid):.1f} MB", "", "", "30 MB")
        server.stop()

    def table(self):
        heads = ("figure", "model" if self.model else "kz", "ceiling in this run", "ratio", "to reach")
        widths = [max(len(str(r[i])) for r in [heads, *self.rows]) for i in range(5)]
        for r in [heads, tuple("-" * w for w in widths), *self.rows]:
            print("  ".join(str(c).ljust(w) for c, w in zip(r, widths)).rstrip())


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("build", type=pathlib.Path)
    arguments.add_argument("--pairs", type=int, default=5)
    arguments.add_argument("--only", default="")
    arguments.add_argument("--model", type=pathlib.Path)
    a = arguments.parse_args()
    bench = Bench(a.build.resolve(), a.pairs, a.only, a.model)
    try:
        bench.throughput("produce, 1 KiB records", "produce", 1_000_000, 1024, "CPU x1.35")
        bench.throughput("fetch, 1 KiB records", "fetch", 1_000_000, 1024, "CPU x1.30")
        bench.throughput("produce, 100 B records", "produce", 5_000_000, 100, "CPU x1.50")
        bench.throughput("fetch, 100 B records", "fetch", 5_000_000, 100, "CPU x1.50")
        bench.throughput("one record a request", "single", 100_000, 100, "")
        bench.latency()
        if a.model:
            return bench.table()
        bench.zookeeper()
        bench.startup()
        bench.memory()
    finally:
        shutil.rmtree(bench.dir, ignore_errors=True)
    bench.table()


if __name__ == "__main__":
    main()
