#!/usr/bin/env python3
"""Records what Apache ZooKeeper answers and logs: the golden data of tests/unit/zk/golden_test.cc.

Starts the installed server (Debian's zookeeper package, or ZOOKEEPER_JAR), drives it with raw frames, one request at a
time, and writes FILE:
  > conn hex   a frame to the server, without its length      < conn hex   a frame from it
  x conn       the server closed the connection               L hex        a payload of its transaction log, in order
  S name hex   the snapshot that it wrote when it was started again over that log
usage: record.py FILE
"""
import base64, hashlib, os, shutil, socket, struct, subprocess, sys, tempfile, time, zlib

JAR = os.environ.get("ZOOKEEPER_JAR", "/usr/share/java/zookeeper.jar")
SUPER = "super:" + base64.b64encode(hashlib.sha1(b"super:secret").digest()).decode()
out = []


def i32(v): return struct.pack(">i", v)
def i64(v): return struct.pack(">q", v)
def buf(b): return i32(-1) if b is None else i32(len(b)) + b
def s(t): return buf(None if t is None else t.encode())
def vec(items): return i32(len(items)) + b"".join(items)
def acl(perms, scheme, ident): return i32(perms) + s(scheme) + s(ident)
OPEN = vec([acl(31, "world", "anyone")])
def flag(b): return b"\1" if b else b"\0"
def create(path, data, flags=0, a=OPEN): return s(path) + buf(data) + a + i32(flags)
def head(op, done=False, err=-1): return i32(op) + flag(done) + i32(err)
def multi(*ops): return b"".join(head(op) + body for op, body in ops) + head(-1, True)


class Conn:
    count = 0

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.settimeout(10)
        Conn.count += 1
        self.name = Conn.count
        self.xid = 0

    def send(self, body):
        out.append(f"> {self.name} {body.hex()}")
        self.sock.sendall(i32(len(body)) + body)

    def exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.sock.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def receive(self):
        try:
            body = self.exactly(struct.unpack(">i", self.exactly(4))[0])
        except (EOFError, ConnectionError):
            out.append(f"x {self.name}")
            return None
        out.append(f"< {self.name} {body.hex()}")
        return body

    def connect(self, timeout=10000, session=0, password=b"\0" * 16, tail=b"\0"):
        self.send(i32(0) + i64(0) + i32(timeout) + i64(session) + buf(password) + tail)
        answer = self.receive()
        if answer:
            self.session = struct.unpack(">q", answer[8:16])[0]
            self.password = answer[20:36]
        return answer

    # Sends a request and reads up to its reply (events before it included) or the close.
    def op(self, op, body=b"", xid=None, events=()):
        if xid is None:
            self.xid += 1
            xid = self.xid
        self.send(i32(xid) + i32(op) + body)
        while True:
            answer = self.receive()
            if answer is None or struct.unpack(">i", answer[:4])[0] == xid:
                break
        for other in events:
            other.receive()
        return answer


def drive(port):
    c = Conn(port)
    c.connect()
    c.op(11, xid=-2)
    c.op(1, create("/a", b"hello"))
    c.op(1, create("/a", b"again"))                       # NodeExists
    c.op(15, create("/a/b", b""))                         # create2
    c.op(1, create("/a/n", None))                         # null data
    c.op(4, s("/a/n") + flag(False))
    c.op(1, create("/a/s-", b"1", 2))                     # sequential
    c.op(1, create("/a/s-", b"2", 2))
    c.op(1, create("/missing/x", b""))                    # NoNode
    c.op(1, create("bad", b""))                           # BadArguments: no slash
    c.op(1, create("/a/../b", b""))
    c.op(1, create("/a//b", b""))
    c.op(1, create("/a/", b""))
    c.op(1, create("/a/\u001f", b""))
    c.op(1, create("/a/\ue000", b""))
    c.op(1, create("/u-\u00fc", b""))
    c.op(1, create("/flag", b"", 9))                      # unknown flag
    c.op(1, create("/noacl", b"", 0, vec([])))            # InvalidACL
    c.op(1, create("/badacl", b"", 0, vec([acl(31, "nope", "x")])))
    c.op(1, create("/badacl", b"", 0, vec([acl(31, "ip", "1.2.3")])))
    c.op(1, create("/auth", b"", 0, vec([acl(31, "auth", "")])))  # nobody authenticated
    c.op(1, create("/zookeeper", b""))
    c.op(1, create("/", b""))
    c.op(3, s("/a") + flag(False))
    c.op(3, s("/none") + flag(False))
    c.op(4, s("/a") + flag(False))
    c.op(4, s("/none") + flag(True))
    c.op(5, s("/a") + buf(b"world") + i32(-1))
    c.op(5, s("/a") + buf(b"w") + i32(7))                 # BadVersion
    c.op(5, s("/a") + buf(None) + i32(1))
    c.op(5, s("/none") + buf(b"") + i32(-1))
    c.op(5, s("none") + buf(b"") + i32(-1))
    c.op(6, s("/a"))
    c.op(12, s("/zookeeper/quota") + flag(False))
    c.op(8, s("/none") + flag(False))
    c.op(2, s("/a") + i32(-1))                            # NotEmpty
    c.op(2, s("/none") + i32(-1))
    c.op(2, s("/none/x") + i32(-1))
    c.op(2, s("/zookeeper") + i32(-1))
    c.op(2, s("/") + i32(-1))
    c.op(2, s("/a/n") + i32(3))                           # BadVersion
    c.op(2, s("/a/n") + i32(0))
    c.op(3, s("/a") + flag(False))                        # cversion as clients see it
    c.op(9, s("/a"))
    c.op(104, s("/a"))
    # authentication and ACLs
    c.op(100, i32(0) + s("digest") + buf(b"bob:pw"), xid=-4)
    c.op(107)
    mine = vec([acl(31, "auth", "")])
    c.op(1, create("/mine", b"m", 0, mine))
    c.op(6, s("/mine"))
    d = Conn(port)
    d.connect(timeout=1000000)                            # clamped
    d.op(4, s("/mine") + flag(False))
    d.op(5, s("/mine") + buf(b"") + i32(-1))
    d.op(1, create("/mine/x", b""))
    d.op(7, s("/mine") + OPEN + i32(-1))
    d.op(6, s("/mine"))
    c.op(7, s("/mine") + vec([acl(1, "world", "anyone"), acl(31, "digest", "bob:x"), acl(31, "digest", "bob:x")]) + i32(0))
    d.op(6, s("/mine"))
    d.op(100, i32(0) + s("digest") + buf(b"super:secret"), xid=-4)
    d.op(6, s("/mine"))
    d.op(7, s("/mine") + OPEN + i32(5))                   # BadVersion
    d.op(7, s("/mine") + OPEN + i32(1))
    # multi
    c.op(14, multi())
    c.op(14, multi((1, create("/m", b"1")), (15, create("/m/s", b"", 2)), (5, s("/m") + buf(b"2") + i32(0)),
                   (13, s("/m") + i32(1)), (2, s("/m/s0000000000") + i32(-1))))
    c.op(14, multi((1, create("/m/x", b"")), (2, s("/none") + i32(-1)), (5, s("/m") + buf(b"3") + i32(-1))))
    c.op(3, s("/m/x") + flag(False))
    c.op(1, create("/m/s", b"", 2))                       # the failed multi left no trace in the counter
    c.op(14, multi((13, s("/m") + i32(0)),))
    c.op(22, multi((4, s("/m") + flag(False)), (8, s("/none") + flag(False)), (8, s("/m") + flag(False))))
    c.op(14, multi((4, s("/m") + flag(False))))           # a read in a multi
    # watches
    d.op(4, s("/a") + flag(True))
    d.op(3, s("/w") + flag(True))
    d.op(8, s("/a") + flag(True))
    c.op(5, s("/a") + buf(b"x") + i32(-1), events=[d])
    c.op(1, create("/w", b""), events=[d])
    c.op(1, create("/a/w", b""), events=[d])
    d.op(4, s("/a/w") + flag(True))
    d.op(8, s("/a/w") + flag(True))
    d.op(8, s("/a") + flag(True))
    c.op(2, s("/a/w") + i32(-1), events=[d, d])           # deleted once, then the parent's children
    d.op(106, s("/p") + i32(0))
    d.op(106, s("/r") + i32(1))
    c.op(1, create("/p", b""), events=[d])
    c.op(1, create("/r", b""), events=[d])
    c.op(1, create("/r/x", b""), events=[d])
    c.op(5, s("/r/x") + buf(b"1") + i32(-1), events=[d])
    c.op(1, create("/p/x", b""), events=[d])
    c.op(2, s("/p/x") + i32(-1), events=[d])
    d.op(17, s("/p") + i32(3))
    d.op(17, s("/nobody") + i32(2))
    d.op(18, s("/p") + i32(3))
    d.op(18, s("/p") + i32(3))
    d.op(18, s("/r") + i32(3))
    e = Conn(port)
    e.connect()
    e.op(101, i64(0) + vec([s("/a")]) + vec([s("/m")]) + vec([s("/none")]), xid=-8)
    e.op(105, i64(1 << 40) + vec([s("/a")]) + vec([s("/new")]) + vec([s("/a")]) + vec([s("/pp")]) + vec([s("/rr")]), xid=-8)
    c.op(1, create("/new", b""), events=[e])
    # ephemerals
    e.op(1, create("/eph", b"", 1))
    e.op(1, create("/eph/x", b""))                        # NoChildrenForEphemerals
    e.op(3, s("/eph") + flag(False))
    e.op(103, s("/"))
    c.op(3, s("/eph") + flag(True))
    # containers and TTL
    c.op(19, create("/cont", b"", 4))
    c.op(21, create("/ttl", b"t", 5) + i64(100000))
    c.op(21, create("/ttl2", b"t", 5) + i64(-5))
    c.op(21, create("/ttls-", b"t", 6) + i64(100000))
    c.op(3, s("/cont") + flag(False))
    c.op(3, s("/ttl") + flag(False))
    c.op(1, create("/cont/x", b""))
    c.op(14, multi((19, create("/mc", b"", 4)), (21, create("/mt", b"", 5) + i64(7))))
    c.op(16, s(None) + s(None) + s(None) + i64(-1))       # ReconfigDisabled
    # a session taken over, refused, closed
    f = Conn(port)
    f.connect(session=d.session, password=b"x" * 16)
    f = Conn(port)
    f.connect(session=d.session, password=d.password)
    d.receive()
    f.op(4, s("/a") + flag(False))
    g = Conn(port)
    g.connect(tail=b"")                                   # an old client
    g.op(5000)                                            # unknown op
    g.receive()
    e.op(-11, events=[c])
    e.receive()
    h = Conn(port)
    h.connect()
    h.op(100, i32(0) + s("nope") + buf(b"x"), xid=-4)
    h.receive()
    c.op(-11)
    c.receive()


def start(cfg, port):
    server = subprocess.Popen(["java", "-cp", JAR, f"-Dzookeeper.DigestAuthenticationProvider.superDigest={SUPER}",
                               "org.apache.zookeeper.server.quorum.QuorumPeerMain", cfg],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        try:
            with socket.create_connection(("127.0.0.1", port)) as ready:
                ready.sendall(b"srvr")
                if b"Mode:" in ready.recv(10000):
                    return server
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit("the server does not answer")


def main():
    home = tempfile.mkdtemp()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    cfg = os.path.join(home, "zoo.cfg")
    with open(cfg, "w") as f:
        f.write(f"tickTime=2000\ndataDir={home}\nclientPort={port}\nadmin.enableServer=false\nextendedTypesEnabled=true\n")
    server = start(cfg, port)
    try:
        drive(port)
        time.sleep(0.5)
        for name in sorted(os.listdir(os.path.join(home, "version-2"))):
            if not name.startswith("log."):
                continue
            data = open(os.path.join(home, "version-2", name), "rb").read()
            at = 16
            while at + 12 <= len(data):
                checksum, size = struct.unpack(">qi", data[at:at + 12])
                if size == 0:
                    break
                payload = data[at + 12:at + 12 + size]
                assert zlib.adler32(payload) == checksum and data[at + 12 + size] == 0x42
                out.append("L " + payload.hex())
                at += 13 + size
        last = struct.unpack(">q", payload[12:20])[0]
        server.terminate()
        server.wait()
        server = start(cfg, port)
        name = f"snapshot.{last:x}"
        out.append(f"S {name} " + open(os.path.join(home, "version-2", name), "rb").read().hex())
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(home)
    with open(sys.argv[1], "w") as f:
        f.write("\n".join(out) + "\n")


main()
