# SPDX-License-Identifier: GPL-2.0-or-later
"""The results as Markdown: RESULTS.md."""
from .. import measures, peers
from . import words

HEAD = """\
# dvpn beside what people use instead

Made by `tests/bench/run`; do not edit. All peers were up in the same labs, both ends on one machine; short runs were interleaved,
round by round, in an order that rotates. A figure is the median over the rounds, with the quartiles in brackets. **Believe
the ratios, not the absolute figures**: a ratio is taken between runs of the same round, and is of dvpn's figure to the
peer's. How each peer was set up stands below; dvpn is as it is installed.
"""


def render(environment, results, plots):
    """plots: {measure's name, or "targets": path of the picture}"""
    parts = [HEAD, _environment(environment), _targets(results, plots), _peers(environment, results)]
    parts += [_measure(module, environment, results, plots) for module in measures.ALL]
    return "\n".join(part for part in parts if part)


def table(head, rows):
    """The first column to the left, the others to the right."""
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def _environment(environment):
    keys = ("date", "run", "dvpn", "machine", "kernel", "system", "links", "descriptors")
    return table(["", ""], [[key, environment[key]] for key in keys if key in environment])


def _picture(what, plots):
    return f"![{what}]({plots[what]})\n\n" if what in plots else ""


def _targets(results, plots):
    checks = list(words.checks(results))
    if not checks:
        return ""
    met = sum(state == "met" for _, _, state, _ in checks)
    measured = sum(figure is not None for _, figure, _, _ in checks)
    rows = []
    for target, figure, state, reached in checks:
        mark = f"**{state}**" if state.startswith("not") else f"{state}{', ' + reached if reached else ''}"
        rows.append([target.title, words.bound(target, target.must), words.bound(target, target.reach),
                     words.spread(figure, target.unit) or "–", mark])
    return f"## Targets: {met} of {measured} met\n\n{_picture('targets', plots)}" + table(["target", "must", "reach for", "measured", ""], rows)


def _peers(environment, results):
    rows = []
    for peer in environment["peers"].values():
        rows.append([peer["title"], peer["how"], peer["version"] or "–"])
    out = "## Peers\n\n" + table(["peer", "how", "version"], rows).replace("--:", "---")
    for name, reason in results.absent.items():
        out += f"\n{peers.BY_NAME[name].title} **did not start**: {reason}\n"
    return out


def _measure(module, environment, results, plots):
    names = list(environment["peers"])
    mine = [metric for metric in results.metrics.values() if metric.measure == module.NAME]
    if not mine:
        return ""
    out = [f"## {module.TITLE}\n\n{' '.join(module.__doc__.split())}\n", _picture(module.NAME, plots)]
    for group in dict.fromkeys(metric.group for metric in mine):
        out.append(_group(group, [m for m in mine if m.group == group and not m.detail], names, results))
    details = [m for m in mine if m.detail]
    if details:
        out.append(_details(details, names, results))
    return "\n".join(part for part in out if part)


def _group(group, metrics, names, results):
    """A row for each peer: every metric's figure, and then dvpn's ratios to it."""
    if not metrics:
        return ""
    ours = [peer.name for peer in words.OURS if peer.name in names]
    alone = all(results.spread(metric.id, name) is None for metric in metrics for name in names if name not in ours)
    head = ["", *(f"{m.label}{f', {m.unit}' if m.unit else ''}" for m in metrics)]
    if not alone:
        head += [f"{own} / peer: {m.label}" for own in ours for m in metrics]
    rows, notes = [], []
    for name in names:
        figures = [results.spread(m.id, name) for m in metrics]
        reasons = dict.fromkeys(r for m in metrics if (r := results.failure(m.id, name)))
        if not any(figures) and not reasons:
            continue
        row = [peers.BY_NAME[name].title, *(words.spread(f) or "–" for f in figures)]
        if not alone:
            row += [words.spread(results.ratio(m.id, own, name)) if own != name else "" for own in ours for m in metrics]
        rows.append(row)
        notes += [f"- {peers.BY_NAME[name].title}: {reason}" for reason in reasons]
    lower = ", ".join(m.label for m in metrics if m.better == "lower")
    out = f"### {group}\n\n" + table(head, rows)
    if lower:
        out += f"\nLess is better: {lower}.\n"
    return out + ("\n" + "\n".join(notes) + "\n" if notes else "")


def _details(metrics, names, results):
    rows = []
    for name in names:
        for metric in metrics:
            if figure := results.spread(metric.id, name):
                rows.append([peers.BY_NAME[name].title, metric.group, metric.label, words.spread(figure, metric.unit)])
    return "### Details\n\n" + table(["peer", "", "", "median (quartiles)"], rows)
