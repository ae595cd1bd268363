#!/usr/bin/env python3
"""What guessing the next tokens brings whole answers: ours with drafts and without, beside llama.cpp's server with and without.

    python bench/peers/drafts.py --understudy build/release/understudy --model NAME --file MODEL.gguf \\
        --llama-server $(python bench/peers/environment.py) --out FOLDER

Each prompt is put to every side, one at a time, in an order that turns from prompt to prompt; its answer is timed once it is in
the side's cache, so that decoding is what counts. Every side sees the prompts in the same order, and ours without drafts is the
same server (`"drafts": false`); its answers must be those with drafts, to the letter. llama.cpp runs plain and with its own
speculation without a second model, in three settings.

    entities   JSON of the names in a sentence of a loan agreement        (OpenAI evals, as ../quality/extraction.py)
    table      the same for 26 sentences at once, one line each: about a thousand tokens of prompt
    rewrite    an e-mail, written again without mistakes                  (the same package)
    code       a function of Python's own library, with type hints added
    prose      a text about something: hardly anything is said before
    sampled    the same at temperature 0.8

Figures: tokens/s of all answers, and the median over prompts of the ratio of tokens/s with its 90 % bootstrap interval.
"""

import argparse
import contextlib
import inspect
import json
import pathlib
import random
import re
import statistics
import sys
import time
import urllib.request

sys.path.append(str(pathlib.Path(__file__).parent.parent / "quality"))
import extraction  # noqa: E402
import machine  # noqa: E402
from locked_speed import served  # noqa: E402
from pairs import bootstrap_of_median  # noqa: E402
from server import free_port  # noqa: E402

# Of its speculation without a second model: as it is set (12 tokens alike, 48 guessed), which rarely guesses on texts so short;
# set to guess more often and less far (3 alike, 7 guessed); and the one that also learns from earlier answers.
PEER = {"llama.cpp": [], "ngram-simple": ["--spec-type", "ngram-simple"],
        "ngram-simple 3/7": ["--spec-type", "ngram-simple", "--spec-ngram-simple-size-n", "3", "--spec-ngram-simple-size-m", "7"],
        "ngram-cache": ["--spec-type", "ngram-cache"]}
SENTENCES = 26  # of a table
SHORT = 8  # tokens: shorter answers say little about decoding
MODULES = ("textwrap", "shutil", "statistics", "difflib", "csv", "fnmatch", "glob", "heapq", "string", "posixpath")
THINGS = ("a lighthouse keeper", "the history of tea", "why the sky is blue", "a plan for a week in Lisbon", "how a bank works",
          "an apology to a customer", "what a compiler does", "a walk in the rain", "the rules of chess", "how bread is made",
          "a letter to a landlord", "the moons of Jupiter", "how to learn a language", "a small town's market", "what a virus is",
          "the life of a beaver")


def entities(count: int) -> list:
    rows = [row for row in extraction.ner_rows() if row["wanted"]]
    return [(row["system"], row["user"]) for row in random.Random(1).sample(rows, count)]


def table(count: int) -> list:
    rows = random.Random(2).sample(extraction.ner_rows(), SENTENCES * count)
    asked = ("Below are numbered sentences of a loan agreement. Answer with one line of JSON for each: its number and the names in it, "
             'as {"number": 1, "names": ["Bank", "Borrower"]}')
    texts = [[row["user"].strip() for row in rows[SENTENCES * i:SENTENCES * (i + 1)]] for i in range(count)]
    return [(asked, "\n".join(f"{n}. {text[:300]}" for n, text in enumerate(part, 1))) for part in texts]


def rewrite(count: int) -> list:
    mails = [re.sub(r"\s+", " ", row["user"].rsplit("\n\nQ:", 1)[0]) for row in extraction.invoice_rows()]
    mails = [mail for mail in dict.fromkeys(mails) if 300 <= len(mail) <= 1000]
    return [("Write the e-mail again with its spelling and spacing corrected. Answer with the whole e-mail and nothing else.", mail)
            for mail in mails[:count]]


def code(count: int) -> list:
    found = []
    for name in MODULES:
        for _, function in inspect.getmembers(__import__(name), inspect.isfunction):
            with contextlib.suppress(OSError):
                source = inspect.getsource(function)
                if function.__module__ == name and 12 <= source.count("\n") <= 30:
                    found.append(source)
    return [("Add type hints to the function. Answer with the whole code and nothing else.", source)
            for source in random.Random(3).sample(sorted(found), count)]


def prose(count: int) -> list:
    return [("You are a helpful assistant.", f"Write about {THINGS[i % len(THINGS)]}.") for i in range(count)]


WORKS = {"entities": (entities, 0), "table": (table, 0), "rewrite": (rewrite, 0), "code": (code, 0), "prose": (prose, 0),
         "sampled": (prose, 0.8)}


def ask(port: int, body: dict) -> dict:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/chat/completions", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    begin = time.perf_counter()
    with urllib.request.urlopen(request) as response:
        answer = json.load(response)
    return {"seconds": time.perf_counter() - begin, "tokens": answer["usage"]["completion_tokens"],
            "prompt_tokens": answer["usage"]["prompt_tokens"], "text": answer["choices"][0]["message"]["content"]}


def run(sides: dict, model: str, work: str, options) -> dict:
    """Of each side the answers to all prompts of a work."""
    make, temperature = WORKS[work]
    found = {name: [] for name in sides}
    for turn, (system, user) in enumerate(make(options.prompts)):
        names = list(sides)
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            port, more = sides[name]
            body = {"model": model, "temperature": temperature, "seed": turn, "max_tokens": options.tokens, **more,
                    "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}]}
            ask(port, {**body, "max_tokens": 1, **({"drafts": False} if more else {})})
            found[name].append(ask(port, body))
    return found


def rate(answers: list) -> float:
    return sum(a["tokens"] for a in answers) / sum(a["seconds"] for a in answers)


def rows_of(work: str, found: dict) -> dict:
    ours, plain = found["drafts"], found["no drafts"]
    row = {"work": work, "prompts": len(ours), "prompt_tokens": statistics.mean(a["prompt_tokens"] for a in ours),
           "answer_tokens": statistics.mean(a["tokens"] for a in ours),
           "different_answers": sum(a["text"] != b["text"] for a, b in zip(ours, plain)),
           "tokens_per_s": {name: rate(answers) for name, answers in found.items()},
           "answers": {name: [[a["tokens"], round(a["seconds"], 4)] for a in answers] for name, answers in found.items()}}
    for other in found:
        if other == "drafts":
            continue
        ratios = [(a["tokens"] / a["seconds"]) / (b["tokens"] / b["seconds"]) for a, b in zip(ours, found[other])
                  if min(a["tokens"], b["tokens"]) > SHORT]
        if len(ratios) > 2:
            row[f"ratio to {other}"] = [statistics.median(ratios), *bootstrap_of_median(ratios)]
    return row


def markdown(rows: list, sides: list) -> str:
    others = [name for name in sides if name != "drafts"]
    lines = ["| work | prompts | tokens: prompt, answer | " + " | ".join(f"{name}, tokens/s" for name in sides) + " | "
             + " | ".join(f"drafts / {name} [90 %]" for name in others) + " | other answers |",
             "|---|" + "---:|" * (len(sides) + len(others) + 3)]
    for row in rows:
        ratios = [row.get(f"ratio to {name}") for name in others]
        lines.append(f"| {row['work']} | {row['prompts']} | {row['prompt_tokens']:.0f}, {row['answer_tokens']:.0f} | "
                     + " | ".join(f"{row['tokens_per_s'][name]:.1f}" for name in sides) + " | "
                     + " | ".join("" if r is None else f"{r[0]:.2f} [{r[1]:.2f}, {r[2]:.2f}]" for r in ratios)
                     + f" | {row['different_answers']} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--understudy", required=True, metavar="PATH")
    parser.add_argument("--llama-server", metavar="PATH", help="llama.cpp's server; without it ours alone")
    parser.add_argument("--model", required=True, metavar="NAME", help="pulled, for ours")
    parser.add_argument("--file", metavar="GGUF", help="the same, for llama.cpp")
    parser.add_argument("--work", action="append", choices=WORKS, help="default: all")
    parser.add_argument("--prompts", type=int, default=12, help="of each work")
    parser.add_argument("--tokens", type=int, default=200, help="at most, of an answer")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=pathlib.Path, help="folder for MODEL.json and MODEL.md")
    options = parser.parse_args()
    if options.llama_server and not options.file:
        parser.error("--llama-server needs the model's --file")
    threads = str(options.threads)
    with contextlib.ExitStack() as stack:
        def start(command, ready):
            port = free_port()
            stack.enter_context(served(command, port, ready))
            return port
        ours = start([options.understudy, "serve", options.model, "--threads", threads, "--quiet"], "ready")
        sides = {"drafts": (ours, {"drafts": True}), "no drafts": (ours, {"drafts": False})}
        if options.llama_server:
            peer = [options.llama_server, "-m", options.file, "-t", threads, "-tb", threads, "-c", "4096", "-np", "1",
                    "--flash-attn", "on", "--load-mode", "none", "--jinja"]
            sides |= {name: (start([*peer, *more], "health"), {}) for name, more in PEER.items()}
        activity = machine.Activity()
        rows = []
        for work in options.work or WORKS:
            rows.append(rows_of(work, run(sides, options.model, work, options)))
            print(f"{work}: {json.dumps(rows[-1]['tokens_per_s'])}", file=sys.stderr)
    report = {"model": options.model, "machine": machine.describe(), "activity": activity.report(), "threads": options.threads,
              "rows": rows}
    text = f"{options.model}, {report['machine']['cpu']}, {threads} threads\n\n{markdown(rows, list(sides))}"
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / f"{options.model}.json").write_text(json.dumps(report) + "\n")
        (options.out / f"{options.model}.md").write_text(text)


if __name__ == "__main__":
    sys.exit(main())
