"""Several addresses per server (multiAddress.enabled): one network of two fails, and the ensemble goes on over the other."""
import os
import pathlib
import subprocess
import sys

import pytest

import hosts
import kzlib
import zklib
from zkdynamic import EXTRA, Dynamic, Load, administrator, close, members_of

NETWORKS = ("10.91.1", "10.91.2")


def ip(*argv):
    subprocess.run(["ip", *map(str, argv)], check=True)


def cut(network):
    """Its addresses go; the route stays, so that what is sent there disappears without an answer."""
    ip("addr", "add", f"{network}.99/24", "dev", "kz0")
    for sid in (1, 2, 3):
        ip("addr", "del", f"{network}.{sid}/24", "dev", "kz0")


def mend(network):
    for sid in (1, 2, 3):
        ip("addr", "add", f"{network}.{sid}/24", "dev", "kz0")


def scenario(kz, directory, kinds):
    """Runs in a network namespace of its own."""
    ip("link", "set", "lo", "up")
    ip("link", "add", "kz0", "type", "veth", "peer", "name", "kz1")
    ip("link", "set", "kz1", "up")
    ip("link", "set", "kz0", "up")
    # Promoted: a network's first address must not take the others with it.
    pathlib.Path("/proc/sys/net/ipv4/conf/kz0/promote_secondaries").write_text("1")
    for network in NETWORKS:
        mend(network)
    extra = EXTRA + "multiAddress.enabled=true\nmultiAddress.reachabilityCheckTimeoutMs=500\n"
    with Dynamic(kz, directory, dict(zip((1, 2, 3), kinds)), extra=extra, tick_ms=1000) as e:
        # Apache's servers read the flag where they read server lines, and the key elsewhere.
        e.jvm = [*e.jvm, "-Dzookeeper.multiAddress.enabled=true"]
        for sid in e.members:
            e.lines[sid] = "|".join(f"{network}.{sid}:2888:3888" for network in NETWORKS) + \
                f":participant;127.0.0.1:{e[sid].port}"
        for sid in e.members:
            e.write_config(sid, list(e.lines), extra, 1000)
        e.start().wait_serving(60)
        c = zklib.client(e.addresses)
        config = members_of(c.get("/zookeeper/config")[0])
        assert config["server.2"].startswith("10.91.1.2:2888:3888|10.91.2.2:2888:3888:participant;"), config
        close(c)
        load = Load(e.addresses)
        load.goes_on()
        cut(NETWORKS[0])
        load.goes_on()
        e.wait_serving(60)
        # And an election without it.
        leader = e.wait_serving(60)
        e[leader].kill()
        rest = [s for s in e.members if s != leader]
        kzlib.wait_for("two serve", lambda: sorted(str(e[s].mode()) for s in rest) == ["follower", "leader"], 60)
        load.goes_on()
        e[leader].start()
        kzlib.wait_for("all serve", lambda: None not in e.modes().values(), 60)
        mend(NETWORKS[0])
        cut(NETWORKS[1])
        load.goes_on()
        e.wait_serving(60)
        # A server that has one address alone.
        follower = next(s for s, mode in e.modes().items() if mode == "follower")
        admin = administrator(e.addresses)
        line = f"server.{follower}={NETWORKS[0]}.{follower}:2888:3888:participant;127.0.0.1:{e[follower].port}"
        data, _ = admin.retry(admin.reconfig, joining=line, leaving=None, new_members=None)
        assert "|" not in members_of(data)[f"server.{follower}"]
        close(admin)
        load.goes_on()
        load.stop()
        c = zklib.client(e.addresses)
        c.sync("/")
        assert set(load.acknowledged) <= set(c.get_children("/load"))
        close(c)


@pytest.mark.skipif(not hosts.possible(), reason="needs root and network namespaces")
def test_one_of_two_networks_fails(kz, tmp_path):
    r = subprocess.run(["unshare", "-n", sys.executable, __file__, kz, tmp_path, "kz", "kz", "kz"], capture_output=True, text=True,
                       timeout=240, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert r.returncode == 0, r.stdout[-2000:] + r.stderr[-4000:]


def test_several_addresses_must_be_switched_on(kz, tmp_path):
    with Dynamic(kz, tmp_path, {1: "kz"}, extra="") as e:
        e.lines[1] = "127.0.0.1:1:2|127.0.0.2:1:2"
        e.lines[2] = "127.0.0.1:3:4"
        e.write_config(1, [1, 2], "")
        r = kzlib.run(kz, "zk-server", "start-foreground", e[1].config)
        assert r.returncode == 2
        assert "Multiple address feature is disabled" in r.stdout + r.stderr


if __name__ == "__main__":
    scenario(sys.argv[1], sys.argv[2], sys.argv[3:])
