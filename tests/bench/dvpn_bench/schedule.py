# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the cases: a lab for each round-trip time with all peers up in it, then round by round one short run of every peer, in
an order that rotates, so that what else happens on the machine meets them all alike."""
import concurrent.futures
import sys
import time

from . import load
from .errors import Failed
from .lab import Lab

BEGUN = time.monotonic()


def say(text):
    """To who watches, with the minutes and seconds since the start."""
    seconds = round(time.monotonic() - BEGUN)
    print(f"bench {seconds // 60:2}:{seconds % 60:02}  {text}", file=sys.stderr, flush=True)


def run(tree, peer_classes, cases, rounds, results):
    for rtt_ms in sorted({case.rtt_ms for case in cases}):
        here = [case for case in cases if case.rtt_ms == rtt_ms]
        say(f"a lab with {rtt_ms} ms round trip")
        sites = [site for site in "ace" if any(peer.sites[0] == site for peer in peer_classes)]
        with Lab(tree, sites, rtt_ms) as lab:
            peers = [peer(lab) for peer in peer_classes]
            absent = start_all(peers, results)
            for case in here:
                say(case.title)
                run_case(case, peers, absent, rounds, results)


def start_all(peers, results):
    """All at once. {name: why it is not there}"""
    starting = concurrent.futures.ThreadPoolExecutor(len(peers))
    try:
        reasons = list(starting.map(lambda peer: _start(peer, results), peers))
    finally:
        starting.shutdown(wait=False, cancel_futures=True)  # (interrupted: those under way fail when the lab goes)
    return {peer.name: reason for peer, reason in zip(peers, reasons) if reason}


def _start(peer, results):
    """Why it is not there; "" if it is."""
    try:
        peer.start()
        load.verify(peer)
        return ""
    except Failed as failed:
        say(f"{peer.title}: does not start: {failed}")
        results.absent.setdefault(peer.name, str(failed))
        return f"does not start: {failed}"


def run_case(case, peers, absent, rounds, results):
    failures = {}

    def failed(peer, reason):
        say(f"{peer.title}: {reason}")
        failures[peer.name] = failures.get(peer.name, 0) + 1
        for metric in case.metrics:
            results.fail(metric, peer.name, reason)

    ready = []
    for peer in (peer for peer in peers if not case.only or peer.name in case.only):
        reason = absent.get(peer.name) or case.limit(peer)
        if reason:
            for metric in case.metrics:
                results.fail(metric, peer.name, reason)
            continue
        try:
            case.prepare(peer)
            ready.append(peer)
        except Failed as error:
            failed(peer, str(error))
    for number in range(min(rounds, case.rounds or rounds)):
        turn = number % max(len(ready), 1)
        for peer in ready[turn:] + ready[:turn]:
            if failures.get(peer.name, 0) >= case.patience:
                continue
            try:
                for metric, value in case.run(peer).items():
                    results.record(metric, peer.name, number, value)
                failures[peer.name] = 0
            except Failed as error:
                failed(peer, str(error))
