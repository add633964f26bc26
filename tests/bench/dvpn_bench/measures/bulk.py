# SPDX-License-Identifier: GPL-2.0-or-later
"""Throughput: one flow at 0, 20, 100 and 200 ms round trip, 8 and 64 flows at 0 ms, up and down."""
from .. import load
from ..results import Metric
from .base import Case

NAME = "bulk"
TITLE = "Throughput"

# (round trip in ms, flows, seconds): longer on long paths, where a window needs its round trips to open.
FULL = [(0, 1, 1), (0, 8, 1), (0, 64, 1), (20, 1, 1), (100, 1, 8), (200, 1, 8)]
QUICK = [(0, 1, None), (0, 8, None), (20, 1, None)]
QUICK_KIBIBYTES = 4096


def metric(direction, flows, rtt_ms):
    what = "one flow" if flows == 1 else f"{flows} flows"
    return Metric(f"bulk.{direction}.{flows}.{rtt_ms}ms", f"{what}, {rtt_ms} ms", direction, "Gbit/s")


class Bulk(Case):
    def __init__(self, direction, flows, rtt_ms, seconds):
        """Without seconds: a small transfer."""
        self.direction, self.flows, self.rtt_ms, self.seconds = direction, flows, rtt_ms, seconds
        self.metric = metric(direction, flows, rtt_ms)
        self.metrics = (self.metric,)
        self.rounds = 2 if rtt_ms > 20 else 3 if rtt_ms or flows > 8 else None  # long runs, and what no target asks for
        self.title = self.metric.title
        self.kibibytes = {}

    def prepare(self, peer):
        self.kibibytes[peer.name] = (load.kibibytes_for(peer, self.direction, self.flows, self.seconds) if self.seconds
                                     else QUICK_KIBIBYTES // self.flows // (1 + self.rtt_ms // 10))

    def transfer(self, peer):
        return load.bulk(peer, self.direction, self.flows, self.kibibytes[peer.name])

    def run(self, peer):
        return {self.metric: self.transfer(peer)["gbit"]}


def cases(scale):
    return [Bulk(direction, flows, rtt_ms, seconds)
            for rtt_ms, flows, seconds in scale.pick(FULL, QUICK) for direction in ("up", "down")]
