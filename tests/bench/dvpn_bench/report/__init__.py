# SPDX-License-Identifier: GPL-2.0-or-later
"""What is made of the results: text, Markdown, JSON, plots; and what of them is a fault of dvpn or of the bench."""
import os

from .. import peers
from . import data, markdown, pictures, text


def write(environment, results, document, folder):
    """RESULTS.md, and beside it results.json and the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = pictures.draw(results, list(environment["peers"]), folder)
    (folder / "results.json").write_text(data.dump(environment, results), encoding="utf-8")
    beside = os.path.relpath(folder, document.parent)
    document.write_text(markdown.render(environment, results, {what: f"{beside}/{path}" for what, path in drawn.items()}), encoding="utf-8")


def as_text(environment, results, with_targets):
    parts = [text.table(results, list(environment["peers"]))]
    if with_targets:
        parts.append(text.checks(results))
    parts.append(text.absent(results))
    return "\n\n".join(part for part in parts if part)


def faults(results, peer_names):
    """A peer of ours that fails, and a measure without a figure. (That a foreign peer fails is a result.)"""
    ours = [peer.name for peer in peers.ALL if peer.ours and peer.name in peer_names]
    found = [f"{peers.BY_NAME[name].title}: {results.metrics[metric].title}: {reason}"
             for (metric, name), reason in results.failures.items() if name in ours]
    found += [f"no figure: {metric.title}" for metric in results.metrics.values()
              if not any(results.spread(metric.id, name) for name in peer_names)]
    return found
