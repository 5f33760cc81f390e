"""Ensembles that are reconfigured at run time, for the Python tests."""
import base64
import hashlib
import pathlib
import threading
import time

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException

import kzlib
import zklib
from zkensemble import Ensemble, Member, free_ports

SUPER = "super:test"
DIGEST = base64.b64encode(hashlib.sha1(SUPER.encode()).digest()).decode()
EXTRA = f"reconfigEnabled=true\nDigestAuthenticationProvider.superDigest=super:{DIGEST}\n"


def administrator(addresses, timeout=20):
    c = KazooClient(hosts=addresses, timeout=timeout, auth_data=[("digest", SUPER)])
    c.start(15)
    return c


def members_of(text):
    """{'server.1': 'host:q:e:role;client', ..., 'version': int}"""
    if isinstance(text, bytes):
        text = text.decode()
    out = dict(line.split("=", 1) for line in text.splitlines() if line)
    if "version" in out:
        out["version"] = int(out["version"], 16)
    return out


class Dynamic(Ensemble):
    """server lines name the client port, as members that change must."""

    def __init__(self, kz, directory, kinds, observers=(), extra=EXTRA, tick_ms=500):
        super().__init__(kz, directory, kinds, observers, extra, tick_ms)
        self.lines = {}
        for sid, m in self.members.items():
            line = next(li for li in m.config.read_text().splitlines() if li.startswith(f"server.{sid}="))
            host, quorum, election, *_ = line.split("=", 1)[1].split(":")
            role = "observer" if sid in observers else "participant"
            self.lines[sid] = f"{host}:{quorum}:{election}:{role};127.0.0.1:{m.port}"
        for sid, m in self.members.items():
            self.write_config(sid, list(self.lines), extra, tick_ms)

    def write_config(self, sid, known, extra=EXTRA, tick_ms=500):
        m = self.members[sid]
        m.config.write_text(f"# as the administrator wrote it\ntickTime={tick_ms}\ninitLimit=10\nsyncLimit=5\n"
                            f"dataDir={m.data}\ndataLogDir={m.log_dir}\n"
                            f"4lw.commands.whitelist=*\nadmin.enableServer=false\n"
                            + "".join(f"server.{k}={self.lines[k]}\n" for k in known) + extra)

    def join(self, sid, kind="kz", role="participant", known=None):
        """A server that is in nobody's configuration but its own, with the others it knows."""
        client, quorum, election = free_ports(3)
        m = Member(self, sid, kind, self.dir / f"zookeeper{sid}", client)
        m.data.mkdir()
        m.log_dir.mkdir()
        (m.data / "myid").write_text(f"{sid}\n")
        self.members[sid] = m
        self.lines[sid] = f"127.0.0.1:{quorum}:{election}:{role};127.0.0.1:{client}"
        known = known or [k for k in self.members if k != sid]
        tick_ms = next(int(li.split("=")[1]) for li in self.members[known[0]].config.read_text().splitlines()
                       if li.startswith("tickTime="))
        self.write_config(sid, known + [sid], tick_ms=tick_ms)
        return m.start()

    def line(self, sid):
        return f"server.{sid}={self.lines[sid]}"

    def files(self, sid):
        """What a restart would read: static keys, dynamic text, version."""
        m = self.members[sid]
        static = dict(li.split("=", 1) for li in m.config.read_text().splitlines() if "=" in li and li[0] != "#")
        path = pathlib.Path(static["dynamicConfigFile"])
        return static, path.read_text(), int(path.name.rsplit(".", 1)[1], 16)

    def wait_config(self, version, sids=None):
        def everywhere():
            for sid in sids or [s for s, m in self.members.items() if m.running()]:
                try:
                    if self.files(sid)[2] != version:
                        return False
                except (KeyError, FileNotFoundError):
                    return False
            return True
        kzlib.wait_for(f"configuration {version:x} on disk", everywhere, 20)


class Load:
    """A writer that never stops, and what it was promised."""

    def __init__(self, addresses):
        self.client = zklib.client(addresses, timeout=20)
        self.client.ensure_path("/load")
        self.acknowledged = []
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        n = 0
        while not self.done.is_set():
            n += 1
            try:
                self.client.create(f"/load/n{n:06d}", b"x")
                self.acknowledged.append(f"n{n:06d}")
            except KazooException:
                time.sleep(0.01)

    def goes_on(self):
        at = len(self.acknowledged)
        kzlib.wait_for("writes go on", lambda: len(self.acknowledged) > at + 20, 30)

    def stop(self):
        self.done.set()
        self.thread.join()
        self.client.stop()
        self.client.close()


def close(c):
    c.stop()
    c.close()
