#!/usr/bin/env python3
"""What a schema does to extraction: the same prompts answered free, and locked to a JSON schema.

    pip install openai
    python bench/quality/extraction.py --base-url http://127.0.0.1:8080/v1 --model NAME --limit 100 --answers out.jsonl
    python bench/quality/extraction.py --self-check

Two sets of OpenAI evals 3.0.1.post1 (fetched with pip when first needed, 46 MB, never committed):

    ner_finance   1,164 sentences of loan agreements: every mention of a PERSON, ORG or LOC, in order (651 have none)
    invoices      100 mails about payments: the amount asked for as the mail writes it, or "unknown" (half of them)

Every prompt describes the JSON that it wants and is sent at temperature 0 in several modes:

    free       without response_format; the first JSON object in the text counts
    locked     with response_format json_schema; our server's prompt is that of "free", since it shows the form
    unwatched  "free" without the guard against loops
    shown      "free" with the schema before the system prompt, in the words in which our server shows one to prompts
               that do not show the form

Which of them goes first changes from row to row, so that none always finds the prompt in a cache. An answer that does not have
the wanted form counts as wrong, and as naming no entity. A span is right when text and type are, as often as the sentence has
it. Intervals are 95 %: Wilson's of shares, bootstrap ones over sentences of precision, recall and F1; of differences on the
same rows Newcombe's and bootstrap ones. Tokens/s are completion tokens over the time of the whole requests.
"""

import argparse
import collections
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
from paired import bootstrap_difference, share_difference  # noqa: E402
from proportion import share  # noqa: E402

PACKAGE = "evals==3.0.1.post1"
MODES = ("free", "locked", "unwatched", "shown")
PAIRS = (("free", "locked"), ("free", "unwatched"), ("free", "shown"))
TYPES = {"PERSON": "PERSON", "ORGANIZATION": "ORG", "LOCATION": "LOC"}  # theirs and ours

NER_PROMPT = """The sentence is from a loan agreement. List its named entities in the order in which they appear, an entity \
that appears several times as often as it appears. Types: PERSON (people and parties such as Borrower), ORG, LOC.
Answer with JSON only, in this form: {"entities": [{"text": "Bank", "type": "ORG"}, {"text": "Borrower", "type": "PERSON"}]}
If there are none: {"entities": []}"""
INVOICE_PROMPT = """Read the e-mail and answer the question with the amount as the e-mail writes it, for example "$1,234.50". \
If the e-mail does not say it, the answer is "unknown".
Answer with JSON only, in this form: {"answer": "$1,234.50"}"""
SHOWN = "Answer with JSON that follows this JSON schema, and nothing else:\n"  # our server's words


def closed_object(**properties) -> dict:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


ENTITY = closed_object(text={"type": "string"}, type={"type": "string", "enum": list(TYPES.values())})
NER_SCHEMA = closed_object(entities={"type": "array", "items": ENTITY})
INVOICE_SCHEMA = closed_object(answer={"type": "string"})


# The data: {"system", "user", "wanted"} of each row.

def read_rows(name: str) -> list:
    with zipfile.ZipFile(packages.fetch(PACKAGE, "-*.whl", "--only-binary=:all:")) as archive:
        text = archive.read(f"evals/registry/data/{name}").decode()
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def spans(ideal: str) -> list:
    """[(text, type)] of "[Bank - ORGANIZATION, Borrower - PERSON]"; a name may hold a comma."""
    if ideal == "No entities found":
        return []
    return [(text, TYPES[kind]) for text, kind in re.findall(rf"(.+?) - ({'|'.join(TYPES)})(?:, |$)", ideal[1:-1])]


def ner_rows() -> list:
    return [{"system": NER_PROMPT, "user": row["input"][-1]["content"], "wanted": spans(row["ideal"])}
            for row in read_rows("ner_finance/samples.jsonl")]


def invoice_rows() -> list:
    rows = []
    for row in read_rows("invoices/match.jsonl"):
        mail = row["input"][0]["content"].split("\n-\n", 1)[1]
        rows.append({"system": INVOICE_PROMPT, "user": f"{mail.strip()}\n\n{row['input'][1]['content']}", "wanted": row["ideal"]})
    return rows


# The answers.

def first_object(text: str):
    """The first JSON object in a text, or None."""
    decoder = json.JSONDecoder()
    for match in re.finditer(r"\{", text):
        try:
            found, _ = decoder.raw_decode(text, match.start())
            return found
        except ValueError:
            continue
    return None


def entities_of(found):
    """[(text, type)], or None if the object has another form."""
    listed = found.get("entities") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        return None
    pairs = [(each.get("text"), each.get("type")) if isinstance(each, dict) else (None, None) for each in listed]
    return pairs if all(isinstance(text, str) and kind in TYPES.values() for text, kind in pairs) else None


def answer_of(found):
    answer = found.get("answer") if isinstance(found, dict) else None
    return answer.strip() if isinstance(answer, str) else None


def amount(text) -> str:
    """An amount's digits: "$2 657.81" and "$2,657.81" are one, "$504" and "$504.00" too."""
    digits = re.sub(r"[^\d.]", "", text or "").strip(".")
    return re.sub(r"\.0+$", "", digits)


def ask(client, options, name: str, row: dict, mode: str) -> dict:
    import openai
    schema, system = SETS[name]["schema"], row["system"]
    more = {}
    if mode == "locked":
        more["response_format"] = {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": schema}}
    elif mode == "shown":
        system = SHOWN + json.dumps(schema) + "\n\n" + system
    if mode == "unwatched":
        more["extra_body"] = {"loop_guard": False}
    begin = time.perf_counter()
    try:
        answer = client.chat.completions.create(
            model=options.model, messages=[{"role": "system", "content": system}, {"role": "user", "content": row["user"]}],
            temperature=0, max_completion_tokens=options.max_tokens, **more)
    except openai.APIStatusError as error:
        return {"error": f"{error.status_code}: {error.message}"[:300], "text": "", "tokens": 0, "loops": [],
                "seconds": time.perf_counter() - begin}
    choice = answer.choices[0]
    return {"text": choice.message.content or "", "finish": choice.finish_reason, "tokens": answer.usage.completion_tokens,
            "prompt_tokens": answer.usage.prompt_tokens, "loops": (choice.model_extra or {}).get("loops", []),
            "seconds": time.perf_counter() - begin}


# The figures.

def counts_of(wanted: list, named: list, kind: str | None) -> tuple:
    """Right, named and wanted spans, of one type or of all."""
    def kept(pairs):
        return collections.Counter(pair for pair in pairs if kind in (None, pair[1]))

    left, right = kept(wanted), kept(named)
    return (left & right).total(), right.total(), left.total()


def precision_recall_f1(triples) -> tuple:
    right, named, wanted = (sum(column) for column in zip(*triples))
    return right / named if named else 0, right / wanted if wanted else 0, 2 * right / (named + wanted) if named + wanted else 0


def with_bootstrap(triples: list) -> list:
    rng = random.Random(1)
    draws = [precision_recall_f1(rng.choices(triples, k=len(triples))) for _ in range(1000)]
    cells = []
    for figure, drawn in zip(precision_recall_f1(triples), zip(*draws)):
        ordered = sorted(drawn)
        cells.append(f"{100 * figure:.1f} [{100 * ordered[25]:.1f}, {100 * ordered[974]:.1f}]")
    return cells


def ner_figures(rows: list, read: list) -> list:
    figures = [("whole sentence right %", share(sum(row["wanted"] == named for row, named in zip(rows, read)), len(rows)))]
    for kind in (None, *TYPES.values()):
        triples = [counts_of(row["wanted"], named or [], kind) for row, named in zip(rows, read)]
        for name, cell in zip(("precision", "recall", "F1"), with_bootstrap(triples)):
            figures.append((f"{kind or 'all spans'} ({sum(each[2] for each in triples)}): {name} %", cell))
    return figures


def invoice_figures(rows: list, read: list) -> list:
    pairs = [(row["wanted"], answer) for row, answer in zip(rows, read)]
    known = [pair for pair in pairs if pair[0] != "unknown"]
    unknown = [pair for pair in pairs if pair[0] == "unknown"]
    return [("exact %", share(sum(wanted == answer for wanted, answer in pairs), len(pairs))),
            (f"of {len(known)} that the mail says: exact %", share(sum(wanted == answer for wanted, answer in known), len(known))),
            ("… the same amount, however written %",
             share(sum(amount(wanted) == amount(answer) for wanted, answer in known), len(known))),
            (f"of {len(unknown)} that it does not say: unknown %",
             share(sum(answer == "unknown" for _, answer in unknown), len(unknown)))]


def ner_differences(rows: list, left: list, right: list) -> list:
    def f1(triples):
        return precision_recall_f1(triples)[2]

    wanted = [row["wanted"] for row in rows]
    cells = [("whole sentence right, points", share_difference(*([a == b for a, b in zip(wanted, read)] for read in (left, right))))]
    for kind in (None, *TYPES.values()):
        triples = [[counts_of(spans, named or [], kind) for spans, named in zip(wanted, read)] for read in (left, right)]
        cells.append((f"{kind or 'all spans'}: F1, points", bootstrap_difference(f1, *triples)))
    return cells


def invoice_differences(rows: list, left: list, right: list) -> list:
    cells = []
    for title, kept in (("exact, points", (True, False)), ("of those that the mail says: exact, points", (True,)),
                        ("of those that it does not say: unknown, points", (False,))):
        asked = [number for number, row in enumerate(rows) if (row["wanted"] != "unknown") in kept]
        cells.append((title, share_difference(*([rows[number]["wanted"] == read[number] for number in asked]
                                                for read in (left, right)))))
    return cells


SETS = {
    "ner_finance": {"rows": ner_rows, "schema": NER_SCHEMA, "read": entities_of, "figures": ner_figures,
                    "differences": ner_differences},
    "invoices": {"rows": invoice_rows, "schema": INVOICE_SCHEMA, "read": answer_of, "figures": invoice_figures,
                 "differences": invoice_differences},
}


def drawn_rows(options) -> dict:
    """{id: (set, row)}, the sets in turn."""
    columns = []
    for name in options.set or SETS:
        rows = [(f"{name} {number}", (name, row)) for number, row in enumerate(SETS[name]["rows"]())]
        random.Random(f"{options.seed} {name}").shuffle(rows)  # a higher limit only adds rows
        columns.append(rows[:options.limit or None])
    return dict(each for turn in itertools.zip_longest(*columns) for each in turn if each)


def report_set(name: str, rows: list, answers: dict):
    """The figures of each mode, and their differences, over the rows that every mode has answered."""
    modes, columns, reads = list(answers), [], {}
    for mode, given in answers.items():
        found = [first_object(each["text"]) for each in given]
        read = reads[mode] = [SETS[name]["read"](each) for each in found]
        seconds, tokens = (sum(each[key] for each in given) for key in ("seconds", "tokens"))
        columns.append([("a JSON object %", share(sum(each is not None for each in found), len(rows))),
                        ("of the wanted form %", share(sum(each is not None for each in read), len(rows))),
                        *SETS[name]["figures"](rows, read),
                        ("tokens an answer", f"{tokens / len(rows):.1f}"), ("tokens/s", f"{tokens / seconds:.1f}"),
                        ("cut off by --max-tokens", str(sum(each.get("finish") == "length" for each in given))),
                        ("with a loop", str(sum(bool(each["loops"]) for each in given))),
                        ("refused requests", str(sum("error" in each for each in given)))])
    print(f"\n{name}, n = {len(rows)}\n\n| | {' | '.join(modes)} |\n|---|{'---:|' * len(modes)}")
    for cells in zip(*columns):
        print(f"| {cells[0][0]} | {' | '.join(value for _, value in cells)} |")
    for left, right in PAIRS:
        if left not in answers or right not in answers:
            continue
        marks = [[row["wanted"] == each for row, each in zip(rows, reads[mode])] for mode in (left, right)]
        only = [sum(a and not b for a, b in zip(*pair)) for pair in (marks, marks[::-1])]
        changed = sum(a["text"] != b["text"] for a, b in zip(answers[left], answers[right]))
        print(f"\n{name}, {right} minus {left}: right only {left} {only[0]}, only {right} {only[1]}, other texts {changed}\n")
        for title, cell in SETS[name]["differences"](rows, reads[left], reads[right]):
            print(f"- {title}: {cell}", flush=True)


def report(rows: dict, records: dict):
    present = [mode for mode in MODES if any(each == mode for _, each in records)]
    for name in SETS:
        ids = [key for key, (where, _) in rows.items() if where == name and all((key, mode) in records for mode in present)]
        if ids:
            report_set(name, [rows[key][1] for key in ids], {mode: [records[key, mode] for key in ids] for mode in present})


def self_check():
    assert spans("[A, Inc - ORGANIZATION, Bank - PERSON]") == [("A, Inc", "ORG"), ("Bank", "PERSON")]
    assert spans("No entities found") == []
    assert first_object('So {not} this: ```{"a": {"b": 1}}``` {"c": 2}') == {"a": {"b": 1}} and first_object('{"a": ') is None
    assert entities_of({"entities": [{"text": "x", "type": "ORG"}]}) == [("x", "ORG")]
    assert entities_of({"entities": [{"text": "x", "type": "ORGANIZATION"}]}) is None and entities_of([1]) is None
    assert counts_of([("a", "ORG"), ("a", "ORG"), ("b", "LOC")], [("a", "ORG"), ("b", "PERSON")], None) == (1, 2, 3)
    assert precision_recall_f1([(1, 2, 3), (1, 1, 1)]) == (2 / 3, 2 / 4, 4 / 7)
    assert amount("$2 657.81") == amount("2,657.81 USD") and amount("$504") == amount("$504.00") != amount("unknown")
    print("the figures hold")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", metavar="URL", help="of the server, with /v1")
    parser.add_argument("--model", metavar="NAME")
    parser.add_argument("--api-key", default="none", metavar="KEY")
    parser.add_argument("--set", action="append", choices=SETS, help="repeat it for several; all when left out")
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="rows of each set, drawn with --seed; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-tokens", type=int, default=512, metavar="N", help="of an answer")
    parser.add_argument("--mode", action="append", choices=MODES, help="repeat it for several; free and locked when left out")
    parser.add_argument("--at-once", type=int, default=1, metavar="N", help="rows at the same time; tokens/s are of one")
    parser.add_argument("--answers", type=pathlib.Path, metavar="FILE.jsonl", help="every answer; kept, and gone on with")
    parser.add_argument("--report", action="store_true", help="only the tables of what --answers holds")
    parser.add_argument("--self-check", action="store_true", help="only test how answers are read and counted")
    options = parser.parse_args()
    if options.self_check:
        return self_check()
    if not options.model or not (options.answers if options.report else options.base_url):
        parser.error("give --base-url and --model, or --report, --answers and --model")
    rows = drawn_rows(options)
    log = AnswerLog(options.answers, {"package": PACKAGE, **{
        key: getattr(options, key) for key in ("model", "seed", "max_tokens")}}, options.report)
    if not options.report:
        import openai
        client = openai.OpenAI(base_url=options.base_url, api_key=options.api_key, timeout=3600, max_retries=0)
        log.ask_all(list(rows), options.mode or ["free", "locked"],
                    lambda key, mode: ask(client, options, *rows[key], mode), options.at_once)
    report(rows, log.records)


if __name__ == "__main__":
    sys.exit(main())
