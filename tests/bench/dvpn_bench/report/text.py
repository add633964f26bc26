# SPDX-License-Identifier: GPL-2.0-or-later
"""The results as aligned text."""
from .. import peers
from . import words


def aligned(rows):
    """Columns under each other; a last cell may be as long as it likes."""
    widths = [max((len(row[i]) for row in rows if i + 1 < len(row)), default=0) for i in range(max(map(len, rows)))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def table(results, peer_names):
    """A row for each metric and peer, with dvpn's ratios to it."""
    rows, last = [["measure", "peer", "median (quartiles)", *(f"{peer.name}/peer" for peer in words.OURS if peer.name in peer_names)]], None
    metrics = [metric for metric in results.metrics.values() if not metric.detail]
    for metric, name, said, is_figure, ratios in words.comparison(results, peer_names, metrics):
        rows.append(["" if metric == last else metric.title, peers.BY_NAME[name].title, said, *(ratios if is_figure else [])])
        last = metric
    return aligned(rows)


def checks(results):
    """Empty if nothing was measured that has a target."""
    rows = [["target", "must", "reach for", "measured", ""]]
    for target, figure, state, reached in words.checks(results):
        rows.append([target.title, words.bound(target, target.must), words.bound(target, target.reach), words.spread(figure, target.unit) or "-",
                     f"{state}{', ' + reached if reached else ''}"])
    return aligned(rows) if len(rows) > 1 else ""


def absent(results):
    return "\n".join(f"{peers.BY_NAME[name].title} did not start: {reason}" for name, reason in results.absent.items())
