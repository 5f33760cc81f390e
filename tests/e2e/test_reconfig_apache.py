"""Dynamic reconfiguration of mixed ensembles: kz and Apache ZooKeeper 3.8 leading, following, joining and leaving."""
import os
import subprocess

import pytest

import kzlib
import zklib
from zkdynamic import Dynamic, Load, administrator, close, members_of
from zkensemble import free_ports, have_apache

pytestmark = pytest.mark.skipif(not have_apache(), reason="needs default-jre-headless and libzookeeper-java")


def configs(e):
    """What each running member says the configuration is."""
    out = {}
    for sid, m in e.members.items():
        if m.running():
            c = zklib.client(m.address, timeout=20)
            c.sync("/")
            out[sid] = c.get("/zookeeper/config")[0].decode()
            close(c)
    return out


def agreed(e):
    all_configs = configs(e)
    assert len(set(all_configs.values())) == 1, all_configs
    return members_of(next(iter(all_configs.values())))


def modes(e, sids):
    return sorted(str(e[s].mode()) for s in sids)


@pytest.mark.parametrize("kinds,joining", [("kz kz apache", "kz"), ("apache apache kz", "kz"), ("kz apache kz", "apache"),
                                           ("apache kz apache", "apache")])
def test_a_mixed_ensemble_changes_under_load(kz, tmp_path, kinds, joining):
    with Dynamic(kz, tmp_path, dict(zip((1, 2, 3), kinds.split())), tick_ms=1000) as e:
        e.start().wait_serving(60)
        leader = e.wait_serving()
        load = Load(e.addresses)
        admin = administrator(e.addresses, timeout=40)
        assert {k for k in agreed(e)} == {"server.1", "server.2", "server.3", "version"}

        e.join(4, joining)
        kzlib.wait_for("the new server follows", lambda: e[4].mode() == "follower", 60)
        data, _ = admin.retry(admin.reconfig, joining=e.line(4), leaving=None, new_members=None)
        assert agreed(e) == members_of(data)
        e.wait_config(members_of(data)["version"])
        load.goes_on()

        # Each follower becomes an observer and a follower again.
        for sid in [s for s, mode in e.modes().items() if mode == "follower"]:
            admin.retry(admin.reconfig, joining=e.line(sid).replace(":participant;", ":observer;"), leaving=None,
                        new_members=None)
            kzlib.wait_for(f"{sid} observes", lambda: e[sid].mode() == "observer", 60)
            admin.retry(admin.reconfig, joining=e.line(sid), leaving=None, new_members=None)
            kzlib.wait_for(f"{sid} follows again", lambda: e[sid].mode() == "follower", 60)
        load.goes_on()

        # The leader goes, and comes back without having been stopped.
        leader = e.wait_serving(60)
        rest = [s for s in e.members if s != leader]
        admin.retry(admin.reconfig, joining=None, leaving=str(leader), new_members=None)
        kzlib.wait_for("another leads", lambda: modes(e, rest) == ["follower", "follower", "leader"], 60)
        kzlib.wait_for("the old leader follows", lambda: e[leader].mode() == "follower", 60)
        load.goes_on()
        data, _ = admin.retry(admin.reconfig, joining=e.line(leader), leaving=None, new_members=None)
        load.goes_on()
        load.stop()
        config = agreed(e)
        assert config == members_of(data) and len(config) == 5
        e.wait_config(config["version"])
        c = zklib.client(e.addresses, timeout=20)
        c.sync("/")
        assert set(load.acknowledged) <= set(c.get_children("/load"))
        close(c)
        close(admin)

        # All restart, and each finds the same members.
        for m in e.members.values():
            m.stop()
        e.start().wait_serving(60)
        assert agreed(e) == config


@pytest.mark.parametrize("kinds", ["kz kz apache", "apache apache kz"])
def test_a_mixed_ensemble_moves_ports(kz, tmp_path, kinds):
    with Dynamic(kz, tmp_path, dict(zip((1, 2, 3), kinds.split())), tick_ms=1000) as e:
        leader = e.start().wait_serving(60)
        admin = administrator(e[leader].address, timeout=40)
        for sid in [s for s in e.members if s != leader]:
            client, quorum, election = free_ports(3)
            e.lines[sid] = f"127.0.0.1:{quorum}:{election}:participant;127.0.0.1:{client}"
            data, _ = admin.retry(admin.reconfig, joining=e.line(sid), leaving=None, new_members=None)
            e[sid].port = client
            kzlib.wait_for("it serves at the new port", lambda: e[sid].mode() == "follower", 30)
        assert agreed(e) == members_of(data)
        close(admin)
        # The others elect one of themselves at their new addresses.
        e[leader].kill()
        rest = [s for s in e.members if s != leader]
        kzlib.wait_for("two serve", lambda: modes(e, rest) == ["follower", "leader"], 60)


def zk_cli(address, *words):
    """Apache's shell, one command."""
    r = subprocess.run(["java", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", "/usr/share/java/*",
                        "org.apache.zookeeper.ZooKeeperMain", "-server", address], input="\n".join(words) + "\nquit\n",
                       capture_output=True, text=True, timeout=90, env=os.environ)
    return r.stdout + r.stderr


def test_apaches_shell_reconfigures_kz(kz, tmp_path):
    with Dynamic(kz, tmp_path, {1: "kz", 2: "kz", 3: "kz"}) as e:
        leader = e.start().wait_serving()
        follower = next(s for s in e.members if s != leader)
        out = zk_cli(e[leader].address, "addauth digest super:test", "config", f"reconfig -remove {follower}", "config -c")
        assert "Committed new configuration:" in out
        assert all(e.line(s) in out for s in e.members)
        after = out.split("Committed new configuration:")[1]
        assert e.line(follower) not in after and e.line(leader) in after
        out = zk_cli(e[leader].address, "addauth digest super:test", f"reconfig -add {e.line(follower)}")
        assert e.line(follower) in out.split("Committed new configuration:")[1]
        out = zk_cli(e[leader].address, f"reconfig -remove {follower}")
        assert "Insufficient permission" in out or "NoAuth" in out
