#!/usr/bin/env python3
"""LoRA training beside torch, transformers and PEFT: same weights, same tokens, same threads, alternating.

    pip install torch transformers accelerate gguf peft        # into the interpreter that runs this
    python bench/peers/train.py --tool build/release/bench/train_steps MODEL.gguf … [--pairs N] [--steps N] [--setting NAME …]

Rank 16 on every linear layer inside a block, 8 sequences of 256 tokens of English a step, loss on every token, AdamW
without decay. PEFT trains the file's weights dequantised, in f32 and in bfloat16, as they are and through torch.compile;
each setting is tried once, and those within a fifth of the fastest go into the pairs (or those that --setting names). Its
figure is that of the better one. A setting that fails or takes more than --timeout seconds is out, and the report says so.

The ratio is the median over pairs, above 1 when we are better, with a 90 % bootstrap interval; pairs of a busy machine are
measured again (pairs.py). Losses of the same step stand beside each other: both sides begin with different random pairs,
so they differ a little after the first step and not before it. Results: FOLDER/train-DATE-N-threads.json and .md.
"""

import argparse
import datetime
import hashlib
import importlib.metadata
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

import machine
import pairs

HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE.parent / "quality"))
import corpus  # noqa: E402

SEQUENCES, TOKENS, RANK, RATE = 8, 256, 16, 5e-4
SETTINGS = {"f32": ["--dtype", "float32"], "bf16": ["--dtype", "bfloat16"],
            "f32 compiled": ["--dtype", "float32", "--compile"], "bf16 compiled": ["--dtype", "bfloat16", "--compile"]}
CONTENDER = 0.8  # of the fastest setting's speed
METRICS = ("tokens_per_s", "peak_bytes")


def write_ids(model: pathlib.Path, file: pathlib.Path):
    """The beginning of the English text, cut into sequences, as ids of this model."""
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(str(model.parent), gguf_file=model.name)
    passages = "\n\n".join(row["passage"] for row in corpus.rows(corpus.package_archive(), "boolq")[:60])
    ids = tokenizer(passages, add_special_tokens=False)["input_ids"]
    if len(ids) < SEQUENCES * TOKENS:
        sys.exit(f"only {len(ids)} tokens of {SEQUENCES * TOKENS}; take more passages")
    file.write_text("".join(" ".join(map(str, ids[i * TOKENS:(i + 1) * TOKENS])) + "\n" for i in range(SEQUENCES)))


def ours(options, model: pathlib.Path, ids: pathlib.Path) -> dict:
    return pairs.run_json([options.tool, str(model), str(ids), str(options.steps), str(RANK), str(RATE),
                           str(options.threads)])


def peft_command(options, model: pathlib.Path, ids: pathlib.Path, setting: str, steps: int) -> list[str]:
    return [sys.executable, str(HERE / "run_peft.py"), str(model), str(ids), *SETTINGS[setting], "--steps", str(steps),
            "--rank", str(RANK), "--rate", str(RATE), "--threads", str(options.threads)]


def tried_once(options, model: pathlib.Path, ids: pathlib.Path) -> dict[str, dict]:
    """Each setting's run of one timed step, or {"failed": why}."""
    tried = {}
    for setting in SETTINGS:
        command = peft_command(options, model, ids, setting, 2)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=options.timeout)
            failed = done.stderr.strip().splitlines()[-1:] if done.returncode else []
            tried[setting] = {"failed": failed[0] if failed else "no word"} if done.returncode else json.loads(done.stdout)
        except subprocess.TimeoutExpired:
            tried[setting] = {"failed": f"more than {options.timeout} s"}
        print(f"{model.stem}: PEFT {setting}: {tried[setting]}", file=sys.stderr, flush=True)
    return tried


def contenders(tried: dict[str, dict]) -> list[str]:
    speeds = {setting: run["tokens_per_s"] for setting, run in tried.items() if "failed" not in run}
    if not speeds:
        sys.exit("PEFT runs in no setting")
    return [setting for setting, speed in speeds.items() if speed >= CONTENDER * max(speeds.values())]


def measure(options, model: pathlib.Path, folder: pathlib.Path) -> dict:
    ids = folder / f"{model.stem}.ids"
    write_ids(model, ids)
    tried = {} if options.setting else tried_once(options, model, ids)
    sides = {"understudy": lambda: ours(options, model, ids)}
    for setting in options.setting or contenders(tried):
        sides[setting] = lambda command=peft_command(options, model, ids, setting, options.steps): pairs.run_json(command)
    measured = pairs.alternate(sides, options.pairs, 2 * options.pairs, model.stem)
    losses = {side: [statistics.median(step) for step in zip(*(run["losses"] for run in runs))]
              for side, runs in measured["runs"].items()}
    return {"model": model.stem, "tried_once": tried, "losses": losses,
            "summaries": [pairs.summary(measured["runs"], metric, "peft") for metric in METRICS], **measured}


def table(results: list[dict]) -> str:
    lines = ["| model | metric | n | understudy | PEFT (setting) | ratio [90 %] |", "|---|---|---|---|---|---|"]
    for result in results:
        busy = f" ({result['busy_pairs_kept']} busy)" * bool(result["busy_pairs_kept"])
        for s in result["summaries"]:
            lines.append(f"| {result['model']} | {s['metric']} | {s['n']}{busy} | {s['understudy']:,.1f} "
                         f"| {s['peft']:,.1f} ({s['peft_setting']}) | {pairs.ratio_text(s)} |")
    lines += ["", "Loss of each step, nats a token:", ""]
    for result in results:
        for side, losses in result["losses"].items():
            lines.append(f"- {result['model']}, {side}: {', '.join(f'{loss:.4f}' for loss in losses)}")
        for setting, run in result["tried_once"].items():
            speed = run.get("failed") or f"{run['tokens_per_s']:.0f} tokens/s"
            lines.append(f"- {result['model']}, PEFT {setting}, tried once: {speed}")
    return "\n".join(lines)


def write(file: pathlib.Path, report: dict) -> str:
    file.write_text(json.dumps(report, indent=1) + "\n")
    heading = (f"{report['machine']['cpu']}, {report['threads']} threads, {SEQUENCES} x {TOKENS} tokens, rank {RANK}, "
               f"{json.dumps(report['versions'])}")
    text = f"{heading}\n\n{table(report['results'])}"
    file.with_suffix(".md").write_text(text + "\n")
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=pathlib.Path, metavar="MODEL.gguf")
    parser.add_argument("--tool", required=True, help="the built bench/train_steps")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=4, help="of a run, the untimed first one included")
    parser.add_argument("--setting", action="append", choices=list(SETTINGS), help="of PEFT, instead of trying all")
    parser.add_argument("--timeout", type=int, default=240, help="seconds for each setting that is tried")
    parser.add_argument("--threads", type=int, default=machine.describe()["cpus"])
    parser.add_argument("--out", type=pathlib.Path, default=HERE.parent / "results")
    options = parser.parse_args()
    versions = {name: importlib.metadata.version(name) for name in ("torch", "transformers", "peft")}
    versions["understudy_sha256"] = hashlib.sha256(pathlib.Path(options.tool).read_bytes()).hexdigest()[:16]
    report = {"date": datetime.date.today().isoformat(), "machine": machine.describe(), "versions": versions,
              "threads": options.threads, "results": []}
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / f"train-{report['date']}-{options.threads}-threads.json"
    with tempfile.TemporaryDirectory() as folder:
        for model in options.models:
            report["results"].append(measure(options, model.absolute(), pathlib.Path(folder)))
            text = write(file, report)
    print(text)


if __name__ == "__main__":
    main()
