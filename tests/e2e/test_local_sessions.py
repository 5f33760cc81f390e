"""Local sessions: no transaction for them, upgraded by their first ephemeral, known to their server alone."""
import pytest
import kazoo.exceptions

import kzlib
import zklib
from test_read_only import connect
from zkensemble import Ensemble

class EphemeralOnLocalSession(kazoo.exceptions.ZookeeperError):
    code = -120


# kazoo does not know it, and its thread would end by it.
kazoo.exceptions.EXCEPTIONS[-120] = EphemeralOnLocalSession
ON = "localSessionsEnabled=true\n"
UPGRADING = ON + "localSessionsUpgradingEnabled=true\n"


@pytest.fixture(params=[UPGRADING, ON], ids=["upgrading", "not upgrading"])
def three(kz, tmp_path, request):
    with Ensemble(kz, tmp_path, {1: "kz", 2: "kz", 3: "kz"}, extra=request.param) as e:
        e.upgrades = request.param == UPGRADING
        e.leader = e.start().wait_serving()
        e.follower = next(sid for sid in e.members if sid != e.leader)
        yield e


def zxid(ensemble, sid):
    """The counter of its last transaction: a fresh follower does not show the epoch before the first."""
    return int(ensemble[sid].srvr("Zxid"), 16) & 0xffffffff


def close(*clients):
    for c in clients:
        c.stop()
        c.close()


@pytest.mark.parametrize("role", ["leader", "follower"])
def test_a_session_without_a_transaction(three, role):
    sid = getattr(three, role)
    before = zxid(three, sid)
    c = zklib.client(three[sid].address)
    assert c.client_id[0] >> 56 == sid
    c.get_children("/")
    assert zxid(three, sid) == before
    dump = kzlib.four_letter(three[sid].port, "dump")
    local, rest = dump.split("Global ", 1)
    assert "Local Session Sets (" in local and f"\t0x{c.client_id[0]:x}\n" in local
    assert rest.startswith("Session Sets (0)/(0):" if role == "leader" else "Sessions(0):")
    assert "zk_local_sessions\t1\n" in kzlib.four_letter(three[sid].port, "mntr")
    assert "zk_global_sessions\t0\n" in kzlib.four_letter(three[sid].port, "mntr")
    # Its writes are everybody's writes: one transaction each, nothing for the session.
    c.create("/plain", b"1")
    c.set("/plain", b"2")
    c.create("/seq-", b"", sequence=True)
    t = c.transaction()
    t.create("/in-multi", b"")
    t.delete("/plain")
    t.commit()
    close(c)
    three.wait_equal()
    other = zklib.client(three[next(s for s in three.members if s != sid)].address)
    other.sync("/")
    assert {"in-multi", "seq-0000000001"} <= set(other.get_children("/"))
    close(other)
    assert zxid(three, sid) == before + 4


@pytest.mark.parametrize("role", ["leader", "follower"])
def test_the_first_ephemeral(three, role):
    sid = getattr(three, role)
    c = zklib.client(three[sid].address)
    other = zklib.client(three[sid].address)
    if not three.upgrades:
        with pytest.raises(EphemeralOnLocalSession):
            c.create("/e", b"", ephemeral=True)
        c.create("/p", b"")  # it is still good for all else
        close(c, other)
        return
    before = zxid(three, sid)
    c.create("/e", b"", ephemeral=True)
    assert zxid(three, sid) == before + 2  # createSession and create
    c.create("/e2", b"", ephemeral=True)
    assert zxid(three, sid) == before + 3
    assert c.get("/e")[1].ephemeralOwner == c.client_id[0]
    for s, m in three.members.items():
        kzlib.wait_for("a global session", lambda: "zk_global_sessions\t1\n" in kzlib.four_letter(m.port, "mntr"))
        assert f"zk_local_sessions\t{1 if s == sid else 0}\n" in kzlib.four_letter(m.port, "mntr")
    # An upgrade by a multi.
    t = other.transaction()
    t.create("/plain", b"")
    t.create("/e3", b"", ephemeral=True)
    assert all(isinstance(r, str) for r in t.commit())
    close(c)
    kzlib.wait_for("its ephemerals are gone", lambda: not other.exists("/e") and not other.exists("/e2"))
    assert other.exists("/e3")
    close(other)


def test_resumed_where_it_was_made_and_nowhere_else(three):
    ids = {sid: connect(m.port, False)[1:3] for sid, m in three.members.items()}
    for sid, (session, password) in ids.items():
        for other, m in three.members.items():
            resumed = connect(m.port, False, session, password)
            assert resumed[1] == (session if other == sid else 0), (sid, other)


def test_expires_without_a_transaction(kz, tmp_path):
    with Ensemble(kz, tmp_path, {1: "kz", 2: "kz", 3: "kz"}, extra=UPGRADING + "minSessionTimeout=500\n", tick_ms=250) as e:
        leader = e.start().wait_serving()
        follower = next(sid for sid in e.members if sid != leader)
        sessions = {sid: connect(e[sid].port, False)[1:3] for sid in (leader, follower)}
        before = zxid(e, leader)
        for sid in sessions:
            kzlib.wait_for("it expires", lambda: "zk_local_sessions\t0\n" in kzlib.four_letter(e[sid].port, "mntr"), 30)
            assert connect(e[sid].port, False, *sessions[sid])[1] == 0
        assert zxid(e, leader) == before


@pytest.mark.parametrize("three", [UPGRADING], indirect=True)
def test_an_upgraded_session_moves_and_its_node_goes_at_the_end(three):
    c = zklib.client(three[three.follower].address)
    c.create("/e", b"", ephemeral=True)
    session, password = c.client_id
    assert connect(three[three.leader].port, False, session, password)[1] == session
    close(c)
    other = zklib.client(three[three.leader].address)
    kzlib.wait_for("it is gone", lambda: not other.exists("/e"), 30)
    close(other)
