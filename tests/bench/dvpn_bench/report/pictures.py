# SPDX-License-Identifier: GPL-2.0-or-later
"""Which pictures there are, and what each shows."""
from . import plots, words


def _throughput(results, names):
    panels = []
    for flows, rtt_ms in ((1, 0), (8, 0), (64, 0), (1, 20), (1, 100), (1, 200)):
        pair = [f"bulk.{d}.{flows}.{rtt_ms}ms" for d in ("up", "down")]
        if any(m in results.metrics for m in pair):
            title = f"{'one flow' if flows == 1 else f'{flows} flows'}, {rtt_ms} ms round trip"
            panels.append(lambda axis, first, t=title, p=pair: plots.bars(axis, t, names, results, p, "Gbit/s", first))
    return [panels[i:i + 3] for i in range(0, len(panels), 3)], "Gbit/s, logarithmic; dark: up, light: down. More is better."


def _connections(results, names):
    counts = sorted({int(m.split(".")[1]) for m in results.metrics if m.startswith("connect.")})
    what = {1: "one at a time"}
    rates = [lambda axis, first, n=n: plots.bars(axis, f"a second, {what.get(n, f'{n} at once')}", names, results, [f"connect.{n}.rate"], "1/s", first)
             for n in counts]
    times = [lambda axis, first, n=n: plots.ranges(axis, f"latency, {what.get(n, f'{n} at once')}", names, results, f"connect.{n}.p50", f"connect.{n}.p99",
                                                   "ms", first) for n in counts]
    return [rates, times], "Above: connections a second, more is better. Below: from connect() to the first byte, p50 (dot) to p99 (bar), less is better."


def _first_byte(results, names):
    panels = [lambda axis, first, s=s, t=t: plots.bars(axis, t, names, results, [f"first_byte.{s}.rtt"], "round trips of 100 ms", first)
              for s, t in (("warm", "a session is there"), ("cold", "no session yet")) if f"first_byte.{s}.rtt" in results.metrics]
    return [panels], "From connect() to the first byte back. Less is better; two round trips are what the bare link takes."


def _keystrokes(results, names):
    panels = [lambda axis, first, b=b, t=t: plots.ranges(axis, t, names, results, f"keystroke.{b}.p50", f"keystroke.{b}.p99", "ms", first)
              for b, t in (("idle", "alone"), ("up", "beside an upload"), ("down", "beside a download")) if f"keystroke.{b}.p50" in results.metrics]
    return [panels], "Round trip of one byte at 20 ms, p50 (dot) to p99 (bar). Less is better."


def _idle(results, names):
    counts = sorted({int(m.split(".")[1]) for m in results.metrics if m.startswith("idle.")})
    panels = []
    for n in counts:
        for kind, title, unit in (("share", f"one flow beside {n:,} idle", "of the same flow alone"), ("memory", f"memory for each of {n:,}", "KB")):
            ends = ("up", "down") if kind == "share" else ("client gateway", "server gateway")
            panels.append(lambda axis, first, t=title, p=[f"idle.{n}.{kind}.{e}" for e in ends], u=unit: plots.bars(axis, t, names, results, p, u, first))
    return [panels[i:i + 2] for i in range(0, len(panels), 2)], "Left: throughput beside idle flows, of the same alone (dark: up, light: down), more is better. Right: memory (dark: client's gateway, light: server's)."


def _cpu(results, names):
    panels = []
    for direction in ("up", "down"):
        pair = [f"cpu.{direction}.{place}" for place in ("client gateway", "server gateway")]
        if pair[0] in results.metrics:
            panels.append(lambda axis, first, d=direction, p=pair: plots.bars(axis, f"one flow {d}", names, results, p, "CPU seconds per GB", first))
    return [panels], "All processes of a gateway; dark: the client's, light: the server's. Less is better. (The kernel's own forwarding is not in it.)"


PICTURES = [("throughput", "Throughput", _throughput), ("connections", "Connections", _connections), ("first_byte", "First byte", _first_byte),
            ("keystrokes", "Keystrokes", _keystrokes), ("idle", "Idle flows", _idle), ("cpu", "CPU time", _cpu)]


def draw(results, peer_names, folder):
    """(title, file name of the SVG) of each that there is anything to show in."""
    drawn = []
    checks = [(t, f, s) for t, f, s, _ in words.checks(results) if f is not None]
    if checks:
        plots.save(plots.target_chart(checks), folder, "targets")
        drawn.append(("Targets at a glance", "targets.svg"))
    for name, title, make in PICTURES:
        rows, note = make(results, peer_names)
        if any(rows):
            figure = plots.grid(title, note, rows, peer_names)
            plots.save(figure, folder, name)
            drawn.append((title, f"{name}.svg"))
    return drawn
