# SPDX-License-Identifier: GPL-2.0-or-later
"""A keystroke's round trip (one byte each way on an open connection) at 20 ms: on an idle link, beside an upload, beside a
download. How fast that went on meanwhile is counted on the client's interface."""
import time

from .. import load
from ..results import Metric
from .base import Case

NAME = "keystroke"
TITLE = "Keystrokes"
RTT_MS = 20
ENDLESS = "99000000k"  # more than any run carries
INTERVAL_MS = 5
UNDER_WAY = 1_000_000  # bytes that show that it flows


def _group(beside):
    return f"keystrokes {'alone' if beside == 'idle' else f'beside a transfer {beside}'}, {RTT_MS} ms"


def metrics(beside):
    return (Metric(f"keystroke.{beside}.p50", _group(beside), "p50", "ms", "lower"),
            Metric(f"keystroke.{beside}.p99", _group(beside), "p99", "ms", "lower"))


def bulk_metric(beside):
    return Metric(f"keystroke.{beside}.bulk", _group(beside), "the transfer meanwhile", "Gbit/s")


class Keystroke(Case):
    rtt_ms = RTT_MS
    rounds = 3

    def __init__(self, beside, count):
        self.beside, self.count = beside, count
        self.metrics = metrics(beside)
        self.title = f"keystrokes, {beside}"
        if beside != "idle":
            self.metrics += (bulk_metric(beside),)

    def run(self, peer):
        if self.beside == "idle":
            return self._figures(load.keystrokes(peer, self.count, INTERVAL_MS))
        begun = _bytes(peer, self.beside)
        with load.Background(peer, "bulk", peer.host, peer.port, self.beside, 1, ENDLESS) as bulk:
            peer.lab.until(f"the transfer {self.beside}", lambda: _bytes(peer, self.beside) > begun + UNDER_WAY, seconds=20)
            start, before = time.monotonic(), _bytes(peer, self.beside)
            figures = self._figures(load.keystrokes(peer, self.count, INTERVAL_MS))
            bulk.must_run("the bulk transfer beside the keystrokes")
            figures[self.metrics[2]] = (_bytes(peer, self.beside) - before) * 8e-9 / (time.monotonic() - start)
            return figures

    def _figures(self, answer):
        return dict(zip(self.metrics, (answer["p50_ms"], answer["p99_ms"])))


def _bytes(peer, direction):
    """Through the client's interface so far."""
    name = "tx_bytes" if direction == "up" else "rx_bytes"
    return int(peer.lab.run(peer.client, "cat", f"/sys/class/net/eth0/statistics/{name}"))


def cases(scale):
    return [Keystroke(beside, scale.pick(200, 5)) for beside in ("idle", "up", "down")]
