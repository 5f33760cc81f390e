"""zk-cli's shell on a terminal: prompt, editing, completion, history, events above the line, Ctrl-D and Ctrl-C."""
import os
import pty
import re
import select
import signal
import time

import pytest

import kzlib
import zklib


class Terminal:
    """kz zk-cli on a pseudo-terminal of 80 columns."""

    def __init__(self, kz, address, home, *options):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm", HOME=str(home), LC_ALL="C.UTF-8", COLUMNS="80")
            os.environ.pop("XDG_STATE_HOME", None)
            os.execv(kz, [kz, "zk-cli", "-server", address, *options])
        self.text = ""

    def read(self, seconds=0.1):
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if ready:
            try:
                self.text += os.read(self.fd, 65536).decode(errors="replace")
            except OSError:
                return False
        return True

    def expect(self, pattern, seconds=15):
        """Reads until the pattern is there; what follows it is kept for the next call."""
        deadline = time.monotonic() + seconds * kzlib.SLOW
        while True:
            plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]", "", self.text)
            found = re.search(pattern, plain, re.S)
            if found:
                self.text = plain[found.end():]
                return found
            assert time.monotonic() < deadline, f"no {pattern!r} in {plain!r}"
            if not self.read():
                assert re.search(pattern, plain), f"ended without {pattern!r}: {plain!r}"

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def end(self):
        """The exit status."""
        deadline = time.monotonic() + 15 * kzlib.SLOW
        while time.monotonic() < deadline:
            self.read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        raise AssertionError("zk-cli did not end")


@pytest.fixture(scope="module")
def server(kz, tmp_path_factory):
    s = zklib.ZkServer(kz, tmp_path_factory.mktemp("zk")).start()
    c = zklib.client(s.address)
    for path in ("/brokers/ids/1", "/brokers/topics/alpha", "/brokers/topics/alpine", "/größe"):
        c.create(path, b"data of " + path.encode(), makepath=True)
    yield s
    c.stop()
    c.close()
    s.stop()


@pytest.fixture
def terminal(kz, server, tmp_path):
    t = Terminal(kz, server.address, tmp_path)
    # The event of the connection comes above the line, which is then drawn anew with the new state.
    t.expect(rf"\[zk: {server.address}\(CONNECTED\) 0\] ")
    return t


def test_prompt_counts_and_ctrl_d_ends(terminal, server):
    terminal.type("ls /brokers\r")
    terminal.expect(r"\[ids, topics\]\r\n")
    terminal.expect(rf"\[zk: {server.address}\(CONNECTED\) 1\] ")
    terminal.type("nonsense\r")
    terminal.expect("Command not found: Command not found nonsense\r\n")
    terminal.expect(r"CONNECTED\) 2\] ")
    terminal.type("\x04")
    assert terminal.end() == 127  # of the last command, as Apache's


def test_completion_of_commands_and_paths(terminal):
    terminal.type("getEp\t")
    terminal.expect("hemerals ")
    terminal.type("\x15")  # Ctrl-U: the line is gone
    terminal.type("ge\t")
    terminal.expect(r"get +getAllChildrenNumber\r\n")
    terminal.type(" /bro\t/to\t/al\t")
    terminal.expect(r"alpha +alpine\r\n")
    terminal.expect(r"\] get /brokers/topics/alp")
    terminal.type("ha\r")
    terminal.expect("data of /brokers/topics/alpha\r\n")
    terminal.type("get /gr\t\r")
    terminal.expect("data of /größe\r\n")
    terminal.type("get /nosuch/\t\x15quit\r")
    assert terminal.end() == 0


def test_many_candidates_are_listed_when_wanted(terminal, server):
    c = zklib.client(server.address)
    for i in range(120):
        c.create(f"/crowd/n{i:03}", makepath=True)
    terminal.type("get /crowd/\t")
    terminal.expect(r"Display all 120 possibilities\? \(y or n\)")
    terminal.type("n")
    terminal.expect(r"0\] get /crowd/n")
    terminal.type("\t")
    terminal.expect(r"Display all 120 possibilities\? \(y or n\)")
    terminal.type("xy")
    terminal.expect("n000.*n119")
    terminal.expect(r"0\] get /crowd/n")
    terminal.type("11\x15\x04")
    assert terminal.end() == 0
    c.delete("/crowd", recursive=True)
    c.stop()
    c.close()


def test_editing(terminal):
    terminal.type("gt /brokers/ids/1")
    terminal.type("\x01\x1b[C" + "e" + "\x05\r")  # Home, right, e, End
    terminal.expect("data of /brokers/ids/1\r\n")
    terminal.type("get /brokers/ids/12\x7f\r")
    terminal.expect("data of /brokers/ids/1\r\n")
    terminal.type("get /größf\x7fe\r")
    terminal.expect("data of /größe\r\n")
    terminal.type("quit\r")
    assert terminal.end() == 0


def test_history_by_arrow_and_search_also_in_the_next_session(kz, server, tmp_path, terminal):
    terminal.type("get /brokers/ids/1\r")
    terminal.expect("data of /brokers/ids/1\r\n")
    terminal.type("addauth digest bob:secret\r")
    terminal.expect(r"2\] ")
    terminal.type("ls /brokers/ids\r")
    terminal.expect(r"\[1\]\r\n")
    terminal.type("\x1b[A\x1b[A\r")  # two up: addauth is in no history
    terminal.expect("data of /brokers/ids/1\r\n")
    terminal.type("quit\r")
    terminal.expect("state:Closed")
    assert terminal.end() == 0
    file = tmp_path / ".local/state/kz/zk-cli_history"
    assert "secret" not in file.read_text() and file.stat().st_mode & 0o777 == 0o600

    again = Terminal(kz, server.address, tmp_path)
    again.expect(r"CONNECTED\) 0\] ")
    again.type("\x12ls /b\r")  # Ctrl-R
    again.expect(r"\[1\]\r\n")
    again.type("\x1b[A\x1b[A\x1b[A\r")
    again.expect("data of /brokers/ids/1\r\n")
    again.expect(r"CONNECTED\) 2\] ")
    again.type("\x04")
    assert again.end() == 0


def test_a_watch_event_does_not_spoil_the_line(terminal, server):
    c = zklib.client(server.address)
    c.create("/watched", b"")
    terminal.type("addWatch /watched\r")
    terminal.expect(r"1\] ")
    terminal.type("get /brokers/i")
    terminal.expect("get /brokers/i")
    c.set("/watched", b"x")
    terminal.expect(r"WATCHER::\r\n\r\nWatchedEvent state:SyncConnected type:NodeDataChanged path:/watched\r\n")
    terminal.expect(r"\(CONNECTED\) 1\] get /brokers/i")
    terminal.type("ds/1\r")
    terminal.expect("data of /brokers/ids/1\r\n")
    # A line longer than the terminal is wide, too.
    terminal.type("create /long " + "y" * 120)
    terminal.expect("y{10}")
    c.delete("/watched")
    terminal.expect(r"type:NodeDeleted path:/watched\r\n")
    terminal.expect(r"\(CONNECTED\) 2\] create /long y")
    terminal.type("\r")
    terminal.expect("Created /long\r\n")
    assert c.get("/long")[0] == b"y" * 120
    c.delete("/long")
    terminal.type("quit\r")
    assert terminal.end() == 0
    c.stop()
    c.close()


def test_ctrl_c_ends_and_the_session_too(terminal, server):
    terminal.type("create -e /mine\r")
    terminal.expect("Created /mine\r\n")
    terminal.expect(r"1\] ")
    terminal.type("half a li\x03")
    assert terminal.end() == 130
    c = zklib.client(server.address)
    assert not c.exists("/mine")
    c.stop()
    c.close()


def test_state_in_the_prompt(kz, tmp_path):
    s = zklib.ZkServer(kz, tmp_path / "zk").start()
    t = Terminal(kz, s.address, tmp_path)
    t.expect(r"\(CONNECTED\) 0\] ")
    s.kill()
    t.expect("state:Disconnected type:None path:null")
    t.expect(r"\(CONNECTING\) 0\] ")
    s.start()
    t.expect("state:SyncConnected type:None path:null")
    t.expect(r"\(CONNECTED\) 0\] ")
    t.type("close\r")
    t.expect("state:Closed type:None path:null")
    t.expect(r"\(CLOSED\) 1\] ")
    t.type("ls /\r")
    t.expect("Not connected\r\n")
    t.type("connect\r")
    t.expect(r"\(CONNECTED\) 3\] ")
    t.type("ls /\r")
    t.expect(r"\[zookeeper\]\r\n")
    t.type("quit\r")
    assert t.end() == 0
    s.stop()
