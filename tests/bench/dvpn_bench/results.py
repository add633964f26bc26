# SPDX-License-Identifier: GPL-2.0-or-later
"""Every figure, by metric, peer and round; and what is said of them: medians, spreads, ratios.

A ratio is taken round by round, between runs a few seconds apart, and only then its median: an absolute figure moves by a
factor of two within minutes on a shared machine.
"""
import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Metric:
    id: str             # bulk.up.8.0ms, connect.50.p99
    group: str          # what is shown together: "8 flows, 0 ms"
    label: str          # within the group: "up"
    unit: str
    better: str = "higher"  # or "lower"
    detail: bool = False    # of one program alone; not in the comparison

    @property
    def title(self):
        return f"{self.group}: {self.label}"

    @property
    def measure(self):
        return self.id.split(".")[0]


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

    def asked(self, peer):
        """Whether it took part at all."""
        return any(name == peer for _, name in self.values.keys() | self.failures.keys())

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

    def combine(self, function, *terms):
        """The spread of a function of figures, each (metric id, peer), over the rounds that all have. None without one."""
        rows = [self.values.get(term, {}) for term in terms]
        values = [function(*(row[number] for row in rows)) for number in rows[0] if all(number in row for row in rows)]
        return Spread.of(values) if values else None

    def ratio(self, metric_id, peer, other):
        """Of one peer's figures to another's. None where there is nothing to divide by."""
        if not all(self.values.get((metric_id, other), {0: 0}).values()):
            return None
        return self.combine(lambda mine, theirs: mine / theirs, (metric_id, peer), (metric_id, other))

    def failure(self, metric_id, peer):
        return self.failures.get((metric_id, peer))
