"""zkServer.sh and Kafka's zookeeper-server-start/-stop: words, streams, files, exit statuses."""
import os
import pathlib
import signal
import socket
import time

import pytest

import kzlib
from kzlib import four_letter, free_port, run, wait_for

JMX = "ZooKeeper JMX enabled by default\n"


class Home:
    """A ZooKeeper home as `make install` makes one: bin/zkServer.sh is a link to kz."""

    def __init__(self, kz, directory):
        self.dir = pathlib.Path(directory)
        (self.dir / "bin").mkdir()
        (self.dir / "conf").mkdir()
        self.script = self.dir / "bin/zkServer.sh"
        self.script.symlink_to(os.path.abspath(kz))
        self.port = free_port()
        self.data = self.dir / "data"
        self.config = self.dir / "conf/zoo.cfg"
        self.config.write_text(f"tickTime=2000\ndataDir={self.data}\nclientPort={self.port}\nadmin.enableServer=false\n")
        self.pid_file = self.data / "zookeeper_server.pid"
        host = socket.gethostname()
        self.out_file = self.dir / f"logs/zookeeper-tester-server-{host}.out"
        self.env = {"USER": "tester"}

    def __call__(self, *args, env=None, script=None, cwd=None):
        return run(script or self.script, *args, env={**self.env, **(env or {})}, cwd=cwd)

    @property
    def using(self):
        return f"Using config: {self.dir}/bin/../conf/zoo.cfg\n"


@pytest.fixture
def home(kz, tmp_path):
    h = Home(kz, tmp_path)
    yield h
    h("stop")


def alive(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_start_status_stop(home):
    p = home("start")
    assert (p.returncode, p.stdout, p.stderr) == (0, "Starting zookeeper ... STARTED\n", JMX + home.using)
    pid = int(home.pid_file.read_text())
    assert "\n" not in home.pid_file.read_text()
    assert alive(pid) and os.getsid(pid) != os.getsid(0)
    assert os.readlink(f"/proc/{pid}/fd/1") == str(home.out_file.resolve())
    line = home.out_file.read_text().splitlines()[0]
    assert " [myid:] - INFO  [main:" in line and line.endswith(f"Reading configuration from: {home.dir}/bin/../conf/zoo.cfg")

    p = home("status")
    assert (p.returncode, p.stderr) == (0, JMX + home.using)
    assert p.stdout == f"Client port found: {home.port}. Client address: localhost. Client SSL: false.\nMode: standalone\n"

    p = home("start")
    assert (p.returncode, p.stdout) == (1, f"Starting zookeeper ... already running as process {pid}.\n")

    p = home("stop")
    assert (p.returncode, p.stdout) == (0, "Stopping zookeeper ... STOPPED\n")
    assert not alive(pid) and not home.pid_file.exists()
    assert "shutdown of server complete" in home.out_file.read_text()
    p = home("stop")
    assert (p.returncode, p.stdout) == (0, f"Stopping zookeeper ... no zookeeper to stop (could not find file {home.pid_file})\n")
    p = home("status")
    assert p.returncode == 1
    assert p.stdout.endswith("Error contacting service. It is probably not running.\n")


def test_restart_waits_for_the_old_one(home):
    home("start")
    first = int(home.pid_file.read_text())
    begin = time.monotonic()
    p = home("restart")
    assert p.stdout == "Stopping zookeeper ... STOPPED\nStarting zookeeper ... STARTED\n"
    second = int(home.pid_file.read_text())
    assert first != second and not alive(first) and alive(second)
    assert "Mode: standalone" in four_letter(home.port, "srvr")
    assert time.monotonic() - begin < 3 * kzlib.SLOW


def test_a_stale_pid_file_harms_nobody(home):
    home.data.mkdir()
    stranger = kzlib.subprocess.Popen(["sleep", "100"])
    try:
        home.pid_file.write_text(str(stranger.pid))
        p = home("start")
        assert (p.returncode, p.stdout) == (0, "Starting zookeeper ... STARTED\n")
        assert home("stop").stdout == "Stopping zookeeper ... STOPPED\n"
        home.pid_file.write_text(str(stranger.pid))
        p = home("stop")
        assert p.returncode == 0 and "is no ZooKeeper server and was left alone" in p.stderr
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_usage_version_print_cmd(home):
    p = home()
    assert (p.returncode, p.stdout) == (0, "")
    assert p.stderr.endswith(
        f"Usage: {home.script} [--config <conf-dir>] {{start|start-foreground|stop|version|restart|status|print-cmd}}\n")
    assert home("version").stdout.startswith("Apache ZooKeeper, version 3.8.0")
    assert f'> "{home.dir}/bin/../logs/zookeeper-tester-server-' in home("print-cmd").stdout
    assert home("--help").returncode == 0 and "start-foreground" in home("--help").stdout


def test_where_the_configuration_is(home, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "zoo.cfg").write_text(home.config.read_text())
    (home.dir / "conf/zoo7.cfg").write_text(home.config.read_text())
    assert f"Using config: {other}/zoo.cfg\n" in home("--config", other, "status").stderr
    assert f"Using config: {other}/zoo.cfg\n" in home("status", env={"ZOOCFGDIR": str(other)}).stderr
    assert f"Using config: {home.dir}/bin/../conf/zoo7.cfg\n" in home("status", "zoo7.cfg").stderr
    assert f"Using config: {home.dir}/bin/../conf/zoo7.cfg\n" in home("status", env={"ZOOCFG": "zoo7.cfg"}).stderr
    assert "Using config: ./zoo.cfg\n" in home("status", "./zoo.cfg", cwd=other).stderr
    assert f"Using config: {other}/zoo.cfg\n" in home("status", other / "zoo.cfg").stderr
    # Through a link from elsewhere: the home is the one behind the link.
    link = tmp_path / "zkServer.sh"
    link.symlink_to(home.script)
    assert "/bin/../conf/zoo.cfg\n" in home("status", script=link).stderr


def test_environment_files_and_variables(home, tmp_path):
    logs = tmp_path / "l o g"
    (home.dir / "conf/zookeeper-env.sh").write_text(f'ZOO_LOG_DIR="{logs}"\n')
    (home.dir / "conf/java.env").write_text('export SERVER_JVMFLAGS="-Dzookeeper.4lw.commands.whitelist=ruok $SERVER_JVMFLAGS"\n')
    pid_file = tmp_path / "run/my.pid"
    p = home("start", env={"ZOOPIDFILE": str(pid_file), "JMXDISABLE": "true"})
    assert p.returncode == 0 and p.stderr.startswith("JMX disabled by user request\n")
    assert pid_file.exists() and not home.pid_file.exists()
    assert [f.name for f in logs.iterdir()] == [home.out_file.name]
    assert four_letter(home.port, "ruok") == "imok"
    assert "not in the whitelist" in four_letter(home.port, "stat")
    assert "Mode: standalone" in home("status").stdout  # srvr is always allowed: status needs it
    assert home("stop", env={"ZOOPIDFILE": str(pid_file)}).returncode == 0


def test_failures_to_start(home, tmp_path):
    with socket.socket() as s:
        s.bind(("0.0.0.0", home.port))
        s.listen()
        p = home("start")
        assert (p.returncode, p.stdout) == (1, "Starting zookeeper ... FAILED TO START\n")
        assert "the reason is at the end of" in p.stderr
        assert f"Cannot listen on 0.0.0.0:{home.port}: address already in use" in home.out_file.read_text()
    p = home("start", "missing.cfg")
    assert p.returncode == 1 and "missing.cfg: No such file or directory" in p.stderr
    p = home("start", env={"ZOO_DATADIR_AUTOCREATE_DISABLE": "1", "ZOOCFG": "none.cfg"})
    assert p.returncode == 1
    empty = tmp_path / "empty.cfg"
    empty.write_text(home.config.read_text().replace(str(home.data), str(tmp_path / "nothing")))
    p = home("start", empty, env={"ZOO_DATADIR_AUTOCREATE_DISABLE": "1"})
    assert p.returncode == 1
    assert p.stdout == f"ZooKeeper data directory is missing at {tmp_path}/nothing fix the path or run initialize\n"
    bad = tmp_path / "bad.cfg"
    bad.write_text(home.config.read_text().replace("tickTime=2000", "tickTime=soon"))
    p = home("start-foreground", bad)
    assert p.returncode == 2 and "bad.cfg:1" in p.stderr and "tickTime" in p.stderr and "soon" in p.stderr
    p = home("start", bad)
    assert p.returncode == 1 and "tickTime" in p.stderr


def test_configuration_as_the_only_argument(home):
    process = kzlib.Process([home.script, home.config], home.dir / "fg.log")
    wait_for("the server", lambda: "Mode" in four_letter(home.port, "srvr"))
    assert process.stop() == 0


def test_status_finds_ports_as_the_script_does(home, tmp_path):
    config = tmp_path / "q.cfg"
    config.write_text(f"dataDir={tmp_path}/q\nserver.3=h:1:2;[::1]:4711\n")
    p = home("status", config)
    assert p.stdout == ("myid could not be determined, will not able to locate clientPort in the server configs.\n"
                        "Client port not found. Looking for secureClientPort in the static config.\n"
                        "Unable to find either secure or unsecure client port in any configs. Terminating.\n")
    (tmp_path / "q").mkdir()
    (tmp_path / "q/myid").write_text("3\n")
    p = home("status", config)
    assert p.stdout.startswith("Client port found: 4711. Client address: ::1. Client SSL: false.\n")
    dynamic = tmp_path / "q.dynamic"
    dynamic.write_text("server.3=h:1:2:participant;0.0.0.0:4712\n")
    config.write_text(f"dataDir={tmp_path}/q\ndynamicConfigFile={dynamic}\n")
    p = home("status", config)
    assert p.stdout.startswith("Client port not found in static config file. Looking in dynamic config file.\n"
                               "Client port found: 4712. Client address: 0.0.0.0. Client SSL: false.\n")
    assert p.returncode == 1


def test_kafkas_start_and_stop(kz, tmp_path):
    bin_dir = tmp_path / "kafka/bin"
    bin_dir.mkdir(parents=True)
    for name in ("zookeeper-server-start.sh", "zookeeper-server-stop.sh"):
        (bin_dir / name).symlink_to(os.path.abspath(kz))
    port = free_port()
    config = tmp_path / "zookeeper.properties"
    config.write_text(f"dataDir={tmp_path}/data\nclientPort={port}\nmaxClientCnxns=0\nadmin.enableServer=false\n")
    p = run(bin_dir / "zookeeper-server-start.sh")
    assert (p.returncode, p.stdout) == (1, f"USAGE: {bin_dir}/zookeeper-server-start.sh [-daemon] zookeeper.properties\n")
    p = run(bin_dir / "zookeeper-server-start.sh", "-daemon", config)
    assert (p.returncode, p.stdout) == (0, "")
    assert "Mode: standalone" in four_letter(port, "srvr")
    out = tmp_path / "kafka/logs/zookeeper.out"
    assert out.read_text().splitlines()[0].startswith("[") and "INFO Reading configuration from:" in out.read_text()
    found = [pid for pid in os.listdir("/proc") if pid.isdigit() and str(config) in
             pathlib.Path(f"/proc/{pid}/cmdline").read_text(errors="replace")]
    assert len(found) == 1
    os.kill(int(found[0]), signal.SIGTERM)  # the -stop command would stop every server of this machine
    wait_for("the end", lambda: not alive(found[0]))
    p = run(bin_dir / "zookeeper-server-start.sh", "-daemon", tmp_path / "none.properties")
    assert p.returncode == 2 and "No such file or directory" in p.stderr
