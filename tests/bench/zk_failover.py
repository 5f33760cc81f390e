#!/usr/bin/env python3
"""Time from kill -9 of the leader of three, under load, to the next write through a survivor.

zk_failover.py KZ [--apache] [--rounds N]: one line with median, best and worst in ms."""
import argparse
import logging
import pathlib
import statistics
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import kzlib  # noqa: E402
import zklib  # noqa: E402
from zkensemble import Ensemble  # noqa: E402


def one_round(ensemble):
    from kazoo.exceptions import KazooException
    from kazoo.retry import KazooRetry
    leader = ensemble.wait_serving(60)
    survivors = ",".join(m.address for sid, m in ensemble.members.items() if sid != leader)
    retry = KazooRetry(max_tries=-1, delay=0.002, backoff=1, max_jitter=0)
    c = zklib.client(survivors, timeout=20, connection_retry=retry, randomize_hosts=False)
    c.ensure_path("/failover")
    times = []
    stop = threading.Event()

    def load():
        while not stop.is_set():
            try:
                c.set("/failover", b"x")
                times.append(time.monotonic())
            except KazooException:
                time.sleep(0.001)

    thread = threading.Thread(target=load)
    thread.start()
    kzlib.wait_for("load", lambda: len(times) > 100)
    ensemble[leader].kill()
    at = time.monotonic()
    kzlib.wait_for("the next write", lambda: times and times[-1] > at + 0.02, 60)
    # A write that the dead leader still answered came at once; the outage ends with the first one after the gap.
    after = [t for t in times if t > at - 0.05]
    gap = max(b - a for a, b in zip(after, after[1:]))
    stop.set()
    thread.join()
    c.stop()
    c.close()
    ensemble[leader].start()
    kzlib.wait_for("all three", lambda: len(ensemble.modes()) == 3 and ensemble.wait_serving(), 60)
    return gap * 1000


def main():
    logging.disable(logging.CRITICAL)  # kazoo tells of each attempt
    parser = argparse.ArgumentParser()
    parser.add_argument("kz")
    parser.add_argument("--apache", action="store_true")
    parser.add_argument("--rounds", type=int, default=20)
    args = parser.parse_args()
    kind = "apache" if args.apache else "kz"
    with tempfile.TemporaryDirectory() as directory:
        with Ensemble(args.kz, pathlib.Path(directory) / "e", {1: kind, 2: kind, 3: kind}, tick_ms=2000) as e:
            e.start()
            gaps = [one_round(e) for _ in range(args.rounds)]
    print(f"{kind}: {len(gaps)} failovers, median {statistics.median(gaps):.0f} ms, best {min(gaps):.0f}, worst {max(gaps):.0f}")


if __name__ == "__main__":
    main()
