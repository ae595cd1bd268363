"""Prints a small call log as JSON lines: 60 calls of a task, 12 of chat, 8 of several turns."""

import itertools
import json

SYSTEM = "Sort the message by what it is about. Labels: refund, fees, loan. Answer with one label and nothing else."
WHO = ["Ann", "The driver", "Nobody here", "A neighbour", "My bank", "The shop"]
WHAT = ["lost two cards", "wants the fee back", "asked for a loan", "sent it twice", "broke the seal"]
WHEN = ["yesterday.", "in May?", "before lunch!"]


def call(messages, answer, tokens=(100, 2)):
    request = {"model": "big-model", "messages": messages, "temperature": 0}
    response = {"model": "big-model-2026-01", "usage": {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]},
                "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": answer}}]}
    print(json.dumps({"request": request, "response": response}))


def user(text):
    return {"role": "user", "content": text}


for number, words in enumerate(itertools.islice(itertools.product(WHO, WHAT, WHEN), 60)):
    call([{"role": "system", "content": SYSTEM}, user(f"Message: {' '.join(words)}\nLabel:")], ["refund", "fees", "loan"][number % 3])
for number in range(12):
    call([user(f"{WHO[number % 6]} {WHAT[number % 5]}: what would you do on day {number}?")], "It depends.\nAsk again.", (12, 6))
for number in range(8):
    call([user("Hi"), {"role": "assistant", "content": "Hello"}, user(f"{WHAT[number % 5]} {number}")], "I see.", (9, 3))
