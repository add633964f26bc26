# SPDX-License-Identifier: GPL-2.0-or-later
"""A table of 65,536 gateways beside a table of one: start, reload, rules, memory, lookup, and connections to the last prefix.

The rates with the two tables are taken in the order large, small, small, large, so that what changes on the machine meanwhile
meets both.
"""
import json
import subprocess
import time

from .. import lab as labs
from .. import load, processes
from ..errors import Failed
from ..large_table import Tables
from ..results import Metric
from .base import Case

NAME = "table"
TITLE = "Large tables"


def metrics(size):
    return {what: Metric(f"table.{what}.{size}", f"table of {size:,}", title, unit, better) for what, title, unit, better in (
        ("start", "start of dvpnd until it is ready", "s", "lower"),
        ("reload", "reload", "s", "lower"),
        ("rules", "dvpn-rules install", "s", "lower"),
        ("memory", "memory of dvpnd", "MB", "lower"),
        ("rate", "connections to the last prefix, one at a time", "1/s", "higher"))}


LOOKUP = Metric("table.lookup.65536", "table of 65,536", "one lookup", "ns", "lower")
PARSE = Metric("table.parse.65536", "table of 65,536", "reading the file", "s", "lower")
SHARE = Metric("table.share", "table of 65,536", "connections, of a table of one", "")


class Table(Case):
    title = "large tables"
    only = ("relay",)
    rounds = 3

    def __init__(self, size, connections):
        self.connections = connections
        self.large, self.small = metrics(size), metrics(1)
        self.metrics = (*self.large.values(), *self.small.values(), LOOKUP, PARSE, SHARE)
        self.size = size

    def prepare(self, peer):
        self.tables = Tables(peer.lab, self.size)

    def run(self, peer):
        figures = _microbench(peer)
        try:
            for metric, table in ((self.small, self.tables.small), (self.large, self.tables.large)):
                self.tables.put(table)
                figures[metric["rules"]] = _rules_seconds(peer)
                figures[metric["start"]], process = _start_seconds(peer)
                figures[metric["memory"]] = _steady_memory(peer) / 1e6
                load.connect(peer, 1, 1)  # a session
                if metric is self.large:
                    self._rates(peer, figures)
                labs.stop(process)
        finally:
            self.tables.put(self.tables.small)
            _rules_seconds(peer)
            peer.restart()
        return figures

    def _rates(self, peer, figures):
        rates = {"large": [], "small": []}
        for which, table, metric in (("large", None, None), ("small", self.tables.small, self.small), ("small", None, None),
                                     ("large", self.tables.large, self.large)):
            if table:
                self.tables.put(table)
                figures[metric["reload"]] = _reload_seconds(peer)
                load.connect(peer, 5, 1)
            rates[which].append(load.connect(peer, self.connections, 1)["per_second"])
        figures[self.large["rate"]], figures[self.small["rate"]] = (sum(rates[w]) / 2 for w in ("large", "small"))
        figures[SHARE] = sum(rates["large"]) / sum(rates["small"])


def _config(peer):
    return peer.lab.state / "a" / "etc" / "dvpnd.yaml"


def _rules_seconds(peer):
    begun = time.monotonic()
    peer.lab.run(peer.near, peer.lab.tree.rules, "-c", _config(peer), "--dvpnd", peer.lab.tree.dvpnd, "install", timeout=60)
    return time.monotonic() - begun


def _start_seconds(peer):
    """Until the daemon says that it is ready, with the table read and the sets filled."""
    processes.end(peer.lab, ("a",), ("dvpnd",))
    begun = time.monotonic()
    process = peer.lab.spawn(peer.near, peer.lab.tree.dvpnd, "-c", _config(peer), log="dvpnd-table")
    start = process.log.stat().st_size
    peer.lab.until("dvpnd", lambda: b" ready: " in process.log.read_bytes()[start:], process, step=0.002)
    return time.monotonic() - begun, process


def _steady_memory(peer):
    """Bytes, once two readings are the same but for a hundredth: a start goes on filling the second stop when the daemon is ready."""
    readings = [0]

    def steady():
        readings.append(sum(b for key, b in processes.memory_bytes(peer.lab, ("a",)).items() if "dvpnd" in key))
        return abs(readings[-1] - readings[-2]) < readings[-1] / 100

    peer.lab.until("steady memory", steady, step=0.1)
    return readings[-1]


def _reload_seconds(peer):
    begun = time.monotonic()
    peer.lab.run(peer.near, peer.lab.tree.dvpn, "reload", "--socket", peer.lab.state / "a" / "run" / "control.sock")
    return time.monotonic() - begun


def _microbench(peer):
    """Google Benchmark's figures of the table alone."""
    command = [peer.lab.tree.table_bench, "--benchmark_filter=/family:0", "--benchmark_format=json", "--benchmark_min_time=0.2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise Failed(f"table_bench: {done.stderr.strip()}")
    times = {b["name"]: (b["cpu_time"], b["time_unit"]) for b in json.loads(done.stdout)["benchmarks"]}
    seconds = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}
    return {metric: times[f"{name}/family:0"][0] * seconds[times[f"{name}/family:0"][1]] / seconds[metric.unit]
            for metric, name in ((LOOKUP, "lookup"), (PARSE, "parse"))}


def cases(scale):
    return [Table(scale.pick(65_536, 2_048), scale.pick(2_000, 20))]
