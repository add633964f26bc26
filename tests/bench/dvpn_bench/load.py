# SPDX-License-Identifier: GPL-2.0-or-later
"""The load generator (tests/bench/load.cc) as a peer's client: one run, checked; and how much makes a run of a second."""
import json
import subprocess

from .errors import Failed


def _client(peer, *words, timeout):
    """One run; Failed unless it ended well and says so."""
    command = peer.lab.command(peer.client, peer.lab.tree.load, *words)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Failed(f"no end within {timeout:g} s") from None
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise Failed(done.stderr.strip() or f"load ended with status {done.returncode} and no figure") from None
    return answer


def bulk(peer, direction, flows, megabytes, timeout=60):
    """So many megabytes on each of so many flows; all of them must arrive."""
    answer = _client(peer, "bulk", peer.host, peer.port, direction, flows, megabytes, timeout=timeout)
    if not answer["complete"]:
        raise Failed(f"{answer['bytes'] / 1e6:.0f} of {flows * megabytes * 1.048576:.0f} MB arrived")
    return answer


def connect(peer, count, at_once, timeout=60):
    """Connections with one byte each way; none may fail."""
    answer = _client(peer, "connect", peer.host, peer.port, count, at_once, timeout=timeout)
    if answer["failed"]:
        raise Failed(f"{answer['failed']} of {count} connections failed ({at_once} at once)")
    return answer


def keystrokes(peer, count, interval_ms, timeout=60):
    answer = _client(peer, "keystrokes", peer.host, peer.port, count, interval_ms, timeout=timeout)
    if answer["failed"]:
        raise Failed(f"{answer['failed']} of {count} keystrokes had no answer")
    return answer


def megabytes_for(peer, direction, flows, seconds, most=20_000):
    """How much each flow should carry for a run of about so long. The way there also warms the peer's connections up."""
    megabytes = 1
    while True:
        took = bulk(peer, direction, flows, megabytes)["seconds"]
        wanted = megabytes * seconds / max(took, 1e-4)
        if took > seconds / 4 or megabytes == most:
            return max(1, min(most, round(wanted)))
        megabytes = max(1, min(most, round(min(wanted, megabytes * 16))))


def connections_for(peer, at_once, seconds, most=20_000):
    """How many connections make a run of about so long: at least a few for each thread."""
    count = at_once
    while True:
        answer = connect(peer, count, at_once)
        took = count / answer["per_second"]
        wanted = round(count * seconds / max(took, 1e-4))
        if took > seconds / 4 or count >= most:
            return max(at_once, min(most, wanted))
        count = min(most, max(at_once, min(wanted, count * 10)))
