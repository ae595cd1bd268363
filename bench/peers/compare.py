#!/usr/bin/env python3
"""Understudy and llama.cpp side by side: same file, same threads, same minutes, alternating.

    python bench/peers/compare.py --understudy build/release/understudy MODEL.gguf … [--pairs N] [--threads N]
                                  [--work NAME …] [--python PATH] [--out FOLDER]

Every pair runs Understudy, then llama.cpp with flash attention, then without; whichever setting has the better median
is llama.cpp's. What counts is the median of the paired ratios (above 1: we are better) with a 90 % bootstrap interval.

A pair during which the host or other processes took CPU time (machine.warning) is measured again, up to --tries pairs in
all; who was fast does not enter into it. The results say how many pairs were put aside, and warn if too few were left.
Results go to FOLDER (default bench/results) as one JSON file and one table, after each work; another run on the same day,
with the same programs, goes on from there and measures again what was busy.
"""

import argparse
import contextlib
import datetime
import hashlib
import json
import pathlib
import random
import statistics
import subprocess
import sys

import environment
import machine
import server

HERE = pathlib.Path(__file__).parent

LOAD_CONTEXT = 2048  # tokens that both sides make room for when load time and memory are measured

# Arguments that both sides take. Tokens are chosen so that a run takes seconds, not minutes, on two cores.
WORKS = {
    "decode, depth 0": ["decode", "--depth", "0", "--tokens", "128"],
    "decode, depth 1024": ["decode", "--depth", "1024", "--tokens", "64"],
    "prefill 512": ["prefill", "--tokens", "512"],
    "16 streams": ["batch", "--streams", "16", "--tokens", "64"],
    "load": ["load", "--context", str(LOAD_CONTEXT)],
}
HIGHER_IS_BETTER = {"tokens_per_s": True, "load_ms": False, "resident_bytes": False}


def run_json(command: list[str]) -> dict:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\nfailed: {done.stderr.strip()}")
    return json.loads(done.stdout)


def ours(options, work: str, model: pathlib.Path) -> dict:
    if work == "load":
        return server.measure_load(options.understudy, model, options.threads, LOAD_CONTEXT)
    verb, *arguments = WORKS[work]
    return run_json([options.understudy, "bench", verb, str(model), *arguments, "--threads", str(options.threads),
                     "--json"])


def llama(options, work: str, model: pathlib.Path, flash_attention: bool) -> dict:
    verb, *arguments = WORKS[work]
    return run_json([options.python, str(HERE / "run_llama.py"), verb, str(model), *arguments,
                     "--threads", str(options.threads)] + ["--flash-attention"] * flash_attention)


def bootstrap_of_median(values: list[float]) -> list[float]:
    generator = random.Random(0)
    medians = sorted(statistics.median(generator.choices(values, k=len(values))) for _ in range(4000))
    return [medians[200], medians[3800]]


def summary(runs: dict[str, list[dict]], metric: str) -> dict:
    values = {side: [run[metric] for run in side_runs] for side, side_runs in runs.items()}
    better = HIGHER_IS_BETTER[metric]
    settings = [side for side in values if side != "understudy"]
    best = (max if better else min)(settings, key=lambda side: statistics.median(values[side]))
    result = {"metric": metric, "n": len(values[best]), "llama_cpp": statistics.median(values[best]),
              "llama_cpp_setting": best}
    if "understudy" in values:
        pairs = [a / b if better else b / a for a, b in zip(values["understudy"], values[best])]
        result |= {"understudy": statistics.median(values["understudy"]), "ratio": statistics.median(pairs),
                   "ratio_interval": bootstrap_of_median(pairs)}
        if "fraction" in runs["understudy"][0]:
            result["fraction_of_limit"] = statistics.median(run["fraction"] for run in runs["understudy"])
    return result


def measure(options, work: str, model: pathlib.Path) -> dict:
    sides = {"fa on": lambda: llama(options, work, model, True), "fa off": lambda: llama(options, work, model, False)}
    if options.understudy:
        sides = {"understudy": lambda: ours(options, work, model), **sides}
    quiet, busy = [], []
    while len(quiet) < options.pairs and len(quiet) + len(busy) < options.tries:
        activity = machine.Activity()
        pair = {side: run() for side, run in sides.items()}
        report = activity.report()
        warning = machine.warning(report)
        (busy if warning else quiet).append((pair, report))
        print(f"{model.stem}: {work}: {len(quiet)} of {options.pairs} pairs" + (f"; {warning}" if warning else ""),
              file=sys.stderr)
    kept = quiet + busy[:options.pairs - len(quiet)]
    runs = {side: [pair[side] for pair, _ in kept] for side in sides}
    metrics = [metric for metric in HIGHER_IS_BETTER if metric in runs["fa on"][0]]
    return {"model": model.stem, "work": work, "summaries": [summary(runs, metric) for metric in metrics],
            "busy_pairs_kept": len(kept) - len(quiet), "pairs_put_aside": len(quiet) + len(busy) - len(kept),
            "activity": [report for _, report in kept], "runs": runs}


def table(results: list[dict]) -> str:
    lines = ["| model | work | metric | n | understudy | of its limit | llama.cpp (setting) | ratio [90 %] |",
             "|---|---|---|---|---|---|---|---|"]
    for result in results:
        for s in result["summaries"]:
            mine = f"{s['understudy']:,.1f}" if "understudy" in s else ""
            fraction = f"{s['fraction_of_limit']:.0%}" if "fraction_of_limit" in s else ""
            ratio = ""
            if "ratio" in s:
                ratio = f"{s['ratio']:.2f} [{s['ratio_interval'][0]:.2f}, {s['ratio_interval'][1]:.2f}]"
            busy = f" ({result['busy_pairs_kept']} busy)" * bool(result["busy_pairs_kept"])
            lines.append(f"| {result['model']} | {result['work']} | {s['metric']} | {s['n']}{busy} | {mine} | {fraction} "
                         f"| {s['llama_cpp']:,.1f} ({s['llama_cpp_setting']}) | {ratio} |")
    return "\n".join(lines)


def versions(options) -> dict:
    package = subprocess.run([options.python, "-c", "import llama_cpp; print(llama_cpp.__version__)"],
                             capture_output=True, text=True, check=True)
    mine = {}
    if options.understudy:
        mine["understudy_sha256"] = hashlib.sha256(pathlib.Path(options.understudy).read_bytes()).hexdigest()[:16]
    return {**mine, "llama_cpp_python": package.stdout.strip(), "llama_cpp_flags": environment.build_flags()}


def earlier_results(file: pathlib.Path, report: dict) -> list[dict]:
    """The quiet ones of the same machine and versions."""
    if not file.exists():
        return []
    earlier = json.loads(file.read_text())
    same = all(earlier.get(key) == report[key] for key in ("machine", "versions", "threads"))
    return [result for result in earlier["results"] if same and not result["busy_pairs_kept"]]


def write(file: pathlib.Path, report: dict) -> str:
    file.write_text(json.dumps(report, indent=1) + "\n")
    heading = f"{report['machine']['cpu']}, {report['threads']} threads, {json.dumps(report['versions'])}"
    busy = sum(result["busy_pairs_kept"] for result in report["results"])
    warning = f"**{busy} pairs were measured while the machine was busy. Do not quote the rows that say so.**" if busy else ""
    text = "\n\n".join(part for part in (heading, warning, table(report["results"])) if part)
    file.with_suffix(".md").write_text(text + "\n")
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="+", type=pathlib.Path, metavar="MODEL.gguf")
    parser.add_argument("--understudy", metavar="PATH", help="our program; without it only llama.cpp runs")
    parser.add_argument("--python", help="an interpreter that has llama-cpp-python; default: one is built")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--tries", type=int, help="most pairs of a work, busy ones included (default: 3 x pairs)")
    parser.add_argument("--threads", type=int, default=machine.describe()["cpus"])
    parser.add_argument("--work", action="append", choices=list(WORKS), help="may be repeated; default: all")
    parser.add_argument("--out", type=pathlib.Path, default=HERE.parent / "results")
    options = parser.parse_args()
    options.python = options.python or environment.python()
    options.tries = max(options.pairs, options.tries or 3 * options.pairs)

    report = {"date": datetime.date.today().isoformat(), "machine": machine.describe(), "versions": versions(options),
              "threads": options.threads, "results": []}
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / f"peers-{report['date']}-{options.threads}-threads.json"
    report["results"] = earlier_results(file, report)
    for model in options.models:
        for work in options.work or WORKS:
            if not any(result["model"] == model.stem and result["work"] == work for result in report["results"]):
                report["results"].append(measure(options, work, model))
                write(file, report)
    print(write(file, report))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
