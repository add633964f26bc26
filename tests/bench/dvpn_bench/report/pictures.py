# SPDX-License-Identifier: GPL-2.0-or-later
"""Which pictures there are, and what each shows."""
import functools

from .. import measures
from . import plots, words


def _bars(results, names, title, metrics, unit):
    return functools.partial(plots.bars, title=title, names=names, results=results, metrics=metrics, unit=unit)


def _ranges(results, names, title, metric, unit):
    """From a metric's p50 to its p99."""
    return functools.partial(plots.ranges, title=title, names=names, results=results, low=f"{metric}.p50", high=f"{metric}.p99", unit=unit)


def _numbers(results, measure):
    """The second part of its metrics' names: how many at once, how many idle."""
    return sorted({int(metric.split(".")[1]) for metric in results.metrics if metric.startswith(f"{measure}.")})


def _throughput(results, names):
    panels = []
    for flows, rtt_ms in ((1, 0), (8, 0), (64, 0), (1, 20), (1, 100), (1, 200)):
        pair = [f"bulk.{direction}.{flows}.{rtt_ms}ms" for direction in ("up", "down")]
        if any(metric in results.metrics for metric in pair):
            title = f"{'one flow' if flows == 1 else f'{flows} flows'}, {rtt_ms} ms round trip"
            panels.append(_bars(results, names, title, pair, "Gbit/s"))
    return [panels[i:i + 3] for i in range(0, len(panels), 3)], "Gbit/s, logarithmic; dark: up, light: down. More is better."


def _connections(results, names):
    counts = {n: "one at a time" if n == 1 else f"{n} at once" for n in _numbers(results, "connect")}
    rates = [_bars(results, names, f"a second, {what}", [f"connect.{n}.rate"], "1/s") for n, what in counts.items()]
    times = [_ranges(results, names, f"latency, {what}", f"connect.{n}", "ms") for n, what in counts.items()]
    return [rates, times], ("Above: connections a second, more is better. Below: from connect() to the first byte, p50 (dot) to p99 (bar), "
                            "less is better.")


def _first_byte(results, names):
    panels = [_bars(results, names, title, [f"first_byte.{state}.rtt"], "round trips of 100 ms")
              for state, title in (("warm", "a session is there"), ("cold", "no session yet")) if f"first_byte.{state}.rtt" in results.metrics]
    return [panels], "From connect() to the first byte back. Less is better; two round trips are what the bare link takes."


def _keystrokes(results, names):
    panels = [_ranges(results, names, title, f"keystroke.{beside}", "ms")
              for beside, title in (("idle", "alone"), ("up", "beside an upload"), ("down", "beside a download"))
              if f"keystroke.{beside}.p50" in results.metrics]
    return [panels], "Round trip of one byte at 20 ms, p50 (dot) to p99 (bar). Less is better."


def _idle(results, names):
    rows = []
    for n in _numbers(results, "idle"):
        share = [f"idle.{n}.share.{direction}" for direction in ("up", "down")]
        memory = [f"idle.{n}.memory.{place}" for place in ("client gateway", "server gateway")]
        rows.append([_bars(results, names, f"one flow beside {n:,} idle", share, "of the same flow alone"),
                     _bars(results, names, f"memory for each of {n:,}", memory, "KB")])
    return rows, ("Left: throughput beside idle flows, of the same alone (dark: up, light: down), more is better. Right: memory (dark: the client's "
                  "gateway, light: the server's), less is better.")


def _cpu(results, names):
    panels = []
    for direction in ("up", "down"):
        pair = [f"cpu.{direction}.{place}" for place in ("client gateway", "server gateway")]
        if pair[0] in results.metrics:
            panels.append(_bars(results, names, f"one flow {direction}", pair, "CPU seconds per GB"))
    return [panels], ("All processes of a gateway; dark: the client's, light: the server's. Less is better. (What the kernel does outside any "
                      "process, such as forwarding, is not in it.)")


# By measure: file name, panels.
PICTURES = {measures.bulk: ("throughput", _throughput), measures.connect: ("connections", _connections),
            measures.first_byte: ("first_byte", _first_byte), measures.keystroke: ("keystrokes", _keystrokes), measures.idle: ("idle", _idle), measures.cpu: ("cpu", _cpu)}


def draw(results, peer_names, folder):
    """{measure's name, or "targets": file name of the SVG} of each that there is anything to show in."""
    drawn = {}
    checks = [(target, figure, state) for target, figure, state, _ in words.checks(results) if figure is not None]
    if checks:
        plots.save(plots.target_chart(checks), folder, "targets")
        drawn["targets"] = "targets.svg"
    for measure, (name, make) in PICTURES.items():
        rows, note = make(results, peer_names)
        if any(rows):
            plots.save(plots.grid(measure.TITLE, note, rows, peer_names), folder, name)
            drawn[measure.NAME] = f"{name}.svg"
    return drawn
