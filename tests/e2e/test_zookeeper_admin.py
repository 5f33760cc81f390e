"""The admin server and the Prometheus page: kz beside Debian's Apache ZooKeeper 3.8, by shape and by value."""
import http.client
import json
import re
import socket
import subprocess

import kzlib
import pytest
import zkensemble
import zklib
from test_zookeeper_words import traffic

assert zkensemble.have_apache(), "install the Debian packages zookeeper and default-jre-headless"

COMMANDS = ("configuration connections dirs dump environment get_trace_mask hash initial_configuration is_read_only last_snapshot "
            "leader monitor observers ruok server_stats stats voting_view watch_summary watches watches_by_path zabstate").split()
ALIASES = {"conf": "configuration", "config": "configuration", "cons": "connections", "env": "environment", "envi": "environment",
           "gtmk": "get_trace_mask", "icfg": "initial_configuration", "isro": "is_read_only", "lsnp": "last_snapshot", "lead": "leader",
           "mntr": "monitor", "obsr": "observers", "srvr": "server_stats", "stat": "stats", "sysp": "system_properties",
           "wchs": "watch_summary", "wchc": "watches", "wchp": "watches_by_path", "crst": "connection_stat_reset", "srst": "stat_reset",
           "orst": "observer_connection_stat_reset"}


def get(port, path, method="GET", headers=None):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    c.request(method, path, headers=headers or {})
    r = c.getresponse()
    body = r.read().decode()
    c.close()
    return r.status, r.getheader("Content-Type"), body


def apache(directory, port, admin):
    """Debian's package needs servlet-api.jar on the class path for its admin server."""
    directory.mkdir()
    cfg = directory / "zoo.cfg"
    cfg.write_text(f"tickTime=2000\ndataDir={directory}/data\nclientPort={port}\n4lw.commands.whitelist=*\n")
    return kzlib.Process(["java", "-Xmx256M", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Dzookeeper.admin.serverPort={admin}",
                          "-Dzookeeper.admin.serverAddress=127.0.0.1", "-cp", "/usr/share/java/zookeeper.jar:/usr/share/java/servlet-api.jar",
                          "org.apache.zookeeper.server.quorum.QuorumPeerMain", cfg], directory / "apache.log")


def ours(kz, directory, port, admin, extra=""):
    directory.mkdir()
    cfg = directory / "zoo.cfg"
    cfg.write_text(f"tickTime=2000\ndataDir={directory}/data\nclientPort={port}\n4lw.commands.whitelist=*\n"
                   f"admin.serverPort={admin}\nadmin.serverAddress=127.0.0.1\n{extra}")
    return kzlib.Process([kz, "zk-server", "start-foreground", cfg], directory / "kz.log")


@pytest.fixture(scope="module")
def both(kz, tmp_path_factory):
    base = tmp_path_factory.mktemp("admin")
    ports = zkensemble.free_ports(4)
    servers = {"apache": apache(base / "apache", *ports[:2]), "kz": ours(kz, base / "kz", *ports[2:])}
    clients = []
    try:
        for kind, port in (("apache", ports[0]), ("kz", ports[2])):
            kzlib.wait_for(kind, lambda: "Mode: standalone" in kzlib.four_letter(port, "srvr"), 60)
            assert kzlib.four_letter(port, "srst") == "Server stats reset.\n"
            clients.append(traffic(port))
        yield {"apache": ports[1], "kz": ports[3], "clients": clients, "log": servers["kz"]}
    finally:
        for c in clients:
            c.stop()
            c.close()
        for s in servers.values():
            s.kill()
            s.p.wait()


def keys(value):
    """The shape: the names of all members in their order."""
    if isinstance(value, dict):
        return {k: keys(v) for k, v in value.items()}
    return [keys(value[0])] if isinstance(value, list) and value else type(value).__name__


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_as_apache(both, command):
    texts = {}
    for kind in ("apache", "kz"):
        status, content_type, texts[kind] = get(both[kind], f"/commands/{command}")
        assert (status, content_type) == (200, "application/json")
    a, b = json.loads(texts["apache"]), json.loads(texts["kz"])
    sids = {kind: str(c.client_id[0]) for kind, c in zip(("apache", "kz"), both["clients"])}
    if command in ("dump", "watches"):
        a, b = (json.loads(re.sub(r'"\d{4,}" :', '"N" :', texts[kind].replace(sids[kind], "7"))) for kind in ("apache", "kz"))
    if command == "system_properties":
        assert b["command"] == command
        return
    assert keys(b) == keys(a)
    assert list(b) == list(a)
    equal = {"connections": [], "dump": ["session_id_to_ephemeral_paths"], "get_trace_mask": ["tracemask"], "is_read_only": ["read_only"],
             "observers": ["synced_observers", "observers"], "voting_view": ["current_config"], "zabstate": ["voting", "zabstate"],
             "watch_summary": ["num_connections", "num_paths", "num_total_watches"], "watches": ["session_id_to_watched_paths"],
             "leader": ["error"], "server_stats": ["node_count", "read_only"],
             "configuration": ["tick_time", "max_client_cnxns", "min_session_timeout", "max_session_timeout", "server_id",
                               "client_port_listen_backlog"]}.get(command, [])
    for key in equal + ["command"]:
        assert b[key] == a[key], key
    # The text itself: indents, spaces, the order, but for numbers and strings of this server.
    shape = [re.sub(r'(?<= : )("(\\.|[^"])*"|-?[\d.E]+)(?=,?$)', "V", re.sub(r"\[[ \d,]*\]", "[N]", t), flags=re.M) for t in texts.values()]
    shape = [re.sub(r'"\d{4,}" :', '"N" :', s) for s in shape]
    if command in ("server_stats", "stats"):
        # Java lists the getters of ServerStats in the order in which reflection finds them, which is another every time.
        shape = [sorted(line.rstrip(",") for line in s.splitlines()) for s in shape]
    assert shape[0] == shape[1]


def test_index_aliases_errors(both):
    for path in ("/commands", "/commands/"):
        pages = [get(both[kind], path) for kind in ("apache", "kz")]
        assert pages[0] == pages[1]
    for path in ("/commands/nosuch", "/commands/a/b", "/commands/stmk", "/commands/stmk?traceMask=x", "/commands/set_trace_mask?traceMask=17",
                 "/commands/gtmk", "/commands/stmk?traceMask=306", "/commands/no%20such?x=1"):
        pages = [get(both[kind], path) for kind in ("apache", "kz")]
        assert pages[0] == pages[1], path
    for alias, name in ALIASES.items():
        status, _, body = get(both["kz"], f"/commands/{alias}")
        assert status == 200 and json.loads(body)["command"] == name
    for path, method in (("/", "GET"), ("/other", "GET"), ("/commandsx", "GET"), ("/commands/ruok", "POST"), ("/commands/ruok", "DELETE"),
                         ("/commands/ruok", "TRACE"), ("/commands/ruok", "HEAD")):
        statuses = [get(both[kind], path, method)[0] for kind in ("apache", "kz")]
        assert statuses[0] == statuses[1], (path, method)
    assert get(both["kz"], "/commands/ruok", "HEAD")[2] == ""
    assert "Started AdminServer on address 127.0.0.1, port" in both["log"].output()


def test_one_connection_many_requests(both):
    """Keep-alive and pipelining; garbage gets an answer and the connection goes."""
    with socket.create_connection(("127.0.0.1", both["kz"]), timeout=10) as s:
        s.sendall(b"GET /commands/ruok HTTP/1.1\r\nHost: x\r\n\r\n" * 3 + b"GET /commands/isro HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        out = b""
        while chunk := s.recv(65536):
            out += chunk
    assert out.count(b"HTTP/1.1 200 OK") == 4 and out.count(b'"ruok"') == 3 and out.endswith(b"}")
    for bad in (b"\x00\x01\x02\x03\r\n\r\n", b"GET /" + b"x" * 20000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", both["kz"]), timeout=10) as s:
            s.sendall(bad)
            out = b""
            try:
                while chunk := s.recv(65536):
                    out += chunk
            except ConnectionResetError:
                pass
        assert re.match(rb"HTTP/1.1 4\d\d ", out) or out == b"", (bad[:10], out[:60])
    assert get(both["kz"], "/commands/ruok")[0] == 200


def test_switched_off_moved_or_taken(kz, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port, admin = kzlib.free_port(), taken.getsockname()[1]
        # A standalone server ends with Apache's status.
        s = ours(kz, tmp_path / "standalone", port, admin)
        assert s.p.wait(20) == 4
        assert f"Unable to start AdminServer, exiting abnormally: Problem starting AdminServer on address 127.0.0.1, port {admin}" in s.output()
        off = ours(kz, tmp_path / "off", port, admin, "admin.enableServer=false\n")
        kzlib.wait_for("a server without", lambda: kzlib.four_letter(port, "ruok") == "imok")
        assert "AdminServer" not in off.output()
        off.stop()
        # A member of an ensemble goes on.
        ports = zkensemble.free_ports(6)
        members = []
        try:
            for n in (1, 2):
                directory = tmp_path / f"member{n}"
                (directory / "data").mkdir(parents=True)
                (directory / "data" / "myid").write_text(str(n))
                (directory / "zoo.cfg").write_text(
                    f"tickTime=500\ninitLimit=10\nsyncLimit=5\ndataDir={directory}/data\nclientPort={ports[n - 1]}\nadmin.serverPort={admin}\n"
                    "admin.serverAddress=127.0.0.1\nserver.1=127.0.0.1:%d:%d\nserver.2=127.0.0.1:%d:%d\n" % tuple(ports[2:]))
                members.append(kzlib.Process([kz, "zk-server", "start-foreground", directory / "zoo.cfg"], directory / "log"))
            kzlib.wait_for("a leader", lambda: "Mode: leader" in kzlib.four_letter(ports[1], "srvr"))
            assert "Problem starting AdminServer" in members[0].output()
        finally:
            for m in members:
                m.kill()
                m.p.wait()
    moved = ours(kz, tmp_path / "moved", port, admin, "admin.commandURL=/zk\nadmin.idleTimeout=300\n")
    try:
        kzlib.wait_for("the moved page", lambda: get(admin, "/zk/ruok")[0] == 200)
        assert get(admin, "/commands/ruok")[0] == 404
        assert get(admin, "/zk")[2].startswith('<a href="/zk/configuration">configuration</a>\n<br/>\n')
        with socket.create_connection(("127.0.0.1", admin), timeout=10) as idle:
            assert idle.recv(1) == b""
    finally:
        moved.stop()


def test_an_ensembles_commands(kz, tmp_path):
    ports = zkensemble.free_ports(12)
    members = []
    servers = "".join(f"server.{n}=127.0.0.1:{ports[4 * n - 2]}:{ports[4 * n - 1]}" + (":observer" if n == 3 else "") + "\n" for n in (1, 2, 3))
    try:
        for n in (1, 2, 3):
            d = tmp_path / str(n)
            (d / "data").mkdir(parents=True)
            (d / "data" / "myid").write_text(str(n))
            (d / "zoo.cfg").write_text(f"tickTime=500\ninitLimit=10\nsyncLimit=5\ndataDir={d}/data\nclientPort={ports[4 * n - 4]}\n"
                                       f"admin.serverPort={ports[4 * n - 3]}\nadmin.serverAddress=127.0.0.1\n"
                                       + ("peerType=observer\n" if n == 3 else "") + servers)
            members.append(kzlib.Process([kz, "zk-server", "start-foreground", d / "zoo.cfg"], d / "log"))
            if n == 1:
                admin = ports[1]
                kzlib.wait_for("its admin server", lambda: get(admin, "/commands/ruok")[0] == 200)
                refused = json.loads(get(admin, "/commands/srvr")[2])
                assert refused == {"command": "srvr", "error": "This ZooKeeper instance is not currently serving requests"}
                assert json.loads(get(admin, "/commands/zabstate")[2])["zabstate"] == ""
                assert json.loads(get(admin, "/commands/gtmk")[2])["tracemask"] == 306
        ask = lambda n, command: json.loads(get(ports[4 * n - 3], f"/commands/{command}")[2])
        kzlib.wait_for("an observer in step", lambda: ask(2, "observers").get("synced_observers") == 1, 30)
        observer = ask(2, "observers")["observers"][0]
        assert list(observer) == ["remote_socket_address", "sid", "established", "queued_packets", "queued_packets_size", "packets_received",
                                  "packets_sent", "requests", "last_zxid"]
        assert observer["sid"] == 3 and observer["packets_sent"] > 0
        assert [ask(n, "leader")["is_leader"] for n in (1, 2, 3)] == [False, True, False]
        assert ask(3, "leader")["leader_id"] == 2 and ask(1, "leader")["leader_ip"] == "127.0.0.1"
        zab = ask(2, "zabstate")
        assert zab["voting"] and zab["zabstate"] == "broadcast" and zab["myid"] == 2 and zab["zab_epoch"] == 1
        assert zab["quorum_address"]["all_ports"] == [ports[6]] and not ask(3, "zabstate")["voting"]
        assert list(ask(1, "voting_view")["current_config"]) == ["1", "2"]
        assert list(ask(2, "srvr"))[-3:] == ["node_count", "command", "error"] and "proposal_stats" in ask(2, "srvr")
        assert ask(1, "mntr")["peer_state"] == "following - broadcast"
        # The log says who listens where, and in which role.
        log = members[1].output()
        assert f"2 is accepting connections now, my election bind port: 127.0.0.1:{ports[7]}" in log
        assert f"Listening for followers and observers on the quorum port 127.0.0.1:{ports[6]}" in log
        assert f"binding to port 0.0.0.0:{ports[4]}" in log and f"Started AdminServer on address 127.0.0.1, port {ports[5]}" in log
        assert "Serving clients as leader" in log and "Serving clients as follower" in members[0].output()
    finally:
        for m in members:
            m.kill()
            m.p.wait()


LINE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:\\.|[^"\\])*",?)*)\})? (NaN|[+-]?[\d.]+(?:E-?\d+)?)$')


def parse_prometheus(text):
    """Text format 0.0.4, strictly: families in one piece, each after its HELP and TYPE; {name: {labels: value}}, {name: type}."""
    types, values, current = {}, {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            current = line.split(" ", 3)[2]
            assert current not in types, f"{current} twice"
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == current and kind in ("counter", "gauge", "summary")
            types[name] = kind
        else:
            m = LINE.match(line)
            assert m, line
            assert m[1] in (current, current + "_count", current + "_sum"), (m[1], current)
            values.setdefault(m[1], {})[m[2] or ""] = float(m[3].replace("E", "e"))
    assert text.endswith("\n")
    return types, values


def test_prometheus(kz, tmp_path):
    port, admin, metrics = zkensemble.free_ports(3)
    s = ours(kz, tmp_path / "kz", port, admin, "metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider\n"
             f"metricsProvider.httpHost=127.0.0.1\nmetricsProvider.httpPort={metrics}\nmetricsProvider.numWorkerThreads=1\n")
    c = None
    try:
        kzlib.wait_for("the page", lambda: get(metrics, "/metrics")[0] == 200)
        c = traffic(port)
        status, content_type, text = get(metrics, "/metrics")
        assert (status, content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
        types, values = parse_prometheus(text)
        assert types["znode_count"] == "gauge" and values["znode_count"][""] == 8
        assert types["readlatency"] == "summary" and set(values["readlatency"]) == {f'quantile="{q}",' for q in (0.5, 0.9, 0.99)}
        assert set(values["fsynctime"]) == {'quantile="0.5",'} and values["fsynctime_count"][""] > 0
        assert values["updatelatency_count"][""] > 300
        assert values["write_per_namespace_sum"]['key="app",'] > 300 * 7
        assert types["proposal_count"] == "counter" and types["process_open_fds"] == "gauge"
        assert values["process_resident_memory_bytes"][""] > 1e6
        # The names are mntr's.
        from test_zookeeper_words import mntr
        samples = mntr(kzlib.four_letter(port, "mntr"))
        assert samples["zk_znode_count"] == "8.0" and 'zk_readlatency{quantile="0.9"}' in samples
        assert get(metrics, "/")[0] == 404
        assert "Starting /metrics HTTP endpoint at host: 127.0.0.1" in s.output()
    finally:
        if c:
            c.stop()
            c.close()
        s.stop()
    bad = ours(kz, tmp_path / "bad", port, admin, "metricsProvider.className=com.example.Mine\n")
    assert bad.p.wait(20) == 1 and "Cannot boot MetricsProvider com.example.Mine" in bad.output()
