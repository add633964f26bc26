# SPDX-License-Identifier: GPL-2.0-or-later
"""The results as JSON: every single figure, to be read by a program, and to make the report anew from."""
import dataclasses
import json

from ..results import Metric, Results


def dump(environment, results):
    """One line a series, so that it can be looked at and compared."""
    lists = {
        "metrics": [dataclasses.asdict(metric) for metric in results.metrics.values()],
        "values": [{"metric": metric, "peer": peer, "rounds": {n: float(f"{v:.6g}") for n, v in rounds.items()}}
                   for (metric, peer), rounds in results.values.items()],
        "failures": [{"metric": metric, "peer": peer, "reason": reason} for (metric, peer), reason in results.failures.items()],
    }
    out = [f'"environment": {json.dumps(environment, ensure_ascii=False, indent=1)}', f'"absent": {json.dumps(results.absent)}']
    for name, rows in lists.items():
        out.append(f'"{name}": [\n' + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]")
    return "{\n" + ",\n".join(out) + "\n}\n"


def load(text):
    """(environment, results)"""
    read, results = json.loads(text), Results()
    results.absent = read["absent"]
    results.metrics = {metric["id"]: Metric(**metric) for metric in read["metrics"]}
    results.values = {(row["metric"], row["peer"]): {int(n): v for n, v in row["rounds"].items()} for row in read["values"]}
    results.failures = {(row["metric"], row["peer"]): row["reason"] for row in read["failures"]}
    return read["environment"], results
