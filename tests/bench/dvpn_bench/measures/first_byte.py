# SPDX-License-Identifier: GPL-2.0-or-later
"""From connect() to the first byte back at 100 ms round trip, in milliseconds and in round trips of the link as ping sees them:
warm (a session is there), and cold (none is)."""
import statistics

from .. import load
from ..results import Metric
from .base import Case

NAME = "first_byte"
TITLE = "First byte"
RTT_MS = 100
GROUP = f"first byte, {RTT_MS} ms"


def metrics(state):
    return (Metric(f"first_byte.{state}.ms", GROUP, state, "ms", "lower"),
            Metric(f"first_byte.{state}.rtt", GROUP, f"{state}, in round trips", "RTT", "lower"))


def beyond_two_round_trips():
    return Metric("first_byte.warm.beyond", GROUP, "warm, beyond two round trips", "ms", "lower", detail=True)


def round_trip_ms(peer):
    """Between the gateways, asked once."""
    known = peer.lab.round_trips
    if peer.sites not in known:
        out = peer.lab.run(peer.near, "ping", "-n", "-c", "5", "-i", "0.2", peer.far_wan)
        known[peer.sites] = statistics.median(float(line.split("time=")[1].split()[0]) for line in out.splitlines() if "time=" in line)
    return known[peer.sites]


class Warm(Case):
    title = "first byte, warm"
    rtt_ms = RTT_MS
    rounds = 3

    def __init__(self, count):
        self.count = count
        self.metrics = metrics("warm")

    def prepare(self, peer):
        load.connect(peer, self.count, 1)

    def run(self, peer):
        took = load.connect(peer, self.count, 1)["p50_ms"]
        link = round_trip_ms(peer)
        return {**dict(zip(self.metrics, (took, took / link))), beyond_two_round_trips(): took - 2 * link}


class Cold(Case):
    title = "first byte, cold"
    rtt_ms = RTT_MS
    rounds = 3

    def __init__(self):
        self.metrics = metrics("cold")

    def limit(self, peer):
        return "" if peer.has_sessions else "not measured: no session that a flow would wait for"

    def run(self, peer):
        took = peer.first_byte_ms()
        return dict(zip(self.metrics, (took, took / round_trip_ms(peer))))


def cases(scale):
    return [Warm(scale.pick(8, 2)), Cold()]
