"""The documents' files and commands, as they stand, on hosts of their own (tests/lib/hosts.py). KZ_SCENARIOS names another copy."""
import os
import pathlib
import re

import pytest

import hosts
import kzlib

pytestmark = pytest.mark.skipif(not hosts.possible(), reason="needs root and namespaces")
HERE = pathlib.Path(os.environ.get("KZ_SCENARIOS", pathlib.Path(__file__).parent / "scenarios"))


@pytest.fixture
def cluster(request):
    c = hosts.Cluster(request.param)
    yield c
    c.close()


def modes(results):
    return sorted(re.search(r"^Mode: (\w+)$", r.stdout, re.M).group(1) for r in results)


A = {"h18": "192.168.30.18", "h19": "192.168.30.19", "h20": "192.168.30.20"}


@pytest.mark.parametrize("cluster", [A], indirect=True)
def test_a_three_hosts(kz, cluster):
    """ZooKeeper by its init script on three hosts; the first majority elects its largest id, a later server follows."""
    here = HERE / "a-three-hosts"
    for i, host in enumerate(cluster.hosts.values(), 1):
        host.install(kz, zookeeper="/usr/local/zookeeper-3.5.7")
        host.write("/usr/local/zookeeper-3.5.7/conf/zoo.cfg", (here / "zoo.cfg").read_text())
        host.write("/usr/local/zookeeper-3.5.7/data/myid", f"{i}\n")
        host.write("/usr/local/init.d/zookeeper", (here / "zookeeper.init").read_text(), 0o755)
    first, second, third = cluster.hosts.values()
    for host in (first, second):
        assert host.run("/usr/local/init.d/zookeeper", "start").stdout.rstrip().endswith("STARTED")

    def status(host):
        out = host.run("/usr/local/init.d/zookeeper", "status", check=None)
        assert "Mode:" in out.stdout, out.stdout + out.stderr
        return out

    kzlib.wait_for("two members", lambda: modes([status(first), status(second)]) == ["follower", "leader"])
    assert "Mode: leader" in status(second).stdout
    third.run("/usr/local/init.d/zookeeper", "start")
    kzlib.wait_for("the third", lambda: "Mode: follower" in status(third).stdout)
    assert modes([status(h) for h in cluster.hosts.values()]) == ["follower", "follower", "leader"]

    # A broker on the first host, with the document's file, by its init script.
    first.write("/usr/local/kafka/config/server.properties", (here / "server.properties").read_text())
    first.write("/usr/local/init.d/kafka", (here / "kafka.init").read_text(), 0o755)
    first.run("/usr/local/init.d/kafka", "start")
    zk = "192.168.30.18:2181,192.168.30.19:2181,192.168.30.20:2181"
    topics = "/usr/local/kafka/bin/kafka-topics.sh"
    kzlib.wait_for("the broker", lambda: first.run("/usr/local/kafka/bin/kafka-topics.sh", "--bootstrap-server", "192.168.30.18:9092",
                                                   "--list", check=None).returncode == 0)
    out = first.run(topics, "--create", "--zookeeper", zk, "--replication-factor", 2, "--partitions", 3, "--topic", "test", check=1)
    assert "Replication factor: 2 larger than available brokers: 1" in out.stdout + out.stderr
    first.run(topics, "--create", "--zookeeper", zk, "--replication-factor", 1, "--partitions", 3, "--topic", "test")
    assert "test" in first.run(topics, "--list", "--zookeeper", zk).stdout.split()
    assert "PartitionCount: 3" in first.run(topics, "--describe", "--zookeeper", zk).stdout
    # The document's brokers are three: one alone cannot give __consumer_offsets its three replicas, so no group here.
    first.run(topics, "--create", "--zookeeper", zk, "--replication-factor", 1, "--partitions", 1, "--topic", "one")
    kzlib.wait_for("its leader", lambda: "Leader: 0" in first.run(topics, "--bootstrap-server", "192.168.30.18:9092", "--describe", "--topic",
                                                                 "one", check=None).stdout)
    first.run("/usr/local/kafka/bin/kafka-console-producer.sh", "--broker-list", "192.168.30.18:9092", "--topic", "one", input="123456\n")
    got = first.run("/usr/local/kafka/bin/kafka-console-consumer.sh", "--bootstrap-server", "192.168.30.18:9092", "--topic", "one",
                    "--partition", 0, "--offset", "earliest", "--max-messages", 1)
    assert got.stdout == "123456\n"
    first.run(topics, "--zookeeper", zk, "--alter", "--topic", "test", "--partitions", 6)
    kzlib.wait_for("6 partitions", lambda: "PartitionCount: 6" in first.run(topics, "--describe", "--zookeeper", zk).stdout)
    first.run(topics, "--delete", "--zookeeper", zk, "--topic", "test")
    first.run("/usr/local/init.d/kafka", "stop")
    for host in cluster.hosts.values():
        assert host.run("/usr/local/init.d/zookeeper", "stop").stdout.rstrip().endswith("STOPPED")


@pytest.mark.parametrize("cluster", [{"one": "192.168.217.129"}], indirect=True)
def test_b_pseudo_cluster(kz, cluster):
    """Three servers on one host, ids 0 to 2."""
    here = HERE / "b-pseudo-cluster"
    host = cluster["one"]
    host.install(kz)
    for i in range(3):
        host.write(f"/opt/b/zoo{i}.cfg", (here / f"zoo{i}.cfg").read_text())
    session = (here / "session.sh").read_text().replace("#!/bin/bash\n", "#!/bin/bash\ncd /opt/b\nexport PATH=/usr/local/zookeeper/bin:$PATH\n")
    host.write("/opt/b/session.sh", session, 0o755)
    host.run("/opt/b/session.sh", check=None)

    def status():
        out = [host.run("/usr/local/zookeeper/bin/zkServer.sh", "status", f"/opt/b/zoo{i}.cfg", check=None) for i in range(3)]
        return all("Mode:" in o.stdout for o in out) and modes(out)

    assert kzlib.wait_for("all three", status) == ["follower", "follower", "leader"]


C = {"n1": "172.17.8.101", "n2": "172.17.8.102", "n3": "172.17.8.103"}


@pytest.mark.parametrize("cluster", [C], indirect=True)
def test_c_install_script(kz, cluster):
    """The systemd units' commands start, reload and stop."""
    here = HERE / "c-install-script"
    unit = (here / "zookeeper.service").read_text()
    verbs = {k: re.search(rf"^{k}=(.*)$", unit, re.M).group(1).split() for k in ("ExecStart", "ExecStop", "ExecReload")}
    for i, host in enumerate(cluster.hosts.values(), 1):
        host.install(kz)
        host.write("/usr/local/zookeeper/conf/zoo.cfg", (here / "zoo.cfg").read_text())
        host.write("/usr/local/zookeeper/data/myid", f"{i}\n")
        host.run(*verbs["ExecStart"])

    def status():
        out = [h.run("/usr/local/zookeeper/bin/zkServer.sh", "status", check=None) for h in cluster.hosts.values()]
        return all("Mode:" in o.stdout for o in out) and modes(out)

    assert kzlib.wait_for("all three", status) == ["follower", "follower", "leader"]
    cluster["n1"].run(*verbs["ExecReload"])
    assert kzlib.wait_for("all three again", status) == ["follower", "follower", "leader"]
    first = cluster["n1"]
    first.write("/usr/local/kafka/config/server.properties", (here / "server.properties").read_text())
    start = re.search(r"^ExecStart=(.*)$", (here / "kafka.service").read_text(), re.M).group(1).split()
    log = first.cluster.dir / "kafka.log"
    broker = kzlib.Process(first.argv(*start), log)
    tool = ["/usr/local/kafka/bin/kafka-topics.sh", "--bootstrap-server", "172.17.8.101:9092"]
    kzlib.wait_for("the broker", lambda: first.run(*tool, "--list", check=None).returncode == 0)
    # Said once it is controller, which may come after the first answer.
    kzlib.wait_for("the replication factor that one broker cannot give to be named", lambda: "default.replication.factor" in broker.output())
    assert broker.stop() == 143
    for host in cluster.hosts.values():
        host.run(*verbs["ExecStop"])
    assert all(h.run("/usr/local/zookeeper/bin/zkServer.sh", "status", check=None).returncode == 1 for h in cluster.hosts.values())


D = {"hadoop102": "172.18.0.102", "hadoop103": "172.18.0.103", "hadoop104": "172.18.0.104"}


@pytest.mark.parametrize("cluster", [D], indirect=True)
def test_d_cluster_scripts(kz, cluster):
    """zk.sh over ssh; a broker with the chroot of the document and kf.sh's commands."""
    here = HERE / "d-cluster-scripts"
    zoo = "tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=/opt/module/zookeeper-3.5.7/zkData\nclientPort=2181\n" + "".join(
        f"server.{i}={n}:2888:3888\n" for i, n in enumerate(D, 2))
    for i, host in enumerate(cluster.hosts.values(), 2):
        host.install(kz, prefix="/opt/module", zookeeper="/opt/module/zookeeper-3.5.7")
        host.write("/opt/module/zookeeper-3.5.7/conf/zoo.cfg", zoo)
        host.write("/opt/module/zookeeper-3.5.7/zkData/myid", f"{i}\n")
    control = cluster["hadoop102"]
    control.write("/opt/zk.sh", (here / "zk.sh").read_text(), 0o755)
    control.run("/opt/zk.sh", "start")
    kzlib.wait_for("the ensemble", lambda: sorted(re.findall(r"^Mode: (\w+)$", control.run("/opt/zk.sh", "status", check=None).stdout, re.M)) ==
                   ["follower", "follower", "leader"])
    properties = (here / "server.properties").read_text()
    control.write("/opt/module/kafka/config/server.properties", properties)
    control.run("/opt/module/kafka/bin/kafka-server-start.sh", "-daemon", "/opt/module/kafka/config/server.properties")
    tool = ["/opt/module/kafka/bin/kafka-topics.sh", "--bootstrap-server", "hadoop102:9092"]
    kzlib.wait_for("the broker", lambda: control.run(*tool, "--list", check=None).returncode == 0)
    control.run(*tool, "--create", "--partitions", 1, "--replication-factor", 1, "--topic", "first")
    control.run("/opt/module/kafka/bin/kafka-console-producer.sh", "--bootstrap-server", "hadoop102:9092", "--topic", "first", input="hello\n")
    got = control.run("/opt/module/kafka/bin/kafka-console-consumer.sh", "--bootstrap-server", "hadoop102:9092", "--from-beginning", "--topic",
                      "first", "--max-messages", 1)
    assert got.stdout == "hello\n"
    ids = control.run("/opt/module/zookeeper-3.5.7/bin/zkCli.sh", "-server", "hadoop103:2181", "ls", "/kafka/brokers/ids").stdout
    assert "[0]" in ids
    control.run("/opt/module/kafka/bin/kafka-server-stop.sh")
    control.run("/opt/zk.sh", "stop")
