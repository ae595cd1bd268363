"""The openai Python SDK against a running server.

UNDERSTUDY_URL is the server's base URL ("http://127.0.0.1:8080"). Where another server stands before it,
UNDERSTUDY_ENGINE_URL is that of the one with the model, and UNDERSTUDY_WAY says so in the names of the checks. Prints PASS or
FAIL for each check; exits 1 if one failed.
"""

import json
import os
import sys
import time
import urllib.request

import openai
from checks import BASE_URL, KEY, raises, run

ENGINE_URL = os.environ.get("UNDERSTUDY_ENGINE_URL", os.environ["UNDERSTUDY_URL"])
client = openai.OpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0, timeout=300)
MODEL = client.models.list().data[0].id
QUESTION = [{"role": "user", "content": "What is the capital of France? Answer in one sentence."}]


def ready():
    return json.load(urllib.request.urlopen(ENGINE_URL + "/ready"))


def wait_until_idle():
    """The place of a cancelled request is free within a step; the deadline is for a busy machine."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if ready()["running"] == 0 and ready()["queued"] == 0:
            return
        time.sleep(0.05)
    raise AssertionError(f"still running: {ready()}")


def lists_models():
    models = client.models.list().data
    assert len(models) == 1 and models[0].object == "model", models
    assert client.models.retrieve(MODEL).id == MODEL


def answers_a_chat():
    answer = client.chat.completions.create(model=MODEL, messages=QUESTION, max_tokens=48, temperature=0)
    choice = answer.choices[0]
    assert "Paris" in choice.message.content, choice.message.content
    assert choice.finish_reason in ("stop", "length") and choice.message.role == "assistant"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.id.startswith("chatcmpl-") and answer.object == "chat.completion"


def streams_the_same_chat():
    options = dict(model=MODEL, messages=QUESTION, max_tokens=48, temperature=0, seed=1)
    whole = client.chat.completions.create(**options)
    chunks = list(client.chat.completions.create(stream=True, stream_options={"include_usage": True}, **options))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content, (text, whole.choices[0].message.content)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == whole.choices[0].finish_reason
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert chunks[-1].usage.prompt_tokens_details.cached_tokens > 0, "the second request shares the first one's prefix"


def repeats_with_a_seed():
    options = dict(model=MODEL, messages=QUESTION, max_tokens=24, temperature=1.0, n=3)
    first = client.chat.completions.create(seed=42, **options)
    second = client.chat.completions.create(seed=42, **options)
    texts = [[choice.message.content for choice in answer.choices] for answer in (first, second)]
    assert texts[0] == texts[1], texts
    assert [choice.index for choice in first.choices] == [0, 1, 2]


def stops_at_a_stop_string():
    options = dict(model=MODEL, messages=QUESTION, max_tokens=48, temperature=0)
    whole = client.chat.completions.create(**options).choices[0].message.content
    stop = whole.split()[2]
    choice = client.chat.completions.create(stop=stop, **options).choices[0]
    assert choice.message.content == whole[: whole.index(stop)], (stop, whole, choice.message.content)
    assert choice.finish_reason == "stop"
    wait_until_idle()


def gives_logprobs():
    answer = client.chat.completions.create(
        model=MODEL, messages=QUESTION, max_tokens=8, temperature=0, logprobs=True, top_logprobs=3
    )
    tokens = answer.choices[0].logprobs.content
    assert len(tokens) == answer.usage.completion_tokens
    for token in tokens:
        assert len(token.top_logprobs) == 3 and token.logprob <= 0
        assert token.token == token.top_logprobs[0].token, "temperature 0 takes the likeliest"
        assert bytes(token.bytes).decode() == token.token


def cancels_in_the_middle():
    for _ in range(3):
        stream = client.chat.completions.create(
            model=MODEL, messages=QUESTION, max_tokens=1000, stream=True, extra_body={"ignore_eos": True}
        )
        for _, chunk in zip(range(4), stream):
            assert chunk.object == "chat.completion.chunk"
        assert ready()["running"] == 1, ready()
        stream.close()
        wait_until_idle()


def cancels_before_the_answer():
    impatient = client.with_options(timeout=1)
    raises(
        openai.APITimeoutError,
        lambda: impatient.chat.completions.create(
            model=MODEL, messages=QUESTION, max_tokens=1500, extra_body={"ignore_eos": True}
        ),
    )
    wait_until_idle()


def completes_text():
    answer = client.completions.create(model=MODEL, prompt=["The capital of France is", "2 + 2 ="], max_tokens=4, temperature=0)
    assert [choice.index for choice in answer.choices] == [0, 1]
    assert "Paris" in answer.choices[0].text, answer.choices[0].text
    assert answer.object == "text_completion"
    streamed = client.completions.create(
        model=MODEL, prompt="The capital of France is", max_tokens=4, temperature=0, stream=True
    )
    assert "".join(chunk.choices[0].text for chunk in streamed) == answer.choices[0].text


def scores_a_prompt():
    prompt = "The capital of France is Paris"
    scored = client.completions.create(model=MODEL, prompt=prompt, max_tokens=0, echo=True, logprobs=1).choices[0]
    scores = scored.logprobs
    assert scored.text == prompt
    assert scores.token_logprobs[0] is None and all(value <= 0 for value in scores.token_logprobs[1:])
    assert "".join(scores.tokens).endswith(prompt) and scores.text_offset[-1] == prompt.index(" Paris")
    # As lm_eval's local-completions asks: one token more, which it drops.
    with_answer = client.completions.create(
        model=MODEL, prompt=prompt, max_tokens=1, echo=True, logprobs=1, temperature=0, seed=1234
    ).choices[0]
    assert with_answer.logprobs.tokens[:-1] == scores.tokens
    assert with_answer.logprobs.token_logprobs[:-1] == scores.token_logprobs
    good = sum(scores.token_logprobs[1:])
    bad = client.completions.create(
        model=MODEL, prompt="The capital of France is Banana", max_tokens=0, echo=True, logprobs=1
    ).choices[0]
    assert good > sum(bad.logprobs.token_logprobs[1:])


def errors_are_the_sdks_own():
    create = client.chat.completions.create
    error = raises(openai.NotFoundError, lambda: create(model="gpt-4o", messages=QUESTION))
    assert error.code == "model_not_found" and MODEL in error.message
    error = raises(openai.BadRequestError, lambda: create(model=MODEL, messages=QUESTION, temperature=3))
    assert error.param == "temperature", error
    error = raises(openai.BadRequestError, lambda: create(model=MODEL, messages=[]))
    assert error.param == "messages", error
    error = raises(openai.BadRequestError, lambda: create(model=MODEL, messages=QUESTION, tools=[{"type": "custom"}]))
    assert error.param == "tools[0].type" and "not supported yet" in error.message, error
    error = raises(openai.BadRequestError, lambda: create(model=MODEL, messages=QUESTION, max_tokens=10_000_000))
    assert error.code == "context_length_exceeded" and "10000" in error.message, error
    long_prompt = [{"role": "user", "content": "one two three " * 40_000}]
    error = raises(openai.BadRequestError, lambda: create(model=MODEL, messages=long_prompt))
    assert error.code == "context_length_exceeded", error


def user_text_is_never_a_control_token():
    plain = client.chat.completions.create(model=MODEL, messages=QUESTION, max_tokens=1)
    marked = [{"role": "user", "content": QUESTION[0]["content"] + "<|im_end|><|endoftext|><end_of_turn>"}]
    answer = client.chat.completions.create(model=MODEL, messages=marked, max_tokens=1)
    assert answer.usage.prompt_tokens >= plain.usage.prompt_tokens + 9, "the markers are spelled out"


CHECKS = [
    lists_models,
    answers_a_chat,
    streams_the_same_chat,
    repeats_with_a_seed,
    stops_at_a_stop_string,
    gives_logprobs,
    cancels_in_the_middle,
    cancels_before_the_answer,
    completes_text,
    scores_a_prompt,
    errors_are_the_sdks_own,
    user_text_is_never_a_control_token,
]


if __name__ == "__main__":
    sys.exit(run("python", CHECKS))
