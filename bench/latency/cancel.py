#!/usr/bin/env python3
"""How long a request keeps its place after its client hung up: from the close of the socket until /metrics counts one
running generation less.

    python bench/latency/cancel.py --understudy build/release/understudy MODEL.gguf … [--trials N]

Clients hang up while their long prompt is read and while their answer is generated, alone and beside a stream that goes
on. Prints a row a model: milliseconds, median, 95th percentile and worst.
"""

import argparse
import http.client
import json
import pathlib
import random
import re
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "peers"))
import server  # noqa: E402

WORDS = "river stone letter window engine garden yellow seven market winter paper number silver morning".split()
GIVE_UP_S = 10


def open_stream(port: int, model: str, words: int, max_tokens: int) -> http.client.HTTPConnection:
    prompt = " ".join(random.choice(WORDS) for _ in range(words))
    body = {"model": model, "prompt": prompt, "max_tokens": max_tokens, "stream": True,
            "temperature": 1}
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
    return connection


def running(url: str) -> int:
    text = urllib.request.urlopen(f"{url}/metrics", timeout=30).read().decode()
    return int(float(re.search(r"^understudy_requests_running (\S+)$", text, re.MULTILINE)[1]))


def wait_for(url: str, count: int) -> float:
    """Milliseconds until `count` generations run."""
    start = time.perf_counter()
    while running(url) != count:
        if time.perf_counter() - start > GIVE_UP_S:
            sys.exit(f"after {GIVE_UP_S} s still {running(url)} generations, expected {count}")
        time.sleep(0.001)
    return (time.perf_counter() - start) * 1000


def trial(url: str, port: int, model: str, prompt_words: int, others: int) -> float:
    connection = open_stream(port, model, prompt_words, 200)
    wait_for(url, others + 1)
    time.sleep(random.uniform(0, 0.3))
    connection.sock.close()
    return wait_for(url, others)


def summary(values: list[float]) -> str:
    ordered = sorted(values)
    return f"{ordered[len(ordered) // 2]:.0f} / {ordered[int(len(ordered) * 0.95)]:.0f} / {ordered[-1]:.0f}"


def measure(program: str, model: pathlib.Path, trials: int) -> list[str]:
    port = server.free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen([program, "serve", str(model), "--port", str(port), "--context", "8192", "--quiet"],
                               stdout=subprocess.DEVNULL)
    try:
        name = server.wait_until_ready(url, process)
        cells = []
        for companion in (False, True):
            for words in (3000, 8):
                values = []
                for _ in range(trials):
                    beside = open_stream(port, name, 8, 4000) if companion else None
                    if beside:
                        wait_for(url, 1)
                    values.append(trial(url, port, name, words, int(companion)))
                    if beside:
                        beside.sock.close()
                        wait_for(url, 0)
                cells.append(summary(values))
        return cells
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=pathlib.Path, metavar="MODEL.gguf")
    parser.add_argument("--understudy", required=True, metavar="PATH")
    parser.add_argument("--trials", type=int, default=20)
    options = parser.parse_args()
    print(f"ms until the place is free, median / p95 / worst of {options.trials}\n")
    print("| model | alone, prompt | alone, answer | in company, prompt | in company, answer |")
    print("|---|---|---|---|---|")
    for model in options.models:
        print(f"| {model.stem} | {' | '.join(measure(options.understudy, model, options.trials))} |", flush=True)


if __name__ == "__main__":
    main()
