# SPDX-License-Identifier: GPL-2.0-or-later
"""The results as pictures, SVG and PNG. dvpn stands out by colour, everything else is grey; two shades tell the two series of a
panel apart, so the pictures read without colour as well. What was not measured is an empty row with a dash."""
import io
import re
import textwrap

import matplotlib
import PIL.Image

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend is chosen before)

from .. import peers  # noqa: E402
from . import words  # noqa: E402

OURS, THEIRS = ("#0b4f8a", "#69b3e7"), ("#5f5f5f", "#bdbdbd")  # dark, light
GOOD, BAD = "#0b4f8a", "#d55e00"
plt.rcParams.update({"font.size": 8, "axes.titlesize": 9, "figure.titlesize": 12, "axes.spines.top": False, "axes.spines.right": False,
                     "svg.hashsalt": "dvpn", "svg.fonttype": "none"})


def _shade(name, which):
    return (OURS if peers.BY_NAME[name].ours else THEIRS)[which]


def _frame(axis, title, names, unit, first):
    axis.set_title(title, loc="left")
    axis.set_xscale("log")
    axis.set_xlabel(unit)
    axis.set_yticks(range(len(names)), [peers.BY_NAME[name].title for name in names] if first else [""] * len(names))
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.grid(axis="x", which="major", color="#e4e4e4", linewidth=0.6)
    axis.set_axisbelow(True)


def _limits(axis, left, right):
    """Ticks at 1, 2, 5 where there are few decades."""
    axis.set_xlim(left, right)
    axis.xaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5) if right / left < 200 else (1,), numticks=12))
    axis.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())


def bars(axis, first, *, title, names, results, metrics, unit):
    """A row for each peer, a bar for each metric (two at most), whiskers from quartile to quartile."""
    _frame(axis, title, names, unit, first)
    height = 0.8 / len(metrics)
    shown = [s.median for m in metrics for n in names if (s := results.spread(m, n)) and s.median > 0]
    if not shown:
        return
    left, right = min(shown) / 3, max(shown) * 4
    _limits(axis, left, right)
    for which, metric in enumerate(metrics):
        for row, name in enumerate(names):
            y = row + (which - (len(metrics) - 1) / 2) * height
            s = results.spread(metric, name)
            if s is None or s.median <= 0:
                axis.text(left * 1.1, y, "0" if s else "–", va="center", color="#808080", fontsize=6)
                continue
            axis.barh(y, s.median - left, height * 0.92, left=left, color=_shade(name, which))
            axis.plot([max(s.low, left), s.high], [y, y], color="black", linewidth=0.7)
            axis.text(max(s.high, s.median) * (right / left) ** 0.012, y, words.number(s.median), va="center", fontsize=6)


def ranges(axis, first, *, title, names, results, low, high, unit):
    """From one metric to another (p50 to p99), a row for each peer."""
    _frame(axis, title, names, unit, first)
    shown = [s.median for m in (low, high) for n in names if (s := results.spread(m, n))]
    if not shown:
        return
    left, right = min(shown) / 1.6, max(shown) * 3
    _limits(axis, left, right)
    for row, name in enumerate(names):
        a, b = results.spread(low, name), results.spread(high, name)
        if a is None or b is None:
            axis.text(left * 1.1, row, "–", va="center", color="#808080", fontsize=6)
            continue
        axis.plot([a.median, b.median], [row, row], color=_shade(name, 1), linewidth=3, solid_capstyle="butt", zorder=1)
        axis.plot(a.median, row, "o", color=_shade(name, 0), markersize=4.5)
        axis.plot(b.median, row, "|", color=_shade(name, 0), markersize=9, markeredgewidth=1.5)
        axis.text(b.median * (right / left) ** 0.025, row, f"{words.number(a.median)} – {words.number(b.median)}", va="center", fontsize=6)


def grid(title, note, rows, names):
    """rows of panels: functions that draw on (axis, whether it is the first of its row)."""
    columns = max(map(len, rows))
    figure, axes = plt.subplots(len(rows), columns, figsize=(3.1 * columns + 1.4, (0.21 * len(names) + 0.75) * len(rows) + 0.8), squeeze=False,
                                layout="constrained")
    lines = textwrap.wrap(note, int(16 * figure.get_figwidth()))
    # (the empty lines make room for the note)
    figure.suptitle(title + "\n" * (len(lines) + 1), x=0.01, ha="left", weight="bold")
    figure.text(0.01, 1 - 0.29 / figure.get_figheight(), "\n".join(lines), ha="left", va="top", color="#404040")
    for i, axis in enumerate(axes.flat):
        row, column = divmod(i, columns)
        if column < len(rows[row]):
            rows[row][column](axis, column == 0)
        else:
            axis.axis("off")
    return figure


def save(figure, folder, name):
    drawing = io.StringIO()
    figure.savefig(drawing, format="svg", metadata={"Date": None})
    # (comments and indentation are a fifth of it)
    (folder / f"{name}.svg").write_text(re.sub(r"\n\s*(<!--.*?-->\s*)?", "\n", drawing.getvalue()), encoding="utf-8")
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    plt.close(figure)
    # (few colours: a third of the size)
    PIL.Image.open(picture).convert("RGB").quantize(48).save(folder / f"{name}.png", optimize=True)


def target_chart(checks):
    """How far each target is exceeded or missed: to the right of 1 it is met."""
    figure, axis = plt.subplots(figsize=(9.5, 0.17 * len(checks) + 1), layout="constrained")
    figure.suptitle("Targets: measured, of what must be reached", x=0.01, ha="left", weight="bold")
    for row, (target, spread, state) in enumerate(checks):
        def share(value, t=target):
            """(a difference may be negative, when it is better than nothing)"""
            return min(max(value / t.must if t.sense == ">=" else t.must / max(value, 1e-3), 1e-2), 1e2)
        colour = GOOD if state == "met" else BAD
        axis.plot([share(spread.low), share(spread.high)], [row, row], color=colour, linewidth=1)
        axis.plot(share(spread.median), row, "o" if state == "met" else "X", color=colour, markersize=5)
    axis.axvline(1, color="black", linewidth=0.8)
    axis.set_xscale("log")
    axis.set_yticks(range(len(checks)), [f"{t.title}  ({words.bound(t, t.must)} {t.unit})" for t, _, _ in checks], fontsize=6.5)
    axis.set_ylim(len(checks) - 0.4, -0.6)
    axis.set_xlabel("logarithmic; right of the line (dots): met; left of it (crosses): not met")
    axis.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.grid(axis="x", color="#e4e4e4", linewidth=0.6)
    return figure
