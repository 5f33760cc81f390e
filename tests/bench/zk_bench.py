#!/usr/bin/env python3
"""ZooKeeper's figures, each beside Apache ZooKeeper 3.8 (Debian's jars) or the ceiling in the same run.

zk_bench.py BUILD_DIR [--only load,failover,catchup,million,idle] [--rounds N] [--no-apache] [--nodes N]

The load client (kz_zk_pump) is the same for both, sync is on in both. Apache runs warm: each figure is its second run."""
import argparse
import json
import logging
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import kzlib  # noqa: E402
from zkensemble import Ensemble, free_ports  # noqa: E402

APACHE = ["-Dzookeeper.admin.enableServer=false", "-Dzookeeper.4lw.commands.whitelist=*", "-cp", "/usr/share/java/*",
          "org.apache.zookeeper.server.quorum.QuorumPeerMain"]


def rss_bytes(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) * 1024


class Alone:
    """One standalone server."""

    def __init__(self, bench, kind, heap="2g", extra=""):
        self.dir = pathlib.Path(tempfile.mkdtemp(dir=bench.dir))
        self.kind, self.bench, self.heap = kind, bench, heap
        self.port = free_ports(1)[0]
        self.config = self.dir / "zoo.cfg"
        self.config.write_text(f"tickTime=2000\ndataDir={self.dir}/data\nclientPort={self.port}\nmaxClientCnxns=0\n"
                               f"4lw.commands.whitelist=*\nadmin.enableServer=false\n{extra}")

    def start(self):
        if self.kind == "kz":
            argv = [self.bench.kz, "zk-server", "start-foreground", self.config]
        else:
            argv = ["java", f"-Xmx{self.heap}", *APACHE, self.config]
        self.log = open(self.dir / "log", "ab")
        began = time.monotonic()
        self.p = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        while True:
            try:
                if "Mode:" in kzlib.four_letter(self.port, "srvr"):
                    break
            except OSError:
                time.sleep(0.002)
            if self.p.poll() is not None or time.monotonic() - began > 120:
                sys.exit(f"zk_bench.py: {self.kind} does not start: {(self.dir / 'log').read_text()[-2000:]}")
        self.seconds = time.monotonic() - began
        return self

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def stop(self):
        self.p.kill()
        self.p.wait()
        self.log.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


class Bench:
    def __init__(self, build, arguments):
        self.kz = build / "kz"
        self.tools = build / "tests" / "bench"
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="kz-bench.", dir=os.environ.get("TMPDIR", "/tmp")))
        self.kinds = ["kz"] if arguments.no_apache else ["kz", "apache"]
        self.rounds, self.nodes = arguments.rounds, arguments.nodes
        self.rows = []

    def row(self, name, kz="", apache="", ceiling="", ratio="", target=""):
        self.rows.append((name, kz, apache, ceiling, ratio, target))

    def pump(self, address, mode, **words):
        p = subprocess.run([self.tools / "kz_zk_pump", address, mode, *(f"{k}={v}" for k, v in words.items())],
                           capture_output=True, text=True, timeout=300)
        if p.returncode != 0:
            raise RuntimeError(f"{mode} {words}: {p.stderr}")
        return json.loads(p.stdout)

    def ensemble(self, kind, extra="", tick_ms=2000):
        return Ensemble(self.kz, pathlib.Path(tempfile.mkdtemp(dir=self.dir)) / "e", {1: kind, 2: kind, 3: kind}, tick_ms=tick_ms,
                        extra="maxClientCnxns=0\n" + extra)

    # ---- rates and latencies ----

    def load(self):
        limits = json.loads(subprocess.run([self.tools / "kz_ceilings", self.dir], capture_output=True, text=True, check=True).stdout)
        sync, loop = limits["fdatasync_us"], limits["loopback_us"]
        for where, trips in (("standalone", 1), ("3 servers", 2)):
            results = {}
            for kind in self.kinds:
                if where == "standalone":
                    with Alone(self, kind) as server:
                        results[kind] = self.measure(server.address, kind)
                else:
                    with self.ensemble(kind) as e:
                        e.start()
                        results[kind] = self.measure(e[e.wait_serving(60)].address, kind)
            for operation in ("create", "set", "get"):
                for outstanding in (1, 200):
                    kz = results["kz"][operation, outstanding]
                    apache = results.get("apache", {}).get((operation, outstanding))
                    show = lambda r: f"{r['ops_s']:,.0f}/s  p50 {r['p50_us']:.0f} us" if r else ""
                    ceiling = ratio = target = ""
                    if outstanding == 1:
                        limit = loop * (trips if operation != "get" else 1) + (sync if operation != "get" else 0)
                        ceiling = f"{limit:.0f} us"
                        ratio = f"x{kz['p50_us'] / limit:.2f} of the ceiling"
                        target = {"standalone": "x1.3", "3 servers": "x1.6"}[where] if operation != "get" else ""
                    elif apache:
                        ratio, target = f"x{kz['ops_s'] / apache['ops_s']:.1f} of Apache", "x5"
                    self.row(f"{where}: {operation}, {outstanding} outstanding", show(kz), show(apache), ceiling, ratio, target)

    def measure(self, address, kind):
        out = {}
        for operation in ("create", "set", "get"):
            for outstanding in (1, 200):
                count = 1500 if outstanding == 1 else 30000 if operation != "get" else 60000
                if kind == "apache":
                    self.pump(address, operation, count=count // 2, outstanding=outstanding)
                runs = [self.pump(address, operation, count=count, outstanding=outstanding) for _ in range(3 if kind == "kz" else 1)]
                out[operation, outstanding] = sorted(runs, key=lambda r: r["ops_s"])[len(runs) // 2]
        return out

    # ---- the leader dies ----

    def failover(self):
        import zk_failover
        logging.disable(logging.CRITICAL)
        for nodes in (0, 100_000):
            gaps = {}
            for kind in self.kinds:
                with self.ensemble(kind) as e:
                    e.start()
                    leader = e.wait_serving(60)
                    if nodes:
                        self.pump(e[leader].address, "fill", count=nodes)
                    rounds = self.rounds if kind == "kz" else max(self.rounds // 4, 3)
                    gaps[kind] = [zk_failover.one_round(e) for _ in range(rounds)]
            show = lambda g: f"median {statistics.median(g):.0f} ms, worst {max(g):.0f} ({len(g)})" if g else ""
            self.row("kill -9 of the leader to the next write" + (f", {nodes:,} nodes" if nodes else ""), show(gaps["kz"]),
                     show(gaps.get("apache")), "", "", "150 ms")

    # ---- servers that come back ----

    def catchup(self):
        nodes, missed = 200_000, 100_000
        results = {}
        for kind in self.kinds:
            with self.ensemble(kind) as e:
                e.start()
                leader = e.wait_serving(60)
                follower = next(sid for sid in e.members if sid != leader)
                self.pump(e[leader].address, "fill", count=nodes)
                e.wait_equal()
                e[follower].kill()
                self.pump(e[leader].address, "set", count=missed, keys=1000)
                seconds = self.comes_back(e, follower, leader)
                # And with nothing at all.
                e[follower].kill()
                for directory in (e[follower].data, e[follower].log_dir):
                    shutil.rmtree(directory / "version-2")
                snapshot = self.comes_back(e, follower, leader)
                rate = None
                if kind == "kz":
                    times = re.findall(r"(\d+):(\d+):(\d+),(\d+) .*?(Getting a snapshot|Snapshot 0x\w+ received, (\d+) bytes)",
                                       e[follower].process.output())
                    at = [int(h) * 3600 + int(m) * 60 + int(s) + int(ms) / 1000 for h, m, s, ms, *_ in times]
                    rate = int(times[1][5]) / (at[1] - at[0]) / 1e6
                results[kind] = seconds, snapshot, rate
        show = lambda r, i: f"{r[i]:.2f} s" if r else ""
        self.row(f"back after {missed:,} missed transactions", show(results["kz"], 0), show(results.get("apache"), 0), "", "", "2 s")
        self.row(f"back with nothing, {nodes:,} nodes", show(results["kz"], 1), show(results.get("apache"), 1))
        self.row("a snapshot to a learner", f"{results['kz'][2]:.0f} MB/s", "", "", "", "100 MB/s")

    def comes_back(self, e, follower, leader):
        began = time.monotonic()
        e[follower].start()
        while True:
            try:
                if e[follower].srvr("Zxid") == e[leader].srvr("Zxid"):
                    return time.monotonic() - began
            except OSError:
                pass
            if time.monotonic() - began > 120:
                sys.exit("zk_bench.py: the follower does not come back")
            time.sleep(0.005)

    # ---- a million nodes ----

    def million(self):
        count, size = self.nodes, 100
        memory, delays, starts = {}, {}, {}
        for kind in self.kinds:
            # Snapshots come when 100,000 transactions have been logged: the load below brings one on.
            with Alone(self, kind, extra="snapCount=100000\n") as server:
                empty = rss_bytes(server.p.pid)
                self.pump(server.address, "fill", count=count, size=size)
                time.sleep(2)
                memory[kind] = rss_bytes(server.p.pid), (rss_bytes(server.p.pid) - empty) / count - size
                if kind == "kz":
                    delays = self.snapshot_delay(server)
                server.stop()
                server.start()
                starts[kind] = server.seconds
        mb = lambda k: f"{memory[k][0] / 1e6:,.0f} MB" if k in memory else ""
        ratio = f"x{memory['kz'][0] / memory['apache'][0]:.2f} of Apache" if "apache" in memory else ""
        self.row(f"memory with {count:,} nodes of {size} B", mb("kz"), mb("apache"), "", ratio, "x0.25")
        self.row("overhead of a node", f"{memory['kz'][1]:.0f} B", f"{memory['apache'][1]:.0f} B" if "apache" in memory else "", "", "", "200 B")
        self.row("slowest write while they are written as a snapshot / otherwise", f"{delays[0]:.1f} / {delays[1]:.1f} ms", "", "",
                 f"+{delays[0] - delays[1]:.1f} ms", "+20 ms")
        self.row("start with them", f"{starts['kz']:.2f} s", f"{starts['apache']:.2f} s" if "apache" in starts else "", "", "", "2 s")

    def snapshot_delay(self, server):
        """The slowest of single writes while a snapshot is being written, and of as many when none is."""
        text = lambda: (server.dir / "log").read_text()
        kzlib.wait_for("the last snapshot is whole", lambda: text().count("Snapshotting:") - 1 <= len(re.findall(r"Snapshot 0x\w+ written", text())), 30)
        calm = [self.pump(server.address, "probe", ms=1000)["max_us"] / 1000 for _ in range(3)]
        worst = 0
        begun = text().count("Snapshotting:")
        while text().count("Snapshotting:") == begun:
            self.pump(server.address, "set", count=4000, outstanding=200, keys=10)
        written = len(re.findall(r"Snapshot 0x\w+ written", text()))
        while len(re.findall(r"Snapshot 0x\w+ written", text())) == written:
            worst = max(worst, self.pump(server.address, "probe", ms=200)["max_us"] / 1000)
        return worst, statistics.median(calm)

    # ---- idle sessions ----

    def idle(self):
        sessions, results = 10_000, {}
        for kind in self.kinds:
            with Alone(self, kind) as server:
                self.pump(server.address, "get", count=2000)
                before = rss_bytes(server.p.pid)
                client = subprocess.Popen([self.tools / "kz_zk_pump", server.address, "idle", f"sessions={sessions}"],
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                client.stdout.readline()
                time.sleep(1)
                results[kind] = (rss_bytes(server.p.pid) - before) / sessions
                client.stdin.close()
                client.wait(30)
        self.row(f"{sessions:,} idle sessions, each", f"{results['kz']:,.0f} B", f"{results['apache']:,.0f} B" if "apache" in results else "", "", "",
                 "4,096 B")

    def table(self):
        heads = ("figure", "kz", "Apache 3.8", "ceiling", "ratio", "to reach")
        widths = [max(len(str(r[i])) for r in [heads, *self.rows]) for i in range(len(heads))]
        for r in [heads, tuple("-" * w for w in widths), *self.rows]:
            print("  ".join(str(c).ljust(w) for c, w in zip(r, widths)).rstrip())
        sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--only", default="load,failover,catchup,million,idle")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--nodes", type=int, default=1_000_000)
    parser.add_argument("--no-apache", action="store_true")
    arguments = parser.parse_args()
    bench = Bench(arguments.build.resolve(), arguments)
    try:
        for name in arguments.only.split(","):
            getattr(bench, name)()
    finally:
        shutil.rmtree(bench.dir, ignore_errors=True)
        bench.table()


if __name__ == "__main__":
    main()
