# SPDX-License-Identifier: GPL-2.0-or-later
"""The results as an aligned table: a row for each metric and peer, with dvpn's ratio to it."""
from .. import peers

OURS = [peer for peer in peers.ALL if peer.ours]


def number(value):
    """Three significant digits, without an exponent."""
    if value == 0:
        return "0"
    digits = max(0, 2 - len(str(int(abs(value)))) + 1) if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"


def spread(s, unit=""):
    if s is None:
        return ""
    around = f" ({number(s.low)}..{number(s.high)})" if s.count > 1 else ""
    return f"{number(s.median)}{' ' + unit if unit else ''}{around}"


def rows(results, peer_names):
    """(metric title, peer title, figure, ratio of each of ours to it), as text."""
    ours = [peer for peer in OURS if peer.name in peer_names]
    for metric in results.metrics.values():
        for name in peer_names:
            figure = results.spread(metric.id, name)
            reason = results.failure(metric.id, name)
            if figure is None and reason is None:
                continue
            said = spread(figure, metric.unit) if figure else f"- {reason}"
            ratios = [spread(results.ratio(metric.id, own.name, name)) if own.name != name else "" for own in ours]
            yield metric, name, [metric.title, peers.BY_NAME[name].title, said, *ratios]


def table(results, peer_names):
    head = ["measure", "peer", "median (quartiles)", *(f"{peer.name}/peer" for peer in OURS if peer.name in peer_names)]
    lines, last = [head], None
    for metric, _, row in rows(results, peer_names):
        shown = row if metric.id != last else ["", *row[1:]]
        last = metric.id
        lines.append(shown)
    widths = [max(len(line[i]) for line in lines if not line[2].startswith("- ") or i != 2) for i in range(len(head))]
    out = []
    for line in lines:
        out.append("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    return "\n".join(out)
