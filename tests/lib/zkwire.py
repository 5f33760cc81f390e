"""ZooKeeper's client protocol in raw bytes: frames in, frames out, nothing decided. For tests that compare servers."""
import hashlib
import socket
import struct

OPS = {"create": 1, "delete": 2, "exists": 3, "getData": 4, "setData": 5, "getACL": 6, "setACL": 7, "getChildren": 8, "sync": 9,
       "ping": 11, "getChildren2": 12, "check": 13, "multi": 14, "create2": 15, "reconfig": 16, "checkWatches": 17,
       "removeWatches": 18, "createContainer": 19, "deleteContainer": 20, "createTTL": 21, "multiRead": 22, "auth": 100,
       "setWatches": 101, "sasl": 102, "getEphemerals": 103, "getAllChildrenNumber": 104, "setWatches2": 105, "addWatch": 106,
       "whoAmI": 107, "closeSession": -11}


def i32(v):
    return struct.pack(">i", v)


def i64(v):
    return struct.pack(">q", v)


def buf(v):
    """A ustring or buffer; None is null."""
    if v is None:
        return i32(-1)
    v = v.encode() if isinstance(v, str) else v
    return i32(len(v)) + v


def vec(items):
    return i32(len(items)) + b"".join(buf(x) for x in items)


def acls(*entries):
    """(perms, scheme, id)..."""
    return i32(len(entries)) + b"".join(i32(p) + buf(s) + buf(i) for p, s, i in entries)


OPEN = acls((31, "world", "anyone"))


def multi(*ops):
    """(name, body)..."""
    return b"".join(i32(OPS[n] if isinstance(n, str) else n) + b"\0" + i32(-1) + body for n, body in ops) + i32(-1) + b"\1" + i32(-1)


def digest(user_password, algorithm="sha1"):
    import base64
    user = user_password.split(":")[0]
    return user + ":" + base64.b64encode(hashlib.new(algorithm, user_password.encode()).digest()).decode()


class Closed(Exception):
    pass


class Connection:
    """One connection. Replies come as (xid, zxid, err, body); events are kept in .events."""

    def __init__(self, port, timeout_ms=30000, session=0, password=b"\0" * 16, last_zxid=0, tail=b"\0", connect=True):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.xid = 0
        self.events = []
        self.session = 0
        if connect:
            self.frame(i32(0) + i64(last_zxid) + i32(timeout_ms) + i64(session) + buf(password) + tail)
            self.connect_response = self.read_frame()
            _, self.timeout_ms, self.session = struct.unpack(">iiq", self.connect_response[:16])
            self.password = self.connect_response[20:36]

    def frame(self, payload):
        try:
            self.socket.sendall(i32(len(payload)) + payload)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the next read says that it is closed

    def read_exactly(self, n):
        out = b""
        while len(out) < n:
            try:
                chunk = self.socket.recv(n - len(out))
            except ConnectionResetError:
                chunk = b""
            if not chunk:
                raise Closed()
            out += chunk
        return out

    def read_frame(self):
        return self.read_exactly(struct.unpack(">i", self.read_exactly(4))[0])

    def send(self, op, body=b"", xid=None):
        if xid is None:
            self.xid += 1
            xid = self.xid
        self.frame(i32(xid) + i32(OPS[op] if isinstance(op, str) else op) + body)

    def reply(self):
        """The next reply; events before it go to .events."""
        while True:
            frame = self.read_frame()
            xid, zxid, err = struct.unpack(">iqi", frame[:16])
            if xid != -1:
                return xid, zxid, err, frame[16:]
            self.events.append(frame)

    def call(self, op, body=b"", xid=None):
        self.send(op, body, xid)
        return self.reply()

    def auth(self, scheme, data):
        return self.call("auth", i32(0) + buf(scheme) + buf(data), xid=-4)

    def ping(self):
        """Everything that the server sent before is in .events afterwards."""
        return self.call("ping", xid=-2)

    def take_events(self):
        events, self.events = self.events, []
        return events

    def close(self):
        self.socket.close()
