"""One script of requests to Apache ZooKeeper 3.8 (Debian's) and to kz: the answers are the same bytes.

What cannot be equal is masked: session ids, their passwords and wall clock times. Lists whose order is that of a Java hash set are
sorted. Everything else counts: error codes, zxids (so a refused write takes one here iff it does there), stats, versions, events and
their order, what closes a connection.

Where kz differs knowingly, and what is therefore not tried here:
- Null strings are read as empty ones (kazoo sends empty ones so); the original fails with MarshallingError.
- checkWatches looks at the watches of the connection that asks; the original's also at those of others.
- An attempt to take a session over with a wrong password leaves its connection alone; the original closes it.
- ip entries of ACLs may be IPv6.
- A TTL or a quota node that makes the original end is refused, or harmless.
"""
import hashlib
import re
import shutil
import signal
import struct
import time

import pytest

import kzlib
import zkensemble
import zklib
from zkwire import OPEN, Closed, Connection, acls, buf, digest, i32, i64, multi, vec


class Session:
    """A connection whose calls are written into a transcript, masked."""

    def __init__(self, book, name, **options):
        self.book, self.name = book, name
        self.c = Connection(book.port, **options)
        if options.get("connect", True):
            book.sessions.setdefault(self.c.session, b"<session %d>" % len(book.sessions))
            book.sessions.setdefault(struct.unpack(">q", self.c.password[:8])[0], b"<password>")
            book.sessions.setdefault(struct.unpack(">q", self.c.password[8:])[0], b"<password>")
            book.note(name, "connect", self.c.connect_response)

    def __call__(self, op, body=b"", xid=None, listed=None, label=""):
        """listed: 'names' (a vector of strings first, then the rest) or 'pairs' (of strings): order is masked."""
        what = f"{op} {label or body!r}"
        try:
            xid, zxid, err, reply = self.c.call(op, body, xid)
        except Closed:
            self.events(what)
            self.book.note(self.name, what, "closed")
            return None
        self.events(what)
        if listed and err == 0:
            reply = sort_strings(reply, 2 if listed == "pairs" else 1)
        self.book.note(self.name, what, xid, zxid, err, reply)
        return reply

    def auth(self, scheme, data):
        return self("auth", i32(0) + buf(scheme) + buf(data), xid=-4)

    def events(self, what=""):
        for frame in self.c.take_events():
            self.book.note(self.name, "event before the answer of " + what, frame)

    def ping(self):
        self("ping", xid=-2)

    def expect_close(self):
        self.ping()  # notes "closed", or that it is not


def sort_strings(reply, width):
    count = struct.unpack(">i", reply[:4])[0]
    at, items = 4, []
    for _ in range(count):
        item = b""
        for _ in range(width):
            n = 4 + max(struct.unpack(">i", reply[at:at + 4])[0], 0)
            item += reply[at:at + n]
            at += n
        items.append(item)
    return reply[:4] + b"".join(sorted(items)) + reply[at:]


class Book:
    def __init__(self, server):
        self.server = server
        self.port = server.port
        self.sessions = {}
        self.lines = []

    def session(self, name="a", **options):
        return Session(self, name, **options)

    def note(self, *what):
        self.lines.append(" ".join(repr(self.mask(w)) if isinstance(w, bytes) else str(w) for w in what))

    def mask(self, data):
        data = re.sub(rb"(?<=127\.0\.0\.1:)\d+:\d+", b"<ports>", data)
        for value, name in self.sessions.items():
            if value:
                data = data.replace(i64(value), name)
        now = int(time.time() * 1000)
        out, at = b"", 0
        while at < len(data):
            if at + 8 <= len(data) and abs(struct.unpack(">q", data[at:at + 8])[0] - now) < 600_000:
                out += b"<time>"
                at += 8
            else:
                out += data[at:at + 1]
                at += 1
        return out


class Apache:
    def __init__(self, directory, extra, jvm):
        self.arguments = {"directory": directory, "extra": "tickTime=2000\n" + extra, "jvm": jvm}
        self.server = kzlib.ApacheZooKeeper(**self.arguments).wait_ready()
        self.port = self.server.port

    def restart(self):
        self.server.stop(signal.SIGKILL)
        self.server = kzlib.ApacheZooKeeper(**self.arguments, port=self.port).wait_ready()

    def stop(self):
        self.server.stop(signal.SIGKILL)


class Ours:
    def __init__(self, kz, directory, extra, jvm):
        self.server = zklib.ZkServer(kz, directory, "tickTime=2000\n" + extra, env={"SERVER_JVMFLAGS": " ".join(jvm)}).start()
        self.port = self.server.port

    def restart(self):
        self.server.kill()
        self.server.start()

    def stop(self):
        self.server.stop()


class Three:
    """An ensemble; clients talk to server 1, which follows server 3."""

    def __init__(self, kz, directory, kind, extra):
        self.ensemble = zkensemble.Ensemble(kz, directory, {1: kind, 2: kind, 3: kind}, extra="syncLimit=10\n" + extra, tick_ms=2000)
        self.ensemble.start(2, 3)
        assert self.ensemble.wait_serving(60) == 3
        self.ensemble.start(1)
        self.ensemble.wait_serving(60)
        self.port = self.ensemble[1].port

    def stop(self):
        self.ensemble.__exit__()


def transcript(server, script):
    try:
        book = Book(server)
        script(book)
        assert len(book.lines) > 3
        return book.lines
    finally:
        server.stop()


def same(theirs, mine):
    differences = [f"line {n}\n  Apache: {a}\n  kz:     {b}" for n, (a, b) in enumerate(zip(theirs, mine)) if a != b]
    if len(theirs) != len(mine):
        differences.append(f"Apache has {len(theirs)} lines, kz {len(mine)}")
    assert not differences, f"{len(differences)} differences:\n" + "\n".join(differences[:40])


def compare(kz, tmp_path, script, extra="", jvm=()):
    """Runs the script on both; all differences at once."""
    same(transcript(Apache(tmp_path / "apache", extra, jvm), script), transcript(Ours(kz, tmp_path / "kz", extra, jvm), script))


def create(path, data=b"", acl=OPEN, flags=0):
    return buf(path) + buf(data) + acl + i32(flags)


def create_ttl(path, ttl, flags=5, data=b"", acl=OPEN):
    return buf(path) + buf(data) + acl + i32(flags) + i64(ttl)


def path_watch(path, watch=False):
    return buf(path) + (b"\1" if watch else b"\0")


def path_int(path, number=-1):
    return buf(path) + i32(number)


def set_data(path, data, version=-1):
    return buf(path) + buf(data) + i32(version)


def set_acl(path, acl, version=-1):
    return buf(path) + acl + i32(version)


def look(s, path):
    """Everything that can be read of a node."""
    s("exists", path_watch(path))
    s("getData", path_watch(path))
    s("getChildren", path_watch(path), listed="names")
    s("getChildren2", path_watch(path), listed="names")
    s("getACL", buf(path))
    if path:  # of "" the original counts the root too; no client sends it
        s("getAllChildrenNumber", buf(path))
    if "\U0001f600" not in (path if isinstance(path, str) else path.decode("utf-8", "replace")):
        s("sync", buf(path))  # the original answers a surrogate pair in six bytes


PATHS = ["", "/", "//", "a", "a/b", "/p/", "/p//c", "/./p", "/p/.", "/p/..", "/../p", "/p/.../x", "/...", "/..a", "/a..", "/.a", "/p/.b",
         "/p/a\0b", "\0", "/a\0", "/\x01", "/\x1f", "/ ", "/p/ x ", "/\x7f", "/\x85", "/\x9f", "/\xa0", "/\ud7ff", "/\ue000", "/\uf8ff",
         "/\uf900", "/\uffef", "/\ufff0", "/\ufffd", "/\uffff", "/\U0001f600", "/ünïcödé", "/p/\u4e2d\u6587", "/zookeeper", "/zookeeper/",
         "/zookeeper/quota", "/zookeeper/config", "/zookeeper/quota/", "/zookeeper/x", "/zookeeper/config/x", "/no/parent", "/no", "/p"]


def paths(book):
    s = book.session()
    s("create", create("/p", b"parent"))
    for path in PATHS:
        path = path.encode("utf-8", "surrogatepass")
        for flags in (0, 2):
            s("create", create(path, flags=flags))
        s("create2", create(path, b"x"))
        s("createContainer", create(path, b"x", flags=4))
        look(s, path)
        s("setData", set_data(path, b"new"))
        s("setACL", set_acl(path, OPEN))
        s("multi", multi(("check", path_int(path))))
        s("multi", multi(("create", create("/in-multi")), ("create", create(path)), ("delete", path_int("/in-multi"))))
        s("delete", path_int("/in-multi"))
        s("multiRead", multi(("getData", path_watch(path)), ("getData", path_watch("/p"))))
        s("getEphemerals", buf(path))
        s("delete", path_int(path))
    look(s, "/")
    look(s, "/p")
    look(s, "/zookeeper")


def test_paths(kz, tmp_path):
    compare(kz, tmp_path, paths)


def creations(book):
    s = book.session()
    for op in ("create", "create2", "createContainer"):
        for flags in range(-1, 9):
            s(op, create(f"/{op}-{flags}-", b"data", flags=flags))
            if op != "createContainer" or flags not in (1, 3):  # there the answer says whether the change is still under way
                s("create", create(f"/{op}-{flags}-/child", None))
    for flags in range(-1, 9):
        for ttl in (-2, -1, 0, 1, 500_000, (1 << 40) - 1, 1 << 40, (1 << 63) - 1):
            if flags in (5, 6) or ttl >= 0:  # the original ends when it applies others
                s("createTTL", create_ttl(f"/ttl-{flags}-{ttl}", ttl, flags))
    s("create", create("/eph", flags=1))
    s("create", create("/eph/child"))
    s("create", create("/eph/child", flags=1))
    s("create", create("/null", None))
    s("getData", path_watch("/null"))
    s("setData", set_data("/null", b""))
    s("getData", path_watch("/null"))
    s("setData", set_data("/null", None))
    s("getData", path_watch("/null"))
    for acl in (acls(), i32(-1), acls((31, "world", "anyone"), (31, "world", "anyone")), acls((0, "world", "anyone")),
                acls((-1, "world", "anyone")), acls((64, "world", "anyone")), acls((31, "world", "other")), acls((31, "super", "")),
                acls((31, "auth", "")), acls((31, "auth", "x")), acls((31, None, "x")), acls((31, "none", "x")), acls((31, "digest", "a")), acls((31, "digest", "a:")), acls((31, "digest", ":b")),
                acls((31, "digest", "a:b")), acls((31, "digest", "a:b:c")), acls((31, "digest", "a:b:")), acls((31, "digest", "a:b::")),
                acls((31, "digest", ":")), acls((31, "digest", "")), acls((31, "digest", "::b")), acls((31, "sasl", "bob")),
                acls((31, "x509", "CN=x")), acls((31, "ip", "127.0.0.1")), acls((31, "ip", "127.0.0.1/0")), acls((31, "ip", "127.0.0.1/32")),
                acls((31, "ip", "127.0.0.1/33")), acls((31, "ip", "127.0.0.1/-1")), acls((31, "ip", "127.0.0.1/")), acls((31, "ip", "127.0.0.1/8/8")),
                acls((31, "ip", "127.0.0.1/+8")), acls((31, "ip", "127.0.0")), acls((31, "ip", "127.0.0.256")), acls((31, "ip", "127.0.0.01")),
                acls((31, "ip", "127.0.0.+1")), acls((31, "ip", "")), acls((31, "ip", "1.2.3.4.5")), acls((31, "ip", "1.2.3.4 ")),
                acls((31, "ensemble", "x")), acls((1, "world", "anyone"), (31, "bad", "x")), acls((31, "ip", "1.2.3.4"), (3, "ip", "1.2.3.4"))):
        s("create", create("/acl", b"", acl))
        s("getACL", buf("/acl"))
        s("setACL", set_acl("/acl", OPEN))
        s("delete", path_int("/acl"))
        s("setACL", set_acl("/null", acl))
        s("setACL", set_acl("/null", OPEN))
    for n in range(3):
        s("create", create("/null/s-", flags=2))
        s("create", create("/null/", flags=2))
    s("delete", path_int("/null/s-0000000000"))
    s("create", create("/null/s-", flags=3))
    s("getEphemerals", buf("/null"))
    s("getEphemerals", buf("/"), listed="names")
    s("getEphemerals", buf(" "), listed="names")
    s("getEphemerals", buf(None), listed="names")
    s("getEphemerals", buf("/e"), listed="names")
    s("closeSession")
    s.expect_close()
    t = book.session("b")
    look(t, "/")
    look(t, "/null")
    look(t, "/createContainer-4-")


def test_creations(kz, tmp_path):
    compare(kz, tmp_path, creations, "extendedTypesEnabled=true\n")


def test_creations_without_extended_types(kz, tmp_path):
    compare(kz, tmp_path, creations)


def versions(book):
    s = book.session()
    s("create", create("/v", b"0"))
    for version in (0, 0, 1, -1, -2, 5, 2**31 - 1, -2**31):
        s("setData", set_data("/v", b"x" * 3, version))
        s("setACL", set_acl("/v", OPEN, version))
        s("multi", multi(("check", path_int("/v", version)), ("setData", set_data("/v", b"m", version))))
        s("delete", path_int("/v/none", version))
    s("create", create("/v/c"))
    s("delete", path_int("/v", 0))
    s("delete", path_int("/v", 77))
    s("delete", path_int("/v"))
    s("setData", set_data("/v/none", b""))
    s("setACL", set_acl("/v/none", OPEN))
    s("setACL", set_acl("/v/none", acls()))
    look(s, "/v")
    # multis
    for ops in ((), (("create", create("/m1")), ("create", create("/m1/a")), ("setData", set_data("/m1", b"q")), ("delete", path_int("/m1/a"))),
                (("create2", create("/m2")), ("createContainer", create("/m3", flags=4)), ("createTTL", create_ttl("/m4", 1000))),
                (("create", create("/m5-", flags=2)), ("create", create("/m5-", flags=3)), ("create2", create("/m5-", flags=2))),
                (("create", create("/m6")), ("create", create("/m6"))), (("check", path_int("/v", 99)), ("create", create("/m7"))),
                (("create", create("/m8")), ("delete", path_int("/none")), ("check", path_int("/v"))),
                (("create", create("/m9", flags=9)),), (("setACL", set_acl("/v", OPEN)),), (("sync", buf("/v")),), ((99, b""),),
                (("getData", path_watch("/v")),), (("getData", path_watch("/v")), ("create", create("/m10"))),
                (("create", create("/m11")), ("getData", path_watch("/v"))), (("delete", path_int("/m1")), ("create", create("/m1")),
                 ("setData", set_data("/m1", b"again", 0)), ("setData", set_data("/m1", b"again", 1))), (("exists", path_watch("/v")),)):
        s("multi", multi(*ops))
        s("multiRead", multi(*ops))
    s("multiRead", multi(("getData", path_watch("/v", True)), ("getData", path_watch("/none")), ("getChildren", path_watch("/v", True)),
                         ("getChildren", path_watch("/m1/none"))))
    s("setData", set_data("/v", b"seen?"))
    s("create", create("/v/d"))
    s.ping()
    look(s, "/")
    s("whoAmI", listed="pairs")
    s("getEphemerals")
    s("reconfig", buf("server.1=x:1:2;3") + buf(None) + buf(None) + i64(-1))


def test_versions_and_multi(kz, tmp_path):
    compare(kz, tmp_path, versions)
    compare(kz, tmp_path / "ttl", versions, "extendedTypesEnabled=true\n")


def lifetimes(book):
    """Containers and TTL nodes go by themselves, when they are empty and were used, or old."""
    s, w = book.session(), book.session("watcher")
    poll = Connection(book.port)

    def gone(path):
        kzlib.wait_for(f"the end of {path}", lambda: poll.call("exists", path_watch(path))[2] == -101)
        w.ping()
        s("exists", path_watch(path))

    s("createContainer", create("/unused", flags=4))
    s("createContainer", create("/c", flags=4))
    s("createContainer", create("/c/inner", flags=4))
    s("create", create("/c/inner/x"))
    w("addWatch", path_int("/", 1))
    s("delete", path_int("/c/inner/x"))
    gone("/c/inner")
    gone("/c")
    s("createTTL", create_ttl("/ttl", 100))
    gone("/ttl")
    s("createTTL", create_ttl("/parent", 100))
    s("create", create("/parent/child"))
    s("createTTL", create_ttl("/seq-", 100, flags=6))
    gone("/seq-0000000004")
    look(s, "/parent")
    s("delete", path_int("/parent/child"))
    gone("/parent")
    s("multi", multi(("createContainer", create("/in-multi", flags=4)), ("create", create("/in-multi/x")), ("delete", path_int("/in-multi/x"))))
    gone("/in-multi")
    look(s, "/unused")
    look(s, "/")


def test_lifetimes(kz, tmp_path):
    compare(kz, tmp_path, lifetimes, "extendedTypesEnabled=true\n", ["-Dznode.container.checkIntervalMs=300"])


def watches(book):
    w, s = book.session("watcher"), book.session("writer")
    s("create", create("/w"))

    def step(op, body):
        s(op, body)
        w.ping()

    changes = [("create", create("/w/a")), ("setData", set_data("/w/a", b"1")), ("setACL", set_acl("/w/a", OPEN)), ("create", create("/w/a/b")),
               ("setData", set_data("/w/a/b", b"2")), ("delete", path_int("/w/a/b")), ("delete", path_int("/w/a")), ("setData", set_data("/w", b"w")),
               ("multi", multi(("create", create("/w/a")), ("setData", set_data("/w/a", b"x")), ("delete", path_int("/w/a"))))]

    def run_changes():
        for change in changes:
            step(*change)

    for paths_watched in (("/w",), ("/w/a",), ("/w", "/w/a"), ("/",), ("/w/a/b", "/w")):
        for kinds in (("exists",), ("getData",), ("getChildren",), ("getChildren2",), ("exists", "getData", "getChildren"), ("getChildren", "exists")):
            for path in paths_watched:
                for kind in kinds:
                    w(kind, path_watch(path, True), listed="names" if kind.startswith("getChildren") else None)
            run_changes()
    for mode in (0, 1, 2, -1):
        for path in ("/w", "/w/a", "/", "/w/a/b/c", "/zookeeper"):
            w("addWatch", path_int(path, mode))
            for kind in (1, 2, 3, 0, 4):
                w("checkWatches", path_int(path, kind))
                w("checkWatches", path_int(path.rstrip("/") + "/below", kind))
            run_changes()
            w("exists", path_watch("/w", True))
            run_changes()
            for kind in (1, 1, 2, 2, 3, 0):
                w("removeWatches", path_int(path, kind))
            run_changes()
    # Several at once, on one node and above it.
    w("addWatch", path_int("/w", 1))
    w("addWatch", path_int("/w/a", 0))
    w("addWatch", path_int("/", 1))
    run_changes()
    w("addWatch", path_int("/w", 0))
    run_changes()
    w("removeWatches", path_int("/", 3))
    w("getData", path_watch("/w", True))
    w("getChildren", path_watch("/w", True), listed="names")
    w("removeWatches", path_int("/w", 2))
    w("checkWatches", path_int("/w", 1))
    run_changes()
    w("removeWatches", path_int("/none", 3))
    w("checkWatches", path_int("/w/a/", 3))
    # The watches of a connection go with it; another one arms them again.
    v = book.session("second watcher", session=w.c.session, password=w.c.password, last_zxid=0)
    w.expect_close()
    w = v
    run_changes()
    s("create", create("/w/stays", b"x"))
    zxid = struct.unpack(">q", s.c.ping()[1].to_bytes(8, "big"))[0]
    for op, more in (("setWatches", b""), ("setWatches2", vec(["/w/p", "/w"]) + vec(["/", "/w/r"]))):
        for relative in (0, zxid - 5, zxid, zxid + 100):
            w(op, i64(relative) + vec(["/w", "/gone", "/w/stays"]) + vec(["/w", "/w/a"]) + vec(["/w", "/gone", "/w/stays"]) + more, xid=-8)
            w.ping()
            run_changes()
            w("removeWatches", path_int("/w/p", 3))
            w("removeWatches", path_int("/w", 3))
            w("removeWatches", path_int("/", 3))
            w("removeWatches", path_int("/w/r", 3))
    w("setWatches", i64(0), xid=-8)
    # Own changes: the event comes before the answer.
    s("getData", path_watch("/w", True))
    s("getChildren", path_watch("/w", True), listed="names")
    s("setData", set_data("/w", b"own"))
    s("create", create("/w/own", flags=1))
    s("exists", path_watch("/w/own", True))
    w("exists", path_watch("/w/own", True))
    w("getChildren", path_watch("/w", True), listed="names")
    s("closeSession")
    s.expect_close()
    w.ping()


def test_watches(kz, tmp_path):
    compare(kz, tmp_path, watches)


def malformed(book):
    """Bodies cut at every place, null and negative lengths: answered, never a crash; connections that must close do."""
    s = book.session()
    s("create", create("/t", b"data"))
    bodies = {"create": create("/t/c", b"d", acls((31, "world", "anyone"))), "create2": create("/t/c"), "delete": path_int("/t/c"),
              "exists": path_watch("/t"), "getData": path_watch("/t"), "setData": set_data("/t", b"new"), "getACL": buf("/t"),
              "setACL": set_acl("/t", OPEN), "getChildren": path_watch("/t"), "getChildren2": path_watch("/t"), "sync": buf("/t"),
              "multi": multi(("create", create("/t/m")), ("delete", path_int("/t/m"))), "multiRead": multi(("getData", path_watch("/t"))),
              "createContainer": create("/t/k", flags=4), "createTTL": create_ttl("/t/ttl", 1000), "checkWatches": path_int("/t", 1),
              "removeWatches": path_int("/t", 1), "addWatch": path_int("/t", 0), "getEphemerals": buf("/t"), "getAllChildrenNumber": buf("/t"),
              "setWatches": i64(0) + vec([]) + vec(["/t/no"]) + vec([]), "setWatches2": i64(0) + vec([]) * 5}
    for op, body in bodies.items():
        for n in range(len(body)):
            s(op, body[:n])
        s(op, body + b"trailing")
        s(op, b"\xff\xff\xff\xfe" + body[4:])
        s(op, b"\x7f\xff\xff\xff" + body[4:])
        s("delete", path_int("/t/c"))
        s("delete", path_int("/t/k"))
        s("delete", path_int("/t/ttl"))
    look(s, "/t")
    look(s, "/")
    for op in (0, 10, 12345, 23, 108, -1, -12, 99):
        t = book.session(f"op {op}")
        t(op, b"", label="unknown")
        t.expect_close()
    # Frames of all lengths: what is too short for a header closes the connection, what is too large too.
    for n in (0, 1, 4, 7):
        t = book.session(f"a frame of {n} bytes")
        t.c.frame(b"\0" * n)
        t.expect_close()
    for length in (-1, 0xfffff + 1, 2**31 - 1):
        t = book.session(f"a frame that says {length}")
        t.c.socket.sendall(i32(length))
        t.expect_close()
    rest = len(create("/large", b"")) + 8
    for size in (0xfffff - rest - 1, 0xfffff - rest, 0xfffff - rest + 1):
        t = book.session(f"data of {size}")
        t("create", create("/large", b"x" * size), label=f"of {size}")
        t("getChildren2", path_watch("/large"))
        t("delete", path_int("/large"))
    # Instead of a connect request.
    whole = i32(0) + i64(0) + i32(10000) + i64(0) + buf(b"\0" * 16)
    for n in (0, 4, 12, 20, 27, 30):
        c = Connection(book.port, connect=False)
        c.frame(whole[:n])
        try:
            book.note("connect request cut", n, c.read_frame())
        except Closed:
            book.note("connect request cut", n, "closed")
    look(book.session("end"), "/")


def test_malformed(kz, tmp_path):
    compare(kz, tmp_path, malformed)


def sessions(book):
    for timeout in (-1, 0, 1, 3999, 4000, 5000, 40000, 40001, 2**31 - 1):
        book.session(f"timeout {timeout}", timeout_ms=timeout)("closeSession")
    a = book.session("old client", tail=b"")
    a("create", create("/e", flags=1))
    b = book.session("taken over", session=a.c.session, password=a.c.password)
    a.expect_close()
    b("getEphemerals", buf("/"))
    b("getData", path_watch("/e"))
    unknown = Connection(book.port, session=1234567, password=b"0" * 16)
    book.note("unknown session", unknown.connect_response)
    with pytest.raises(Closed):
        Connection(book.port, last_zxid=1 << 40)
    # Last: the original lets anybody close a session's connection so.
    wrong = Connection(book.port, session=a.c.session, password=b"0" * 16)
    book.note("wrong password", wrong.connect_response)
    c = book.session("again", session=a.c.session, password=a.c.password)
    c("closeSession")
    c.expect_close()
    gone = Connection(book.port, session=a.c.session, password=a.c.password)
    book.note("closed session", gone.connect_response)
    book.session("last")("exists", path_watch("/e"))


def test_sessions(kz, tmp_path):
    compare(kz, tmp_path, sessions)


ACL_NODES = {"none": acls((1, "digest", digest("alice:secret"))), "read": acls((1, "world", "anyone")), "write": acls((2, "world", "anyone")),
             "create": acls((4, "world", "anyone")), "delete": acls((8, "world", "anyone")), "admin": acls((16, "world", "anyone")),
             "zero": acls((0, "world", "anyone")), "bob": acls((31, "digest", digest("bob:pw"))),
             "bob-ro": acls((1, "world", "anyone"), (30, "digest", digest("bob:pw"))), "local": acls((31, "ip", "127.0.0.0/8")),
             "far": acls((31, "ip", "10.1.2.3")), "all-ip": acls((31, "ip", "1.2.3.4/0")), "odd": acls((31, "ip", "126.0.0.0/7")),
             "mixed": acls((1, "ip", "127.0.0.1"), (2, "digest", digest("bob:pw")), (4, "digest", "x:y"), (16, "digest", digest("eve:1")))}


def use_nodes(s):
    for name in ACL_NODES:
        path = "/" + name
        look(s, path)
        s("setData", set_data(path, b"x"))
        s("setData", set_data(path, b"x", 99))
        s("create", create(path + "/c"))
        s("create", create(path + "/c"))
        s("multi", multi(("check", path_int(path))))
        s("multiRead", multi(("getData", path_watch(path)), ("getChildren", path_watch(path))))
        s("delete", path_int(path + "/c"))
        s("delete", path_int(path + "/none"))
        s("setACL", set_acl(path, acls(), 99))
        s("setACL", set_acl(path, OPEN, 99))
        s("setACL", set_acl(path, acls((31, "auth", ""))))
        s("getACL", buf(path))


def permissions(book):
    make = book.session("maker")
    for name, acl in ACL_NODES.items():
        make("create", create("/" + name, name.encode(), acl))
    use_nodes(book.session("nobody"))
    bob = book.session("bob")
    bob("whoAmI", listed="pairs")
    bob.auth("digest", "bob:pw")
    bob.auth("digest", "bob:pw")
    bob("whoAmI", listed="pairs")
    use_nodes(bob)
    bob("create", create("/mine", b"", acls((31, "auth", ""))))
    bob.auth("digest", "carol:x:y")
    bob.auth("digest", "nocolon")
    bob.auth("digest", "")
    bob.auth("ip", "")
    bob("whoAmI", listed="pairs")
    look(bob, "/mine")
    look(make, "/mine")
    boss = book.session("super")
    boss.auth("digest", "super:admin")
    boss("whoAmI", listed="pairs")
    use_nodes(boss)
    boss("create", create("/boss", b"", acls((31, "auth", ""))), label="auth as super")
    boss("setData", set_data("/zookeeper/config", b"changed"))
    boss("setData", set_data("/zookeeper", b"changed"))
    boss("delete", path_int("/zookeeper/config"))
    make("setData", set_data("/zookeeper/config", b"x"))
    for scheme, data in (("world", "anyone"), ("none", "x"), ("sasl", "bob"), ("super", "x"), ("x509", "x"), ("", ""), (None, None),
                         ("digest", None), ("ensemble", "other"), ("ensemble", "mine"), ("ensemble", ""), ("ensemble", None), ("auth", "")):
        t = book.session(f"auth {scheme} {data}")
        t.auth(scheme, data)
        t("whoAmI", listed="pairs")
        t("exists", path_watch("/none"))
    t = book.session("auth cut off")
    t("auth", i32(0) + buf("digest"), xid=-4)
    t("exists", path_watch("/none"))
    t = book.session("own xid")
    t("auth", i32(7) + buf("digest") + buf("u:p"), xid=12)
    t("whoAmI", listed="pairs")


SUPER = f"DigestAuthenticationProvider.superDigest={digest('super:admin')}\n"


def test_permissions(kz, tmp_path):
    compare(kz, tmp_path, permissions, SUPER)


def test_permissions_with_other_settings(kz, tmp_path):
    compare(kz, tmp_path / "skip", permissions, SUPER + "skipACL=yes\n")
    compare(kz, tmp_path / "sha256", permissions, SUPER + "DigestAuthenticationProvider.digestAlg=SHA-256\n")
    compare(kz, tmp_path / "off", permissions, SUPER + "DigestAuthenticationProvider.enabled=false\n")
    compare(kz, tmp_path / "ensemble", permissions, SUPER + "ensembleAuthName=mine,other2\n"
            "authProvider.1=org.apache.zookeeper.server.auth.EnsembleAuthenticationProvider\n"
            "authProvider.2=org.apache.zookeeper.server.auth.SASLAuthenticationProvider\n")


def enforced(book):
    s = book.session("no credentials")
    s.ping()
    s("exists", path_watch("/"))
    s.expect_close()
    s = book.session("digest")
    s.auth("digest", "bob:pw")
    s("create", create("/x"))
    s("whoAmI", listed="pairs")
    s("closeSession")
    s = book.session("only ping")
    s.ping()
    s = book.session("close without credentials")
    s("closeSession")


def test_enforced_authentication(kz, tmp_path):
    compare(kz, tmp_path, enforced, "enforce.auth.enabled=true\nenforce.auth.schemes=digest\n")
    compare(kz, tmp_path / "ip", enforced, "enforce.auth.enabled=true\nenforce.auth.schemes=digest,ip\n")


def quotas(book):
    s = book.session()
    q = "/zookeeper/quota"

    def quota(root, text, stats=True):
        made = ""
        for part in root.strip("/").split("/"):
            made += "/" + part
            s("create", create(q + made))
        s("create", create(q + root + "/zookeeper_limits", text))
        if stats:
            s("create", create(q + root + "/zookeeper_stats", b"count=0,bytes=0"))
        show(root)

    def show(*roots):
        for root in roots:
            for name in ("zookeeper_limits", "zookeeper_stats"):
                s("getData", path_watch(f"{q}{root}/{name}"))

    s("create", create("/a", b"12345"))
    s("create", create("/a/b", b"1234567890"))
    quota("/a", b"count=3,bytes=20")
    s("create", create("/a/c", b"xxx"))
    s("create", create("/a/d", b"over the soft limits, both of them"))
    s("setData", set_data("/a/b", b""))
    show("/a")
    s("setData", set_data(q + "/a/zookeeper_limits", b"count=5,bytes=60=;byteHardLimit=60;countHardLimit=5"))
    s("create", create("/a/e", b"y" * 13))
    s("create", create("/a/e", b"y" * 12))
    s("create", create("/a/e", b"y"))
    s("create", create("/a/f", b""))
    s("setData", set_data("/a/e", b"y" * 12))
    s("setData", set_data("/a/e", b"y" * 30))
    s("setData", set_data("/a/e", b"y" * 30, 99))
    s("setData", set_data("/a", None))
    s("setData", set_data("/a/e", b"y" * 30))
    show("/a")
    s("multi", multi(("delete", path_int("/a/e")), ("create", create("/a/g", b"z"))))
    s("delete", path_int("/a/e"))
    s("multi", multi(("create", create("/a/g", b"z")), ("create", create("/a/h", b"z"))))
    s("multi", multi(("create", create("/a/g", b"z")), ("setData", set_data("/a/g", b"zz")), ("delete", path_int("/a/g"))))
    s("create", create("/a/i-", flags=3))
    s("createContainer", create("/a/box", b"k", flags=4))
    show("/a")
    s("create", create("/ab", b"z" * 100))
    show("/a")
    # Nested: the deepest one counts, alone.
    quota("/a/b", b"count=2,bytes=-1=;byteHardLimit=-1;countHardLimit=2")
    s("create", create("/a/b/1", b"1"))
    s("create", create("/a/b/2", b"1"))
    s("create", create("/a/b/1/deep", b"1"))
    show("/a", "/a/b")
    s("setData", set_data(q + "/a/b/zookeeper_limits", b"count=-1,bytes=4=;byteHardLimit=4"))
    s("create", create("/a/b/2", b"12345"))
    s("create", create("/a/b/2", b"123"))
    s("create", create("/a/b/3", b"123"))
    show("/a", "/a/b")
    s("delete", path_int(q + "/a/b/zookeeper_stats"))
    s("create", create("/a/b/4", b"123"))
    s("delete", path_int(q + "/a/b/zookeeper_limits"))
    s("create", create("/a/b/5", b"123"))
    s("delete", path_int("/a/b/5"))
    s("delete", path_int(q + "/a/b"))
    show("/a", "/a/b")
    # Limits before the node, and what is no number.
    quota("/later", b"count=1,bytes=3=;byteHardLimit=3;countHardLimit=1")
    s("create", create("/later", b"12"))
    s("create", create("/later/x", b""))
    s("setData", set_data("/later", b"1234"))
    s("setData", set_data("/later", b"123"))
    show("/later")
    s("delete", path_int("/later"))
    show("/later")
    s("create", create("/later", b"1", flags=1))
    show("/later")
    t = book.session("owner of an ephemeral")
    s("delete", path_int("/later"))
    t("create", create("/later", b"12", flags=1))
    show("/later")
    t("closeSession")
    show("/later")
    for text in (b"count=1,bytes=5", b"count=1;bytes=5", b"bytes=2,count=2", b"count=2,bytes=2=;other=5", b""):
        s("setData", set_data(q + "/later/zookeeper_limits", text))
        s("create", create("/later", b"12"))
        s("create", create("/later/a", b"34"))
        s("create", create("/later/b", b"34"))
        show("/later")
        for path in ("/later/b", "/later/a", "/later"):
            s("delete", path_int(path))
    s("create", create("/zookeeper/x", b"1"))
    look(s, "/")


def quotas_after_a_crash(book):
    quotas(book)
    book.server.restart()
    s = book.session("restarted")
    show_quotas(s)
    s("create", create("/a/once", b"x" * 20))
    s("setData", set_data("/a", b"x" * 20))
    show_quotas(s)


def show_quotas(s):
    for root in ("/a", "/a/b", "/later"):
        for name in ("zookeeper_limits", "zookeeper_stats"):
            s("getData", path_watch(f"/zookeeper/quota{root}/{name}"))
    look(s, "/a")


def test_quotas_enforced(kz, tmp_path):
    settings = "enforceQuota=true\n"
    compare(kz, tmp_path, quotas_after_a_crash, settings)
    # A snapshot's statistics are not believed but counted: both read the one that the original took at its second start.
    shutil.copytree(tmp_path / "apache" / "zk-data", tmp_path / "again" / "data")

    def statistics(book):
        show_quotas(book.session())

    same(transcript(Apache(tmp_path / "apache", settings, ()), statistics), transcript(Ours(kz, tmp_path / "again", settings, ()), statistics))


def test_quotas_soft(kz, tmp_path):
    compare(kz, tmp_path, quotas)


JAAS = """Server {
  org.apache.zookeeper.server.auth.DigestLoginModule required user_super="adminsecret" user_bob="bobsecret" user_j\u00f6rg="gr\u00fcn";
};
"""


def md5_response(nonce, user, password, /, **other):
    """A client's DIGEST-MD5 response (RFC 2831). other: directives to replace; None leaves one out."""
    def md5(data):
        return hashlib.md5(data).digest()

    realm, uri = "zk-sasl-md5", "zookeeper/zk-sasl-md5"
    d = {"charset": "utf-8", "username": f'"{user}"', "realm": f'"{realm}"', "nonce": f'"{nonce}"', "nc": "00000001",
         "cnonce": '"fixed"', "digest-uri": f'"{uri}"', "maxbuf": "65536", "qop": "auth", "authzid": f'"{user}"'}
    a1 = md5(f"{user}:{realm}:{password}".encode("latin-1")) + f":{nonce}:fixed".encode()
    d.update(other)
    if d["authzid"]:
        a1 += b":" + d["authzid"].strip('"').encode()
    a2 = f"AUTHENTICATE:{uri}".encode()
    d.setdefault("response", md5(":".join([md5(a1).hex(), nonce, "00000001", "fixed", "auth", md5(a2).hex()]).encode()).hex())
    return ",".join(f"{k}={v}" for k, v in d.items() if v is not None).encode()


def sasl(book):
    def log_in(s, user, password, **other):
        reply = s.c.call("sasl", buf(b""))
        challenge = reply[3][4:].decode()
        nonce = re.search('nonce="([^"]*)"', challenge)
        if nonce is None:
            book.note(s.name, "challenge", reply)
            return
        # The order of directives is Java's hash map's.
        directives = sorted(challenge.replace(nonce[1], "<nonce>").split(","))
        book.note(s.name, "challenge", reply[:3], directives)
        try:
            xid, zxid, err, token = s.c.call("sasl", buf(md5_response(nonce[1], user, password, **other)))
            book.note(s.name, user, xid, zxid, err, token[4:12] if len(token) > 4 else token, len(token))
        except Closed:
            book.note(s.name, user, "closed")
        s("whoAmI", listed="pairs")
        s("exists", path_watch("/"))

    for user, password in (("bob", "bobsecret"), ("j\u00f6rg", "gr\u00fcn"), ("bob", "wrong"), ("eve", "x"), ("super", "adminsecret")):
        log_in(book.session(f"login of {user} with {password}"), user, password)
    for n, other in enumerate(({"authzid": None}, {"authzid": '"super"'}, {"qop": None}, {"maxbuf": None}, {"charset": None}, {"nc": "00000002"},
                               {"nonce": '"x"'}, {"realm": '"x"'}, {"digest-uri": '"zookeeper/x"'}, {"qop": "auth-conf"}, {"cnonce": None},
                               {"response": "0" * 32}, {"username": None})):
        log_in(book.session(f"variant {n}"), "bob", "bobsecret", **other)
    bob, super_user, other = book.session("bob"), book.session("super"), book.session("other")
    log_in(bob, "bob", "bobsecret")
    log_in(super_user, "super", "adminsecret")
    for n, acl in enumerate((acls((31, "sasl", "bob")), acls((31, "auth", "")), acls((1, "sasl", "bob"), (2, "sasl", "eve")), acls((31, "sasl", "")),
                             acls((31, "sasl", "a@b")), acls((31, "sasl", "a@b@c")), acls((31, "sasl", "a/b@c")), acls((31, "sasl", "super")))):
        bob("create", create(f"/s{n}", b"x", acl))
        for s in (bob, super_user, other):
            look(s, f"/s{n}")
            s("setData", set_data(f"/s{n}", b"y"))
    other("sasl", buf(None))
    early = book.session("a token too early")
    xid, zxid, err, token = early.c.call("sasl", buf(b"x"))
    book.note("too early", xid, zxid, err, token[4:13])
    early("exists", path_watch("/"))
    cut = book.session("cut off")
    cut("sasl", b"\0\0")
    cut("exists", path_watch("/"))


PROVIDER = "authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider\n"


def test_sasl(kz, tmp_path):
    jaas = tmp_path / "jaas.conf"
    jaas.write_text(JAAS)
    jvm = [f"-Djava.security.auth.login.config={jaas}", "-Dfile.encoding=UTF-8"]
    compare(kz, tmp_path / "1", sasl, PROVIDER, jvm)
    compare(kz, tmp_path / "2", sasl, PROVIDER + "sessionRequireClientSASLAuth=true\n", jvm)
    compare(kz, tmp_path / "3", sasl, PROVIDER + "allowSaslFailedClients=true\nsuperUser=bob\nletAnySaslUserDoX=eve\n", jvm)
    compare(kz, tmp_path / "4", sasl, PROVIDER + "requireClientAuthScheme=sasl\nsuperUser.1=super\n",
            jvm + ["-Dzookeeper.SASLAuthenticationProvider.superPassword=other"])


def test_sasl_without_a_login(kz, tmp_path):
    compare(kz, tmp_path, sasl)


def everything(book):
    for script in (paths, creations, versions, watches, permissions, quotas, malformed, sessions):
        script(book)


@pytest.mark.parametrize("extra", ["", "enableEagerACLCheck=true\n"], ids=["", "eager"])
def test_through_a_follower(kz, tmp_path, extra):
    """The same scripts on ensembles: every write is forwarded to the leader."""
    extra += SUPER + "extendedTypesEnabled=true\nenforceQuota=true\n"
    mine = transcript(Three(kz, tmp_path / "kz", "kz", extra), everything)
    for attempt in range(4):
        try:  # a busy follower of Apache 3.8.0 at times leaves a write without an answer, until the session ends
            theirs = transcript(Three(kz, tmp_path / f"apache{attempt}", "apache", extra), everything)
            break
        except TimeoutError:
            assert attempt < 3
    same(theirs, mine)
