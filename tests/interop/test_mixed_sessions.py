"""Sessions in ensembles of both makes: local ones and their upgrade under the other's leader, moves between the makes, observers
that hang on the other's followers."""
import pathlib
import sys

import pytest

import kzlib
import zklib
import zkensemble
from zkensemble import Ensemble

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from test_sessions_move import Raw  # noqa: E402

assert zkensemble.have_apache(), "install the Debian packages zookeeper and default-jre-headless"
LOCAL = "localSessionsEnabled=true\nlocalSessionsUpgradingEnabled=true\n"


def close(*clients):
    for c in clients:
        c.stop()
        c.close()


def counter(member):
    return int(member.srvr("Zxid"), 16) & 0xffffffff


@pytest.mark.parametrize("leader,follower", [("kz", "apache"), ("apache", "kz")])
def test_local_sessions_under_the_other_make(kz, tmp_path, leader, follower):
    with Ensemble(kz, tmp_path, {1: follower, 2: leader, 3: follower}, extra=LOCAL, tick_ms=1000) as e:
        e.start(1, 2)
        assert e.wait_serving(60) == 2
        e.start(3)
        kzlib.wait_for("the third follows", lambda: e[3].mode() == "follower", 60)
        for sid in (1, 2, 3):
            at_leader = zklib.client(e[2].address, timeout=20)
            before = counter(e[2])
            c = zklib.client(e[sid].address, timeout=20)
            assert counter(e[2]) == before  # no transaction for the session
            c.create(f"/plain{sid}", b"1")
            c.set(f"/plain{sid}", b"2")
            kzlib.wait_for("two transactions", lambda: counter(e[2]) == before + 2)
            c.create(f"/e{sid}", b"", ephemeral=True)  # upgraded here
            kzlib.wait_for("two more: its session, its node", lambda: counter(e[2]) == before + 4)
            at_leader.sync("/")
            assert at_leader.exists(f"/e{sid}").ephemeralOwner == c.client_id[0]
            dump = kzlib.four_letter(e[sid].port, "dump")
            assert "Local Session Sets (" in dump and "Global " in dump
            assert f"0x{c.client_id[0]:x}" in dump.split("Global ", 1)[1].split("ephemeral nodes dump")[0]
            close(c)
            kzlib.wait_for("it is gone", lambda: not at_leader.exists(f"/e{sid}"))
            close(at_leader)
        e.wait_equal()


@pytest.mark.parametrize("kinds,leader", [({1: "kz", 2: "apache", 3: "kz"}, 2), ({1: "apache", 2: "kz", 3: "apache"}, 2)])
def test_a_session_moves_between_the_makes(kz, tmp_path, kinds, leader):
    with Ensemble(kz, tmp_path, kinds, tick_ms=1000) as e:
        e.start(1, 2)
        assert e.wait_serving(60) == leader
        e.start(3)
        kzlib.wait_for("the third follows", lambda: e[3].mode() == "follower", 60)
        ids, old = (), []
        for hop, sid in enumerate((1, 2, 3, 1, 3, 2)):
            raw = Raw(e[sid].port, *ids)
            ids = (raw.session, raw.password)
            raw.create(hop + 1, f"/hop{hop}", flags=1)
            assert raw.reply() == (hop + 1, 0)
            old.append(raw)
        old[4].create(9, "/late")  # of server 3, which lost the session to server 2
        assert old[4].reply() is None
        c = zklib.client(e[1].address, timeout=20)
        c.sync("/")
        assert c.exists("/late") is None
        assert {c.exists(f"/hop{hop}").ephemeralOwner for hop in range(6)} == {ids[0]}
        old[5].send(10, -11)
        assert old[5].reply() == (10, 0)
        c.sync("/")
        assert c.get_children("/") == ["zookeeper"]
        close(c)
        e.wait_equal()
