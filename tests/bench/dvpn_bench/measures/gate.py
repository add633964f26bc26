# SPDX-License-Identifier: GPL-2.0-or-later
"""What holding a connection's first packet costs. connect() through the gate is a round trip of one byte over the same flow path and
the far side's own connect(): what is beyond both at 0 ms is the gate's. And connect() on a long path, beyond the link's round trip."""
from .. import load
from ..results import Metric
from .base import Case
from .first_byte import round_trip_ms

NAME = "gate"
TITLE = "The gate"
RTT_MS = 100
OURS = ("relay", "direct")
INTERVAL_MS = 1

ADDED = Metric("gate.added", "the gate, 0 ms", "connect() beyond a byte's round trip and the far side's connect()", "ms", "lower")
CONNECT = Metric("gate.connect", "the gate, 0 ms", "connect(), p50", "ms", "lower")
BEYOND = Metric("gate.beyond", f"the gate, {RTT_MS} ms", "connect() beyond one round trip", "ms", "lower")


class Added(Case):
    title = "the gate"
    only = OURS
    metrics = (CONNECT, ADDED)

    def __init__(self, count):
        self.count = count

    def prepare(self, peer):
        load.connect(peer, self.count, 1)

    def run(self, peer):
        through = load.connect(peer, self.count, 1)["connect_p50_ms"]
        byte = load.keystrokes(peer, self.count, INTERVAL_MS)["p50_ms"]
        far = load.connect(peer, self.count, 1, at=peer.far)["connect_p50_ms"]
        return {CONNECT: through, ADDED: through - byte - far}


class LongPath(Case):
    title = "the gate, on a long path"
    rtt_ms = RTT_MS
    only = OURS
    rounds = 3
    metrics = (BEYOND,)

    def __init__(self, count):
        self.count = count

    def prepare(self, peer):
        load.connect(peer, self.count, 1)

    def run(self, peer):
        return {BEYOND: load.connect(peer, self.count, 1)["connect_p50_ms"] - round_trip_ms(peer)}


def cases(scale):
    return [Added(scale.pick(500, 50)), LongPath(scale.pick(8, 2))]
