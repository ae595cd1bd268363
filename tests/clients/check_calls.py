"""What `calls ls --json` says after the SDKs' suites went through an upstream: check_calls.py CALLS.json LOG-OF-SERVE

Prints PASS or FAIL for each check; exits 1 if one failed.
"""

import json
import re
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    calls = json.load(file)["calls"]
with open(sys.argv[2], encoding="utf-8") as file:
    requests = re.findall(r"^[A-Z]+ /v1/", file.read(), re.M)


def some(condition):
    return any(condition(call) for call in calls)


def answered(call):
    return call["status"] == 200 and not call["error"] and call["endpoint"] == "/v1/chat/completions"


CHECKS = {
    "each request of the SDKs is a call": len(calls) == len(requests) > 40,
    "all went up": all(call["route"] == "up" and call["origin"] == "incumbent" for call in calls),
    "a whole answer with its tokens": some(lambda call: answered(call) and not call["streamed"] and call["completion_tokens"]),
    "a stream is kept whole": some(lambda call: answered(call) and call["streamed"] and
                                   "Paris" in call["response"]["choices"][0]["message"]["content"]),
    "a stream that its client left": some(lambda call: call["streamed"] and call["error"] == "the answer broke off"),
    "an answer that its client did not wait for": some(lambda call: call["status"] == 0 and call["error"]),
    "a model that is not there": some(lambda call: call["status"] == 404 and call["model"] == "gpt-4o"),
    "a wrong parameter": some(lambda call: call["status"] == 400),
    "a list of models": some(lambda call: call["endpoint"] == "/v1/models" and call["reason"] == "passed_through"),
}
for name, passed in CHECKS.items():
    print(("PASS" if passed else "FAIL") + " calls ls: " + name, flush=True)
if not all(CHECKS.values()):
    print(len(calls), len(requests), [(call["endpoint"], call["status"], call["error"]) for call in calls])
sys.exit(not all(CHECKS.values()))
