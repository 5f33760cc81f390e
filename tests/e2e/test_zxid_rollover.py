"""The low 32 bits of the zxid are used up: the leader ends its epoch, a new one begins, no write is lost."""
import kzlib
import zklib
from kazoo.exceptions import KazooException, NodeExistsError
from zkensemble import Ensemble


def test_rollover(kz, tmp_path):
    with Ensemble(kz, tmp_path, {1: "kz", 2: "kz", 3: "kz"}, extra="testingonly.initialZxid=4294967280\n") as e:
        leader = e.start().wait_serving()
        first = e[leader].srvr("Zxid")
        follower = next(sid for sid in e.members if sid != leader)
        # Pipelined, so that requests are on their way when the counter ends.
        c = zklib.client(f"{e[follower].address},{e[leader].address}", timeout=20)
        acknowledged = [c.create(f"/first{i}", b"") for i in range(5)]
        pending = [(f"/n{i:03}", c.create_async(f"/n{i:03}", b"")) for i in range(40)]
        for path, result in pending:
            try:
                result.get(20)
                acknowledged.append(path)
            except KazooException:
                pass
        for path, _ in pending:  # the rest, now in a later epoch
            def retry():
                try:
                    return c.create(path, b"") == path
                except NodeExistsError:
                    return True
                except KazooException:
                    return False
            kzlib.wait_for(f"{path} is there", retry)
        e.wait_serving()
        e.wait_equal()
        epoch = int(e[1].srvr("Zxid"), 16) >> 32
        assert epoch > int(first, 16) >> 32
        assert any("zxid lower 32 bits have rolled over" in m.process.output() for m in e.members.values())
        for m in e.members.values():
            one = zklib.client(m.address)
            one.sync("/")
            assert set(one.get_children("/")) == {p[1:] for p in acknowledged} | {p[1:] for p, _ in pending} | {"zookeeper"}
            one.stop()
            one.close()
        c.stop()
        c.close()
