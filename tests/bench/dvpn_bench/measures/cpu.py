# SPDX-License-Identifier: GPL-2.0-or-later
"""CPU seconds for a gigabyte on one flow at 0 ms, up and down: at each gateway, by program; and of the whole machine, the
kernel's part and the load's included."""
from .. import processes
from ..results import Metric
from .bulk import Bulk

NAME = "cpu"
TITLE = "CPU time"
PLACES = ("client gateway", "server gateway")


def metric(direction, what):
    return Metric(f"cpu.{direction}.{what}", f"CPU time, one flow {direction}", what, "s/GB", "lower")


def program_metric(direction, program):
    return Metric(f"cpu.{direction}.{program}", f"CPU time, one flow {direction}", program, "s/GB", "lower", detail=True)


class Cpu(Bulk):
    """(CPU time is the steadiest of all figures: three rounds say it)"""

    def __init__(self, direction, seconds):
        super().__init__(direction, 1, 0, seconds)
        self.title, self.rounds = f"CPU time, {direction}", 3
        self.metrics = tuple(metric(direction, what) for what in (*PLACES, "machine"))

    def run(self, peer):
        before, busy_before = processes.cpu_seconds(peer.lab, peer.sites), processes.machine_busy_seconds()
        gigabytes = self.transfer(peer)["bytes"] / 1e9
        busy_after, after = processes.machine_busy_seconds(), processes.cpu_seconds(peer.lab, peer.sites)
        used = processes.difference(after, before)
        figures = {self.metrics[i]: sum(s for key, s in used.items() if key.startswith(place)) / gigabytes for i, place in enumerate(PLACES)}
        figures[self.metrics[2]] = (busy_after - busy_before) / gigabytes
        figures |= {program_metric(self.direction, key): seconds / gigabytes for key, seconds in used.items() if seconds > 0}
        return figures


def cases(scale):
    return [Cpu(direction, scale.pick(1.5, None)) for direction in ("up", "down")]
