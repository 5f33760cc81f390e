"""Histories of concurrent clients while servers are killed, stopped and cut off from each other: writes are linearizable, so are
reads behind a sync, and every read keeps its client's order. Porcupine checks. KZ_HISTORY_SECONDS=600 makes it long."""
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

import hosts
import kzlib
import pytest
import zkensemble

SECONDS = float(os.environ.get("KZ_HISTORY_SECONDS", "15"))
SEED = int(os.environ.get("KZ_HISTORY_SEED", "1"))
HERE = pathlib.Path(__file__).parent / "history"

assert hosts.possible(), "network namespaces need root"
assert shutil.which("go"), "install the Debian package golang-go"


@pytest.fixture(scope="module")
def checker(tmp_path_factory):
    binary = tmp_path_factory.mktemp("checker") / "history"
    subprocess.run(["go", "build", "-o", binary, "."], cwd=HERE, check=True)
    return binary


class Servers:
    """An ensemble whose members have a network each, and a host for the clients."""

    def __init__(self, kz, directory, kinds):
        self.kz, self.dir, self.kinds = kz, pathlib.Path(directory), kinds
        self.address = {sid: f"10.77.0.{sid}" for sid in kinds}
        self.cluster = hosts.Cluster({**{f"zk{sid}": a for sid, a in self.address.items()}, "clients": "10.77.0.99"})
        self.running = {}
        self.starts = 0
        lines = "".join(f"server.{sid}={a}:2888:3888\n" for sid, a in self.address.items())
        for sid, a in self.address.items():
            data = self.dir / f"zk{sid}"
            data.mkdir()
            (data / "myid").write_text(f"{sid}\n")
            (self.dir / f"zoo{sid}.cfg").write_text(
                f"tickTime=400\ninitLimit=10\nsyncLimit=4\ndataDir={data}\nclientPort=2181\n"
                f"4lw.commands.whitelist=*\nadmin.enableServer=false\nsnapCount=300\n{lines}")

    def host(self, sid):
        return self.cluster[f"zk{sid}"]

    def start(self, sid):
        self.starts += 1
        config = self.dir / f"zoo{sid}.cfg"
        argv = [self.kz, "zk-server", "start-foreground", config]
        if self.kinds[sid] == "apache":
            argv = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-Dzookeeper.admin.enableServer=false", "-cp", "/usr/share/java/*",
                    "org.apache.zookeeper.server.quorum.QuorumPeerMain", config]
        self.running[sid] = kzlib.Process(self.host(sid).argv(*argv), self.dir / f"server{sid}-{self.starts}.log")

    def kill(self, sid):
        process = self.running.pop(sid)
        process.kill(signal.SIGCONT)
        process.kill(signal.SIGKILL)
        process.p.wait()
        process.file.close()

    def mode(self, sid):
        # From the server's own network: always reachable there.
        out = self.host(sid).run("bash", "-c", f"exec 3<>/dev/tcp/{self.address[sid]}/2181; printf srvr >&3; timeout 2 cat <&3", check=None).stdout
        return next((line.split(": ")[1] for line in out.splitlines() if line.startswith("Mode: ")), None)

    def cut(self, a, b):
        """What a sends to b goes nowhere, silently."""
        self.host(a).run("ip", "neigh", "replace", self.address[b], "lladdr", "02:00:00:00:00:01", "nud", "permanent", "dev", "eth0")

    def mend(self, a, b):
        self.host(a).run("ip", "neigh", "del", self.address[b], "dev", "eth0", check=None)

    def close(self):
        for sid in list(self.running):
            self.kill(sid)
        self.cluster.close()


def disturb(servers, rng, until):
    """Faults, one after the other; all of them mended at the end. Returns what was done."""
    done = collections.Counter()
    sids = list(servers.kinds)
    slow = {sid for sid, kind in servers.kinds.items() if kind == "apache"}
    while time.monotonic() < until:
        sid = rng.choice(sids)
        leaders = [s for s in sids if servers.mode(s) == "leader"]
        if leaders and rng.random() < 0.5:
            sid = leaders[0]
        fault = rng.choice(["kill", "stop", "cut", "cut one way", "calm"])
        lasting = rng.uniform(0.3, 2.5)
        if fault == "kill":
            servers.kill(sid)
            time.sleep(lasting / 3)
            servers.start(sid)
            if sid in slow:
                time.sleep(2)
        elif fault == "stop":
            servers.running[sid].kill(signal.SIGSTOP)
            time.sleep(lasting)
            servers.running[sid].kill(signal.SIGCONT)
        elif fault != "calm":
            pairs = [(sid, other) for other in sids if other != sid]
            if fault == "cut":
                pairs += [(b, a) for a, b in pairs]
            for a, b in pairs:
                servers.cut(a, b)
            time.sleep(lasting)
            for a, b in pairs:
                servers.mend(a, b)
        done[fault] += 1
        time.sleep(rng.uniform(0.2, 1.0))
    return done


def check_order(records):
    """No read shows a client less than what that session saw before: own writes, and what other reads showed, of any key."""
    born = {}  # (key, version) -> mzxid, values
    for r in records:
        if r["return"] >= 0 and r["version"] >= 0:
            seen = born.setdefault((r["key"], r["version"]), (r["mzxid"], r["value"]))
            assert seen == (r["mzxid"], r["value"]), f"two contents of one version: {seen} and {r}"
    floor = collections.defaultdict(int)
    reads = 0
    for r in records:  # each client's records are in its order
        if r["return"] < 0 or r["version"] < 0 or r["session"] == 0:
            continue
        session = (r["client"], r["session"])
        if r["kind"] in ("read", "get"):
            reads += 1
            after = born.get((r["key"], r["version"] + 1))
            assert after is None or after[0] > floor[session], f"a read went back behind 0x{floor[session]:x}: {r}, then {after}"
        floor[session] = max(floor[session], r["mzxid"])
    return reads


@pytest.mark.parametrize("kinds", [{1: "kz", 2: "kz", 3: "kz"}, {1: "kz", 2: "apache", 3: "kz"}], ids=["kz", "mixed"])
def test_histories_are_linearizable(kz, tmp_path, checker, kinds):
    assert "apache" not in kinds.values() or zkensemble.have_apache(), "install the Debian packages zookeeper and default-jre-headless"
    servers = Servers(kz, tmp_path, kinds)
    history = tmp_path / "history.json"
    recorder = None
    try:
        for sid in kinds:
            servers.start(sid)
        kzlib.wait_for("a leader", lambda: "leader" in [servers.mode(sid) for sid in kinds], 60)
        recorder = subprocess.Popen(servers.cluster["clients"].argv("/usr/bin/python3", HERE / "record.py", history, 4,
                                                                    *(f"{a}:2181" for a in servers.address.values())),
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert recorder.stdout.readline() == "recording\n"
        faults = disturb(servers, random.Random(SEED), time.monotonic() + SECONDS)
        kzlib.wait_for("a leader after all", lambda: sorted(str(servers.mode(sid)) for sid in kinds) == ["follower", "follower", "leader"], 60)
        recorder.stdin.close()
        assert recorder.wait(90) == 0
        records = json.loads(history.read_text())
        known = [r for r in records if r["return"] >= 0]
        assert len(known) > 20 * SECONDS, f"{len(known)} operations: too few to show anything"
        reads = check_order(records)
        # A leader of Apache's that was paused answers a sync before it learns that it was replaced: in a mixed ensemble the reads
        # behind a sync only keep their order.
        checked = ("set", "cas") if "apache" in kinds.values() else ("set", "cas", "read")
        linear = [r for r in records if r["kind"] in checked]
        history.write_text(json.dumps(linear))
        result = subprocess.run([checker, history, tmp_path / "history.html"], capture_output=True, text=True)
        print(f"{dict(faults)}; {len(known)} of {len(records)} answered; {reads} reads in order; {result.stdout.strip()}")
        assert result.returncode == 0, f"seed {SEED}, {dict(faults)}: {result.stdout}{result.stderr}; see {tmp_path}/history.html"
    finally:
        if recorder and recorder.poll() is None:
            recorder.kill()
            recorder.wait()
        servers.close()


def test_the_checker_finds_a_lost_write_and_a_stale_read(tmp_path, checker):
    base = {"client": 1, "key": "/k", "expect": 0, "session": 1}
    good = [{**base, "kind": "set", "value": "a", "version": 1, "mzxid": 5, "call": 1, "return": 2},
            {**base, "kind": "set", "value": "b", "version": 2, "mzxid": 6, "call": 3, "return": 4}]
    lost = good[1:]
    stale = good + [{**base, "kind": "read", "value": "a", "version": 1, "mzxid": 5, "call": 5, "return": 6}]
    unknown = [{**good[0], "return": -1}, {**good[1], "call": 1}]
    for records, code in ((good, 0), (lost, 1), (stale, 1), (unknown, 0)):
        path = tmp_path / "h.json"
        path.write_text(json.dumps(records))
        assert subprocess.run([checker, path], capture_output=True).returncode == code, records
    with pytest.raises(AssertionError):
        check_order([{**r, "kind": "get" if r is stale[-1] else r["kind"]} for r in stale])
