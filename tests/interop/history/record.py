"""Clients of an ensemble that write down what they ask and what they are told, with times of one clock, until they are told to end
(end of standard input). usage: record.py FILE.json KEYS HOST:PORT..."""
import json
import logging
import random
import sys
import threading
import time

from kazoo.client import KazooClient
from kazoo.exceptions import BadVersionError, KazooException

logging.disable(logging.CRITICAL)
out, keys, addresses = sys.argv[1], [f"/k{n}" for n in range(int(sys.argv[2]))], sys.argv[3:]
ending = threading.Event()
records, lock = [], threading.Lock()


def connected(hosts):
    c = KazooClient(",".join(hosts), timeout=4.0, randomize_hosts=False,
                    connection_retry={"max_tries": -1, "delay": 0.05, "max_delay": 0.2},
                    command_retry={"max_tries": 0})
    c.start(60)
    return c


def once(c, client, n, kind, key, known):
    """One operation; known: the version of each key that this client saw last."""
    r = {"client": client, "kind": kind, "key": key, "value": f"{client}.{n}", "expect": known.get(key, 0), "version": -1, "mzxid": 0,
         "session": c.client_id[0] if c.client_id else 0}
    r["call"] = time.monotonic_ns()
    try:
        if kind == "set":
            stat = c.set_async(key, r["value"].encode()).get(timeout=8)
        elif kind == "cas":
            stat = c.set_async(key, r["value"].encode(), r["expect"]).get(timeout=8)
        else:
            if kind == "read":
                synced = c.sync_async("/")
                read = c.get_async(key)
                synced.get(timeout=8)
            else:
                read = c.get_async(key)
            value, stat = read.get(timeout=8)
            r["value"] = value.decode()
        r["return"] = time.monotonic_ns()
        r["version"], r["mzxid"] = stat.version, stat.mzxid
        known[key] = stat.version
    except BadVersionError:
        r["return"] = time.monotonic_ns()
        known.pop(key, None)
    except (KazooException, c.handler.timeout_exception):
        r["return"] = -1
    if not c.client_id or c.client_id[0] != r["session"]:
        r["session"] = 0  # it ended in another session than it began
    with lock:
        records.append(r)


def run(client):
    rng = random.Random(client)
    hosts = addresses[client % len(addresses):] + addresses[:client % len(addresses)]
    c = connected(hosts)
    known, n = {}, 0
    while not ending.is_set():
        n += 1
        kind = rng.choices(["set", "cas", "read", "get"], [2, 3, 3, 4])[0]
        once(c, client, n, kind, rng.choice(keys), known)
        time.sleep(rng.uniform(0, 0.01))
    for key in keys:  # what became of it all
        once(c, client, n + 1, "read", key, known)
    c.stop()
    c.close()


first = connected(addresses)
for key in keys:
    first.create(key, b"")
first.stop()
first.close()
threads = [threading.Thread(target=run, args=(n,), daemon=True) for n in range(9)]
for t in threads:
    t.start()
print("recording", flush=True)
sys.stdin.read()
ending.set()
deadline = time.monotonic() + 60
for t in threads:
    t.join(max(0, deadline - time.monotonic()))
with lock, open(out, "w") as f:
    json.dump(records, f)
