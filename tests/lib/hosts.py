"""The documents' hosts on one machine: a network and a mount namespace a host, joined by a bridge, with their addresses and a
/usr/local, /opt and /usr/zookeeper of their own. Needs root."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import kzlib


def possible():
    return os.geteuid() == 0 and subprocess.run(["unshare", "-n", "-m", "true"], capture_output=True).returncode == 0


class Host:
    def __init__(self, cluster, name, address):
        self.cluster, self.name, self.address = cluster, name, address
        self.holder = subprocess.Popen(["unshare", "-n", "-u", "-m", "--propagation", "private", "sleep", "100000"])
        kzlib.wait_for("the namespaces", lambda: os.readlink(f"/proc/{self.holder.pid}/ns/mnt") != os.readlink("/proc/self/ns/mnt"))
        port = f"v{len(cluster.hosts)}"
        cluster.bridge("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", self.holder.pid)
        cluster.bridge("link", "set", port, "master", "br0", "up")
        for argv in (["link", "set", "lo", "up"], ["addr", "add", f"{address}/24", "dev", "eth0"], ["link", "set", "eth0", "up"]):
            self.run("ip", *argv)
        self.run("hostname", name)
        for directory in ("/usr/local", "/opt"):
            self.run("mount", "-t", "tmpfs", "none", directory)
        os.makedirs("/usr/zookeeper", exist_ok=True)
        self.run("mount", "-t", "tmpfs", "none", "/usr/zookeeper")
        self.run("mount", "--bind", cluster.hosts_file, "/etc/hosts")

    def argv(self, *argv):
        return ["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt", f"--net=/proc/{self.holder.pid}/ns/net",
                f"--uts=/proc/{self.holder.pid}/ns/uts", "--wdns=/", *map(str, argv)]

    def run(self, *argv, check=0, env=None, **kw):
        return kzlib.run(*self.argv(*argv), check=check, env={"PATH": self.cluster.path, **(env or {})}, **kw)

    def write(self, path, text, mode=0o644):
        self.run("mkdir", "-p", pathlib.Path(path).parent)
        self.run("tee", path, input=text)
        self.run("chmod", oct(mode)[2:], path)

    def install(self, kz, prefix="/usr/local", kafka=None, zookeeper=None):
        self.run(kzlib.REPO / "tests/tools/install.sh", kz, "", prefix, kafka or f"{prefix}/kafka", zookeeper or f"{prefix}/zookeeper")


class Cluster:
    """Hosts by name; `ssh NAME CMD` on them runs CMD on the host of that name."""

    def __init__(self, hosts):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="kz-hosts-"))
        self.hosts_file = self.dir / "hosts"
        self.hosts_file.write_text("127.0.0.1 localhost\n" + "".join(f"{a} {n}\n" for n, a in hosts.items()))
        self.holder = subprocess.Popen(["unshare", "-n", "sleep", "100000"])
        kzlib.wait_for("the network namespace", lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != os.readlink("/proc/self/ns/net"))
        self.bridge("link", "add", "br0", "type", "bridge")
        self.bridge("link", "set", "br0", "up")
        self.path = f"{self.dir}:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        self.hosts = {}
        for name, address in hosts.items():
            self.hosts[name] = Host(self, name, address)
        table = "".join(f"  {n}) pid={h.holder.pid} ;;\n" for n, h in self.hosts.items())
        ssh = self.dir / "ssh"
        ssh.write_text(f"#!/bin/bash\ncase $1 in\n{table}  *) echo \"ssh: no host $1\" >&2; exit 255 ;;\nesac\nshift\n"
                       "exec nsenter --mount=/proc/$pid/ns/mnt --net=/proc/$pid/ns/net --uts=/proc/$pid/ns/uts --wdns=/ bash -c \"$*\"\n")
        ssh.chmod(0o755)

    def bridge(self, *argv):
        subprocess.run(["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "ip", *map(str, argv)], check=True)

    def __getitem__(self, name):
        return self.hosts[name]

    def close(self):
        inside = {os.readlink(f"/proc/{h.holder.pid}/ns/net") for h in self.hosts.values()}
        for entry in os.listdir("/proc"):
            try:
                if entry.isdigit() and os.readlink(f"/proc/{entry}/ns/net") in inside:
                    os.kill(int(entry), 9)
            except OSError:
                pass
        self.holder.kill()
        self.holder.wait()
        for h in self.hosts.values():
            h.holder.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
