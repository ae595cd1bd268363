#!/usr/bin/env python3
"""Understudy, llama.cpp and torch side by side: same file, same threads, same minutes, alternating.

    python bench/peers/compare.py --understudy build/release/understudy MODEL.gguf … [--pairs N] [--threads N]
                                  [--work NAME …] [--tokens N] [--setting NAME] [--isa NAME] [--python PATH]
                                  [--format NAME] [--torch PATH] [--out FOLDER]

Every pair runs Understudy, then llama.cpp with flash attention, then without; whichever setting has the better median
is llama.cpp's. With --format llama.cpp also runs the model as its own quantiser makes it in that format, as a peer of its
own: Q4_0 and IQ4_NL are the block formats that it runs fastest. With --torch (an interpreter that has torch, transformers,
accelerate and gguf) torch follows, from the same weights in bfloat16; it has no loading to compare. What counts is the
median of the paired ratios (above 1: we are better) with a 90 % bootstrap interval.

A pair during which the host or other processes took CPU time (machine.warning) is measured again, up to --tries pairs in
all; who was fast does not enter into it. The results say how many pairs were put aside, and warn if too few were left.
Results go to FOLDER (default bench/results) as one JSON file, one table and one picture, after each work; another run
on the same day, with the same programs, goes on from there and measures again what was busy.
"""

import argparse
import contextlib
import datetime
import functools
import hashlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
from typing import Callable, Iterable

import chart
import environment
import machine
import pairs
import server

HERE = pathlib.Path(__file__).parent

LOAD_CONTEXT = 2048  # tokens that both sides make room for when load time and memory are measured

# Arguments that both sides take. Tokens are chosen so that a run takes seconds, not minutes, on two cores.
WORKS = {
    "decode, depth 0": ["decode", "--depth", "0", "--tokens", "128"],
    "decode, depth 1024": ["decode", "--depth", "1024", "--tokens", "64"],
    "temperature 0, depth 16": ["decode", "--depth", "16", "--tokens", "128"],
    "temperature 0, depth 1024": ["decode", "--depth", "1024", "--tokens", "64"],
    "prefill 512": ["prefill", "--tokens", "512"],
    "16 streams": ["batch", "--streams", "16", "--tokens", "64"],
    "load": ["load", "--context", str(LOAD_CONTEXT)],
    "decode, 1 busy neighbour": ["decode", "--depth", "0", "--tokens", "128"],
    "decode, 2 busy neighbours": ["decode", "--depth", "0", "--tokens", "16"],  # llama.cpp may need seconds a token
}
IDLE = "decode, depth 0"
NEIGHBOURS = {"decode, 1 busy neighbour": 1, "decode, 2 busy neighbours": 2}  # endless loops at our own priority
ANSWERS = tuple(work for work in WORKS if work.startswith("temperature 0"))  # we answer a text; the peer's ids don't matter
SETTINGS = {"fa on": True, "fa off": False}  # of llama.cpp: flash attention


def peers(options) -> dict[str, dict[str, Callable[[str, pathlib.Path], dict]]]:
    """Of each peer how it runs a work on a model, by setting."""
    def llama_cpp(prefix: str, own_file: bool) -> dict:
        return {prefix + setting: functools.partial(llama, options, SETTINGS[setting], own_file)
                for setting in options.setting or SETTINGS}

    result = {"llama.cpp": llama_cpp("", own_file=False)}
    if options.format:
        result[f"llama.cpp {options.format}"] = llama_cpp(f"{options.format}, ", own_file=True)
    if options.torch:
        result["torch"] = {"bf16": functools.partial(torch, options)}
    return result


def is_shortened(options, work: str) -> bool:
    return bool(options.tokens) and WORKS[work][0] in ("decode", "batch")


def label(options, work: str) -> str:
    return f"{work}, {options.tokens} tokens" if is_shortened(options, work) else work


def arguments(options, work: str, model: pathlib.Path) -> list[str]:
    """Of either side, from the verb on."""
    verb, *rest = WORKS[work]
    if is_shortened(options, work):
        rest[rest.index("--tokens") + 1] = str(options.tokens)
    return [verb, str(model), *rest, "--threads", str(options.threads)]


@functools.cache
def text_to_answer(python: str) -> pathlib.Path:
    """The English text of the quality measurement, which `python` (with numpy) can read."""
    file = environment.cache_folder("english.txt")
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "w") as out:
        subprocess.run([python, "-c", "import corpus; print(corpus.english(corpus.package_archive()))"], stdout=out,
                       cwd=HERE.parent / "quality", check=True)
    return file


def as_users_say(model: pathlib.Path) -> pathlib.Path:
    """A pulled model by its name, which loads from its packed copy."""
    home = pathlib.Path(os.environ.get("UNDERSTUDY_HOME") or pathlib.Path.home() / ".understudy")
    return pathlib.Path(model.stem) if model.absolute().parent == (home / "models").absolute() else model


def ours(options, work: str, model: pathlib.Path) -> dict:
    named = as_users_say(model)
    if work == "load":
        return server.measure_load(options.understudy, named, options.threads, LOAD_CONTEXT)
    text = ["--text", str(text_to_answer(options.python))] if work in ANSWERS else []
    return pairs.run_json([options.understudy, "bench", *arguments(options, work, named), *text, "--json"])


@functools.cache
def in_format(python: str, model: pathlib.Path, name: str) -> pathlib.Path:
    """The model in a format, with the tensors that llama.cpp's quantiser keeps in better ones."""
    file = environment.cache_folder(f"{model.stem}-{name}.gguf")
    make = "import pathlib, sys, quantize; quantize.quantize(*map(pathlib.Path, sys.argv[1:3]), sys.argv[3], pure=False)"
    subprocess.run([python, "-c", make, str(model.absolute()), str(file), name], cwd=HERE.parent / "quality", check=True,
                   stdout=sys.stderr)
    return file


def llama(options, flash_attention: bool, own_file: bool, work: str, model: pathlib.Path) -> dict:
    file = in_format(options.python, model, options.format) if own_file else model
    return pairs.run_json([options.python, str(HERE / "run_llama.py"), *arguments(options, work, file)]
                          + ["--flash-attention"] * flash_attention)


def torch(options, work: str, model: pathlib.Path) -> dict:
    return pairs.run_json([options.torch, str(HERE / "run_torch.py"), *arguments(options, work, model)])


def beside(neighbours: int, run):
    """`run` while so many other processes want a CPU each. They end with this one, however that ends."""
    busy = f"import os\nwhile os.getppid() == {os.getpid()}: sum(range(100_000))"

    def with_neighbours() -> dict:
        loops = [subprocess.Popen([sys.executable, "-c", busy]) for _ in range(neighbours)]
        try:
            result = run()
        finally:
            for loop in loops:
                loop.kill()
                loop.wait()
        result.pop("fraction", None)  # its yardsticks had neighbours too
        return result
    return with_neighbours if neighbours else run


def summary(runs: dict[str, list[dict]], metric: str, peer: str, settings: Iterable[str]) -> dict:
    sides = {side: values for side, values in runs.items() if side in ("understudy", *settings)}
    result = {"peer": peer, **pairs.summary(sides, metric, "theirs")}
    if "fraction" in runs.get("understudy", [{}])[0]:
        result["fraction_of_limit"] = statistics.median(run["fraction"] for run in runs["understudy"])
    return result


def sides_of(options, work: str, model: pathlib.Path) -> dict:
    """What runs in turn, by name."""
    sides = {"understudy": lambda: ours(options, work, model)} if options.understudy else {}
    for peer, settings in peers(options).items():
        if peer != "torch" or work != "load":
            sides |= {setting: functools.partial(run, work, model) for setting, run in settings.items()}
    return {side: beside(NEIGHBOURS.get(work, 0), run) for side, run in sides.items()}


def measure(options, work: str, model: pathlib.Path) -> dict:
    measured = pairs.alternate(sides_of(options, work, model), options.pairs, options.tries,
                               f"{model.stem}: {label(options, work)}")
    first = next(iter(measured["runs"].values()))[0]
    metrics = [metric for metric in pairs.HIGHER_IS_BETTER if metric in first]
    return {"model": model.stem, "work": label(options, work),
            "summaries": [summary(measured["runs"], metric, peer, settings) for metric in metrics
                          for peer, settings in peers(options).items() if set(settings) & set(measured["runs"])], **measured}


def share_of_idle(results: list[dict], result: dict, s: dict) -> str:
    """What is left of both sides' speed beside neighbours."""
    idle = [other for r in results if r["model"] == result["model"] and r["work"].startswith(IDLE)
            for other in r["summaries"] if other["peer"] == s["peer"]]
    if not idle or not result["work"].startswith(tuple(NEIGHBOURS)):
        return ""
    return " / ".join(f"{s[side] / idle[0][side]:.0%}" for side in ("understudy", "theirs") if side in s) + " of idle"


def table(results: list[dict]) -> str:
    lines = ["| model | work | metric | n | understudy | of its limit | peer (setting) | ratio [90 %] |",
             "|---|---|---|---|---|---|---|---|"]
    for result in results:
        for s in result["summaries"]:
            mine = f"{s['understudy']:,.1f}" if "understudy" in s else ""
            fraction = (f"{s['fraction_of_limit']:.0%}" if "fraction_of_limit" in s
                        else share_of_idle(results, result, s))
            busy = f" ({result['busy_pairs_kept']} busy)" * bool(result["busy_pairs_kept"])
            lines.append(f"| {result['model']} | {result['work']} | {s['metric']} | {s['n']}{busy} | {mine} | {fraction} "
                         f"| {s['peer']} {s['theirs']:,.1f} ({s['theirs_setting']}) | {pairs.ratio_text(s)} |")
    return "\n".join(lines)


def versions(options) -> dict:
    def version(python: str, package: str) -> str:
        return subprocess.run([python, "-c", f"import {package}; print({package}.__version__)"],
                              capture_output=True, text=True, check=True).stdout.strip()

    mine = {}
    if options.understudy:
        mine["understudy_sha256"] = hashlib.sha256(pathlib.Path(options.understudy).read_bytes()).hexdigest()[:16]
    if options.torch:
        mine |= {package: version(options.torch, package) for package in ("torch", "transformers")}
    return {**mine, "llama_cpp_python": version(options.python, "llama_cpp"), "llama_cpp_flags": environment.build_flags(options.isa)}


def earlier_results(file: pathlib.Path, report: dict) -> list[dict]:
    """Those of the same machine and versions."""
    if not file.exists():
        return []
    earlier = json.loads(file.read_text())
    same = all(earlier.get(key) == report[key] for key in ("machine", "versions", "threads"))
    return earlier["results"] if same else []


def of_this(options, work: str, model: pathlib.Path, result: dict) -> bool:
    return result["model"] == model.stem and result["work"] == label(options, work)


def is_measured(options, work: str, model: pathlib.Path, result: dict) -> bool:
    """Quietly, and on all sides that are asked for."""
    return (of_this(options, work, model, result) and not result["busy_pairs_kept"]
            and set(sides_of(options, work, model)) <= set(result["runs"]))


def write(file: pathlib.Path, report: dict) -> str:
    file.write_text(json.dumps(report, indent=1) + "\n")
    heading = f"{report['machine']['cpu']}, {report['threads']} threads, {json.dumps(report['versions'])}"
    busy = sum(result["busy_pairs_kept"] for result in report["results"])
    warning = f"**{busy} pairs were measured while the machine was busy. Do not quote the rows that say so.**" if busy else ""
    text = "\n\n".join(part for part in (heading, warning, table(report["results"])) if part)
    file.with_suffix(".md").write_text(text + "\n")
    file.with_suffix(".svg").write_text(chart.of_ratios(report["results"], heading))
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="+", type=pathlib.Path, metavar="MODEL.gguf")
    parser.add_argument("--understudy", metavar="PATH", help="our program; without it only llama.cpp runs")
    parser.add_argument("--python", help="an interpreter that has llama-cpp-python; default: one is built")
    parser.add_argument("--torch", metavar="PATH", help="an interpreter that has torch, transformers, accelerate and gguf")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--tries", type=int, help="most pairs of a work, busy ones included (default: 3 x pairs)")
    parser.add_argument("--threads", type=int, default=machine.describe()["cpus"])
    parser.add_argument("--work", action="append", choices=list(WORKS), help="may be repeated; default: all")
    parser.add_argument("--tokens", type=int, help="of each stream in decode and 16 streams (default: the work's own)")
    parser.add_argument("--setting", action="append", choices=list(SETTINGS), help="of llama.cpp; default: both")
    parser.add_argument("--format", metavar="Q4_0", help="llama.cpp also runs the model in this format, made by its quantiser")
    parser.add_argument("--isa", choices=list(environment.OF_A_SET), help="both sides keep to this set (default: the CPU's)")
    parser.add_argument("--out", type=pathlib.Path, default=HERE.parent / "results")
    options = parser.parse_args()
    options.python = options.python or environment.python(options.isa)
    if options.isa:
        os.environ["UNDERSTUDY_ISA"] = options.isa
    options.tries = max(options.pairs, options.tries or 3 * options.pairs)

    report = {"date": datetime.date.today().isoformat(), "machine": machine.describe(), "versions": versions(options),
              "threads": options.threads, "results": []}
    options.out.mkdir(parents=True, exist_ok=True)
    isa = [options.isa] if options.isa else []
    file = options.out / f"{'-'.join(['peers', report['date'], *isa])}-{options.threads}-threads.json"
    report["results"] = earlier_results(file, report)
    for model in options.models:
        for work in options.work or WORKS:
            if any(is_measured(options, work, model, result) for result in report["results"]):
                continue
            measured = measure(options, work, model)
            others = [result for result in report["results"] if not of_this(options, work, model, result)]
            report["results"] = [*others, measured]
            write(file, report)
    print(write(file, report))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
