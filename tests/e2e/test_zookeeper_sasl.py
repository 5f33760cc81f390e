"""SASL DIGEST-MD5 between kz and others: kazoo and Apache's zkCli at kz's server, kz's zk-cli at Apache's, a broker at either."""
import pathlib
import subprocess

import pytest

import kzlib
import zkensemble
import zklib
from kzlib import run, wait_for

MODULE = "org.apache.zookeeper.server.auth.DigestLoginModule"
PROVIDER = "authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider\n"
REQUIRED = PROVIDER + "sessionRequireClientSASLAuth=true\n"


@pytest.fixture(scope="module")
def jaas(tmp_path_factory):
    """Files: server.conf, client.conf, wrong.conf; as JVM flags."""
    directory = tmp_path_factory.mktemp("jaas")
    (directory / "server.conf").write_text(f'Server {{\n  {MODULE} required\n  user_super="adminsecret"\n  user_bob="bobsecret";\n}};\n'
                                           f'QuorumServer {{ {MODULE} required user_peer="peersecret"; }};\n'
                                           f'QuorumLearner {{ {MODULE} required username="peer" password="peersecret"; }};\n')
    (directory / "client.conf").write_text(f'Client {{\n  {MODULE} required username="bob" password="bobsecret";\n}};\n')
    (directory / "wrong.conf").write_text(f'Client {{ {MODULE} required username="bob" password="nonsense"; }};\n')
    return {name: f"-Djava.security.auth.login.config={directory}/{name}.conf" for name in ("server", "client", "wrong")}


@pytest.fixture(scope="module")
def ours(kz, jaas, tmp_path_factory):
    server = zklib.ZkServer(kz, tmp_path_factory.mktemp("zk"), REQUIRED, env={"SERVER_JVMFLAGS": jaas["server"]}).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def apache(jaas, tmp_path_factory):
    server = kzlib.ApacheZooKeeper(tmp_path_factory.mktemp("apache"), extra=REQUIRED, jvm=[jaas["server"]]).wait_ready()
    yield server
    server.stop()


def cli(kz, address, *command, flags="", check=0):
    return run(kz, "zk-cli", "-server", address, *command, env={"CLIENT_JVMFLAGS": flags}, check=check)


@pytest.mark.parametrize("which", ["ours", "apache"])
def test_our_shell_logs_in(kz, jaas, which, request, tmp_path):
    address = request.getfixturevalue(which).address
    cli(kz, address, "create", "/shell", "data", "sasl:bob:cdrwa", flags=jaas["client"])
    assert cli(kz, address, "get", "/shell", flags=jaas["client"]).stdout.splitlines()[-1] == "data"
    who = cli(kz, address, "whoami", flags=jaas["client"]).stdout
    assert "sasl: bob" in who, who
    refused = cli(kz, address, "-timeout", "3000", "get", "/shell", flags=jaas["wrong"], check=1)
    assert "data" not in refused.stdout
    refused = cli(kz, address, "-timeout", "3000", "get", "/shell", check=1)
    assert "data" not in refused.stdout
    off = cli(kz, address, "-timeout", "3000", "get", "/shell", flags=jaas["client"] + " -Dzookeeper.sasl.client=false", check=1)
    assert "data" not in off.stdout
    settings = tmp_path / "client.properties"
    settings.write_text("zookeeper.sasl.client=false\n")
    off = cli(kz, address, "-timeout", "3000", "-client-configuration", settings, "get", "/shell", flags=jaas["client"], check=1)
    assert "data" not in off.stdout
    hinted = cli(kz, address, "-timeout", "3000", "get", "/shell", flags="-Djava.security.auth.login.config=/none", check=1)
    assert "no SASL for ZooKeeper: /none: No such file or directory" in hinted.stderr


def test_kazoo_logs_in(ours):
    from kazoo import exceptions as e
    from kazoo.security import make_acl

    def client(user, password):
        return zklib.client(ours.address, sasl_options={"mechanism": "DIGEST-MD5", "username": user, "password": password})

    bob, boss = client("bob", "bobsecret"), client("super", "adminsecret")
    try:
        bob.create("/kazoo", b"x", acl=[make_acl("sasl", "bob", all=True)])
        assert bob.get("/kazoo")[0] == b"x"
        assert boss.get("/kazoo")[0] == b"x"  # SASLAuthenticationProvider: the user "super" matches every sasl entry
        boss.create("/for-boss", b"x", acl=[make_acl("sasl", "super", all=True)])
        with pytest.raises(e.NoAuthError):
            bob.get("/for-boss")
    finally:
        for c in (bob, boss):
            c.stop()
            c.close()


def test_apaches_shell_logs_in(ours, jaas):
    def shell(flags, *command):
        return subprocess.run(["java", "-Xmx128M", "-XX:TieredStopAtLevel=1", *flags, "-cp",
                               "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar", "org.apache.zookeeper.ZooKeeperMain",
                               "-server", ours.address, *command], capture_output=True, text=True, timeout=60 * kzlib.SLOW, check=False)
    made = shell([jaas["client"]], "create", "/apache", "data", "sasl:bob:cdrwa")
    assert "Created /apache" in made.stderr + made.stdout, made.stderr
    read = shell([jaas["client"]], "get", "/apache")
    assert "data" in read.stdout.splitlines(), read.stderr
    refused = shell([jaas["wrong"]], "get", "/apache")
    assert "data" not in refused.stdout.splitlines()


def test_a_broker_logs_in(kz, jaas, ours, tmp_path):
    """zookeeper.set.acl makes nodes that only the broker's own user may change."""
    port = kzlib.free_port()
    (tmp_path / "server.properties").write_text(
        f"broker.id=1\nlisteners=PLAINTEXT://127.0.0.1:{port}\nlog.dirs={tmp_path}/logs\nzookeeper.connect={ours.address}/kafka\n"
        "zookeeper.set.acl=true\noffsets.topic.replication.factor=1\n")
    broker = kzlib.Process([kz, "kafka-server-start", tmp_path / "server.properties"], tmp_path / "broker.log",
                           env={"KAFKA_OPTS": jaas["client"]})
    try:
        wait_for("the broker", lambda: "started" in broker.output() and kzlib.can_connect(port), 30)
        run(kz, "topics", "--bootstrap-server", f"127.0.0.1:{port}", "--create", "--topic", "t", "--partitions", 1, check=0)
        acl = cli(kz, ours.address, "getAcl", "/kafka/brokers/topics/t", flags=jaas["client"]).stdout
        assert "'sasl,'bob\n: cdrwa" in acl and "'world,'anyone\n: r" in acl, acl
    finally:
        broker.stop()


def test_wrong_jaas_files_are_named(kz, tmp_path):
    config = tmp_path / "zoo.cfg"
    jaas = tmp_path / "jaas.conf"
    base = f"dataDir={tmp_path}/data\nclientPort={kzlib.free_port()}\nadmin.enableServer=false\n"

    def refused(extra, content=None):
        if content is not None:
            jaas.write_text(content)
        config.write_text(base + extra)
        out = run(kz, "zk-server", "start-foreground", config, check=2)
        return out.stdout + out.stderr

    assert f"java.security.auth.login.config={jaas}: No such file or directory" in refused(f"java.security.auth.login.config={jaas}\n")
    named = f"java.security.auth.login.config={jaas}\n"
    assert f"{jaas}: line 1: 'x' where '{{' after the section's name should stand" in refused(named, "Server x;")
    assert "Krb5LoginModule is not supported" in refused(named, "Server { com.sun.security.auth.module.Krb5LoginModule required; };")
    assert "No JAAS configuration section named 'Other' was found" in refused(named + "sasl.serverconfig=Other\n", "")
    assert "Authentication scheme sasl is not available" in refused("sessionRequireClientSASLAuth=true\n")


@pytest.mark.parametrize("kinds", [{1: "kz", 2: "kz", 3: "kz"}, {1: "kz", 2: "apache", 3: "apache"}, {1: "apache", 2: "kz", 3: "kz"}],
                         ids=["kz", "kz follows Apache", "Apache follows kz"])
def test_sasl_users_on_an_ensemble(kz, jaas, tmp_path, kinds):
    """What a follower's client is allowed is decided by the leader, which hears who it is."""
    from kazoo import exceptions as e
    from kazoo.security import make_acl
    settings = PROVIDER + f"java.security.auth.login.config={jaas['server'].split('=')[1]}\n"
    with zkensemble.Ensemble(kz, tmp_path / "e", kinds, extra=settings, jvm=[jaas["server"]]) as ensemble:
        assert ensemble.start(2, 3).wait_serving(60) == 3
        ensemble.start(1).wait_serving(60)
        leader, follower = 3, 1
        bob = zklib.client(ensemble[follower].address, sasl_options={"mechanism": "DIGEST-MD5", "username": "bob", "password": "bobsecret"})
        nobody = zklib.client(ensemble[leader].address)
        try:
            bob.create("/b", b"1", acl=[make_acl("sasl", "bob", all=True)])
            bob.set("/b", b"2")
            with pytest.raises(e.NoAuthError):
                nobody.set("/b", b"3")
        finally:
            for c in (bob, nobody):
                c.stop()
                c.close()


QUORUM = "quorum.auth.enableSasl=true\nquorum.auth.learnerRequireSasl=true\nquorum.auth.serverRequireSasl=true\n"


@pytest.mark.parametrize("kinds", [{1: "kz", 2: "kz", 3: "kz"}, {1: "kz", 2: "apache", 3: "kz"}, {1: "apache", 2: "kz", 3: "apache"}],
                         ids=["kz", "mostly kz", "mostly Apache"])
def test_servers_authenticate_to_each_other(kz, jaas, tmp_path, kinds):
    settings = QUORUM + f"java.security.auth.login.config={jaas['server'].split('=')[1]}\n"
    with zkensemble.Ensemble(kz, tmp_path / "e", kinds, extra=settings, jvm=[jaas["server"]]) as ensemble:
        leader = ensemble.start().wait_serving(60)
        c = zklib.client(ensemble.addresses)
        try:
            c.create("/a", b"1")
            ensemble.wait_equal()
            ensemble[leader].kill()
            ensemble.wait_serving(60)
            wait_for("a write after the leader's end", lambda: c.retry(c.set, "/a", b"2"), 30)
        finally:
            c.stop()
            c.close()


def test_a_server_without_the_password_stays_outside(kz, jaas, tmp_path):
    """It neither votes nor follows; the two others do not need it."""
    wrong = tmp_path / "wrong.conf"
    wrong.write_text(pathlib.Path(jaas["server"].split("=")[1]).read_text().replace('password="peersecret"', 'password="guess"'))
    good = f"java.security.auth.login.config={jaas['server'].split('=')[1]}\n"
    with zkensemble.Ensemble(kz, tmp_path / "e", {1: "kz", 2: "kz", 3: "kz"}, extra=QUORUM + good) as ensemble:
        config = ensemble[3].config
        config.write_text(config.read_text().replace(good, f"java.security.auth.login.config={wrong}\n"))
        ensemble.start(1, 2).wait_serving(60)
        ensemble.start(3)
        wait_for("the refusal", lambda: "unknown user or wrong password" in ensemble[1].process.output() + ensemble[2].process.output())
        wait_for("the complaint", lambda: "Cannot authenticate to" in ensemble[3].process.output())
        assert ensemble[3].srvr("Mode") is None
        # One that does not try at all.
        ensemble[3].stop()
        config.write_text(config.read_text().replace(QUORUM, ""))
        ensemble.start(3)
        wait_for("the refusal", lambda: "it does not try to authenticate" in ensemble[1].process.output() + ensemble[2].process.output())
        assert ensemble[3].srvr("Mode") is None
