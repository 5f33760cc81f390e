"""Dynamic reconfiguration on real processes: members added, removed, changed and moved at run time."""
import pathlib
import signal
import socket
import struct

import pytest
from kazoo.exceptions import (BadArgumentsError, BadVersionError, NewConfigNoQuorumError, NoAuthError,
                              ReconfigInProcessError, UnimplementedError)

import kzlib
import zklib
from zkdynamic import EXTRA, Dynamic, Load, administrator, close, members_of
from zkensemble import free_ports


def raw_reconfig(port):
    """The error code of a reconfig request; kazoo does not know -123."""
    with socket.create_connection(("127.0.0.1", port), 5) as s:
        f = s.makefile("rb")

        def ask(body):
            s.sendall(struct.pack(">i", len(body)) + body)
            return f.read(struct.unpack(">i", f.read(4))[0])
        ask(struct.pack(">iqiqi16s?", 0, 0, 10000, 0, 16, b"", False))
        reply = ask(struct.pack(">iiii1siq", 1, 16, -1, 1, b"1", -1, -1))
        return struct.unpack(">iqi", reply[:16])[2]


@pytest.fixture
def three(kz, tmp_path):
    with Dynamic(kz, tmp_path, {1: "kz", 2: "kz", 3: "kz"}) as e:
        e.start().wait_serving()
        yield e


def test_config_node_of_a_fresh_ensemble(three):
    texts = set()
    for sid, m in three.members.items():
        c = zklib.client(m.address)
        data, stat = c.get("/zookeeper/config")
        texts.add(data)
        assert stat.version == -1
        close(c)
    assert len(texts) == 1
    config = members_of(texts.pop())
    assert {k: v for k, v in config.items() if k != "version"} == {f"server.{s}": v for s, v in three.lines.items()}
    assert config["version"] >> 32 >= 1 and config["version"] & 0xffffffff == 0
    for sid, m in three.members.items():
        static, dynamic, version = three.files(sid)
        assert version == config["version"]
        assert members_of(dynamic) == {f"server.{s}": v for s, v in three.lines.items()}
        assert not any(k.startswith("server.") for k in static)
        assert "clientPort" not in static and static["tickTime"] == "500"
        assert "server.1=" in pathlib.Path(f"{m.config}.bak").read_text()
        assert not pathlib.Path(f"{m.config}.dynamic.next").exists()


def test_add_and_remove_a_server_under_load(three):
    load = Load(three.addresses)
    admin = administrator(three.addresses)
    joiner = three.join(4)
    kzlib.wait_for("the new server follows", lambda: joiner.mode() == "follower", 30)
    before = members_of(admin.get("/zookeeper/config")[0])["version"]
    data, stat = admin.reconfig(joining=three.line(4), leaving=None, new_members=None, from_config=before)
    config = members_of(data)
    assert config["server.4"] == three.lines[4] and config["version"] > before
    assert stat.mzxid == config["version"] and stat.version == -1
    three.wait_config(config["version"])
    load.goes_on()
    # Four voters: two of them are no quorum any more, three are.
    followers = [sid for sid, mode in three.modes().items() if mode == "follower" and sid != 4]
    three[followers[0]].kill()
    load.goes_on()
    three[followers[0]].start()
    three.wait_serving()
    data, _ = admin.reconfig(joining=None, leaving="4", new_members=None)
    assert "server.4" not in members_of(data)
    three.wait_config(members_of(data)["version"])
    joiner.stop()
    load.goes_on()
    load.stop()
    c = zklib.client(three.addresses)
    c.sync("/")
    assert set(load.acknowledged) <= set(c.get_children("/load"))
    close(c)
    close(admin)


def test_the_removed_leader_hands_over_and_all_restart_with_the_new_members(three):
    leader = three.wait_serving()
    load = Load(three.addresses)
    admin = administrator(three.addresses)
    data, _ = admin.retry(admin.reconfig, joining=None, leaving=str(leader), new_members=None)
    config = members_of(data)
    assert f"server.{leader}" not in config
    rest = [sid for sid in three.members if sid != leader]
    kzlib.wait_for("another leads", lambda: "leader" in [three[s].mode() for s in rest], 20)
    kzlib.wait_for("the old leader follows without a vote", lambda: three[leader].mode() == "follower", 20)
    load.goes_on()
    load.stop()
    three.wait_config(config["version"], rest)
    close(admin)
    for m in three.members.values():
        m.stop()
    three.start(*rest)
    kzlib.wait_for("two serve", lambda: sorted(str(three[s].mode()) for s in rest) == ["follower", "leader"], 30)
    c = zklib.client(",".join(three[s].address for s in rest))
    assert members_of(c.get("/zookeeper/config")[0]) == config
    c.sync("/")
    assert set(load.acknowledged) <= set(c.get_children("/load"))
    close(c)
    # It is in nobody's list any more, its own included.
    r = kzlib.run(three.kz, "zk-server", "start-foreground", three[leader].config)
    assert r.returncode == 2 and "not in the peer list" in r.stdout + r.stderr


def test_roles_change_at_run_time(three):
    leader = three.wait_serving()
    follower = next(s for s in three.members if s != leader)
    admin = administrator(three[leader].address)
    line = three.line(follower).replace(":participant;", ":observer;")
    data, _ = admin.reconfig(joining=line, leaving=None, new_members=None)
    assert ":observer;" in members_of(data)[f"server.{follower}"]
    kzlib.wait_for("it observes", lambda: three[follower].mode() == "observer", 20)
    c = zklib.client(three[follower].address)
    c.create("/through-the-observer", b"")
    close(c)
    data, _ = admin.reconfig(joining=three.line(follower), leaving=None, new_members=None)
    kzlib.wait_for("it follows again", lambda: three[follower].mode() == "follower", 20)
    # The leader becomes an observer: another leads.
    line = three.line(leader).replace(":participant;", ":observer;")
    admin.reconfig(joining=line, leaving=None, new_members=None)
    kzlib.wait_for("the old leader observes", lambda: three[leader].mode() == "observer", 20)
    assert sorted(three.modes().values()) == ["follower", "leader", "observer"]
    close(admin)
    kzlib.wait_for("all serve", lambda: None not in three.modes().values(), 20)
    three.wait_equal()


def test_client_port_and_election_port_move(three):
    leader = three.wait_serving()
    follower = next(s for s in three.members if s != leader)
    admin = administrator(three[leader].address)
    staying = zklib.client(three[follower].address)
    client, quorum, election = free_ports(3)
    new = f"server.{follower}=127.0.0.1:{quorum}:{election}:participant;127.0.0.1:{client}"
    data, _ = admin.reconfig(joining=new, leaving=None, new_members=None)
    version = members_of(data)["version"]
    three.wait_config(version)
    c = zklib.client(f"127.0.0.1:{client}")
    c.create("/at-the-new-port", b"")
    close(c)
    assert staying.exists("/at-the-new-port") or staying.sync("/")
    close(staying)
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", three[follower].port), 1).close()
    three[follower].port = client
    # The leader dies: the two elect by the new election address.
    three[leader].kill()
    rest = [s for s in three.members if s != leader]
    kzlib.wait_for("two serve", lambda: sorted(str(three[s].mode()) for s in rest) == ["follower", "leader"], 30)
    close(admin)


def test_new_members_replace_all_of_the_configuration(three):
    leader = three.wait_serving()
    follower = next(s for s in three.members if s != leader)
    admin = administrator(three[leader].address)
    text = "\n".join(three.line(s) for s in three.members if s != follower)
    data, _ = admin.reconfig(joining=None, leaving=None, new_members=text)
    assert f"server.{follower}" not in members_of(data)
    # As weighted groups: then only whole configurations are accepted.
    groups = ",".join([three.line(s) for s in three.members] + ["group.1=" + ":".join(str(s) for s in three.members)]
                      + [f"weight.{s}=1" for s in three.members])
    data, _ = admin.reconfig(joining=None, leaving=None, new_members=groups)
    assert members_of(data)["group.1"] == "1:2:3"
    with pytest.raises(BadArgumentsError):
        admin.reconfig(joining=None, leaving=str(follower), new_members=None)
    close(admin)


def test_what_is_refused_and_how(three):
    leader = three.wait_serving()
    anybody = zklib.client(three[leader].address)
    admin = administrator(three[leader].address)
    other = next(s for s in three.members if s != leader)

    def ask(c=admin, **kw):
        return c.reconfig(**({"joining": None, "leaving": None, "new_members": None} | kw))
    with pytest.raises(NoAuthError):
        ask(anybody, leaving=str(other))
    version = members_of(admin.get("/zookeeper/config")[0])["version"]
    with pytest.raises(BadVersionError):
        ask(leaving=str(other), from_config=version + 1)
    for joining in ("some thing", "server.9=127.0.0.1:1:2", "server.9=127.0.0.1:1:1;3", "server.9=a:1;2",
                    "server.9=127.0.0.1:1:2|127.0.0.1:3:4;5"):
        with pytest.raises(BadArgumentsError):
            ask(joining=joining)
    with pytest.raises(BadArgumentsError):
        ask(leaving=",".join(str(s) for s in three.members if s != leader))
    nobody = ",".join(f"server.{n}=127.0.0.1:{n}1:{n}2:participant;{n}3" for n in (7, 8, 9))
    with pytest.raises(NewConfigNoQuorumError):
        ask(joining=nobody, leaving=str(other))
    # Nothing of it has happened.
    assert members_of(admin.get("/zookeeper/config")[0])["version"] == version
    close(anybody)
    close(admin)


def test_a_proposal_without_a_quorum_of_the_new_members_waits(kz, tmp_path):
    """Old and new configuration must both agree. Long ticks: who is stopped stays in step for a while."""
    with Dynamic(kz, tmp_path, {1: "kz", 2: "kz", 3: "kz"}, tick_ms=2000) as e:
        e.start().wait_serving()
        wait_for_both_quorums(e)


def wait_for_both_quorums(three):
    leader = three.wait_serving()
    admin, other = administrator(three[leader].address), administrator(three[leader].address)
    four, five = three.join(4), three.join(5)
    kzlib.wait_for("they follow", lambda: four.mode() == five.mode() == "follower", 30)
    rest = [s for s in (1, 2, 3) if s != leader]
    four.kill(signal.SIGSTOP)
    five.kill(signal.SIGSTOP)
    # {leader, 4, 5} is the new configuration: 4 and 5 count as in step, and do not answer.
    lines = ",".join([three.line(4), three.line(5)])
    asked = admin.reconfig_async(joining=lines, leaving=",".join(map(str, rest)), new_members=None,
                                 from_config=-1)
    proposed = pathlib.Path(f"{three[leader].config}.dynamic.next")
    kzlib.wait_for("it is proposed", proposed.exists)
    version = members_of(proposed.read_text())["version"]
    second = other.reconfig_async(joining=None, leaving="4", new_members=None, from_config=-1)
    kzlib.wait_for("both wait", lambda: three[leader].srvr("Outstanding") == "2")
    assert not asked.ready()
    four.kill(signal.SIGCONT)
    five.kill(signal.SIGCONT)
    data, _ = asked.get(timeout=20)
    with pytest.raises(ReconfigInProcessError):
        second.get(timeout=20)
    assert members_of(data)["version"] == version and not proposed.exists()
    assert set(members_of(data)) == {f"server.{leader}", "server.4", "server.5", "version"}
    for s in rest:
        three[s].stop()
    c = zklib.client(four.address)
    c.create("/of-the-new-ones", b"")
    for one in (c, admin, other):
        close(one)


def test_reconfig_off_and_standalone(kz, tmp_path):
    with Dynamic(kz, tmp_path / "off", {1: "kz", 2: "kz", 3: "kz"}, extra=EXTRA.replace("true", "false")) as e:
        e.start().wait_serving()
        before = e[1].config.read_text()
        c = administrator(e.addresses)
        assert members_of(c.get("/zookeeper/config")[0])["version"] == 0
        assert raw_reconfig(e[1].port) == -123
        close(c)
        assert e[1].config.read_text() == before
        assert not list(e[1].dir.glob("*.dynamic*")) and not list(e[1].dir.glob("*.bak"))
    alone = zklib.ZkServer(kz, tmp_path / "alone", extra=EXTRA).start()
    c = administrator(alone.address)
    assert c.get("/zookeeper/config")[0] == b""
    with pytest.raises(UnimplementedError):
        c.reconfig(joining=None, leaving="1", new_members=None)
    close(c)
    alone.stop()


def test_from_one_server_to_three(kz, tmp_path):
    """standaloneEnabled=false: an ensemble of one that grows."""
    with Dynamic(kz, tmp_path, {1: "kz"}, extra=EXTRA + "standaloneEnabled=false\n") as e:
        e.start().wait_serving()
        admin = administrator(e[1].address)
        admin.create("/before", b"")
        for sid in (2, 3):
            e.join(sid)
            kzlib.wait_for("it follows", lambda: e[sid].mode() == "follower", 30)
            admin.reconfig(joining=e.line(sid), leaving=None, new_members=None)
        e.wait_equal()
        e[1].kill()
        kzlib.wait_for("two serve", lambda: sorted(str(e[s].mode()) for s in (2, 3)) == ["follower", "leader"], 30)
        c = zklib.client(e[2].address)
        assert c.exists("/before")
        close(c)
        close(admin)


def test_a_client_port_that_contradicts_the_server_line_is_refused(kz, tmp_path):
    with Dynamic(kz, tmp_path, {1: "kz", 2: "kz"}) as e:
        e.write_config(1, [1, 2], EXTRA + "clientPort=1\n")
        r = kzlib.run(kz, "zk-server", "start-foreground", e[1].config)
        assert r.returncode == 2
        assert "is different from client address found in dynamic file" in r.stdout + r.stderr
