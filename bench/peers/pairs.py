"""Pairs of runs that alternate, and what they say: the median of the paired ratios with a bootstrap interval."""

import json
import random
import statistics
import subprocess
import sys
from typing import Callable

import machine

HIGHER_IS_BETTER = {"tokens_per_s": True, "load_ms": False, "resident_bytes": False, "peak_bytes": False}


def run_json(command: list[str]) -> dict:
    """The JSON object that a program prints; this program ends if that one fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\nfailed: {done.stderr.strip()}")
    return json.loads(done.stdout)


def alternate(sides: dict[str, Callable[[], dict]], pairs: int, tries: int, title: str) -> dict:
    """Runs all sides one after the other until there are `pairs` such rounds of a quiet machine, or `tries` in all; then
    busy ones fill up. `runs` has a list a side, in the order of the rounds."""
    quiet, busy = [], []
    while len(quiet) < pairs and len(quiet) + len(busy) < tries:
        activity = machine.Activity()
        pair = {side: run() for side, run in sides.items()}
        report = activity.report()
        warning = machine.warning(report)
        (busy if warning else quiet).append((pair, report))
        print(f"{title}: {len(quiet)} of {pairs} pairs" + (f"; {warning}" if warning else ""), file=sys.stderr)
    kept = quiet + busy[:pairs - len(quiet)]
    return {"busy_pairs_kept": len(kept) - len(quiet), "pairs_put_aside": len(quiet) + len(busy) - len(kept),
            "activity": [report for _, report in kept],
            "runs": {side: [pair[side] for pair, _ in kept] for side in sides}}


def bootstrap_of_median(values: list[float]) -> list[float]:
    generator = random.Random(0)
    medians = sorted(statistics.median(generator.choices(values, k=len(values))) for _ in range(4000))
    return [medians[200], medians[3800]]


def summary(runs: dict[str, list[dict]], metric: str, peer: str) -> dict:
    """Of one metric: both sides' medians, the peer's in its best setting (all sides but "understudy" are settings of the
    peer), and the paired ratio, above 1 when we are better."""
    values = {side: [run[metric] for run in side_runs] for side, side_runs in runs.items()}
    better = HIGHER_IS_BETTER[metric]
    settings = [side for side in values if side != "understudy"]
    best = (max if better else min)(settings, key=lambda side: statistics.median(values[side]))
    result = {"metric": metric, "n": len(values[best]), peer: statistics.median(values[best]), f"{peer}_setting": best}
    if "understudy" in values:
        ratios = [a / b if better else b / a for a, b in zip(values["understudy"], values[best])]
        result |= {"understudy": statistics.median(values["understudy"]), "ratio": statistics.median(ratios),
                   "ratio_interval": bootstrap_of_median(ratios)}
    return result


def ratio_text(row: dict) -> str:
    if "ratio" not in row:
        return ""
    return f"{row['ratio']:.2f} [{row['ratio_interval'][0]:.2f}, {row['ratio_interval'][1]:.2f}]"
