#!/usr/bin/env python3
"""The schemas of the JSON-Schema-Test-Suite through grammar_replay.

    replay.py --tool PATH --model GGUF oracle     masks against each token tried alone: none missing, none extra
    replay.py --tool PATH --model GGUF samples    texts of random walks against the package jsonschema

Prints what is wrong; exit status 1 if anything is, or if too little was looked at to say so.
"""

import argparse
import json
import pathlib
import subprocess
import sys

import jsonschema

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "bench" / "quality"))
import schema_suite  # noqa: E402

SHOWN = 20


def replay(options, jobs: list, *more: str) -> list:
    """What the tool answers to each job."""
    lines = "".join(json.dumps(job) + "\n" for job in jobs)
    done = subprocess.run([options.tool, options.model, "--annotate-formats", *more], input=lines, stdout=subprocess.PIPE,
                          text=True)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    if len(results) < len(jobs):
        sys.exit(f"grammar_replay ended with status {done.returncode} at {jobs[len(results)]['id']}")
    return [result for result in results if result["error"] is None]


def check_masks(options, jobs: list) -> list:
    results = replay(options, jobs[::options.schemas], "--oracle", "1")
    states = sum(result["states"] for result in results)
    print(f"{len(results)} schemas, {states} states")
    wrong = [f"{result['id']}: {result['missing']} missing, {result['extra']} extra" for result in results
             if result["missing"] or result["extra"]]
    if states < options.least:
        wrong.append(f"expected at least {options.least} states")
    return wrong


def unique_members(pairs: list) -> dict:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a member twice")
    return dict(pairs)


def check_samples(options, jobs: list) -> list:
    jobs = [job for job in jobs if "/optional/" not in job["id"]]  # regular expressions that Python's re does not know
    jobs = jobs[::options.schemas]
    schemas = {job["id"]: job["schema"] for job in jobs}
    wrong, samples = [], 0
    for result in replay(options, jobs, "--sample", "3"):
        schema = schemas[result["id"]]
        validator = jsonschema.validators.validator_for(schema)(schema)
        for text in result.get("samples", []):
            samples += 1
            try:
                validator.validate(json.loads(text, object_pairs_hook=unique_members))
            except (ValueError, jsonschema.ValidationError) as error:
                wrong.append(f"{result['id']}: {text[:200]}: {str(error).splitlines()[0]}")
    print(f"{samples} samples")
    if samples < options.least:
        wrong.append(f"expected at least {options.least} samples")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", required=True, metavar="PATH", help="the program grammar_replay")
    parser.add_argument("--model", required=True, metavar="GGUF", help="whose tokenizer it uses")
    parser.add_argument("check", choices=("oracle", "samples"))
    parser.add_argument("--schemas", type=int, default=1, metavar="N", help="only every N-th schema")
    parser.add_argument("--least", type=int, default=1, metavar="N", help="states or samples that there must be")
    options = parser.parse_args()
    jobs = schema_suite.jobs_of(schema_suite.read_suite())
    wrong = (check_masks if options.check == "oracle" else check_samples)(options, jobs)
    for line in wrong[:SHOWN]:
        print(f"wrong: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
