"""langchain-openai: structured output and tools. See checks.py for how to run it."""

import sys
from typing import Literal

from checks import BASE_URL, KEY, run
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from openai import OpenAI
from pydantic import BaseModel

MODEL = OpenAI(base_url=BASE_URL, api_key=KEY).models.list().data[0].id
llm = ChatOpenAI(model=MODEL, base_url=BASE_URL, api_key=KEY, temperature=0, max_tokens=300, max_retries=0, timeout=300)


class Place(BaseModel):
    """A place."""

    city: Literal["Paris", "London", "Rome"]
    country: Literal["France", "England", "Italy"]


@tool
def weather(city: Literal["Paris", "London", "Rome"]) -> str:
    """The weather in a city."""
    return f"It rains in {city}."


def structured(**how):
    answer = llm.with_structured_output(Place, include_raw=True, **how).invoke("Where is the Eiffel tower?")
    assert isinstance(answer["parsed"], Place) and answer["parsing_error"] is None, answer


def structures_by_json_schema():
    structured(method="json_schema")
    structured(method="json_schema", strict=True)


def structures_by_function_calling():
    structured(method="function_calling", strict=True)
    # Not strict: the arguments are those of the model's choice.
    answer = llm.with_structured_output(Place, method="function_calling", include_raw=True).invoke("Where is Rome?")
    assert answer["raw"].response_metadata["finish_reason"] in ("tool_calls", "length"), answer


def structures_by_json_mode():
    answer = llm.with_structured_output(Place, method="json_mode", include_raw=True).invoke(
        f"Where is the Eiffel tower? Answer in JSON with the fields of {list(Place.model_fields)}."
    )
    assert answer["raw"].content.startswith("{"), answer


def streams_structured_output():
    *_, last = llm.with_structured_output(Place, method="json_schema").stream("Where is Big Ben?")
    assert isinstance(last, Place), last


def a_loop_of_tools():
    """As agents run it: call, result, answer; whole and streamed."""
    for stream in (False, True):
        messages = [HumanMessage("What is the weather in Paris?")]
        asks = llm.bind_tools([weather], tool_choice="any", strict=True, parallel_tool_calls=False)
        if stream:
            chunks = list(asks.stream(messages))
            call = chunks[0]
            for chunk in chunks[1:]:
                call += chunk
        else:
            call = asks.invoke(messages)
        assert [c["name"] for c in call.tool_calls] == ["weather"] and not call.invalid_tool_calls, call
        messages += [call, ToolMessage(weather.invoke(call.tool_calls[0]["args"]), tool_call_id=call.tool_calls[0]["id"])]
        answer = llm.bind_tools([weather], tool_choice="none").invoke(messages)
        assert isinstance(answer, AIMessage) and answer.content and not answer.tool_calls, answer


def binds_tools_without_a_choice():
    answer = llm.bind_tools([weather]).invoke("What is the weather in Paris?")
    assert answer.tool_calls or answer.content, answer


CHECKS = [
    structures_by_json_schema,
    structures_by_function_calling,
    structures_by_json_mode,
    streams_structured_output,
    a_loop_of_tools,
    binds_tools_without_a_choice,
]

if __name__ == "__main__":
    sys.exit(run("langchain", CHECKS))
