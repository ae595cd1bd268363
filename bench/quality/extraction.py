#!/usr/bin/env python3
"""What a schema does to extraction: the same prompts answered free, and locked to a JSON schema.

    pip install openai
    python bench/quality/extraction.py --base-url http://127.0.0.1:8080/v1 --model NAME --limit 100 --json out.json
    python bench/quality/extraction.py --self-check

Two sets of OpenAI evals 3.0.1.post1 (fetched with pip when first needed, 46 MB, never committed):

    ner_finance   1,164 sentences of loan agreements: every mention of a PERSON, ORG or LOC, in order (651 have none)
    invoices      100 mails about payments: the amount asked for as the mail writes it, or "unknown" (half of them)

Every prompt describes the JSON that it wants and is sent twice at temperature 0: without response_format (the first JSON
object in the text counts) and with response_format json_schema. Which of the two goes first alternates, so that neither
always finds the prompt in a cache. An answer that does not have the wanted form counts as wrong, and as naming no entity.
A span is right when text and type are, as often as the sentence has it. Intervals of shares are Wilson's, of precision,
recall and F1 bootstrap ones over sentences, both 95 %. Tokens/s are completion tokens over the time of the whole requests.
"""

import argparse
import collections
import json
import pathlib
import random
import re
import sys
import time
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import packages  # noqa: E402
from proportion import share  # noqa: E402

PACKAGE = "evals==3.0.1.post1"
MODES = ("free", "locked")
TYPES = {"PERSON": "PERSON", "ORGANIZATION": "ORG", "LOCATION": "LOC"}  # theirs and ours

NER_PROMPT = """The sentence is from a loan agreement. List its named entities in the order in which they appear, an entity \
that appears several times as often as it appears. Types: PERSON (people and parties such as Borrower), ORG, LOC.
Answer with JSON only, in this form: {"entities": [{"text": "Bank", "type": "ORG"}, {"text": "Borrower", "type": "PERSON"}]}
If there are none: {"entities": []}"""
INVOICE_PROMPT = """Read the e-mail and answer the question with the amount as the e-mail writes it, for example "$1,234.50". \
If the e-mail does not say it, the answer is "unknown".
Answer with JSON only, in this form: {"answer": "$1,234.50"}"""


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


def ask(client, options, name: str, row: dict, locked: bool) -> dict:
    import openai
    messages = [{"role": "system", "content": row["system"]}, {"role": "user", "content": row["user"]}]
    more = {"response_format": {"type": "json_schema", "json_schema": {
        "name": name, "strict": True, "schema": SETS[name]["schema"]}}} if locked else {}
    begin = time.perf_counter()
    try:
        answer = client.chat.completions.create(model=options.model, messages=messages, temperature=0,
                                                max_completion_tokens=options.max_tokens, **more)
    except openai.APIStatusError as error:
        return {"error": f"{error.status_code}: {error.message}"[:300], "text": "", "tokens": 0,
                "seconds": time.perf_counter() - begin}
    return {"text": answer.choices[0].message.content or "", "finish": answer.choices[0].finish_reason,
            "tokens": answer.usage.completion_tokens, "seconds": time.perf_counter() - begin}


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


SETS = {
    "ner_finance": {"rows": ner_rows, "schema": NER_SCHEMA, "read": entities_of, "figures": ner_figures},
    "invoices": {"rows": invoice_rows, "schema": INVOICE_SCHEMA, "read": answer_of, "figures": invoice_figures},
}


def run_set(client, options, name: str) -> dict:
    """{mode: answers}, and the rows."""
    rows = SETS[name]["rows"]()
    if options.limit and options.limit < len(rows):
        rows = random.Random(f"{options.seed} {name}").sample(rows, options.limit)
    answers = {mode: [] for mode in MODES}
    for number, row in enumerate(rows):
        for mode in MODES if number % 2 == 0 else MODES[::-1]:
            answers[mode].append(ask(client, options, name, row, mode == "locked"))
    return rows, answers


def report(name: str, rows: list, answers: dict) -> dict:
    columns, right = {}, {}
    for mode in MODES:
        found = [first_object(each["text"]) for each in answers[mode]]
        read = [SETS[name]["read"](each) for each in found]
        right[mode] = [row["wanted"] == each for row, each in zip(rows, read)]
        seconds, tokens = (sum(each[key] for each in answers[mode]) for key in ("seconds", "tokens"))
        columns[mode] = [("a JSON object %", share(sum(each is not None for each in found), len(rows))),
                         ("of the wanted form %", share(sum(each is not None for each in read), len(rows))),
                         *SETS[name]["figures"](rows, read),
                         ("tokens an answer", f"{tokens / len(rows):.1f}"), ("tokens/s", f"{tokens / seconds:.1f}"),
                         ("cut off by --max-tokens", str(sum(each.get("finish") == "length" for each in answers[mode]))),
                         ("refused requests", str(sum("error" in each for each in answers[mode])))]
    only = [sum(a and not b for a, b in zip(right[x], right[y])) for x, y in (MODES, MODES[::-1])]
    print(f"\n{name}, n = {len(rows)}; right only free {only[0]}, only locked {only[1]}\n\n| | free | locked |\n|---|---:|---:|")
    for (title, free), (_, locked) in zip(*columns.values()):
        print(f"| {title} | {free} | {locked} |", flush=True)
    return {"n": len(rows), "right_only_free": only[0], "right_only_locked": only[1],
            **{mode: dict(cells) for mode, cells in columns.items()}}


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
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="every answer, and the figures")
    parser.add_argument("--self-check", action="store_true", help="only test how answers are read and counted")
    options = parser.parse_args()
    if options.self_check:
        return self_check()
    if not (options.base_url and options.model):
        parser.error("give --base-url and --model")
    import openai
    client = openai.OpenAI(base_url=options.base_url, api_key=options.api_key, timeout=600, max_retries=0)
    kept = {"model": options.model, "package": PACKAGE, "limit": options.limit, "seed": options.seed, "sets": {}}
    for name in options.set or SETS:
        rows, answers = run_set(client, options, name)
        kept["sets"][name] = {"figures": report(name, rows, answers), "answers": [
            {"user": row["user"], "wanted": row["wanted"], **{mode: answers[mode][number] for mode in MODES}}
            for number, row in enumerate(rows)]}
    if options.json:
        options.json.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
