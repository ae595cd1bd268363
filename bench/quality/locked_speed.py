#!/usr/bin/env python3
"""What locking an answer to a schema costs or saves: ours free and locked, llama.cpp free and with its grammar.

    P=$(python -c 'import sys; sys.path.insert(0, "bench/peers"); import environment; print(environment.python())')
    python bench/quality/locked_speed.py --understudy build/release/understudy --llama-cpp $P --model NAME --file MODEL.gguf

Extraction of five fields from short texts, one request at a time, temperature 0, the same messages in all four (they show the
schema, so that our server adds nothing). Rounds alternate between the two programs, each in its own process, the model loaded before;
within a round each text is asked free and locked, in alternating order. Prompts repeat their first part, which both sides
keep. Of each: milliseconds a call (median), tokens a second of whole calls, and the share of answers that are valid.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
import urllib.request

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


def ours(options) -> list:
    port = 8399
    server = subprocess.Popen([options.understudy, "serve", options.model, "--port", str(port), "--threads", str(options.threads)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def post(body: dict) -> dict:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/chat/completions", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    def ask(conversation, locked):
        body = {"model": options.model, "messages": conversation, "temperature": 0, "max_tokens": 200}
        if locked:
            body["response_format"] = {"type": "json_schema", "json_schema": {"name": "person", "schema": SCHEMA}}
        answer = post(body)
        return answer["choices"][0]["message"]["content"], answer["usage"]["completion_tokens"]

    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/ready").read()
                break
            except OSError:
                time.sleep(0.1)
        ask(messages("Warm."), False)
        ask(messages("Warm."), True)
        return measure(ask, options.texts)
    finally:
        server.terminate()
        server.wait()


def llama_cpp(options) -> None:
    """Runs in the interpreter that has llama-cpp-python; prints the rows."""
    import llama_cpp
    model = llama_cpp.Llama(options.file, n_ctx=2048, n_threads=options.threads, n_threads_batch=options.threads, verbose=False,
                            flash_attn=True)
    grammar = llama_cpp.LlamaGrammar.from_json_schema(json.dumps(SCHEMA), verbose=False)

    def ask(conversation, locked):
        answer = model.create_chat_completion(conversation, temperature=0, max_tokens=200, grammar=grammar if locked else None)
        return answer["choices"][0]["message"]["content"], answer["usage"]["completion_tokens"]

    ask(messages("Warm."), False)
    ask(messages("Warm."), True)
    print(json.dumps(measure(ask, options.texts)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--understudy", metavar="PATH")
    parser.add_argument("--llama-cpp", metavar="PYTHON", help="an interpreter that has llama-cpp-python")
    parser.add_argument("--model", metavar="NAME", help="pulled, for ours")
    parser.add_argument("--file", metavar="GGUF", help="the same, for llama.cpp")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--texts", type=int, default=24, help="a round")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        return llama_cpp(options)
    rows = {"understudy": [], "llama.cpp": []}
    for _ in range(options.rounds):
        rows["understudy"].append(ours(options))
        if options.llama_cpp:
            done = subprocess.run([options.llama_cpp, __file__, "--peer", "--file", options.file, "--texts", str(options.texts),
                                   "--threads", str(options.threads)], stdout=subprocess.PIPE, check=True, text=True)
            rows["llama.cpp"].append(json.loads(done.stdout.splitlines()[-1]))
    print("| | answers | calls | ms a call, p50 | tokens a call | tokens/s (least and most of the rounds) | valid |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for name, rounds in rows.items():
        for locked in (False, True) if rounds else ():
            chosen = [[row for row in each if row[0] == locked] for each in rounds]
            rates = [sum(row[2] for row in each) / sum(row[1] for row in each) for each in chosen]
            flat = [row for each in chosen for row in each]
            print(f"| {name} | {'locked' if locked else 'free'} | {len(flat)} | {1000 * statistics.median(r[1] for r in flat):.0f} | "
                  f"{statistics.mean(r[2] for r in flat):.1f} | {statistics.median(rates):.1f} [{min(rates):.1f}, {max(rates):.1f}] | "
                  f"{100 * statistics.mean(r[3] for r in flat):.0f} % |")


if __name__ == "__main__":
    sys.exit(main())
