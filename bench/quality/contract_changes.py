"""Requests that look like a task's and are not: each changes one part of the contract, so none may be answered locally."""

import copy
import re
from typing import Callable


def with_text(request: dict, change: Callable[[str], str]) -> dict:
    """The longest constant text of the request, which holds the instructions, changed."""
    longest = max(request["messages"], key=lambda message: len(message["content"]))
    longest["content"] = change(longest["content"])
    return request


def line_added(text: str) -> str:
    lines = text.split("\n")
    middle = len(lines) // 2
    return "\n".join(lines[:middle] + ["- crypto_wallet"] + lines[middle:])


def word_changed(text: str) -> str:
    """The third word, which stands in the instructions."""
    words = list(re.finditer(r"\S+", text))
    word = words[min(2, len(words) - 1)]
    return text[:word.start()] + "other" + text[word.end():]


def more(**members) -> Callable[[dict], dict]:
    return lambda request: request | members


def second_turn(request: dict) -> dict:
    request["messages"] += [{"role": "assistant", "content": "Is that all?"}, {"role": "user", "content": "Yes."}]
    return request


def other_temperature(request: dict) -> dict:
    """Greedy instead of sampled, or the other way round."""
    request["temperature"] = 0.9 if request.get("temperature") == 0 else 0
    return request


def image_part(request: dict) -> dict:
    last = request["messages"][-1]
    last["content"] = [{"type": "text", "text": last["content"]},
                       {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]
    return request


def text_part(request: dict) -> dict:
    last = request["messages"][-1]
    last["content"] = [{"type": "text", "text": last["content"]}]
    return request


def first_message(request: dict, **members) -> dict:
    request["messages"][0] |= members
    return request


def message_before(request: dict) -> dict:
    request["messages"].insert(0, {"role": "system", "content": "Answer in French."})
    return request


TOOL = {"type": "function", "function": {"name": "refund", "parameters": {"type": "object", "properties": {}}}}

# Of a plain chat request; each gets a copy of its own.
CHANGES: dict[str, Callable[[dict], dict]] = {
    "a label added": lambda request: with_text(request, line_added),
    "a word changed": lambda request: with_text(request, word_changed),
    "a blank at the end": lambda request: with_text(request, lambda text: text + " "),
    "upper case": lambda request: with_text(request, str.upper),
    "a message before": message_before,
    "role developer": lambda request: first_message(request, role="developer"),
    "a name on a message": lambda request: first_message(request, name="ops"),
    "text as a part": text_part,
    "an image": image_part,
    "a second turn": second_turn,
    "a tool": more(tools=[TOOL]),
    "response_format": more(response_format={"type": "json_object"}),
    "n = 2": more(n=2),
    "another temperature": other_temperature,
    "another max_tokens": more(max_tokens=3),
    "stop": more(stop=["."]),
    "logprobs": more(logprobs=True, top_logprobs=2),
    "logit_bias": more(logit_bias={"50": -100}),
    "an unknown parameter": more(frobnicate="yes"),
    "another model": more(model="frontier-1-mini"),
}

# What changes nothing that is answered.
HARMLESS: dict[str, Callable[[dict], dict]] = {
    "as recorded": lambda request: request,
    "seed, user, metadata": more(seed=7, user="u-1", metadata={"job": "nightly"}),
    "streamed": more(stream=True),
}


def changed(request: dict, change: Callable[[dict], dict]) -> dict:
    return change(copy.deepcopy(request))
