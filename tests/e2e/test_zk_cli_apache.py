"""kz zk-cli against Apache's own zkCli: the same lines to both, each with a fresh server of the same kind. What they print
is equal to the byte (zxids included: the same requests were sent), save for times, session ids and the release."""
import re

import pytest

import kzlib
import zklib
from kzlib import run

JAVA = ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Duser.timezone=UTC", "-cp",
        "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-nop.jar", "org.apache.zookeeper.ZooKeeperMain"]
ENV = {"TZ": "UTC"}

NODES = """
create /a
create /a one
create /a/b "two words"
create /a/b/c 'it''s'
create /a/b/c/d {"k":"v"}
create /a/b2
create -s /a/s- x
create -s /a/
create -e /e eph
create /e/child
create -s -e /es-
create -es /es- y
create -c /c
create -c -s /c2
create -c -e /c2
create -t x /t
create -t 100 -e /t
create -t 100 -c /t
create -t 0 /t
create -t 99999999999999 /t
create -t 1000 /t data
create -t1000 /t
create noslash
create /end/
create //x
create /a/../b
create /a/./b
create /no/parent
create
create -q /x
create /acl data world:anyone:r
create /acl2 data digest:bob:5Iy7YFLDnZLoBcGgSDFaRB3OW0Y=:cdrwa,world:anyone:rd
create /acl3 data nonsense
create /acl4 data world:anyone:rq,foo
create /acl5 data nosuch:x:r
create /acl6 data ip:not-an-ip:r
create /gross größe
ls /
ls -s /a
ls -R /a
ls -R /
ls -sR /a/b
ls -w /a
ls /nope
ls -R /nope
ls nope
ls
ls -x /
ls -- -x
ls -s
ls / watch
ls -?
ls -? /
get /a
get -s /a/b
get /a/b/c
get /nope
get
get -sw /a
get /a true
get /acl
get /acl2
get /gross
get -v 1 /a
set /a new
set -s /a newer
set -v 0 /a x
set -v 2 /a x
set -v -1 /a ""
set -v
set /a
set /nope x
set /acl x
set --v 1 /a x
stat /a
stat -w /nope
stat /nope
stat
stat / w
getAcl /a
getAcl -s /acl2
getAcl /nope
getAcl
setAcl /a world:anyone:cdrwa
setAcl -s /a world:anyone:cdrwa
setAcl -v 7 /a world:anyone:r
setAcl -R /a/b world:anyone:cdrwa
setAcl -R /nope world:anyone:r
setAcl /a nonsense
setAcl /nope world:anyone:r
setAcl /a
setAcl /a auth::cdrwa
delete /a
delete /nope
delete -v 9 /a/b2
delete /a/b2 0
delete
delete / 
delete /zookeeper
deleteall /a/b -b x
deleteall /nope
deleteall
deleteall -b 1 /a/b
ls -R /a
create /d
create /d/1
create /d/1/2
deleteall /d -b 2
ls /
rmdir /x
"odd ' word"
"""

SESSION = """
addauth
addauth digest bob:secret
whoami
create /mine data auth::cdrwa
getAcl /mine
get /mine
sync /
sync /nope
sync nope
sync
config
config -s
config -c
config extra
getEphemerals
create -e /x
create -e /y
create /z
getEphemerals
getEphemerals /
getEphemerals /nope
getEphemerals bad
getAllChildrenNumber /
getAllChildrenNumber /nope
getAllChildrenNumber bad/
getAllChildrenNumber
reconfig
reconfig -add
reconfig -add server.9=localhost:2:3;4 -members x
reconfig -file /nope -members x
reconfig -v xyz -add x
reconfig -remove 3
removewatches
removewatches /z
removewatches bad
addWatch
addWatch -m odd /z
addWatch /z extra
history
redo 0
redo 400
redo -1
redo
printwatches
printwatches off
create /quiet
ls -w /quiet
create /quiet/child
printwatches
printwatches on
printwatches
version extra
history
close
ls /
whoami
history
close
printwatches
"""

QUOTA = """
create /q data
create /q/a 12345
create /q/a/b
listquota /q
listquota
listquota bad
delquota /q
delquota -n /q
setquota /q
setquota -n 1
setquota -n x /q
setquota -n 0 /q
setquota -N -5 /q
setquota -b -1 /q
setquota -n 5 -b 7 /q
setquota -n 5 /nope
setquota -n 5 bad
setquota -n 5 /zookeeper/quota/x
setquota -n 1 /q/a
listquota /q/a
setquota -b 1000 /q/a
listquota /q/a
setquota -N 9 /q/a
setquota -B 999 /q/a
listquota /q/a
setquota -n 9 /q
setquota -n 9 /q/a/b
ls -R /zookeeper
create /q/a/c 1
listquota /q/a
delquota -n -b /q/a
delquota -n /q/a
delquota -B /q/a
listquota /q/a
delquota /q/a
listquota /q/a
ls -R /zookeeper
delquota /q/a
setquota -N 3 /q
create /q/more
create /q/over
set /q/a 1234567890
setquota -B 10 /q
set /q/a 12345678901234567890
listquota /q
"""

# Watches are told in the order of the changes; one line at a time, as an event may come before or after an answer.
WATCHES = """
create /w
create /w/x
get -w /w
ls -w /w
stat -w /later
set /w 1
create /w/y
create /later
get -w /w
ls -w /w
deleteall /w
create /w
addWatch /w
addWatch -m persistent /later
create /w/1
create /w/1/2
set /w/1/2 x
delete /w/1/2
set /later y
create /later/child
removewatches /w -c
removewatches /w -d
removewatches /w -a
removewatches /w
removewatches /later -l
get -w /later
removewatches /later -d
ls -w /later
removewatches /later -c
ls -w /later
get -w /later
removewatches /later
get -w /later
get -w /later
set /later z
set /later z
config -w
"""


def normalised(text):
    text = re.sub(r"(?m)^(c|m)time = .*$", r"\1time = T", text)
    text = re.sub(r"0x1[0-9a-f]{14,15}\b", "SESSION", text)
    text = re.sub(r"(?m)^ZooKeeper CLI version: .*$", "VERSION", text)
    text = re.sub(r"(?m)^hint: .*\n", "", text)  # ours alone
    return text.replace("\r", "")


def without_events(text):
    """Apache's event thread writes between anything; blank lines are part of an event's text."""
    return "".join(line for line in text.splitlines(True) if line != "\n" and not line.startswith(("WATCHER::", "WatchedEvent ")))


def events(text):
    return sorted(re.findall(r"(?m)^WatchedEvent (.*)$", text))


def plain_errors(text):
    """Without stack traces, which ours have not."""
    return re.sub(r"(?m)^(\tat |Caused by: |\t\.\.\. ).*\n", "", normalised(text))


class Pair:
    """Two fresh servers of one kind: one for Apache's tool, one for ours."""

    def __init__(self, kz, kind, tmp_path):
        self.kz = kz
        self.servers = []
        for name in ("theirs", "ours"):
            if kind == "apache":
                self.servers.append(kzlib.ApacheZooKeeper(tmp_path / name).wait_ready())
            else:
                self.servers.append(zklib.ZkServer(kz, tmp_path / name).start())

    def stop(self):
        for s in self.servers:
            s.stop()

    def piped(self, lines, redirect):
        """Both tools' output, a mark behind each line's."""
        text = "create /mark @@@@\n" + "".join(f"{line}\nget /mark\n" for line in lines)
        out = []
        self.errors = []
        for server, tool in zip(self.servers, (JAVA, [self.kz, "zk-cli"])):
            p = run("sh", "-c", f'exec "$0" "$@" {redirect}', *tool, "-server", server.address, input=text, env=ENV, timeout=120)
            assert p.returncode == 0, p.stdout[-2000:]
            out.append(normalised(p.stdout.replace(server.address, "ADDRESS")).split("@@@@\n"))
            self.errors.append(normalised(p.stderr))
        return out

    def same(self, lines, redirect="2>&1"):
        theirs, ours = self.piped(lines, redirect)
        events_of = [events("".join(x)) for x in (theirs, ours)]
        theirs, ours = ([without_events(part) for part in x] for x in (theirs, ours))
        assert ours[0] == theirs[0]
        for line, a, b in zip(lines, theirs[1:], ours[1:]):
            assert b == a, f"{line}\n--- Apache's\n{a}--- ours\n{b}"
        assert len(ours) == len(theirs)
        assert events_of[1] == events_of[0]
        assert self.errors[1] == self.errors[0]


@pytest.fixture(scope="module", params=["kz", "apache"])
def kind(request):
    return request.param


def lines_of(text):
    return [line for line in text.splitlines() if line]


@pytest.mark.parametrize("what", [NODES, QUOTA], ids=["nodes", "quota"])
def test_piped_commands(kz, kind, what, tmp_path):
    pair = Pair(kz, kind, tmp_path)
    pair.same(lines_of(what))
    pair.stop()


def test_watches(kz, kind, tmp_path):
    """Errors apart: events come between them anyhow."""
    pair = Pair(kz, kind, tmp_path)
    pair.same(lines_of(WATCHES), "")
    pair.stop()


def test_session_commands(kz, kind, tmp_path):
    """Those that end the session come without marks between."""
    pair = Pair(kz, kind, tmp_path)
    lines = lines_of(SESSION)
    at = lines.index("close")
    pair.same(lines[:at])
    tail = "\n".join(lines[:3] + lines[at:]) + "\n"
    out = []
    for server, tool in zip(pair.servers, (JAVA, [kz, "zk-cli"])):
        p = run(*tool, "-server", server.address, input=tail, env=ENV)
        out.append((p.returncode, without_events(normalised(p.stdout.replace(server.address, "A"))), normalised(p.stderr)))
    assert out[1] == out[0]
    pair.stop()


ONE_SHOT = [["create", "/one", "a b"], ["ls", "/"], ["get", "-s", "/one"], ["get", "/nope"], ["nonsense"], ["create"],
            ["set", "-v", "x", "/one", "d"], ["addWatch", "bad"], ["history"], ["version", "x"], ["quit"], ["redo", "5"]]


def test_one_shot(kz, kind, tmp_path):
    """Streams apart, and exit statuses."""
    pair = Pair(kz, kind, tmp_path)
    for words in ONE_SHOT:
        out = []
        for server, tool in zip(pair.servers, (JAVA, [kz, "zk-cli"])):
            p = run(*tool, "-server", server.address, *words, env=ENV)
            out.append((p.returncode, without_events(normalised(p.stdout.replace(server.address, "A"))), plain_errors(p.stderr)))
        assert out[1] == out[0], words
    pair.stop()


def test_without_a_server(kz):
    port = kzlib.free_port()
    for words in (["ls", "/"], ["create", "/x"], ["addauth", "digest", "a:b"], ["-waitforconnection", "-timeout", "500", "ls", "/"]):
        out = []
        for tool in (JAVA, [kz, "zk-cli"]):
            p = run(*tool, "-server", f"127.0.0.1:{port}", *words, env=ENV)
            out.append((p.returncode, without_events(p.stdout), plain_errors(p.stderr)))
        assert out[1] == out[0], words


def test_chroot(kz, kind, tmp_path):
    pair = Pair(kz, kind, tmp_path)
    out = []
    for server, tool in zip(pair.servers, (JAVA, [kz, "zk-cli"])):
        text = "create /deep\ncreate /deep/root\nquit\n"
        run(*tool, "-server", server.address, input=text, env=ENV, check=0)
        text = "ls /\ncreate -s /n x\nls /\nls -w /\nget -s /n0000000000\ncreate /m\ngetAcl /\nls -R /\nget /nope\nsync /\n" \
               "getEphemerals /\ngetAllChildrenNumber /\nconfig\ndeleteall /m\n"
        p = run("sh", "-c", 'exec "$0" "$@" 2>&1', *tool, "-server", f"{server.address}/deep/root", input=text, env=ENV, check=0)
        shown = normalised(p.stdout.replace(server.address, "A"))
        out.append((without_events(shown), events(shown)))
    assert out[1] == out[0]
    pair.stop()


def test_config_and_reconfig(kz, kind, tmp_path):
    """On ensembles of one server, open to reconfiguration by anyone."""
    servers = []
    for name in ("theirs", "ours"):
        ports = [kzlib.free_port() for _ in range(2)]
        extra = f"server.1=127.0.0.1:{ports[0]}:{ports[1]}\nstandaloneEnabled=false\nreconfigEnabled=true\nskipACL=yes\n" \
                "initLimit=10\nsyncLimit=5\n"
        (tmp_path / name / "zk-data").mkdir(parents=True)
        (tmp_path / name / "zk-data/myid").write_text("1\n")
        if kind == "apache":
            servers.append((kzlib.ApacheZooKeeper(tmp_path / name, extra=extra).wait_ready(), ports))
        else:
            servers.append((zklib.ZkServer(kz, tmp_path / name, extra, data=tmp_path / name / "zk-data").start(), ports))
            kzlib.wait_for("a leader", lambda s=servers[-1][0]: s.srvr("Mode") == "leader")
    file = tmp_path / "members.dynamic"
    out = []
    for (server, ports), tool in zip(servers, (JAVA, [kz, "zk-cli"])):
        file.write_text(f"server.1=127.0.0.1:{ports[0]}:{ports[1]}:participant;127.0.0.1:{server.port}\n"
                        "server.7=127.0.0.1:7:8:observer;9\n")
        lines = ["config", "config -c", "config -s", "reconfig -s -add SERVER.2=127.0.0.1:5:6:observer;7", "config -c",
                 "reconfig -v 1 -remove 2", "reconfig -remove 2", "reconfig -remove 1", "reconfig -add server.2=127.0.0.1:5:6;7",
                 "reconfig -add nonsense", f"reconfig -file {file}", "config -c", "reconfig -members server.9=127.0.0.1:5:6;7",
                 f"reconfig -members server.1=127.0.0.1:{ports[0]}:{ports[1]};{server.port}", "config"]
        p = run("sh", "-c", 'exec "$0" "$@" 2>&1', *tool, "-server", server.address, input="\n".join(lines) + "\n", env=ENV, check=0)
        shown = normalised(p.stdout).replace("commmitted", "committed")  # Debian mended Apache's spelling
        for name, port in (("CLIENT", server.port), ("QUORUM", ports[0]), ("ELECTION", ports[1])):
            shown = shown.replace(f":{port}", f":{name}")
        out.append(without_events(shown))
    assert out[1] == out[0]
    assert "Committed new configuration:" in out[1] and "No quorum of new config" in out[1]
    for server, _ in servers:
        server.stop()


def test_read_only_server(kz, tmp_path):
    """One of three, open for reading: -r takes it, and without it there is no connection."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/myid").write_text("1\n")
    members = "".join(f"server.{i}=127.0.0.1:{kzlib.free_port()}:{kzlib.free_port()}\n" for i in (1, 2, 3))
    server = zklib.ZkServer(kz, tmp_path, f"initLimit=10\nsyncLimit=5\nreadonlymode.enabled=true\n{members}", data=tmp_path / "data").launch()
    kzlib.wait_for("read-only mode", lambda: kzlib.four_letter(server.port, "isro") == "ro")
    for words, text in ((["-r"], "ls /\ncreate /x\nset /zookeeper y\nwhoami\n"), (["-r", "ls", "/"], ""), (["ls", "/"], "")):
        out = []
        for tool in (JAVA, [kz, "zk-cli"]):
            p = run(*tool, "-server", server.address, *words, input=text, env=ENV)
            out.append((p.returncode, without_events(p.stdout), events(p.stdout), plain_errors(p.stderr)))
        assert out[1] == out[0], words
        assert ("state:ConnectedReadOnly type:None path:null" in out[1][2]) == ("-r" in words)
    server.stop()
