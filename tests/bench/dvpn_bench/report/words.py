# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures as words, and the rows that all forms of the report share."""
from .. import peers, targets

OURS = [peer for peer in peers.ALL if peer.ours]


def number(value):
    """Three significant digits, without an exponent."""
    size = abs(value)
    for bound, digits in ((100, 0), (10, 1), (1, 2), (0.1, 3)):
        if size >= bound:
            return f"{value:,.{digits}f}"
    return "0" if value == 0 else f"{value:.3f}"


def spread(s, unit=""):
    if s is None:
        return ""
    around = f" ({number(s.low)}..{number(s.high)})" if s.count > 1 else ""
    return f"{number(s.median)}{' ' + unit if unit else ''}{around}"


def comparison(results, peer_names, metrics):
    """A row for each metric and peer: (metric, peer name, figure or reason, whether it is a figure, dvpn's ratios to it)."""
    ours = [peer.name for peer in OURS if peer.name in peer_names]
    for metric in metrics:
        for name in peer_names:
            figure, reason = results.spread(metric.id, name), results.failure(metric.id, name)
            if figure is None and reason is None:
                continue
            ratios = [spread(results.ratio(metric.id, own, name)) if own != name and figure else "" for own in ours]
            yield metric, name, spread(figure, metric.unit) if figure else f"- {reason}", figure is not None, ratios


def checks(results):
    """(target, figure or None, "met" or why not, "reached" or "") for each target whose metrics were asked for."""
    for target in targets.ALL:
        if any(metric not in results.metrics or not results.asked(peer) for metric, peer in target.terms):
            continue
        figure = target.figure(results)
        if figure is None:
            reasons = [f"{peers.BY_NAME[peer].title}: {reason}" for metric, peer in target.terms if (reason := results.failure(metric, peer))]
            yield target, None, f"not measured ({reasons[0]})" if reasons else "not measured", ""
        else:
            reached = target.reach is not None and target.met(figure, target.reach)
            yield target, figure, "met" if target.met(figure, target.must) else "not met", "reached" if reached else ""


def bound(target, value):
    """"≥ 1.2"; "" without a value."""
    return "" if value is None else f"{'≥' if target.sense == '>=' else '≤'} {value:g}"
