# SPDX-License-Identifier: GPL-2.0-or-later
"""The command: options, the order of things, what is left behind (results) and what is not (labs)."""
import argparse
import signal
import sys

from . import measures, peers, prepare, schedule
from .errors import BenchError
from .measures.base import Scale
from .report import text
from .results import Results


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
        prog="tests/bench/run", description="Measures dvpn beside what people use instead, in the same lab and the same run.",
        epilog="Figures are medians of interleaved short runs; believe the ratios, not the absolute figures. Needs root; installs the "
               "packages that it needs, builds, and takes every lab away at the end.")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--full", action="store_true", help="everything, at full length (the default)")
    form.add_argument("--quick", action="store_true", help="a short form that shows that everything works")
    parser.add_argument("--peers", type=_names(peers.BY_NAME, "peer"), default=list(peers.BY_NAME), help="some alone: " + ",".join(peers.BY_NAME))
    parser.add_argument("--measures", type=_names(measures.BY_NAME, "measure"), default=list(measures.BY_NAME),
                        help="some alone: " + ",".join(measures.BY_NAME))
    parser.add_argument("--rounds", type=int, help="interleaved runs of each peer (5; quick: 1)")
    parser.add_argument("--build", default=str(prepare.ROOT / "build"), help="the build folder (build)")
    return parser.parse_args(arguments)


def _stop(number, _frame):
    raise BenchError(f"stopped by {signal.Signals(number).name}; the labs are taken away")


def main(arguments):
    chosen = options(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        return bench(chosen)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1


def bench(chosen):
    prepare.limits()
    prepare.packages()
    tree = prepare.Tree(chosen.build)
    tree.compile()
    scale = Scale(chosen.quick)
    rounds = chosen.rounds or scale.pick(5, 1)
    cases = [case for name in measures.BY_NAME if name in chosen.measures for case in measures.BY_NAME[name].cases(scale)]
    results = Results()
    schedule.run(tree, [peer for peer in peers.ALL if peer.name in chosen.peers], cases, rounds, results)
    print(text.table(results, [name for name in peers.BY_NAME if name in chosen.peers]))
    return 0
