#!/usr/bin/env python3
"""MaskBench: JSON Schema to token masks beside llguidance and XGrammar, on the same instances, vocabulary and thread.

    git clone https://github.com/guidance-ai/jsonschemabench
    pip install llguidance==1.9.1 xgrammar==0.2.9 torch transformers gguf
    python bench/quality/maskbench.py --data jsonschemabench/maskbench/data --model MODEL.gguf \\
        --tokenize build/release/bench/tokenize --tool build/release/bench/grammar_replay \\
        --engine understudy --engine llguidance --engine xgrammar --records records.jsonl --out maskbench.json

11,306 schemas with valid and invalid instances. Each instance is tokenised by our tokenizer; then, token by token, the
whole mask is computed and the token accepted, and at the end the engine is asked whether the text may end there (MaskBench
itself does not ask: 1 passes as the start of 12). One number is the time of one mask and one accepted token. A schema
passes when it compiles, all its valid instances are accepted and all its invalid ones refused. It is counted once:

    compile error       the engine refuses the schema
    validation error    a valid instance is refused, or the engine fails while it replays one
    invalidation error  an invalid instance is accepted (this one counts if a schema has both)
    other order         all valid instances are accepted once their members may come in any order (understudy only: MaskBench
                        has sorted its instances by llguidance's order, where llguidance knows the schema)
    timeout, crash      no answer within --time-limit; the process ended (memory: --memory-gb)

The peers run as MaskBench drives them (one thread, default settings; XGrammar strict and with fixed white space, as
"xgrammar-compliant" neither), behind Python calls as there: 1 to 2 us a token that our C++ program does not pay.
--layout spaced (the default) writes instances as json.dumps does, ", " and ": " between members; --layout compact without
white space to every engine, and XGrammar is told its separators. --check makes it a test of understudy: it prints PASS or
FAIL for each of its bars, and fails with them. --records keeps each schema's result as soon as it is known; a second run
goes on from there.
"""

import argparse
import collections
import functools
import importlib.metadata
import json
import multiprocessing
import os
import pathlib
import random
import resource
import select
import subprocess
import sys
import time

sys.path.append(str(pathlib.Path(__file__).parent.parent / "peers"))
import machine  # noqa: E402

ENGINES = ("understudy", "llguidance", "xgrammar", "xgrammar-compliant")
RESTART_AFTER = 100  # schemas a process, as MaskBench does: caches start again
PERCENTILES = (50, 99, 99.9, 100)
# Of all schemas: the share that passes, and how many may refuse a valid instance (bench/results explains the six that do).
LEAST_PASSING, MOST_REFUSING = 0.95, 20


# The data.

def files_of(data: pathlib.Path) -> dict:
    """Name and text of every JSON file: of a folder, or of maskbench/data in a git directory."""
    if not (data / "HEAD").is_file():
        return {path.stem: path.read_text(encoding="utf-8") for path in sorted(data.glob("*.json"))}
    git = ["git", "--git-dir", str(data)]
    listing = subprocess.run([*git, "ls-tree", "-r", "HEAD", "maskbench/data"], check=True, capture_output=True, text=True)
    entries = [line.split("\t") for line in listing.stdout.splitlines()]
    wanted = "\n".join(entry[0].split()[2] for entry in entries)
    found = subprocess.run([*git, "cat-file", "--batch"], input=wanted.encode(), check=True, capture_output=True).stdout
    files, at = {}, 0
    for _, path in entries:
        end = found.index(b"\n", at)
        header = found[at:end].split()
        at = end + 1
        if header[1] == b"missing":  # a mirror without its largest files
            print(f"not in this copy: {path}", file=sys.stderr)
            continue
        files[pathlib.PurePath(path).stem] = found[at:at + int(header[2])].decode()
        at += int(header[2]) + 1
    return files


def sample(names: list, limit: int, seed: int) -> list:
    """One name of each of `limit` equal stretches of the sorted list, so that every family of schemas is met."""
    names, rng = sorted(names), random.Random(seed)
    if not limit or limit >= len(names):
        return names
    edges = [len(names) * i // limit for i in range(limit + 1)]
    return [names[rng.randrange(low, high)] for low, high in zip(edges, edges[1:])]


def instance_text(value, compact: bool) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":") if compact else None)


def tokenised(tool: str, model: str, texts: list) -> dict:
    """Ids of each text, without BOS, as data: a control token's name in it is text."""
    lines = "".join(f"d{text.encode().hex()}\n" for text in texts)
    answer = subprocess.run([tool, model], input=lines, check=True, stdout=subprocess.PIPE, text=True,
                            stderr=subprocess.DEVNULL).stdout
    return {text: [int(token) for token in line.split()] for text, line in zip(texts, answer.splitlines(), strict=True)}


@functools.cache
def tokenizer_of(path: str):
    """The peers' tokenizer: transformers' conversion of the model's."""
    from transformers import AutoTokenizer
    return AutoTokenizer.from_pretrained(str(pathlib.Path(path).parent), gguf_file=pathlib.Path(path).name)


# The engines. A peer compiles, and for each instance: reset, then (compute_mask, commit) a token, then may_end.

class Llguidance:
    def __init__(self, tokenizer):
        import llguidance
        import llguidance.hf
        import llguidance.numpy
        self.library = llguidance
        self.fill = llguidance.numpy.fill_next_token_bitmask
        self.tokenizer = llguidance.hf.from_tokenizer(tokenizer)
        self.mask = llguidance.numpy.allocate_token_bitmask(1, self.tokenizer.vocab_size)

    def compile(self, schema: str):
        self.fresh = self.library.LLMatcher(self.tokenizer, '{"grammars":[{"json_schema":' + schema + "}]}", log_level=0)
        if self.fresh.is_error():
            raise ValueError(self.fresh.get_error())

    def reset(self):
        self.matcher = self.fresh.deep_copy()

    def compute_mask(self):
        self.fill(self.matcher, self.mask, 0)

    def commit(self, token: int) -> bool:
        allowed = bool(self.mask[0, token // 32] >> (token % 32) & 1)
        if allowed:
            self.matcher.consume_token(token)
        elif self.matcher.is_error():
            raise ValueError(self.matcher.get_error())
        return allowed

    def may_end(self) -> bool:
        return self.matcher.is_accepting()


class XGrammar:
    def __init__(self, tokenizer, compact: bool, compliant: bool):
        import xgrammar
        self.library = xgrammar
        info = xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=len(tokenizer))
        self.compiler = xgrammar.GrammarCompiler(info, max_threads=1)
        self.tensor = xgrammar.allocate_token_bitmask(1, info.vocab_size)
        self.mask = self.tensor.numpy()  # the same memory
        self.settings = dict(any_whitespace=compliant, strict_mode=not compliant)
        if compact and not compliant:
            self.settings["separators"] = (",", ":")

    def compile(self, schema: str):
        self.grammar = self.compiler.compile_json_schema(schema, **self.settings)

    def reset(self):
        self.matcher = self.library.GrammarMatcher(self.grammar)

    def compute_mask(self):
        self.matcher.fill_next_token_bitmask(self.tensor)

    def commit(self, token: int) -> bool:
        return bool(self.mask[0, token // 32] >> (token % 32) & 1) and self.matcher.accept_token(token)

    def may_end(self) -> bool:
        return self.matcher.is_completed()


def make_peer(name: str, tokenizer, compact: bool):
    if name == "llguidance":
        return Llguidance(tokenizer)
    return XGrammar(tokenizer, compact, compliant=name == "xgrammar-compliant")


def replay(engine, schema: str, tests: list) -> dict:
    begin = time.perf_counter_ns()
    error = None
    try:
        engine.compile(schema)
    except Exception as raised:  # whatever a peer raises is its refusal
        error = f"{type(raised).__name__}: {raised}"[:500]
    result = {"compile_us": (time.perf_counter_ns() - begin) // 1000, "error": error, "tests": []}
    for tokens in tests if error is None else ():
        engine.reset()
        accepted, times, failure = True, [], None
        try:
            for token in tokens:
                begin = time.perf_counter_ns()
                engine.compute_mask()
                accepted = engine.commit(token)
                times.append(round((time.perf_counter_ns() - begin) / 1000, 1))
                if not accepted:
                    break
            accepted = accepted and engine.may_end()
        except Exception as raised:
            failure = f"{type(raised).__name__}: {raised}"[:500]
        result["tests"].append({"accepted": accepted, "mask_us": times, **({"failure": failure} if failure else {})})
    return result


def peer_process(connection, name: str, tokenizer, compact: bool, memory: int):
    engine = make_peer(name, tokenizer, compact)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    connection.send("ready")
    while True:
        connection.send(replay(engine, *connection.recv()))


class Peer:
    """One peer in a process of its own."""

    def __init__(self, name: str, tokenizer, compact: bool, memory: int):
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=peer_process, args=(other, name, tokenizer, compact, memory), daemon=True)
        self.process.start()
        other.close()
        self.receive(120)

    def receive(self, seconds: float):
        if not self.connection.poll(seconds):
            raise TimeoutError
        return self.connection.recv()  # EOFError when the process has ended

    def ask(self, job: dict, seconds: float) -> dict:
        self.connection.send((job["schema"], job["tokens"]))
        return self.receive(seconds)

    def stop(self) -> int:
        self.process.kill()
        self.process.join()
        return self.process.exitcode


class Understudy:
    """grammar_replay: one line in, one line out."""

    def __init__(self, tool: str, model: str, memory: int, compact: bool):
        self.process = subprocess.Popen(
            [tool, model, *([] if compact else ["--spaced"])], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory)))
        self.rest = b""

    def ask(self, job: dict, seconds: float) -> dict:
        tests = ",".join(json.dumps({"text": text, "valid": valid}) for text, valid in zip(job["texts"], job["valid"]))
        line = f'{{"id": {json.dumps(job["id"])}, "schema": {job["schema"]}, "tests": [{tests}]}}\n'
        try:
            self.process.stdin.write(line.encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            raise EOFError from None
        deadline = time.monotonic() + seconds
        while b"\n" not in self.rest:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise TimeoutError
            piece = os.read(self.process.stdout.fileno(), 1 << 20)
            if not piece:
                raise EOFError
            self.rest += piece
        answer, self.rest = self.rest.split(b"\n", 1)
        result = json.loads(answer)
        if result["id"] != job["id"] or result["error"] is None and len(result["tests"]) != len(job["tests"]):
            sys.exit(f"grammar_replay answered {job['id']} with {answer[:200]!r}")
        return result

    def stop(self) -> int:
        self.process.kill()
        return self.process.wait()


# One engine over all schemas, and what came of it.

def outcome_of(job: dict, result: dict) -> tuple:
    if result["error"] is not None:
        return "compile error", result["error"]
    found = ("passing", None)
    for number, (valid, test) in enumerate(zip(job["valid"], result["tests"], strict=True)):
        if "failure" in test:
            found = ("validation error", f"instance {number}: {test['failure']}")
        elif not valid and (test["accepted"] or test.get("accepted_in_any_order")):
            return "invalidation error", f"instance {number} is invalid and was accepted"
        elif valid and test.get("accepted_in_any_order"):
            if found[0] == "passing":
                found = ("other order", f"instance {number} is valid and has its members in another order")
        elif valid and not test["accepted"]:
            found = ("validation error", f"instance {number} is valid and was refused after {len(test['mask_us'])} tokens")
    return found


def run_engine(start, jobs: list, seconds: float, keep) -> None:
    worker, done = None, 0
    for number, job in enumerate(jobs):
        if worker is None or done == RESTART_AFTER:
            if worker is not None:
                worker.stop()
            worker, done = start(), 0
        done += 1
        record = {"id": job["id"], "instances": len(job["valid"]), "mask_us": []}
        try:
            result = worker.ask(job, seconds)
            record["outcome"], record["why"] = outcome_of(job, result)
            record["compile_us"] = result["compile_us"]
            record["mask_us"] = [each for test in result["tests"] for each in test["mask_us"]]
        except TimeoutError:
            record["outcome"], record["why"] = "timeout", f"no answer within {seconds:g} s"
            worker.stop()
            worker = None
        except EOFError:
            record["outcome"], record["why"] = "crash", f"exit status {worker.stop()}"
            worker = None
        keep(record)
        if (number + 1) % 500 == 0:
            print(f"{number + 1} of {len(jobs)}", file=sys.stderr, flush=True)
    if worker is not None:
        worker.stop()


def percentile(ordered: list, percent: float):
    return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)] if ordered else None


def summary(records: list, limit_us: int) -> dict:
    counts = collections.Counter(record["outcome"] for record in records)
    masks = sorted(us for record in records for us in record["mask_us"])
    compiles = sorted(limit_us if record["outcome"] == "timeout" else record["compile_us"] for record in records
                      if record["outcome"] not in ("compile error", "crash"))
    result = {"schemas": len(records), "instances": sum(record["instances"] for record in records), "tokens": len(masks)}
    for outcome in ("passing", "compile error", "validation error", "other order", "invalidation error", "timeout", "crash"):
        result[outcome] = counts[outcome]
    result["mask avg us"] = round(sum(masks) / len(masks), 1) if masks else None
    result.update({f"mask p{p} us": percentile(masks, p) for p in PERCENTILES})
    result.update({f"compile p{p} us": percentile(compiles, p) for p in PERCENTILES if p != 99.9})
    return result


def table(summaries: dict) -> str:
    rows = [("", *summaries), ("---", *("---:" for _ in summaries))]
    for key in next(iter(summaries.values())):
        cells = [each[key] for each in summaries.values()]
        if key == "passing":
            cells = [f"{each['passing']:,} ({100 * each['passing'] / each['schemas']:.1f} %)" for each in summaries.values()]
        rows.append((key.replace("p100", "max").replace(" us", " µs"),
                     *(cell if isinstance(cell, str) else "-" if cell is None else f"{cell:,}" for cell in cells)))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def version(engine: str, options) -> str:
    if engine != "understudy":
        name = engine.split("-")[0]
        return f"{name} {importlib.metadata.version(name)}"
    root = pathlib.Path(__file__).parent
    commit = subprocess.run(["git", "-C", str(root), "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return f"understudy {commit.stdout.strip()}"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, metavar="DIR",
                        help="maskbench/data of a checkout, or a git directory of jsonschemabench")
    parser.add_argument("--model", required=True, metavar="GGUF", help="whose vocabulary and tokenizer all engines use")
    parser.add_argument("--engine", action="append", choices=ENGINES, required=True, help="repeat it for several")
    parser.add_argument("--tool", metavar="PATH", help="the program grammar_replay, for --engine understudy")
    parser.add_argument("--tokenize", metavar="PATH", help="the program bench/tokenize, for the peers")
    parser.add_argument("--layout", choices=("spaced", "compact"), default="spaced", help="white space of instances, see above")
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="N schemas, evenly over the families; 0: all")
    parser.add_argument("--seed", type=int, default=1, help="of --limit")
    parser.add_argument("--time-limit", type=float, default=60, metavar="S", help="seconds a schema, its instances included")
    parser.add_argument("--memory-gb", type=float, default=8, metavar="GB", help="address space of an engine's process")
    parser.add_argument("--records", type=pathlib.Path, metavar="FILE.jsonl", help="one line a schema; kept, and gone on with")
    parser.add_argument("--check", action="store_true", help="fail where understudy accepts what is invalid, refuses more than "
                        f"{MOST_REFUSING} schemas' valid instances, hangs, crashes or passes less than {LEAST_PASSING:.0%}")
    parser.add_argument("--out", type=pathlib.Path, metavar="FILE.json", help="figures, versions, machine, and each outcome")
    options = parser.parse_args()
    if options.check and "understudy" not in options.engine:
        parser.error("--check needs --engine understudy")
    if "understudy" in options.engine and not options.tool:
        parser.error("--engine understudy needs --tool")
    if set(options.engine) != {"understudy"} and not options.tokenize:
        parser.error("the peers need --tokenize")
    return options


def check(figures: dict) -> bool:
    bars = {"accepts nothing invalid": figures["invalidation error"] == 0,
            "neither hangs nor crashes": figures["timeout"] + figures["crash"] == 0,
            f"refuses what is valid of at most {MOST_REFUSING} schemas": figures["validation error"] <= MOST_REFUSING,
            f"passes {LEAST_PASSING:.0%} of the schemas": figures["passing"] >= LEAST_PASSING * figures["schemas"]}
    for name, holds in bars.items():
        print(f"{'PASS' if holds else 'FAIL'} maskbench: {name}")
    return all(bars.values())


def read_jobs(options) -> list:
    files = files_of(options.data)
    jobs = []
    for name in sample(list(files), options.limit, options.seed):
        content = json.loads(files[name])
        jobs.append({"id": name, "schema": json.dumps(content["schema"]), "tests": [test["data"] for test in content["tests"]],
                     "valid": [test["valid"] for test in content["tests"]]})
    return jobs


def starter(engine: str, jobs: list, compact: bool, options):
    """A function that starts the engine; the jobs get their instances as this engine reads them."""
    memory = int(options.memory_gb * 1e9)
    for job in jobs:
        job["texts"] = [instance_text(value, compact) for value in job["tests"]]
    if engine == "understudy":
        return lambda: Understudy(options.tool, options.model, memory, options.layout == "compact")
    ids = tokenised(options.tokenize, options.model, sorted({text for job in jobs for text in job["texts"]}))
    for job in jobs:
        job["tokens"] = [ids[text] for text in job["texts"]]
    return lambda: Peer(engine, tokenizer_of(options.model), compact, memory)


def main():
    options = arguments()
    jobs = read_jobs(options)
    key = [options.layout, options.time_limit, options.memory_gb, pathlib.Path(options.model).name]
    known = collections.defaultdict(dict)
    if options.records and options.records.exists():
        for record in map(json.loads, options.records.read_text().splitlines()):
            if record["key"] == key:
                known[record["engine"]][record["id"]] = record
    for variable in ("RAYON_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ[variable] = "1"
    activity, layouts = machine.Activity(), {}
    for engine in options.engine:
        compact = options.layout == "compact"
        layouts[engine] = 'without white space' if compact else 'json.dumps'

        def keep(record, engine=engine):
            known[engine][record["id"]] = record
            if options.records:
                with open(options.records, "a", encoding="utf-8") as file:
                    file.write(json.dumps({"engine": engine, "key": key, **record}) + "\n")

        missing = [job for job in jobs if job["id"] not in known[engine]]
        if missing:
            print(f"{engine}: {len(missing)} schemas", file=sys.stderr, flush=True)
            run_engine(starter(engine, missing, compact, options), missing, options.time_limit, keep)
    results = {engine: [known[engine][job["id"]] for job in jobs] for engine in options.engine}
    summaries = {engine: summary(records, int(options.time_limit * 1e6)) for engine, records in results.items()}
    valid = sum(sum(job["valid"]) for job in jobs)
    print(f"{len(jobs):,} schemas, {valid:,} valid and {sum(len(job['valid']) for job in jobs) - valid:,} invalid instances; "
          f"vocabulary of {pathlib.Path(options.model).name}; one thread; at most {options.time_limit:g} s a schema.")
    print("Instances: " + "; ".join(f"{engine} {layout}" for engine, layout in layouts.items()) + ".")
    print("Versions: " + ", ".join(sorted({version(engine, options) for engine in options.engine})) + ".\n")
    print(table(summaries))
    if options.out:
        outcomes = {engine: {record["id"]: [record["outcome"], record["why"]] for record in records}
                    for engine, records in results.items()}
        options.out.write_text(json.dumps(
            {"machine": machine.describe(), "activity": activity.report(), "layouts": layouts, "limit": options.limit,
             "seed": options.seed, "time_limit_s": options.time_limit, "memory_gb": options.memory_gb,
             "versions": sorted({version(engine, options) for engine in options.engine}), "figures": summaries,
             "outcomes": outcomes}, indent=1) + "\n")
    if options.check and not check(summaries["understudy"]):
        sys.exit(1)


if __name__ == "__main__":
    main()
