"""kz and Apache ZooKeeper 3.8 in one ensemble, either side leading."""
import kzlib
import pytest
import zklib
import zkensemble
from zkensemble import Ensemble

assert zkensemble.have_apache(), "install the Debian packages zookeeper and default-jre-headless"


def write_some(ensemble, prefix, n=50):
    clients = {sid: zklib.client(m.address, timeout=20) for sid, m in ensemble.members.items() if m.running()}
    for sid, c in clients.items():
        c.ensure_path(f"/{prefix}-{sid}")
        for i in range(n):
            c.create(f"/{prefix}-{sid}/n", str(i).encode(), sequence=True)
        c.set(f"/{prefix}-{sid}", b"done")
        t = c.transaction()
        t.create(f"/{prefix}-{sid}/multi", b"")
        t.delete(f"/{prefix}-{sid}/n0000000000")
        t.commit()
    for c in clients.values():
        c.stop()
        c.close()


def equal_trees(ensemble):
    ensemble.wait_equal()
    trees = {}
    for sid, m in ensemble.members.items():
        c = zklib.client(m.address, timeout=20)
        c.sync("/")
        trees[sid] = {p: v for p, v in zklib.tree(c).items() if not p.startswith("/zookeeper")}
        c.stop()
        c.close()
    first = next(iter(trees.values()))
    assert len(first) > 10
    for sid, t in trees.items():
        assert t == first, f"server {sid} differs"


@pytest.mark.parametrize("kinds,order,leader", [
    ({1: "kz", 2: "kz", 3: "apache"}, (1, 2, 3), 2),
    ({1: "kz", 2: "kz", 3: "apache"}, (1, 3, 2), 3),
    ({1: "apache", 2: "apache", 3: "kz"}, (1, 2, 3), 2),
    ({1: "apache", 2: "apache", 3: "kz"}, (1, 3, 2), 3),
], ids=["2kz+1apache, kz leads", "2kz+1apache, apache leads", "2apache+1kz, apache leads", "2apache+1kz, kz leads"])
def test_mixed(kz, tmp_path, kinds, order, leader):
    with Ensemble(kz, tmp_path, kinds, tick_ms=1000) as e:
        e.start(*order[:2])
        assert e.wait_serving(60) == leader
        write_some(e, "two")
        e.start(order[2])
        kzlib.wait_for("the third follows", lambda: e[order[2]].mode() == "follower", 60)
        write_some(e, "three")
        equal_trees(e)
        # The leader goes; whoever is left goes on, and the old leader comes back as a follower.
        e[leader].kill()
        e.wait_serving(60)
        write_some(e, "after")
        e[leader].start()
        kzlib.wait_for("the old leader follows", lambda: e[leader].mode() == "follower", 60)
        write_some(e, "back")
        equal_trees(e)


@pytest.mark.parametrize("voter,observer", [("kz", "apache"), ("apache", "kz")])
def test_observers_of_the_other_kind(kz, tmp_path, voter, observer):
    with Ensemble(kz, tmp_path, {1: voter, 2: voter, 3: observer}, observers=(3,), tick_ms=1000) as e:
        e.start()
        assert e.wait_serving(60) == 2
        kzlib.wait_for("it observes", lambda: e[3].mode() == "observer", 60)
        write_some(e, "one")
        equal_trees(e)
        e[3].kill()
        survivors = zklib.client(e[1].address, timeout=20)
        survivors.create("/meanwhile", b"")
        survivors.stop()
        survivors.close()
        e[3].start()
        kzlib.wait_for("it observes again", lambda: e[3].mode() == "observer", 60)
        write_some(e, "two")
        equal_trees(e)
