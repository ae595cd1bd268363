"""Schemas and tools with the openai Python SDK: what it builds from pydantic models, and what it makes of the answers.

Asserts on structure only, never on what a model happens to say. See checks.py for how to run it.
"""

import json
import sys
from enum import Enum
from typing import Literal, Optional, Union

import openai
from checks import BASE_URL, KEY, raises, run
from openai import OpenAI, pydantic_function_tool
from pydantic import BaseModel, Field

client = OpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0, timeout=300)
MODEL = client.models.list().data[0].id


class Unit(str, Enum):
    celsius = "celsius"
    fahrenheit = "fahrenheit"


class Place(BaseModel):
    city: Literal["Paris", "London", "Rome"]
    country: Optional[Literal["France", "England", "Italy"]]


class Invoice(BaseModel):
    """What the bill says."""

    number: int = Field(description="of the invoice", ge=1, le=99999)
    paid: bool
    unit: Unit
    places: list[Place] = Field(max_length=2)
    contact: Union[Place, Literal["nobody"]]


class Step(BaseModel):
    text: Literal["add", "subtract"]
    next: Optional["Step"]


class GetWeather(BaseModel):
    """The weather in a city."""

    city: Literal["Paris", "London", "Rome"]
    unit: Unit


class GetTime(BaseModel):
    """The time in a city."""

    city: Literal["Paris", "London", "Rome"]


ASK = [{"role": "user", "content": "Invoice 123 from Paris was paid."}]
ASK_TOOL = [{"role": "user", "content": "What is the weather in Paris, in celsius?"}]
WEATHER, TIME = pydantic_function_tool(GetWeather), pydantic_function_tool(GetTime)
SHORT = {"max_tokens": 300, "temperature": 0}


def call_of(choice):
    """The one call of a choice, its arguments parsed by the SDK."""
    assert choice.finish_reason == "tool_calls", choice
    assert len(choice.message.tool_calls) == 1 and choice.message.content is None, choice
    call = choice.message.tool_calls[0]
    assert call.id.startswith("call_") and call.type == "function"
    return call.function


def parses_a_model():
    answer = client.chat.completions.parse(model=MODEL, messages=ASK, response_format=Invoice, **SHORT)
    choice = answer.choices[0]
    assert isinstance(choice.message.parsed, Invoice), choice
    assert choice.finish_reason == "stop" and choice.message.refusal is None
    assert choice.message.content == json.dumps(json.loads(choice.message.content), ensure_ascii=False)
    assert 0 <= choice.model_extra["confidence"] <= 1, choice


def parses_a_recursive_model():
    """Steps may follow each other without end, which is the model's to decide: then those that are whole count."""
    try:
        step = client.chat.completions.parse(
            model=MODEL, messages=ASK, response_format=Step, max_tokens=200, temperature=0
        ).choices[0].message.parsed
    except openai.LengthFinishReasonError as error:
        begun = error.completion.choices[0].message.content
        last = begun.rindex('{"text"')  # begun, but perhaps not whole
        depth = begun.count('{"text"') - 1
        step = Step.model_validate_json(begun[:last] + "null" + "}" * depth)
    assert isinstance(step, Step), step


def parses_several_choices():
    answer = client.chat.completions.parse(
        model=MODEL, messages=ASK, response_format=Place, n=3, temperature=1, seed=7, max_tokens=300
    )
    assert [isinstance(choice.message.parsed, Place) for choice in answer.choices] == [True] * 3, answer


def says_when_an_answer_was_cut():
    raises(
        openai.LengthFinishReasonError,
        lambda: client.chat.completions.parse(
            model=MODEL, messages=ASK, response_format=Invoice, max_tokens=3, temperature=0
        ),
    )


def answers_a_json_object():
    choice = client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": "Say hello in JSON."}],
        response_format={"type": "json_object"},
        max_tokens=400,
        temperature=0,
    ).choices[0]
    assert choice.finish_reason == "length" or isinstance(json.loads(choice.message.content), dict), choice


def refuses_where_it_may():
    """Some seeds answer and some refuse: the SDK must see either whole or streamed."""
    form = {
        "type": "json_schema",
        "json_schema": {"name": "place", "strict": True, "abstain": True, "schema": Place.model_json_schema()},
    }
    form["json_schema"]["schema"]["additionalProperties"] = False
    for seed in range(6):
        options = dict(model=MODEL, messages=ASK, response_format=form, seed=seed, temperature=1, max_tokens=100)
        message = client.chat.completions.create(**options).choices[0].message
        assert (message.content is None) != (message.refusal is None), message
        if message.refusal is None:
            Place.model_validate_json(message.content)
        with client.chat.completions.stream(**options) as stream:
            streamed = stream.get_final_completion().choices[0].message
        assert (streamed.content or None, streamed.refusal) == (message.content, message.refusal), (streamed, message)


def streams_a_model():
    options = dict(model=MODEL, messages=ASK, response_format=Invoice, seed=1, **SHORT)
    whole = client.chat.completions.parse(**options).choices[0]
    kinds = []
    with client.chat.completions.stream(**options) as stream:
        for event in stream:
            kinds.append(event.type)
        final = stream.get_final_completion().choices[0]
    assert final.message.parsed == whole.message.parsed and final.finish_reason == "stop", final
    assert "content.delta" in kinds and kinds.count("content.done") == 1, kinds


def calls_a_named_tool():
    choice = {"type": "function", "function": {"name": "GetTime"}}
    for parallel in (True, False):
        answer = client.chat.completions.parse(
            model=MODEL, messages=ASK_TOOL, tools=[WEATHER, TIME], tool_choice=choice, parallel_tool_calls=parallel, **SHORT
        )
        assert isinstance(call_of(answer.choices[0]).parsed_arguments, GetTime), answer


def calls_a_required_tool():
    answer = client.chat.completions.parse(
        model=MODEL, messages=ASK_TOOL, tools=[WEATHER, TIME], tool_choice="required", parallel_tool_calls=False, **SHORT
    )
    assert isinstance(call_of(answer.choices[0]).parsed_arguments, (GetWeather, GetTime)), answer


def calls_or_answers():
    for choice in ("auto", "none"):
        got = client.chat.completions.create(
            model=MODEL, messages=ASK_TOOL, tools=[WEATHER], tool_choice=choice, max_tokens=60, temperature=0
        ).choices[0]
        assert (got.finish_reason == "tool_calls") == bool(got.message.tool_calls), got
        assert got.message.tool_calls or got.message.content, got
        assert choice == "auto" or not got.message.tool_calls, got


def streams_a_tool():
    options = dict(model=MODEL, messages=ASK_TOOL, tools=[WEATHER, TIME], tool_choice="required", seed=1, **SHORT)
    options["parallel_tool_calls"] = False
    whole = call_of(client.chat.completions.parse(**options).choices[0])
    done = []
    with client.chat.completions.stream(**options) as stream:
        for event in stream:
            if event.type == "tool_calls.function.arguments.done":
                done.append(event)
        final = stream.get_final_completion().choices[0]
    assert final.finish_reason == "tool_calls", final
    assert final.message.tool_calls[0].function.arguments == whole.arguments, final
    assert [(event.name, event.arguments) for event in done] == [(whole.name, whole.arguments)], done


def gives_a_schema_or_a_tool():
    answer = client.chat.completions.parse(
        model=MODEL, messages=ASK_TOOL, tools=[WEATHER], response_format=Place, **SHORT
    )
    choice = answer.choices[0]
    if choice.finish_reason == "tool_calls":
        assert isinstance(call_of(choice).parsed_arguments, GetWeather), choice
    else:
        assert isinstance(choice.message.parsed, Place), choice


def takes_its_own_messages_back():
    """A round of tools: what the SDK made of a call is sent back as it is, with the tool's result."""
    first = client.chat.completions.parse(
        model=MODEL, messages=ASK_TOOL, tools=[WEATHER], tool_choice="required", parallel_tool_calls=False, **SHORT
    ).choices[0].message
    result = {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "18 degrees"}
    second = client.chat.completions.parse(
        model=MODEL, messages=[*ASK_TOOL, first, result], tools=[WEATHER], response_format=Place, tool_choice="none", **SHORT
    ).choices[0].message
    assert isinstance(second.parsed, Place), second
    third = client.chat.completions.create(
        model=MODEL, messages=[*ASK_TOOL, first, result, second, *ASK], max_tokens=8
    )
    assert third.choices[0].message.content, third


def schemas_that_are_refused():
    def ask(schema, **more):
        form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, **more}}
        return lambda: client.chat.completions.create(model=MODEL, messages=ASK, response_format=form)

    error = raises(openai.BadRequestError, ask({"type": "object", "properties": {}}, strict=True))
    assert "additionalProperties" in error.message and error.param, error
    error = raises(openai.BadRequestError, ask({"type": "integer", "minimum": 2, "maximum": 1}))
    assert error.param and error.param.startswith("response_format"), error


CHECKS = [
    parses_a_model,
    parses_a_recursive_model,
    parses_several_choices,
    says_when_an_answer_was_cut,
    answers_a_json_object,
    refuses_where_it_may,
    streams_a_model,
    calls_a_named_tool,
    calls_a_required_tool,
    calls_or_answers,
    streams_a_tool,
    gives_a_schema_or_a_tool,
    takes_its_own_messages_back,
    schemas_that_are_refused,
]

if __name__ == "__main__":
    sys.exit(run("openai-python", CHECKS))
