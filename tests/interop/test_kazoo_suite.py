"""kazoo's own test suite (its release on PyPI, tests included) on kz servers, as its authors run it on ZooKeeper's.

kazoo's harness starts servers by calling java; here a program of that name stands first in PATH and starts kz with the same
configuration file and the same -D flags.
"""
import os
import pathlib
import random
import subprocess
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


@pytest.mark.parametrize("servers", [1, 3])
def test_kazoos_own_suite(kz, tmp_path, servers):
    assert LIB.is_dir(), "kazoo's sources are not there: tests/tools/peers.sh"
    bin_dir = stand_in(tmp_path, os.path.abspath(kz))
    env = {**os.environ, "PATH": f"{bin_dir}:{os.environ['PATH']}", "PYTHONPATH": str(LIB), "ZOOKEEPER_CLASSPATH": "kz",
           "ZOOKEEPER_VERSION": "3.8.0", "ZOOKEEPER_JAAS_AUTH": "digest", "ZOOKEEPER_CLUSTER_SIZE": str(servers),
           "ZOOKEEPER_PORT_OFFSET": str(random.randrange(21000, 29000, 100))}
    report = tmp_path / "report.xml"
    with open(tmp_path / "out.txt", "wb") as out:
        subprocess.run(["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout", "120", f"--junitxml={report}",
                        "--pyargs", "kazoo.tests"], env=env, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=out,
                       stderr=subprocess.STDOUT, timeout=1500, check=False)
    expected = TLS if servers == 3 else {**TLS, **ALONE}
    ran, failed = 0, {}
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        name = case.get("classname").removeprefix("kazoo.tests.") + "." + case.get("name")
        ran += 1
        problem = case.find("failure") if case.find("failure") is not None else case.find("error")
        if problem is not None and not any(name.startswith(known) for known in expected):
            failed[name] = (problem.get("message") or "").splitlines()[:1]
    assert ran > 480, f"only {ran} tests: {(tmp_path / 'out.txt').read_text()[-2000:]}"
    assert not failed, "\n".join(f"{name}: {why}" for name, why in failed.items())
