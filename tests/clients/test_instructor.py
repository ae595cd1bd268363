"""instructor, in the modes that an OpenAI-compatible server is used with. See checks.py for how to run it."""

import sys
from typing import Literal

import instructor
import openai
from checks import BASE_URL, KEY, run
from instructor import Mode
from instructor.core.exceptions import IncompleteOutputException, InstructorRetryException
from openai import OpenAI
from pydantic import BaseModel

openai_client = OpenAI(base_url=BASE_URL, api_key=KEY, max_retries=0, timeout=300)
MODEL = openai_client.models.list().data[0].id
ASK = [{"role": "user", "content": "Mary is 30 years old and lives in Rome. Extract it."}]


class Person(BaseModel):
    name: Literal["Mary", "John", "Eve"]
    city: Literal["Paris", "London", "Rome"]
    adult: bool


OPTIONS = dict(model=MODEL, messages=ASK, response_model=Person, max_retries=0, max_tokens=200, temperature=0)


def extract(mode):
    person = instructor.from_openai(openai_client, mode=mode).create(**OPTIONS)
    assert isinstance(person, Person), person


def extract_or_not(mode):
    """Where the schema is only shown to the model, or leaves room for more, a small one may not end well; but the server takes
    the request."""
    try:
        extract(mode)
    except IncompleteOutputException:
        pass
    except InstructorRetryException as error:
        causes = [attempt.exception for attempt in error.failed_attempts] + [error.__cause__]
        assert not any(isinstance(cause, openai.APIError) for cause in causes), causes


def extracts_by_tools():
    extract_or_not(Mode.TOOLS)


def extracts_by_strict_tools():
    """instructor sends neither `strict` nor `additionalProperties`: what it asks for has no end by itself."""
    extract_or_not(Mode.TOOLS_STRICT)


def extracts_by_json_schema():
    extract(Mode.JSON_SCHEMA)


def extracts_by_json_object():
    extract_or_not(Mode.JSON)


def streams_partial_objects():
    for mode in (Mode.TOOLS_STRICT, Mode.JSON_SCHEMA):
        *_, last = instructor.from_openai(openai_client, mode=mode).create_partial(**OPTIONS)
        assert Person.model_validate(last.model_dump()), last


CHECKS = [
    extracts_by_tools,
    extracts_by_strict_tools,
    extracts_by_json_schema,
    extracts_by_json_object,
    streams_partial_objects,
]

if __name__ == "__main__":
    sys.exit(run("instructor", CHECKS))
