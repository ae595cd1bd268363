"""What the Python clients' checks share: the server that they run against, and the lines that they print.

UNDERSTUDY_URL is the server's base URL ("http://127.0.0.1:8080"); UNDERSTUDY_WAY is put behind the names of the checks.
"""

import os
import traceback

BASE_URL = os.environ["UNDERSTUDY_URL"] + "/v1"
KEY = os.environ.get("UNDERSTUDY_API_KEY", "unused")
WAY = os.environ.get("UNDERSTUDY_WAY", "")


def raises(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


def run(client, checks):
    """Prints PASS or FAIL for each check; 1 if one failed."""
    failed = 0
    for check in checks:
        try:
            check()
            print(f"PASS {client} {check.__name__}{WAY}", flush=True)
        except Exception:  # each check is reported, whatever went wrong
            failed += 1
            print(f"FAIL {client} {check.__name__}{WAY}", flush=True)
            traceback.print_exc()
    return 1 if failed else 0
