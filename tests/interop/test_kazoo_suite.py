"""kazoo's own test suite (its release on PyPI, tests included) on kz servers, as its authors run it on ZooKeeper's.

kazoo's harness starts servers by calling java; here a program of that name stands first in PATH and starts kz with the same
configuration file and the same -D flags.
"""
import os
import pathlib
import random
import xml.etree.ElementTree

import pytest

import kzlib

LIB = kzlib.PEERS / "kazoo" / "lib"

# Tests that do not pass, and why. Nothing else may fail. On Apache ZooKeeper 3.8 with three servers all pass but three, which
# kazoo skips (two want Kerberos, one its own CI).
TLS = {"test_client.TestSSLClient": "TLS: kz has none yet"}
ALONE = {
    "test_client.TestClient.test_update_host_list": "moves from the first server to the second",
    "test_eventlet_handler.TestEventletClient.test_update_host_list": "the same",
    "test_gevent_handler.TestGeventClient.test_update_host_list": "the same",
    "test_client.TestReconfig": "a lone server answers Unimplemented, as the original's",
    "test_connection.TestReadOnlyMode": "stops two servers of three",
}


def stand_in(directory, kz):
    """A directory with a `java` that is kz."""
    java = pathlib.Path(directory) / "java"
    java.write_text(f"""#!/bin/sh
flags=
while [ $# -gt 0 ]; do
  case $1 in
    -cp) shift ;;
    -D*) flags="$flags $1" ;;
    org.apache.zookeeper.server.quorum.QuorumPeerMain) shift; break ;;
  esac
  shift
done
SERVER_JVMFLAGS=$flags exec {kz} zk-server start-foreground "$1"
""")
    java.chmod(0o755)
    return directory


@pytest.fixture(scope="module")
def suites(kz, tmp_path_factory):
    """Both at once: they mostly wait."""
    assert LIB.is_dir(), "kazoo's sources are not there: tests/tools/peers.sh"
    running = {}
    first_port = random.randrange(21000, 29000, 200)
    for servers in (1, 3):
        directory = tmp_path_factory.mktemp(f"kazoo-{servers}")
        bin_dir = stand_in(directory, os.path.abspath(kz))
        env = {**os.environ, "PATH": f"{bin_dir}:{os.environ['PATH']}", "PYTHONPATH": str(LIB), "ZOOKEEPER_CLASSPATH": "kz",
               "ZOOKEEPER_VERSION": "3.8.0", "ZOOKEEPER_JAAS_AUTH": "digest", "ZOOKEEPER_CLUSTER_SIZE": str(servers),
               "ZOOKEEPER_PORT_OFFSET": str(first_port + 100 * (servers == 3))}
        running[servers] = directory, kzlib.Process(
            ["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout", "120",
             f"--junitxml={directory}/report.xml", "--pyargs", "kazoo.tests"], directory / "out.txt", env=env, cwd=directory)
    yield running
    for _, process in running.values():
        process.stop()


@pytest.mark.parametrize("servers", [1, 3])
def test_kazoos_own_suite(suites, servers):
    directory, process = suites[servers]
    process.p.wait(1200)
    expected = TLS if servers == 3 else {**TLS, **ALONE}
    ran, failed = 0, {}
    for case in xml.etree.ElementTree.parse(directory / "report.xml").iter("testcase"):
        name = case.get("classname").removeprefix("kazoo.tests.") + "." + case.get("name")
        ran += 1
        problem = case.find("failure") if case.find("failure") is not None else case.find("error")
        if problem is not None and not any(name.startswith(known) for known in expected):
            failed[name] = (problem.get("message") or "").splitlines()[:1]
    assert ran > 480, f"only {ran} tests: {process.output()[-2000:]}"
    assert not failed, "\n".join(f"{name}: {why}" for name, why in failed.items())
