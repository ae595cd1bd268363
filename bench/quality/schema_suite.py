#!/usr/bin/env python3
"""The official JSON-Schema-Test-Suite through our grammars, against a file of what they are expected to do.

    python bench/quality/schema_suite.py --tool build/release/bench/grammar_replay --model MODEL.gguf [--update]

Drafts 2020-12 and 7: every required test, and of the optional ones the two about regular expressions (the source package of
jsonschema 4.26.0, fetched with pip when first needed). An instance is written as our grammars write JSON: no white space,
characters as they are; members stay in the order of the test, and the tool runs with --any-order and, as 2020-12 has it,
--annotate-formats. A schema that does not name
its draft gets a "$schema". Of each case (one instance under one schema) comes one of

    pass            accepted when valid, refused when invalid
    other_spelling  valid, and refused because it is spelled as our grammars never write it (OTHER_SPELLINGS below)
    refused         the schema does not compile: the caller gets an error that names the keyword
    false_reject    valid, and refused all the same
    false_accept    invalid, and accepted: a failure, whatever the file says

The file is a ratchet: a case below its expectation (the order is the one above) is a failure, one above it is listed, and
--update writes the better ones into the file. To accept a worse one, edit the file by hand. Exit status 1 on a failure.
"""

import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tarfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import packages  # noqa: E402

PACKAGE = "jsonschema==4.26.0"
DRAFTS = {"draft2020-12": "https://json-schema.org/draft/2020-12/schema", "draft7": "http://json-schema.org/draft-07/schema#"}
OPTIONAL = ("ecmascript-regex", "non-bmp-regex")
EXPECTED = pathlib.Path(__file__).parents[2] / "tests" / "grammar" / "schema_suite_expected.json"
REMOTE = "http://localhost:1234/"  # documents of json/remotes: a schema that needs one is expected to be refused

WHOLE_FLOAT = "a whole number is written without a fraction"
CONSTANT = "a constant is written as the schema writes it, not as another number of the same value"
OTHER_SPELLINGS = {
    ("const", "const with 0 does not match other zero-like types", "float zero is valid"): CONSTANT,
    ("const", "const with 1 does not match true", "float one is valid"): CONSTANT,
    ("const", "const with -2.0 matches integer and float types", "integer -2 is valid"): CONSTANT,
    ("const", "const with -2.0 matches integer and float types", "float -2.0 is valid"): WHOLE_FLOAT,
    ("const", "float and integers are equal up to 64-bit representation limits", "float is valid"): CONSTANT,
    ("enum", "enum with 0 does not match false", "float zero is valid"): CONSTANT,
    ("enum", "enum with [0] does not match [false]", "[0.0] is valid"): CONSTANT,
    ("enum", "enum with 1 does not match true", "float one is valid"): CONSTANT,
    ("enum", "enum with [1] does not match [true]", "[1.0] is valid"): CONSTANT,
    ("maximum", "maximum validation", "boundary point is valid"): WHOLE_FLOAT,
    ("maximum", "maximum validation with unsigned integer", "boundary point float is valid"): WHOLE_FLOAT,
    ("minimum", "minimum validation with signed integer", "boundary point with float is valid"): WHOLE_FLOAT,
    ("pattern", "pattern validation", "ignores floats"): WHOLE_FLOAT,
    ("type", "integer type matches integers", "a float with zero fractional part is an integer"): WHOLE_FLOAT,
    ("type", "number type matches numbers", "a float with zero fractional part is a number (and an integer)"): WHOLE_FLOAT,
    ("unevaluatedItems", "non-array instances are valid", "ignores floats"): WHOLE_FLOAT,
    ("unevaluatedProperties", "non-object instances are valid", "ignores floats"): WHOLE_FLOAT,
    ("uniqueItems", "uniqueItems=false validation", "numbers are unique if mathematically unequal"): WHOLE_FLOAT,
}
RANK = {"false_accept": 0, "false_reject": 1, "refused": 2, "other_spelling": 3, "pass": 4}


def read_suite() -> dict:
    """The groups (one schema, its tests) of each file, by the file's path without its ending."""
    names = [f"{draft}/{name}" for draft in DRAFTS for name in (*(f"optional/{each}" for each in OPTIONAL), "*")]
    suite = {}
    with tarfile.open(packages.fetch(PACKAGE, ".tar.gz", "--no-binary=:all:")) as archive:
        for member in archive.getmembers():
            path = pathlib.PurePosixPath(member.name)
            inside = path.parts[1:]  # below jsonschema-VERSION
            if inside[:2] != ("json", "tests") or path.suffix != ".json":
                continue
            name = "/".join(inside[2:])[:-len(".json")]
            if name in names or name.count("/") == 1 and name.split("/")[0] in DRAFTS:
                suite[name] = json.load(archive.extractfile(member))
    return dict(sorted(suite.items()))


def jobs_of(suite: dict) -> list:
    jobs = []
    for file, groups in suite.items():
        for number, group in enumerate(groups):
            tests = [{"text": json.dumps(test["data"], ensure_ascii=False, separators=(",", ":")), "valid": test["valid"]}
                     for test in group["tests"]]
            schema = group["schema"]
            if isinstance(schema, dict):  # the tests of draft 7 leave it to their folder's name
                schema = {"$schema": DRAFTS[file.split("/")[0]], **schema}
            jobs.append({"id": f"{file}#{number}", "schema": schema, "tests": tests})
    return jobs


def run_tool(tool: str, model: str, jobs: list) -> list:
    lines = "".join(json.dumps(job) + "\n" for job in jobs)
    done = subprocess.run([tool, model, "--any-order", "--annotate-formats"], input=lines, stdout=subprocess.PIPE, text=True)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    if len(results) < len(jobs):
        sys.exit(f"{tool} ended with status {done.returncode} at {jobs[len(results)]['id']}: "
                 f"{json.dumps(jobs[len(results)]['schema'])[:300]}")
    return results


def status_of(file: str, group: dict, test: dict, accepted: bool) -> str:
    if accepted == test["valid"]:
        return "pass"
    if accepted:
        return "false_accept"
    spelled = (file.split("/")[-1], group["description"], test["description"]) in OTHER_SPELLINGS
    return "other_spelling" if spelled else "false_reject"


def statuses(suite: dict, results: list) -> dict:
    """{file: {group: {test: status}}}, and under "errors" why schemas were refused."""
    by_id = {result["id"]: result for result in results}
    found, errors = {}, {}
    for file, groups in suite.items():
        for number, group in enumerate(groups):
            result = by_id[f"{file}#{number}"]
            tests = {test["description"]: "refused" for test in group["tests"]}
            if result["error"] is None:
                tests = {test["description"]: status_of(file, group, test, answer["accepted"])
                         for test, answer in zip(group["tests"], result["tests"], strict=True)}
            else:
                errors[file, group["description"]] = result["error"]
            found.setdefault(file, {})[group["description"]] = tests
    return found, errors


# The file: a group is "pass" or "refused" when all its cases are, else {test: status} of those that do not pass.

def packed(tests: dict):
    kinds = set(tests.values())
    if kinds in ({"pass"}, {"refused"}):
        return kinds.pop()
    return {test: status for test, status in tests.items() if status != "pass"}


def expected_status(expected: dict, file: str, group: str, test: str):
    entry = expected.get(file, {}).get(group)
    return entry.get(test, "pass") if isinstance(entry, dict) else entry


def compare(found: dict, expected: dict) -> tuple:
    """Cases that fail, cases that are better than the file, and the statuses that the file should have."""
    worse, better, merged = [], [], {}
    for file, groups in found.items():
        for group, tests in groups.items():
            kept = {}
            for test, status in tests.items():
                known = expected_status(expected, file, group, test)
                case = f"{file} | {group} | {test}"
                kept[test] = status
                if status == "false_accept":
                    worse.append(f"{case}: accepted, and it is invalid")
                elif known is not None and RANK[status] < RANK[known]:
                    worse.append(f"{case}: {status}, expected {known}")
                    kept[test] = known
                elif status != known:
                    better.append(f"{case}: {status}, " + (f"expected {known}" if known else "not in the file"))
            merged.setdefault(file, {})[group] = packed(kept)
    gone = [f"{file} | {group}: in the file, and not in the suite" for file, groups in expected.items() for group in groups
            if group not in found.get(file, {})]
    return worse + gone, better, merged


def needs_remote(schema) -> bool:
    if isinstance(schema, list):
        return any(map(needs_remote, schema))
    if not isinstance(schema, dict):
        return False
    return str(schema.get("$ref", "")).startswith(REMOTE) or any(map(needs_remote, schema.values()))


def report(suite: dict, found: dict, errors: dict):
    columns = ("cases", "pass", "other_spelling", "refused", "false_reject", "false_accept")
    print("| draft | " + " | ".join(columns) + " |\n|---" + "|---:" * len(columns) + "|")
    for draft in DRAFTS:
        counts = collections.Counter(status for file, groups in found.items() if file.split("/")[0] == draft
                                     for tests in groups.values() for status in tests.values())
        print(f"| {draft} | {sum(counts.values())} | " + " | ".join(str(counts[name]) for name in columns[1:]) + " |")
    remote = {(file, group["description"]) for file, groups in suite.items() for group in groups
              if needs_remote(group["schema"])}
    print(f"{len(errors)} schemas refused, {len(remote & set(errors))} of the {len(remote)} that refer to another document")
    reasons = collections.Counter(error for case, error in errors.items() if case not in remote)
    for reason, count in reasons.most_common(20):
        print(f"  {count:4}  {reason[:140]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", metavar="PATH", help="the program grammar_replay")
    parser.add_argument("--model", metavar="GGUF", help="whose tokenizer it uses")
    parser.add_argument("--jobs", type=pathlib.Path, metavar="FILE.jsonl", help="only write what grammar_replay would read")
    parser.add_argument("--results", type=pathlib.Path, metavar="FILE.jsonl", help="what it answered, instead of running it")
    parser.add_argument("--expected", type=pathlib.Path, default=EXPECTED, metavar="FILE.json", help=f"default: {EXPECTED}")
    parser.add_argument("--update", action="store_true", help="write better cases, and new ones, into that file")
    options = parser.parse_args()
    if not (options.jobs or options.results or options.tool and options.model):
        parser.error("give --tool and --model, or --jobs, or --results")
    suite = read_suite()
    jobs = jobs_of(suite)
    if options.jobs:
        options.jobs.write_text("".join(json.dumps(job) + "\n" for job in jobs))
        return 0
    results = ([json.loads(line) for line in options.results.read_text().splitlines()] if options.results
               else run_tool(options.tool, options.model, jobs))
    found, errors = statuses(suite, results)
    expected = json.loads(options.expected.read_text()) if options.expected.exists() else {}
    worse, better, merged = compare(found, expected)
    report(suite, found, errors)
    for title, cases in (("FAIL", worse), ("better", better[:100] if expected else [])):
        for case in cases:
            print(f"{title}  {case}")
    print(f"{len(worse)} failures, {len(better)} better than {options.expected.name} or new in it")
    if options.update and not any(case.endswith("it is invalid") for case in worse):
        options.expected.parent.mkdir(parents=True, exist_ok=True)
        options.expected.write_text(json.dumps(merged, indent=1, ensure_ascii=False) + "\n")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
