#!/usr/bin/env python3
"""lm_eval through our /v1/completions beside lm_eval on transformers: the same weights, tasks and items.

    python bench/quality/lm_eval_parity.py MODEL --understudy build/release/understudy [--limit 200]

MODEL is a GGUF file (transformers dequantises it to f32) or a Hugging Face folder. The tasks are lm_eval_tasks/*.yaml:
answers scored by likelihood (echo and logprobs) and answers generated up to a stop string; their rows come from the
package of corpus.py. Needs lm-eval[api] >= 0.4.13, torch, transformers and gguf. The exit status is 1 if a score differs
by more than its standard error.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

sys.path.append(str(pathlib.Path(__file__).parent.parent / "peers"))
import server  # noqa: E402

TASKS = {"piqa_local": ("acc", "acc_norm"), "boolq_local": ("exact_match",)}


def evaluate(model, limit: int) -> dict:
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    folder = pathlib.Path(__file__).parent / "lm_eval_tasks"
    manager = TaskManager(include_path=str(folder), include_defaults=False)
    start = time.perf_counter()
    found = simple_evaluate(model, tasks=list(TASKS), limit=limit, task_manager=manager, log_samples=True)
    print(f"{type(model).__name__}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    return found


def transformers_model(path: pathlib.Path, threads: int):
    import torch
    from lm_eval.models.huggingface import HFLM

    torch.set_num_threads(threads)
    source = dict(pretrained=str(path)) if path.is_dir() else dict(pretrained=str(path.parent), gguf_file=path.name)
    return HFLM(**source, dtype="float32", device="cpu", batch_size=1)


def through_server(program: str, path: pathlib.Path, tokenizer: str, threads: int, limit: int) -> dict:
    from lm_eval.models.openai_completions import LocalCompletionsAPI

    port = server.free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen([program, "serve", str(path), "--port", str(port), "--threads", str(threads), "--quiet"],
                               stdout=subprocess.DEVNULL)
    try:
        name = server.wait_until_ready(url, process)
        model = LocalCompletionsAPI(model=name, base_url=f"{url}/v1/completions", tokenizer_backend="huggingface",
                                    tokenizer=tokenizer, num_concurrent=4)
        return evaluate(model, limit)
    finally:
        process.terminate()
        process.wait()


def answers(found: dict, task: str) -> list:
    """Of each item, what the model said: log-likelihoods of the choices, or the text."""
    samples = sorted(found["samples"][task], key=lambda sample: sample["doc_id"])
    if task == "piqa_local":
        return [np.array([choice[0] for choice in sample["filtered_resps"]], float) for sample in samples]
    return [sample["filtered_resps"][0] for sample in samples]


def agreement(task: str, ours: list, theirs: list) -> str:
    if task == "piqa_local":
        same = sum(int(a.argmax() == b.argmax()) for a, b in zip(ours, theirs, strict=True))
        apart = np.abs(np.array(ours) - np.array(theirs))
        return f"{same} of {len(ours)} choices equal, log-likelihoods {apart.mean():.4f} nats apart (largest {apart.max():.4f})"
    return f"{sum(a == b for a, b in zip(ours, theirs, strict=True))} of {len(ours)} texts equal"


def report(ours: dict, theirs: dict) -> bool:
    """Prints the scores; whether all agree within their standard error."""
    good = True
    print("| task | metric | understudy | transformers |\n|---|---|---|---|")
    for task, metrics in TASKS.items():
        for metric in metrics:
            values = [(side["results"][task][f"{metric},none"], side["results"][task][f"{metric}_stderr,none"])
                      for side in (ours, theirs)]
            good &= abs(values[0][0] - values[1][0]) <= values[1][1]
            print(f"| {task} | {metric} | " + " | ".join(f"{score:.3f} ± {error:.3f}" for score, error in values) + " |")
    for task in TASKS:
        print(f"{task}: {agreement(task, answers(ours, task), answers(theirs, task))}")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--understudy", required=True, metavar="PATH")
    parser.add_argument("--limit", type=int, default=200, help="items per task")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as tokenizer:
        reference = transformers_model(options.model, options.threads)
        reference.tokenizer.save_pretrained(tokenizer)
        ours = through_server(options.understudy, options.model, tokenizer, options.threads, options.limit)
        theirs = evaluate(reference, options.limit)
    sys.exit(0 if report(ours, theirs) else 1)


if __name__ == "__main__":
    main()
