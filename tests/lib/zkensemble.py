"""Ensembles for the Python tests: kz members, Apache ZooKeeper members (Debian's jars), or both."""
import pathlib
import shutil
import signal
import socket

import kzlib


def free_ports(n):
    held = [socket.socket() for _ in range(n)]
    for s in held:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


class Member:
    def __init__(self, ensemble, sid, kind, directory, client_port):
        self.ensemble, self.sid, self.kind = ensemble, sid, kind
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(parents=True)
        self.data = self.dir / "zkdata"
        self.log_dir = self.dir / "zkdatalog"
        self.port = client_port
        self.config = self.dir / f"zoo{sid}.cfg"
        self.process = None
        self.starts = 0

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self.starts += 1
        if self.kind == "kz":
            argv = [self.ensemble.kz, "zk-server", "start-foreground", self.config]
        else:
            argv = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", *self.ensemble.jvm, "-Dzookeeper.admin.enableServer=false",
                    "-Dzookeeper.4lw.commands.whitelist=*", "-cp", "/usr/share/java/*",
                    "org.apache.zookeeper.server.quorum.QuorumPeerMain", self.config]
        self.process = kzlib.Process(argv, self.dir / f"{self.kind}-{self.starts}.log")
        return self

    def kill(self, sig=signal.SIGKILL):
        self.process.kill(sig)
        if sig == signal.SIGKILL:
            self.process.p.wait()
            self.process.file.close()

    def stop(self):
        if self.process and self.process.alive():
            self.process.stop()

    def running(self):
        return self.process is not None and self.process.alive()

    def srvr(self, key):
        for line in kzlib.four_letter(self.port, "srvr").splitlines():
            if line.startswith(key + ":"):
                return line.split(":", 1)[1].strip()
        return None

    def mode(self):
        assert self.running(), f"server {self.sid} has ended:\n{self.process.output()[-3000:]}"
        return self.srvr("Mode")


class Ensemble:
    """kinds: {server id: "kz" or "apache"}. observers: ids among them. jvm: more flags for Apache's. hosts: {server id:
    address} but 127.0.0.1."""

    def __init__(self, kz, directory, kinds, observers=(), extra="", tick_ms=500, jvm=(), hosts=None):
        self.kz = kz
        self.jvm = jvm
        self.dir = pathlib.Path(directory)
        ports = free_ports(3 * len(kinds))
        lines = []
        self.members = {}
        for n, (sid, kind) in enumerate(kinds.items()):
            client, quorum, election = ports[3 * n:3 * n + 3]
            host = (hosts or {}).get(sid, "127.0.0.1")
            lines.append(f"server.{sid}={host}:{quorum}:{election}" + (":observer" if sid in observers else ""))
            self.members[sid] = Member(self, sid, kind, self.dir / f"zookeeper{sid}", client)
        for sid, m in self.members.items():
            m.data.mkdir()
            m.log_dir.mkdir()
            (m.data / "myid").write_text(f"{sid}\n")
            m.config.write_text(f"tickTime={tick_ms}\ninitLimit=10\nsyncLimit=5\ndataDir={m.data}\ndataLogDir={m.log_dir}\n"
                                f"clientPort={m.port}\n4lw.commands.whitelist=*\nadmin.enableServer=false\n"
                                + ("peerType=observer\n" if sid in observers else "") + "\n".join(lines) + f"\n{extra}")

    def __getitem__(self, sid):
        return self.members[sid]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for m in self.members.values():
            if m.running():
                m.process.kill(signal.SIGKILL)
        for m in self.members.values():
            if m.process:
                m.process.p.wait()

    @property
    def addresses(self):
        return ",".join(m.address for m in self.members.values())

    def start(self, *sids):
        for sid in sids or self.members:
            self.members[sid].start()
        return self

    def modes(self):
        return {sid: m.mode() for sid, m in self.members.items() if m.running()}

    def wait_serving(self, seconds=30):
        """All running members serve, one leads: its id."""
        def ready():
            modes = self.modes()
            leaders = [sid for sid, mode in modes.items() if mode == "leader"]
            return modes if len(leaders) == 1 and None not in modes.values() else None
        modes = kzlib.wait_for("an ensemble with a leader", ready, seconds)
        return next(sid for sid, mode in modes.items() if mode == "leader")

    def wait_equal(self, seconds=20):
        """All running members have the same last zxid."""
        def equal():
            zxids = {m.srvr("Zxid") for m in self.members.values() if m.running()}
            return len(zxids) == 1 and None not in zxids
        kzlib.wait_for("equal zxids on all servers", equal, seconds)


def have_apache():
    return shutil.which("java") is not None and pathlib.Path("/usr/share/java/zookeeper.jar").exists()
