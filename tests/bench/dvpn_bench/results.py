# SPDX-License-Identifier: GPL-2.0-or-later
"""Every figure, by metric, peer and round; and what is said of them: medians, spreads, ratios.

A ratio is taken round by round, between runs a few seconds apart, and only then its median: an absolute figure moves by a
factor of two within minutes on a shared machine.
"""
import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Metric:
    id: str             # bulk.up.20ms.8, connect.50.p99
    title: str          # for a reader
    unit: str
    better: str = "higher"  # or "lower"
    detail: bool = False    # of one program alone; not in the comparison


@dataclasses.dataclass(frozen=True)
class Spread:
    """A median, and the quartiles around it."""
    median: float
    low: float
    high: float
    count: int

    @staticmethod
    def of(values):
        values = sorted(values)
        if len(values) < 2:
            return Spread(values[0], values[0], values[0], 1)
        low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
        return Spread(middle, low, high, len(values))


class Results:
    def __init__(self):
        self.metrics = {}   # id: Metric, in the order of their first figure
        self.values = {}    # (metric id, peer name): {round: value}
        self.failures = {}  # (metric id, peer name): reason
        self.absent = {}    # peer name: why it did not start

    def record(self, metric, peer, round_number, value):
        self.metrics.setdefault(metric.id, metric)
        self.values.setdefault((metric.id, peer), {})[round_number] = value

    def fail(self, metric, peer, reason):
        self.metrics.setdefault(metric.id, metric)
        self.failures.setdefault((metric.id, peer), reason)

    def spread(self, metric_id, peer):
        """None without a figure."""
        values = self.values.get((metric_id, peer))
        return Spread.of(values.values()) if values else None

    def ratio(self, metric_id, peer, other, other_metric_id=None):
        """Of one peer's figures to another's, over the rounds that both have. None without one."""
        mine = self.values.get((metric_id, peer), {})
        theirs = self.values.get((other_metric_id or metric_id, other), {})
        ratios = [mine[r] / theirs[r] for r in mine if theirs.get(r)]
        return Spread.of(ratios) if ratios else None

    def failure(self, metric_id, peer):
        return self.failures.get((metric_id, peer))
