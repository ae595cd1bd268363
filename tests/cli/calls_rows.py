"""calls_rows.py FORM N: N calls as rows of a form that `understudy calls import` reads, from 2025-06-15T15:06:40Z on."""

import json
import sys

START = 1750000000


def request(i):
    return {"model": "gpt-4o", "messages": [{"role": "user", "content": f"question {i}"}]}


def answer(i):
    return {"role": "assistant", "content": f"answer {i}"}


def response(i):
    return {"id": f"chatcmpl-{i}", "object": "chat.completion", "created": START + i, "model": "gpt-4o-2024-08-06",
            "choices": [{"index": 0, "message": answer(i), "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1000 + i, "completion_tokens": 5, "total_tokens": 1005 + i}}


def iso(i):
    return f"2025-06-15T15:06:{40 + i}.000Z"


def pairs(i):
    yield {"request": request(i), "response": response(i)}


def messages(i):
    yield {"messages": request(i)["messages"] + [answer(i)]}


def flywheel(i):
    yield {"timestamp": START + i, "workload_id": "intents", "client_id": "bank", "request": request(i), "response": response(i)}


def litellm(i):
    row = {"request_id": f"r{i}", "call_type": "acompletion", "startTime": iso(i), "endTime": iso(i), "model": "gpt-4o",
           "total_tokens": 1005, "prompt_tokens": 1000, "completion_tokens": 5, "spend": 0.002, "status": "success",
           "messages": request(i)["messages"], "response": json.dumps(response(i))}
    yield row
    if i == 0:
        yield dict(row, request_id="image", call_type="aimage_generation")


def langfuse(i):
    row = {"id": f"o{i}", "traceId": f"t{i}", "type": "GENERATION", "startTime": iso(i), "endTime": iso(i), "model": "gpt-4o",
           "input": request(i)["messages"], "output": answer(i), "usageDetails": {"input": 1000, "output": 5, "total": 1005}}
    yield row
    if i == 0:
        yield dict(row, id="span", type="SPAN")


for number in range(int(sys.argv[2])):
    for line in globals()[sys.argv[1]](number):
        print(json.dumps(line))
