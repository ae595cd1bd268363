#!/usr/bin/env python3
"""Specialists beside baselines and prompted models, on identical rows.

    pip install scikit-learn sentence-transformers             # into the interpreter that runs this
    python bench/quality/loop.py --understudy build/release/understudy --tool build/release/bench/specialist \\
        --home HOME [--task KEY] [--method NAME …] [--rows N] [--out FOLDER]

HOME is one in which `understudy specialise` (or `demo`) has run: its datasets and specialists, its ledger, its models. Every
method answers the rows of the split "benchmark", which neither trains, nor chooses, nor proves; the sealed rows stay
sealed. Once persons gave half of the answers only theirs count; before that, accuracy is agreement with the incumbent. The
table says how many are by persons.

Accuracy is that of whole answers (JSON: equal once parsed) with Wilson's 95 % interval. Prompted models get the incumbent's
prompt whole, greedy; "read generously" takes the one label that an answer names, or its first JSON object, for the answer.
Latency is that of one call at a time; training minutes contain the choice of settings. Results: OUT/loop.json and loop.md,
after each method; what they hold already of the same rows is not measured again.
"""

import argparse
import datetime
import json
import pathlib
import statistics
import sys

import loop_methods as methods
from loop_dataset import Dataset, Row, datasets_of_home, models_of, same
from proportion import wilson

sys.path.append(str(pathlib.Path(__file__).parent.parent / "peers"))
import machine  # noqa: E402

PROMPTED = ("smollm2:135m", "qwen2.5-coder:0.5b")
EMBEDDER = "all-minilm:l6.model"  # a sentence-transformers folder
METHODS = ("incumbent", "specialists", "tfidf", "knn", *PROMPTED)


def percentile(values: list[float] | None, share: float) -> float | None:
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def mean(values: list[int] | None) -> float | None:
    return statistics.mean(values) if values else None


def graded(dataset: Dataset, asked: list[Row], answers: methods.Answers) -> dict:
    labels = sorted({row.value for row in dataset.rows}) if not dataset.is_json else []
    right = [same(row.value, text, dataset.is_json) for row, text in zip(asked, answers.texts, strict=True)]
    read = [same(row.value, methods.generous(text, labels, dataset.is_json), dataset.is_json)
            for row, text in zip(asked, answers.texts)]
    return {"task": dataset.name, "title": dataset.title, "method": answers.method, "n": len(asked), "right": sum(right),
            "right_read_generously": sum(read), "interval": wilson(sum(right), len(asked)),
            "targets_of_persons": sum(row.origin == "person" for row in asked),
            "prompt_tokens": mean(answers.prompt_tokens), "completion_tokens": mean(answers.completion_tokens),
            "p50_ms": percentile(answers.ms, 0.5), "p95_ms": percentile(answers.ms, 0.95),
            "training_minutes": answers.training_minutes, "note": answers.note,
            "answers": [{"call": row.call, "value": row.value, "answer": text}
                        for row, text in zip(asked, answers.texts)]}


def table(results: list[dict]) -> str:
    lines = ["| task | method | n | accuracy [95 %] | read generously | tokens a call | ms p50 / p95 | training, min | |",
             "|---|---|---|---|---|---|---|---|---|"]
    for r in results:
        low, high = r["interval"]
        generous = f"{r['right_read_generously'] / r['n']:.1%}" if r["right_read_generously"] != r["right"] else ""
        latency = "" if r["p50_ms"] is None else f"{r['p50_ms']:.1f} / {r['p95_ms']:.1f}"
        tokens = "" if r["prompt_tokens"] is None else f"{r['prompt_tokens']:.0f} + {r['completion_tokens']:.1f}"
        lines.append(f"| {r['title'][:30]} | {r['method']} | {r['n']} ({r['targets_of_persons']} by persons) "
                     f"| {r['right'] / r['n']:.1%} [{low:.1%}, {high:.1%}] | {generous} | {tokens} "
                     f"| {latency} | {r['training_minutes']:.2f} | {r['note']} |")
    return "\n".join(lines)


def run_method(options, name: str, dataset: Dataset, asked: list[Row]) -> list[methods.Answers]:
    if name == "incumbent":
        return [methods.incumbent(dataset, asked)]
    if name == "specialists":
        return methods.specialists(options.tool, options.home, dataset, asked)
    if name == "tfidf":
        return [methods.tfidf_regression(dataset, asked)]
    if name == "knn":
        return [methods.nearest_neighbours(dataset, asked, models_of(options.home) / EMBEDDER)]
    return [methods.prompted(options.understudy, options.home, name, dataset, asked)]


def is_measured(results: list[dict], dataset: Dataset, name: str, asked: list[Row]) -> bool:
    return any(r["task"] == dataset.name and r["asked_as"] == name
               and [answer["call"] for answer in r["answers"]] == [row.call for row in asked] for r in results)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--understudy", required=True, metavar="PATH")
    parser.add_argument("--home", required=True, type=pathlib.Path)
    parser.add_argument("--tool", help="the built bench/specialist; for the specialists")
    parser.add_argument("--task", help="the beginning of its key (default: all that have a dataset)")
    parser.add_argument("--method", action="append", choices=METHODS, help="may be repeated; default: all")
    parser.add_argument("--rows", type=int, help="of the benchmark, the first so many (default: all)")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("loop-results"))
    options = parser.parse_args()
    if not options.tool and "specialists" in (options.method or METHODS):
        parser.error("--tool is needed for the specialists")
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / "loop.json"
    report = json.loads(file.read_text()) if file.exists() else {"results": []}
    report |= {"date": datetime.date.today().isoformat(), "machine": machine.describe()}
    for dataset in datasets_of_home(options.home, options.understudy, options.task):
        asked = dataset.benchmark()[:options.rows]
        for name in options.method or METHODS:
            if is_measured(report["results"], dataset, name, asked):
                continue
            print(f"{dataset.name}: {name}, {len(asked)} rows", file=sys.stderr, flush=True)
            for answers in run_method(options, name, dataset, asked):
                report["results"].append({"asked_as": name, **graded(dataset, asked, answers)})
            file.write_text(json.dumps(report, indent=1) + "\n")
            file.with_suffix(".md").write_text(table(report["results"]) + "\n")
    print(table(report["results"]))


if __name__ == "__main__":
    main()
