# SPDX-License-Identifier: GPL-2.0-or-later
"""What a figure depends on beside the programs: machine, kernel, versions."""
import os
import pathlib
import platform
import resource
import time

from . import prepare
from .measures import idle


def _first(path, key):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(key):
            return line.split(":" if ":" in line else "=", 1)[1].strip().strip('"')
    return "unknown"


def describe(peer_classes, form):
    """{what: text}; form: what kind of run it was"""
    memory = int(_first("/proc/meminfo", "MemTotal").split()[0]) / 1024 / 1024
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "run": form,
        "dvpn": prepare.revision(),
        "machine": f"{os.cpu_count()} processors ({_first('/proc/cpuinfo', 'model name')}), {memory:.0f} GiB; both ends on it",
        "kernel": f"{platform.system()} {platform.release()}",
        "system": _first("/etc/os-release", "PRETTY_NAME"),
        "links": "veth; Reno; round-trip times by a delay line in user space",
        "descriptors": f"{resource.getrlimit(resource.RLIMIT_NOFILE)[0]:,} a process; {min(10_000, idle.most_flows()):,} of the 10,000 idle flows",
        "peers": {peer.name: {"title": peer.title, "how": peer.how, "version": peer.version()} for peer in peer_classes},
    }
