#!/usr/bin/env python3
"""What locking an answer to a schema costs or saves: ours free and locked, llama.cpp free and with its grammar.

    python bench/quality/locked_speed.py --understudy build/release/understudy --model NAME --file MODEL.gguf \\
        --llama-server $(python bench/peers/environment.py)

Extraction of five fields from short texts, one request at a time, temperature 0, the same messages in all four (they show the
schema, so that our server adds nothing). Rounds alternate between the two servers, the model loaded before; within a round
each text is asked free and locked, in alternating order. Prompts repeat their first part, which both sides keep. Of each:
milliseconds a call (median), tokens a second of whole calls, and the share of answers that are valid.
"""

import argparse
import contextlib
import json
import pathlib
import statistics
import subprocess
import sys
import time
import urllib.request

sys.path.append(str(pathlib.Path(__file__).parent.parent / "peers"))
from server import free_port  # noqa: E402

SCHEMA = {"type": "object", "additionalProperties": False,
          "properties": {"name": {"type": "string", "maxLength": 60}, "year_of_birth": {"type": ["integer", "null"]},
                         "city": {"type": ["string", "null"], "maxLength": 60},
                         "profession": {"enum": ["nurse", "teacher", "engineer", "lawyer", "cook", "other"]},
                         "languages": {"type": "array", "items": {"type": "string", "maxLength": 30}, "maxItems": 4}},
          "required": ["name", "year_of_birth", "city", "profession", "languages"]}
NAMES = ["Anna Schmidt", "Jorge Ruiz", "Mei Chen", "Fatou Diallo", "Lars Olsen", "Ivana Horvat", "Tom Baker", "Aiko Tanaka"]
CITIES = ["Berlin", "Lima", "Osaka", "Dakar", "Oslo", "Zagreb", "Leeds", "Lyon"]
WORK = ["is a nurse", "teaches at a school", "builds bridges as an engineer", "cooks in a hotel", "is a lawyer", "drives a taxi"]
TONGUES = ["German and English", "Spanish", "Mandarin, French and Dutch", "Wolof and French", "Norwegian"]


def texts(count: int) -> list:
    return [f"{NAMES[i % 8]}, born in {1950 + 7 * i % 55}, lives in {CITIES[(i * 3) % 8]}, {WORK[i % 6]} and speaks {TONGUES[i % 5]}."
            for i in range(count)]


def messages(text: str) -> list:
    return [{"role": "system", "content": "Answer with JSON that follows this JSON schema, and nothing else:\n"
             + json.dumps(SCHEMA)}, {"role": "user", "content": text}]


def is_valid(answer: str) -> bool:
    try:
        value = json.loads(answer)
    except ValueError:
        return False
    fields = SCHEMA["properties"]
    return (isinstance(value, dict) and list(value) == list(fields) and isinstance(value["name"], str)
            and (value["year_of_birth"] is None or type(value["year_of_birth"]) is int)
            and (value["city"] is None or isinstance(value["city"], str)) and value["profession"] in fields["profession"]["enum"]
            and isinstance(value["languages"], list) and len(value["languages"]) <= 4
            and all(isinstance(each, str) for each in value["languages"]))


def measure(ask, count: int) -> list:
    """Rows of [locked, seconds, tokens, valid]."""
    rows = []
    for i, text in enumerate(texts(count)):
        for locked in ((False, True) if i % 2 else (True, False)):
            begin = time.perf_counter()
            answer, tokens = ask(messages(text), locked)
            rows.append([locked, time.perf_counter() - begin, tokens, is_valid(answer)])
    return rows


@contextlib.contextmanager
def served(command: list, port: int, ready: str):
    server = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while server.poll() is None:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/{ready}").read()
                break
            time.sleep(0.1)
        if server.poll() is not None:
            sys.exit(f"{' '.join(command)} ended with {server.returncode}")
        yield
    finally:
        server.terminate()
        server.wait()


def one_round(command: list, model: str, ready: str, count: int) -> list:
    port = free_port()

    def ask(conversation, locked):
        body = {"model": model, "messages": conversation, "temperature": 0, "max_tokens": 200}
        if locked:
            body["response_format"] = {"type": "json_schema", "json_schema": {"name": "person", "schema": SCHEMA}}
        request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/chat/completions", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as response:
            answer = json.load(response)
        return answer["choices"][0]["message"]["content"], answer["usage"]["completion_tokens"]

    with served(command, port, ready):
        for locked in (False, True):
            ask(messages("Warm."), locked)
        return measure(ask, count)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--understudy", metavar="PATH")
    parser.add_argument("--llama-server", metavar="PATH", help="llama.cpp's server")
    parser.add_argument("--model", metavar="NAME", help="pulled, for ours")
    parser.add_argument("--file", metavar="GGUF", help="the same, for llama.cpp")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--texts", type=int, default=24, help="a round")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    threads = str(options.threads)
    servers = {"understudy": ([options.understudy, "serve", options.model, "--threads", threads], "ready")}
    if options.llama_server:
        servers["llama.cpp"] = ([options.llama_server, "-m", options.file, "-t", threads, "-tb", threads, "-c", "4096", "-np", "1",
                                 "--flash-attn", "on", "--load-mode", "none", "--jinja"], "health")
    rows = {name: [] for name in servers}
    for _ in range(options.rounds):
        for name, (command, ready) in servers.items():
            rows[name].append(one_round(command, options.model, ready, options.texts))
    print("| | answers | calls | ms a call, p50 | tokens a call | tokens/s (least and most of the rounds) | valid |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for name, rounds in rows.items():
        for locked in (False, True):
            chosen = [[row for row in each if row[0] == locked] for each in rounds]
            rates = [sum(row[2] for row in each) / sum(row[1] for row in each) for each in chosen]
            flat = [row for each in chosen for row in each]
            print(f"| {name} | {'locked' if locked else 'free'} | {len(flat)} | {1000 * statistics.median(r[1] for r in flat):.0f} | "
                  f"{statistics.mean(r[2] for r in flat):.1f} | {statistics.median(rates):.1f} [{min(rates):.1f}, {max(rates):.1f}] | "
                  f"{100 * statistics.mean(r[3] for r in flat):.0f} % |")


if __name__ == "__main__":
    sys.exit(main())
