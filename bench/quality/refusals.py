#!/usr/bin/env python3
"""What promoted policies answer of calls that are not theirs: changed contracts, foreign inputs near and far.

    python bench/quality/refusals.py --understudy build/release/understudy --home HOME [--task KEY] [--rows N] [--far N]
                                     [--out FILE.json]

HOME has promoted policies. `understudy serve --upstream` runs on a copy of it, whose models are shared, before a stand-in
that answers everything at once. Rows of the benchmark are sent as they were recorded (how many are answered here?), with
each change of contract_changes.py (none may be), and with the inputs of foreign_inputs.py in their place (far ones: at most
1 %). Who answered is what x-understudy-route says, why what x-understudy-reason says. Exit status 1 if one of these bounds
is broken.
"""

import argparse
import collections
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

import foreign_inputs
from contract_changes import CHANGES, HARMLESS, changed
from loop_dataset import Dataset, datasets_of_home, models_of
from proportion import wilson

sys.path.append(str(pathlib.Path(__file__).parent.parent / "peers"))
import server  # noqa: E402

FAR_BOUND = 0.01


class StandIn(http.server.BaseHTTPRequestHandler):
    """Answers every POST with one chat completion."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        message = {"role": "assistant", "content": "from the stand-in"}
        kind, member, type_ = (("chat.completion.chunk", "delta", "text/event-stream") if request.get("stream")
                               else ("chat.completion", "message", "application/json"))
        body = json.dumps({"id": "stand-in", "object": kind, "created": 0, "model": request["model"],
                           "choices": [{"index": 0, "finish_reason": "stop", member: message}],
                           "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}})
        if request.get("stream"):
            body = f"data: {body}\n\ndata: [DONE]\n\n"
        self.send_response(200)
        self.send_header("Content-Type", type_)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def stand_in():
    upstream = http.server.ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{upstream.server_port}/v1"
    finally:
        upstream.shutdown()


@contextlib.contextmanager
def copy_of_home(home: pathlib.Path):
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "home"
        shutil.copytree(home, copy, symlinks=True, ignore=shutil.ignore_patterns("models", "cache"))
        (copy / "models").symlink_to(models_of(home))
        yield copy


@contextlib.contextmanager
def gateway(program: str, home: pathlib.Path, upstream: str):
    port = server.free_port()
    process = subprocess.Popen([program, "serve", "--upstream", upstream, "--port", str(port), "--quiet"],
                               stdout=subprocess.DEVNULL, env=dict(os.environ, UNDERSTUDY_HOME=str(home)))
    try:
        server.wait_until_ready(f"http://127.0.0.1:{port}", process)
        yield http.client.HTTPConnection("127.0.0.1", port, timeout=server.TIMEOUT_S)
    finally:
        process.terminate()
        process.wait()


def send(connection, request: dict, project: str) -> tuple[str, str]:
    """Route and reason of one call."""
    headers = {"Content-Type": "application/json", "Authorization": "Bearer stand-in"}
    if project:
        headers["x-understudy-project"] = project
    connection.request("POST", "/v1/chat/completions", json.dumps(request), headers)
    answer = connection.getresponse()
    answer.read()
    return answer.headers.get("x-understudy-route", "none"), answer.headers.get("x-understudy-reason", "none")


class Count:
    """Of calls of one kind: who answered, and why it went up."""

    def __init__(self):
        self.local, self.calls, self.reasons = 0, 0, collections.Counter()

    def add(self, route: str, reason: str):
        self.calls += 1
        self.local += route == "local"
        self.reasons[reason] += 1

    def record(self) -> dict:
        low, high = wilson(self.local, self.calls)
        return {"calls": self.calls, "local": self.local, "interval": [low, high], "reasons": dict(self.reasons)}


def with_input(request: dict, contract: dict, slots: list[str], text: str) -> dict:
    """The request with `text` in its longest slot."""
    slots = list(slots)
    slots[max(range(len(slots)), key=lambda i: len(slots[i]))] = text
    at = 0
    for message, literals in zip(request["messages"], contract["task"]["skeleton"], strict=True):
        parts = [literals[0]]
        for literal in literals[1:]:
            parts += [slots[at], literal]
            at += 1
        message["content"] = "".join(parts)
    return request


def cases(dataset: Dataset, rows: int, far: int):
    """(kind, what, request) of every call."""
    asked = dataset.benchmark()
    for what, change in HARMLESS.items():
        for row in asked:
            yield "same contract", what, changed(dataset.calls[row.call]["request"], change)
    for what, change in CHANGES.items():
        for row in asked[:rows]:
            yield "changed contract", what, changed(dataset.calls[row.call]["request"], change)
    for kind, texts in (("far input", foreign_inputs.far(far)), ("near input", foreign_inputs.near(dataset.title))):
        for text, row in zip(texts, asked * (len(texts) // len(asked) + 1)):
            yield kind, kind, changed(dataset.calls[row.call]["request"],
                                      lambda request: with_input(request, dataset.contract, row.slots, text))


def table(title: str, counts: dict) -> str:
    lines = [f"{title}\n", "| calls | what | n | answered here [95 %] | reasons |", "|---|---|---|---|---|"]
    for (kind, what), count in counts.items():
        low, high = wilson(count.local, count.calls)
        reasons = ", ".join(f"{reason} {n}" for reason, n in count.reasons.most_common(4))
        lines.append(f"| {kind} | {what} | {count.calls} | {count.local} ({count.local / count.calls:.1%} "
                     f"[{low:.1%}, {high:.1%}]) | {reasons} |")
    return "\n".join(lines) + "\n"


def breaches(counts: dict) -> list[str]:
    found = [f"{count.local} calls answered here: {what}" for (kind, what), count in counts.items()
             if kind == "changed contract" and count.local]
    return found + [f"{count.local} of {count.calls} far inputs answered here" for (kind, _), count in counts.items()
                    if kind == "far input" and count.local > FAR_BOUND * count.calls]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--understudy", required=True, metavar="PATH")
    parser.add_argument("--home", required=True, type=pathlib.Path)
    parser.add_argument("--task", help="the beginning of its key (default: all that have a policy)")
    parser.add_argument("--rows", type=int, default=20, help="of each change")
    parser.add_argument("--far", type=int, default=300)
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    report, broken = {}, []
    with copy_of_home(options.home) as home, stand_in() as upstream, \
            gateway(options.understudy, home, upstream) as connection:
        for dataset in datasets_of_home(options.home, options.understudy, options.task):
            if not list(options.home.glob(f"policies/{dataset.name}*.json")):
                continue
            counts = collections.defaultdict(Count)
            for kind, what, request in cases(dataset, options.rows, options.far):
                counts[kind, what].add(*send(connection, request, dataset.contract["task"]["project"]))
            print(table(f"{dataset.name} {dataset.title}", counts), flush=True)
            broken += breaches(counts)
            report[dataset.name] = [{"kind": kind, "what": what, **count.record()}
                                    for (kind, what), count in counts.items()]
    if not report:
        sys.exit(f"{options.home} has no policy of such a task")
    if options.out:
        options.out.write_text(json.dumps(report, indent=1) + "\n")
    sys.exit("\n".join(broken) if broken else 0)


if __name__ == "__main__":
    main()
