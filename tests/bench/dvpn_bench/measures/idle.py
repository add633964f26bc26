# SPDX-License-Identifier: GPL-2.0-or-later
"""1,000 and 10,000 idle flows: what each costs in memory at both gateways, and how fast one active flow is beside them, of the
same flow alone. The peer is started anew for each, so that nothing is left of flows that have gone."""
import resource

from .. import load, processes
from ..results import Metric
from .base import Case
from .cpu import PLACES

NAME = "idle"
TITLE = "Idle flows"
DIRECTIONS = ("up", "down")
SECONDS_TO_OPEN = 60
NOTICEABLE = 100  # bytes a flow of one program
DESCRIPTORS_A_FLOW = 2  # in a relay, and in redsocks


def most_flows():
    """Where the number of descriptors cannot be raised to what 10,000 flows take, somewhat fewer."""
    return (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200) // DESCRIPTORS_A_FLOW


def _group(flows):
    return f"{flows:,} idle flows"


def share_metric(flows, direction):
    return Metric(f"idle.{flows}.share.{direction}", _group(flows), f"one flow {direction}, of the same alone", "")


def beside_metric(flows, direction):
    return Metric(f"idle.{flows}.beside.{direction}", _group(flows), f"one flow {direction}", "Gbit/s")


def memory_metric(flows, what, detail=False):
    return Metric(f"idle.{flows}.memory.{what}", _group(flows), f"memory a flow, {what}", "KB", "lower", detail)


class Idle(Case):
    rounds = 2
    patience = 1  # it may take SECONDS_TO_OPEN to fail

    def __init__(self, flows, seconds):
        self.flows, self.seconds = flows, seconds
        self.title = f"{flows:,} idle flows"
        self.metrics = (*(share_metric(flows, d) for d in DIRECTIONS), *(beside_metric(flows, d) for d in DIRECTIONS),
                        *(memory_metric(flows, place) for place in PLACES))
        self.kibibytes = {}

    def _count(self, peer):
        return min(self.flows, most_flows(), peer.most_idle or self.flows)

    def limit(self, peer):
        if peer.most_idle and peer.most_idle < self.flows / 100:
            return f"not measured: at most {peer.most_idle} flows with this peer"
        return ""

    def prepare(self, peer):
        for direction in DIRECTIONS:
            self.kibibytes[peer.name, direction] = load.kibibytes_for(peer, direction, 1, self.seconds) if self.seconds else 1024

    def run(self, peer):
        peer.restart()
        alone = self._throughput(peer)
        peer.restart()
        try:
            load.connect(peer, 1, 1)  # (a session is no flow's)
            return self._beside(peer, alone)
        except BaseException:
            peer.restart()  # whatever that many flows have done to it
            raise

    def _throughput(self, peer):
        return {d: load.bulk(peer, d, 1, self.kibibytes[peer.name, d])["gbit"] for d in DIRECTIONS}

    def _beside(self, peer, alone):
        count = self._count(peer)
        before = processes.memory_bytes(peer.lab, peer.sites)
        with load.Background(peer, "hold", peer.host, peer.port, count, *peer.client_addresses(count)) as idle:
            answer = idle.answer(f"{count:,} idle flows", SECONDS_TO_OPEN)
            if answer["open"] < count:
                raise load.Failed(f"{answer['open']:,} of {count:,} idle flows could be opened: {answer['error']}")
            used = processes.difference(processes.memory_bytes(peer.lab, peer.sites), before)
            beside = self._throughput(peer)
            idle.must_run("the idle flows")
        figures = {}
        for direction in DIRECTIONS:
            figures[share_metric(self.flows, direction)] = beside[direction] / alone[direction]
            figures[beside_metric(self.flows, direction)] = beside[direction]
        for place in PLACES:
            figures[memory_metric(self.flows, place)] = sum(b for key, b in used.items() if key.startswith(place)) / count / 1024
        figures |= {memory_metric(self.flows, key, detail=True): b / count / 1024 for key, b in used.items() if b >= NOTICEABLE * count}
        return figures


def cases(scale):
    return [Idle(flows, scale.pick(1, None)) for flows in scale.pick((1_000, 10_000), (20,))]
