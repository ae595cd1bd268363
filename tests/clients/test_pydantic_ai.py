"""pydantic-ai: agents with tools and structured output. See checks.py for how to run it."""

import asyncio
import sys
from typing import Literal

from checks import BASE_URL, KEY, run
from openai import OpenAI
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput, PromptedOutput, ToolOutput, UsageLimits
from pydantic_ai.exceptions import UnexpectedModelBehavior, UsageLimitExceeded
from pydantic_ai.messages import ToolCallPart, ToolReturnPart
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

MODEL = OpenAI(base_url=BASE_URL, api_key=KEY).models.list().data[0].id
model = OpenAIChatModel(MODEL, provider=OpenAIProvider(base_url=BASE_URL, api_key=KEY))
SETTINGS = {"max_tokens": 300, "temperature": 0.0, "seed": 1, "parallel_tool_calls": False}


class Place(BaseModel):
    city: Literal["Paris", "London", "Rome"]
    country: Literal["France", "England", "Italy"]


def outputs(form):
    result = Agent(model, output_type=form, model_settings=SETTINGS).run_sync("Where is the Eiffel tower?")
    assert isinstance(result.output, Place), result


def outputs_through_a_tool():
    outputs(ToolOutput(Place, strict=True))


def outputs_through_a_schema():
    outputs(NativeOutput(Place))


def outputs_through_a_prompt():
    try:
        outputs(PromptedOutput(Place))
    except UnexpectedModelBehavior:
        pass  # the answer was JSON; of what form was the model's choice


def streams_its_output():
    async def stream():
        agent = Agent(model, output_type=NativeOutput(Place), model_settings=SETTINGS)
        async with agent.run_stream("Where is Big Ben?") as running:
            return await running.get_output()

    assert isinstance(asyncio.run(stream()), Place)


def calls_a_tool_and_goes_on():
    """An output is required, so that each answer is a call of the tool or of the output."""
    agent = Agent(model, output_type=ToolOutput(Place, strict=True), model_settings=SETTINGS)
    calls = []

    @agent.tool_plain(strict=True)
    def landmark_country(landmark: Literal["Eiffel tower", "Big Ben"]) -> str:
        """The country of a landmark."""
        calls.append(landmark)
        return "France" if landmark == "Eiffel tower" else "England"

    try:
        result = agent.run_sync("Where is the Eiffel tower? Ask the tool.", usage_limits=UsageLimits(request_limit=4))
    except UsageLimitExceeded:  # a small model may ask again and again
        assert calls
        return
    assert isinstance(result.output, Place), result
    parts = [part for message in result.all_messages() for part in message.parts]
    called = [part for part in parts if isinstance(part, ToolCallPart)]
    returned = [part for part in parts if isinstance(part, ToolReturnPart)]
    assert len(called) == len(returned) >= 1 + len(calls), result.all_messages()


CHECKS = [
    outputs_through_a_tool,
    outputs_through_a_schema,
    outputs_through_a_prompt,
    streams_its_output,
    calls_a_tool_and_goes_on,
]

if __name__ == "__main__":
    sys.exit(run("pydantic-ai", CHECKS))
