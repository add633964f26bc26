# SPDX-License-Identifier: GPL-2.0-or-later
"""What dvpn is to reach, and what there is to reach for beyond that. A figure is a ratio in the same run wherever it can be."""
import dataclasses

from .measures import bulk, cpu, first_byte, gate, idle, keystroke, table

OURS = ("direct", "relay")
PACKET_VPNS = ("openvpn", "wireguard-go", "tinc", "fastd", "vtun")


@dataclasses.dataclass(frozen=True)
class Target:
    title: str
    sense: str          # ">=" or "<="
    must: float
    reach: float | None
    unit: str
    terms: tuple        # (metric id, peer) one or two
    combine: str = "value"  # of the terms, round by round: value, ratio, difference

    def figure(self, results):
        """A spread, or None if something of it was not measured."""
        functions = {"value": lambda a: a, "ratio": lambda a, b: a / b if b else float("inf"), "difference": lambda a, b: a - b}
        return results.combine(functions[self.combine], *self.terms)

    def met(self, figure, bound):
        return figure.median >= bound if self.sense == ">=" else figure.median <= bound


def _ratio(title, metric, mine, other, sense, must, reach, other_metric=None):
    return Target(title, sense, must, reach, "times", ((metric, mine), (other_metric or metric, other)), "ratio")


def _value(title, metric, mine, sense, must, reach, unit):
    return Target(title, sense, must, reach, unit, ((metric, mine),))


def _bulk(direction, flows, rtt_ms):
    return bulk.metric(direction, flows, rtt_ms).id


def throughput():
    for flows, what, bounds in ((1, "one flow", {("direct", "up"): (1.2, 1.4), ("direct", "down"): (0.95, 1.05),
                                                 ("relay", "up"): (0.9, 1.2), ("relay", "down"): (0.9, 1.0)}),
                                (8, "8 flows", {("direct", "up"): (1.3, 1.4), ("direct", "down"): (0.95, 1.0),
                                                ("relay", "up"): (1.0, 1.2), ("relay", "down"): (0.9, 1.0)})):
        for (peer, direction), (must, reach) in bounds.items():
            yield _ratio(f"{what} {direction}, 0 ms, {peer}, of ssh -L", _bulk(direction, flows, 0), peer, "ssh", ">=", must, reach)
    for other, must, reach in (("sshuttle", 20, 25), *((vpn, 10, 15) for vpn in PACKET_VPNS)):
        for peer in OURS:
            for direction in ("up", "down"):
                yield _ratio(f"one flow {direction}, 0 ms, {peer}, of {other}", _bulk(direction, 1, 0), peer, other, ">=", must, reach)
    for peer in OURS:
        for direction, must, reach in (("down", 5, 7), ("up", 1, 3)):
            yield _ratio(f"one flow {direction}, 100 ms, {peer}, of ssh -L", _bulk(direction, 1, 100), peer, "ssh", ">=", must, reach)


def connections():
    for at_once, what, must, reach in ((1, "one at a time", 1.0, 1.1), (50, "50 at once", 0.6, 1.0)):
        yield _ratio(f"connections/s {what}, relay, of ssh -L", f"connect.{at_once}.rate", "relay", "ssh", ">=", must, reach)
    for at_once, what, must in ((1, "one at a time", 300), (50, "50 at once", 150)):
        yield _ratio(f"connections/s {what}, relay, of a session per connection", f"connect.{at_once}.rate", "relay", "2003", ">=", must, None)
    for peer in OURS:
        yield _ratio(f"500 connections at once, {peer}: none fails, and p99 of p50", "connect.500.p99", peer, peer, "<=", 5, None, "connect.500.p50")


def latency():
    for peer in OURS:
        yield _value(f"what the gate adds to connect(), 0 ms, {peer}", gate.ADDED.id, peer, "<=", 0.05, None, "ms")
        yield _value(f"connect(), warm, {gate.RTT_MS} ms, {peer}: beyond one round trip", gate.BEYOND.id, peer, "<=", 2, None, "ms")
    for peer in OURS:
        yield _value(f"first byte, warm, {first_byte.RTT_MS} ms, {peer}: beyond two round trips", first_byte.beyond_two_round_trips().id, peer,
                     "<=", 2, None, "ms")
    for peer in OURS:
        for direction in ("up", "down"):
            busy, idle_p99 = f"keystroke.{direction}.p99", "keystroke.idle.p99"
            yield Target(f"keystroke p99 beside a transfer {direction}, {keystroke.RTT_MS} ms, {peer}: beyond its idle p99", "<=", 5, 2, "ms",
                         ((busy, peer), (idle_p99, peer)), "difference")
            for other in ("ssh", "sshuttle"):
                yield _ratio(f"keystroke p99 beside a transfer {direction}, {keystroke.RTT_MS} ms, {peer}, of {other}", busy, peer, other,
                             "<=", 1, None)


def idle_flows():
    for flows, must, reach in ((1_000, 0.8, 0.95), (10_000, 0.6, 0.9)):
        for peer in OURS:
            for direction in idle.DIRECTIONS:
                yield _value(f"one flow {direction} beside {flows:,} idle ones, {peer}, of the same alone",
                             idle.share_metric(flows, direction).id, peer, ">=", must, reach, "times")
    for program, must, reach in (("client gateway: dvpnd", 8, 4), ("server gateway: dvpn-relay", 4, 2)):
        yield _value(f"memory of {program.split()[-1]} for each of 10,000 idle flows", idle.memory_metric(10_000, program).id, "relay", "<=", must,
                     reach, "KB")


def cost():
    for direction, must, reach in (("up", 1.0, 0.8), ("down", 1.15, 1.0)):
        mine, theirs = (cpu.program_metric(direction, f"client gateway: {program}").id for program in ("dvpnd", "ssh"))
        for peer in OURS:
            yield _ratio(f"CPU time of dvpnd, {direction}, {peer}, of ssh -L's ssh", mine, peer, "ssh", "<=", must, reach, theirs)


def large_table():
    large = table.metrics(65_536)
    yield _value("65,536 gateways: one lookup", table.LOOKUP.id, "relay", "<=", 200, 100, "ns")
    yield _value("65,536 gateways: start until ready", large["start"].id, "relay", "<=", 0.3, None, "s")
    yield _value("65,536 gateways: reload", large["reload"].id, "relay", "<=", 0.3, None, "s")
    yield _value("65,536 gateways: memory of dvpnd", large["memory"].id, "relay", "<=", 40, None, "MB")
    yield _value("65,536 gateways: connections/s, of a table of one", table.SHARE.id, "relay", ">=", 0.95, None, "times")


ALL = [*throughput(), *connections(), *latency(), *idle_flows(), *cost(), *large_table()]
