# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections: how many a second, and how long one takes from connect() to the first byte back; one at a time, 50 and 500 at once."""
from .. import load
from ..results import Metric
from .base import Case

NAME = "connect"
TITLE = "Connections"


def metrics(at_once):
    group = "connections, one at a time" if at_once == 1 else f"connections, {at_once} at once"
    return (Metric(f"connect.{at_once}.rate", group, "rate", "1/s"),
            Metric(f"connect.{at_once}.p50", group, "p50", "ms", "lower"),
            Metric(f"connect.{at_once}.p99", group, "p99", "ms", "lower"))


class Connect(Case):
    def __init__(self, at_once, seconds):
        """Without seconds: one connection each."""
        self.at_once, self.seconds = at_once, seconds
        self.metrics = metrics(at_once)
        self.title = self.metrics[0].group
        self.rounds = None if at_once < 500 else 3
        self.patience = 2 if at_once < 500 else 1  # a connection that is lost is waited for for half a minute
        self.count = {}

    def limit(self, peer):
        if peer.most_at_once and self.at_once > peer.most_at_once:
            return f"not measured: at most {peer.most_at_once} at once with this peer"
        return ""

    def prepare(self, peer):
        self.count[peer.name] = load.connections_for(peer, self.at_once, self.seconds) if self.seconds else self.at_once

    def run(self, peer):
        answer = load.connect(peer, self.count[peer.name], self.at_once)
        return dict(zip(self.metrics, (answer["per_second"], answer["p50_ms"], answer["p99_ms"])))


def cases(scale):
    return [Connect(at_once, scale.pick(1, None)) for at_once in scale.pick((1, 50, 500), (1, 10))]
