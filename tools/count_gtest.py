"""Counts a GoogleTest JSON report: prints "PASSED FAILED SKIPPED". Fails when the report is missing or cut."""

import json
import sys

with open(sys.argv[1], encoding="utf-8") as stream:
    report = json.load(stream)
tests = [test for suite in report["testsuites"] for test in suite["testsuite"]]
ran = [test for test in tests if test["status"] == "RUN"]
failed = sum(1 for test in ran if test.get("failures"))
skipped = sum(1 for test in ran if test["result"] == "SKIPPED" and not test.get("failures"))
print(len(ran) - failed - skipped, failed, skipped)
