# SPDX-License-Identifier: GPL-2.0-or-later
"""The load generator (tests/bench/load.cc) as a peer's client: one run, checked; and how much makes a run of a second."""
import json
import select
import subprocess

from .errors import Failed


def _client(peer, *words, timeout, at=None):
    """One run at the peer's client, or elsewhere; Failed unless it ended well and says so."""
    command = peer.lab.command(at or peer.client, peer.lab.tree.load, *words)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Failed(f"no end within {timeout:g} s") from None
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise Failed(done.stderr.strip() or f"load ended with status {done.returncode} and no figure") from None
    return answer


def verify(peer, chunks=4, timeout=30):
    """Random bytes there and back, compared."""
    wrong = _client(peer, "verify", peer.host, peer.port, chunks, timeout=timeout)["error"]
    if wrong:
        raise Failed(wrong)


def bulk(peer, direction, flows, kibibytes, timeout=60):
    """So much on each of so many flows; all of it must arrive."""
    answer = _client(peer, "bulk", peer.host, peer.port, direction, flows, f"{kibibytes}k", timeout=timeout)
    if not answer["complete"]:
        raise Failed(f"{answer['bytes'] / 1e6:.0f} of {flows * kibibytes * 1024 / 1e6:.0f} MB arrived")
    return answer


def connect(peer, count, at_once, timeout=60, at=None):
    """Connections with one byte each way; none may fail."""
    answer = _client(peer, "connect", peer.host, peer.port, count, at_once, timeout=timeout, at=at)
    if answer["failed"]:
        raise Failed(f"{answer['failed']} of {count} connections failed ({at_once} at once): {answer['error']}")
    return answer


def keystrokes(peer, count, interval_ms, timeout=60):
    answer = _client(peer, "keystrokes", peer.host, peer.port, count, interval_ms, timeout=timeout)
    if answer["failed"]:
        raise Failed(f"{answer['failed']} of {count} keystrokes had no answer: {answer['error']}")
    return answer


class Background:
    """A load client that runs beside others."""

    def __init__(self, peer, *words):
        self.process = subprocess.Popen(peer.lab.command(peer.client, peer.lab.tree.load, *words), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """(its connections are reset, if it has not closed them)"""
        self.process.kill()
        self.process.communicate()

    def answer(self, what, seconds):
        """The line that it prints."""
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        if not ready:
            raise Failed(f"{what}: not within {seconds:g} s")
        line = self.process.stdout.readline()
        try:
            return json.loads(line)
        except ValueError:
            raise Failed(f"{what}: {self.process.stderr.read().strip() or 'the load ended'}") from None

    def must_run(self, what):
        if self.process.poll() is not None:
            raise Failed(f"{what} ended early")


def kibibytes_for(peer, direction, flows, seconds, most=20 << 20):
    """How much each flow should carry for a run of about so long. The way there also warms the peer's connections up."""
    size = max(64, 1024 // flows)
    while True:
        took = bulk(peer, direction, flows, size)["seconds"]
        wanted = round(size * seconds / max(took, 1e-4))
        # (on a long path a short transfer says little of a longer one: near enough to the wanted length it must be)
        if took > seconds * 0.6 or size == most:
            return max(16, min(most, wanted))
        size = max(size, min(most, wanted, size * 16))


def connections_for(peer, at_once, seconds, most=2_000):
    """How many connections make a run of about so long: at least one for each thread."""
    count = at_once
    while True:
        took = count / connect(peer, count, at_once)["per_second"]
        wanted = round(count * seconds / max(took, 1e-4))
        if took > seconds / 4 or count >= most:
            return max(at_once, min(most, wanted))
        count = min(most, max(at_once, min(wanted, count * 10)))
