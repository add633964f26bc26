# SPDX-License-Identifier: GPL-2.0-or-later
"""What the processes of a lab use: CPU seconds and memory, by place and program ("client gateway: dvpnd")."""
import collections
import os
import pathlib
import signal
import time

from . import topology

TICK = 1 / os.sysconf("SC_CLK_TCK")
LOAD = "load"  # the generator itself is not what is measured


def _namespaces(lab, sites):
    """The inode of each network namespace of those sites, with its place."""
    places = {}
    for site in sites:
        role = "client" if site in topology.CLIENT_SITES else "server"
        for part, place in (("gw", "gateway"), ("h1", "host")):
            places[os.stat(f"/run/netns/{lab.namespace(f'{site}.{part}')}").st_ino] = f"{role} {place}"
    return places


def find(lab, sites):
    """(pid, place, program) of every process in those sites' namespaces, apart from the load."""
    places = _namespaces(lab, sites)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            place = places.get(os.stat(f"/proc/{pid}/ns/net").st_ino)
            program = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
        except OSError:
            continue  # it has ended
        if place and program != LOAD:
            yield int(pid), place, program


def cpu_seconds(lab, sites):
    """By "place: program". A process's figure has its ended and awaited children in it, so those that come and go
    between two of these calls are in the difference."""
    total = collections.Counter()
    for pid, place, program in find(lab, sites):
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total[f"{place}: {program}"] += sum(map(int, fields[11:15])) * TICK  # utime stime cutime cstime, proc(5)
    return total


def machine_busy_seconds():
    """All that the processors did but idling, kernel work outside any process included."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, pathlib.Path("/proc/stat").read_text().split()[1:9])
    del steal
    return (user + nice + system + irq + softirq) * TICK


def memory_bytes(lab, sites):
    """Proportional set size (shared pages divided among those who share them) by "place: program"."""
    total = collections.Counter()
    for pid, place, program in find(lab, sites):
        try:
            rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        for line in rollup.splitlines():
            if line.startswith("Pss:"):
                total[f"{place}: {program}"] += int(line.split()[1]) * 1024
    return total


def difference(after, before):
    return {key: after[key] - before.get(key, 0) for key in after.keys() | before.keys()}


def end(lab, sites, programs):
    """Ends those programs there, and waits until they have ended."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            pids = [pid for pid, _, program in find(lab, sites) if program in programs]
            if not pids:
                return
            for pid in pids:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            time.sleep(0.02)
