# SPDX-License-Identifier: GPL-2.0-or-later
"""What a measure is made of: cases. A case is one thing to run on each peer in each round, at one round-trip time."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Scale:
    """How long and how often: the full form, or the quick one that shows that everything works."""
    quick: bool = False

    def pick(self, full, quick):
        return quick if self.quick else full


class Case:
    title = ""          # for who watches
    rtt_ms = 0
    metrics = ()        # what run() gives; it may give more, of one program each, where peers differ
    only = ()           # names of peers; empty: all
    rounds = None       # at most; None: as many as asked for
    patience = 2        # runs that fail in a row before a peer is left out of the rest

    def limit(self, peer):
        """Why this case is not for this peer; "" if it is."""
        del peer
        return ""

    def prepare(self, peer):
        """Before the first round: warms up and finds out how much makes a run of the right length."""

    def run(self, peer):
        """One run: {Metric: figure}. Failed when the figure would not be a true one."""
        raise NotImplementedError
