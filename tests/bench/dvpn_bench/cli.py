# SPDX-License-Identifier: GPL-2.0-or-later
"""The command: options, the order of things, what is left behind (results) and what is not (labs)."""
import argparse
import pathlib
import signal
import sys

from . import measures, peers, prepare, schedule
from .errors import BenchError, Stopped
from .measures.base import Scale
from .results import Results

COMMITTED = prepare.ROOT / "tests/bench"


def _names(known, what):
    def parse(value):
        names = value.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"no {what} '{name}'; there are {', '.join(known)}")
        return names
    return parse


def options(arguments):
    parser = argparse.ArgumentParser(
        prog="tests/bench/run", description="Measures dvpn beside what people use instead, in the same labs and the same run.",
        epilog="Figures are medians of short interleaved runs; believe the ratios, not the absolute figures. Needs root; installs the "
               "packages that it needs, builds, and takes every lab away at the end. A whole run writes RESULTS.md and results/ beside "
               "itself; every other writes to build/bench.")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--full", action="store_true", help="everything, at full length (the default)")
    form.add_argument("--quick", action="store_true", help="a short form that shows that everything works; its figures mean little")
    parser.add_argument("--peers", type=_names(peers.BY_NAME, "peer"), default=list(peers.BY_NAME), help="some alone: " + ",".join(peers.BY_NAME))
    parser.add_argument("--measures", type=_names(measures.BY_NAME, "measure"), default=list(measures.BY_NAME),
                        help="some alone: " + ",".join(measures.BY_NAME))
    parser.add_argument("--rounds", type=int, help="interleaved runs of each peer (5; quick: 1)")
    parser.add_argument("--out", type=pathlib.Path, metavar="DIR", help="where results are written")
    parser.add_argument("--json", action="store_true", help="print the results as JSON, not as a table")
    parser.add_argument("--build", default=str(prepare.ROOT / "build"), metavar="DIR", help="the build folder (build)")
    parser.add_argument("--render", type=pathlib.Path, metavar="FILE",
                        help="measure nothing: make the report of an earlier results.json anew, in its place")
    return parser.parse_args(arguments)


def _stop(number, _frame):
    raise Stopped(f"stopped by {signal.Signals(number).name}")


def main(arguments):
    chosen = options(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        return bench(chosen)
    except (BenchError, Stopped) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1


def bench(chosen):
    prepare.packages()
    from . import report  # matplotlib is one of the packages
    if chosen.render:
        environment, results = report.data.load(chosen.render.read_text())
        stopped = ""
    else:
        environment, results, stopped = measure(chosen)
    report.write(environment, results, *places(chosen, stopped))
    print(report.data.dump(environment, results) if chosen.json else report.as_text(environment, results, with_targets=not chosen.quick))
    faults = [stopped] if stopped else [] if chosen.render else report.faults(results, chosen.peers)
    for fault in faults:
        print(f"bench: {fault}", file=sys.stderr)
    return 1 if faults else 0


def measure(chosen):
    prepare.limits()
    tree = prepare.Tree(chosen.build)
    tree.compile()
    from .environment import describe
    scale = Scale(chosen.quick)
    peer_classes = [peer for peer in peers.ALL if peer.name in chosen.peers]
    cases = [case for name in measures.BY_NAME if name in chosen.measures for case in measures.BY_NAME[name].cases(scale)]
    results, rounds = Results(), chosen.rounds or scale.pick(5, 1)
    stopped = ""
    try:
        schedule.run(tree, peer_classes, cases, rounds, results)
        schedule.say("measured")
    except Stopped as signal_name:
        stopped = f"{signal_name}; this is what was measured until then"
    form = stopped or (f"{scale.pick('full', 'quick: it shows that everything works, its figures mean little')}"
                       f"{'' if is_whole(chosen) else ', a part'}; {rounds} round{'s' if rounds > 1 else ''} at most")
    return describe(peer_classes, form), results, stopped


def is_whole(chosen):
    return set(chosen.peers) == set(peers.BY_NAME) and set(chosen.measures) == set(measures.BY_NAME)


def places(chosen, stopped):
    """(RESULTS.md, the folder of everything else)"""
    if chosen.render and not chosen.out:
        return chosen.render.resolve().parents[1] / "RESULTS.md", chosen.render.resolve().parent
    if is_whole(chosen) and not stopped and not chosen.quick and not chosen.out:
        return COMMITTED / "RESULTS.md", COMMITTED / "results"
    folder = chosen.out or prepare.ROOT / "build/bench"
    return folder / "RESULTS.md", folder / "results"
