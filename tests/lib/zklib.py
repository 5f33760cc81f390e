"""Starting kz's ZooKeeper server and reading its data, for the Python tests."""
import pathlib
import signal

import kzlib


class ZkServer:
    """`kz zk-server start-foreground` with a configuration of its own; the port survives restarts."""

    def __init__(self, kz, directory, extra="", data=None, env=None):
        self.kz = kz
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.data = pathlib.Path(data) if data else self.dir / "data"
        self.port = kzlib.free_port()
        self.config = self.dir / "zoo.cfg"
        self.config.write_text(f"tickTime=500\ndataDir={self.data}\nclientPort={self.port}\n"
                               f"4lw.commands.whitelist=*\nadmin.enableServer=false\n{extra}")
        self.env = env
        self.process = None
        self.starts = 0

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def version_2(self):
        return self.data / "version-2"

    def launch(self):
        self.starts += 1
        self.process = kzlib.Process([self.kz, "zk-server", "start-foreground", self.config],
                                     self.dir / f"zk-{self.starts}.log", env=self.env)
        return self

    def start(self):
        self.launch()

        def ready():
            assert self.process.alive(), self.process.output()
            return "imok" == kzlib.four_letter(self.port, "ruok")

        kzlib.wait_for("the ZooKeeper server", ready)
        return self

    def kill(self):
        self.process.kill(signal.SIGKILL)
        self.process.p.wait()
        self.process.file.close()

    def stop(self):
        if self.process and self.process.alive():
            assert self.process.stop() == 0, self.process.output()

    def restart(self):
        self.stop()
        return self.start()

    def srvr(self, key):
        for line in kzlib.four_letter(self.port, "srvr").splitlines():
            if line.startswith(key + ":"):
                return line.split(":", 1)[1].strip()
        return None

    def logs(self):
        return sorted(self.version_2.glob("log.*"), key=lambda p: int(p.name.split(".")[1], 16))

    def snapshots(self):
        return sorted(self.version_2.glob("snapshot.*"), key=lambda p: int(p.name.split(".")[1], 16))


def client(address, timeout=10, **options):
    """A started kazoo client."""
    from kazoo.client import KazooClient
    c = KazooClient(address, timeout=timeout, **options)
    c.start(20)
    return c


def tree(c, path="/"):
    """Everything below a path as {path: (data, acl, stat)}; /zookeeper's own quota statistics too."""
    out = {}
    todo = [path]
    while todo:
        p = todo.pop()
        data, stat = c.get(p)
        acls = c.get_acls(p)[0]
        out[p] = (data, sorted(map(str, acls)), tuple(stat))
        todo += [p.rstrip("/") + "/" + name for name in c.get_children(p)]
    return out
