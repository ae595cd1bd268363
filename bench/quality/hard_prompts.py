#!/usr/bin/env python3
"""Writes prompts on which small models like to repeat themselves, one JSON object a line: input of `understudy loop measure`.

    python bench/quality/hard_prompts.py [--count 400] [--held-out] > prompts.jsonl

Long lists, sums in many steps, stories without an end, questions without an answer, instructions that pull apart: kinds by
kinds, each with subjects that make its prompts differ. The same options give the same prompts; those of --held-out share no
subject with the others, on which the loop guard was developed.
"""

import argparse
import itertools
import json

KINDS = [
    "List 200 different facts about {}.",
    "Write a very long poem about {} in which every line begins with the same word.",
    "Think step by step and at length: how many {} are there in the world, and how do you know?",
    "Write the longest story you can about {} and do not stop.",
    "Explain {} to a child, then to a student, then to an expert, then to a child again, and go on like that.",
    "Is {} good or bad? Weigh every argument against every other one before you answer.",
    "Make a table of 100 rows about {} with the columns number, name, year and remark.",
    "Prove that there is no largest {}. Check each step of your proof twice.",
    "Name everything that is not {}.",
    "Write a dialogue of two people who cannot agree about {}; each answers the other 50 times.",
    "Count from 1 to 500 and say something new about {} at each number.",
    "Write a Python program that prints all {} and then explain each of its lines in detail.",
    "Translate 'the {} of the {} of the {}' into as many languages as you can.",
    "Give me synonyms of '{}' until there are none left.",
    "What would happen if all {} disappeared? And then? And then? Go on.",
    "Describe {} without using any word twice.",
    "Solve this riddle about {}, and if you are not sure, try again until you are: what has no beginning and no end?",
    "Write song lyrics about {} with a chorus that comes back.",
    "Write a log file of a server that serves {}, with one line a second for ten minutes.",
    "Continue this sequence for as long as possible: {}, {} {}, {} {} {},",
]
SUBJECTS = ["prime numbers", "rivers", "love", "trains", "cats", "the number seven", "bread", "dragons", "taxes", "rain", "mirrors",
            "chess openings", "the letter e", "islands", "clocks", "insurance claims", "invoices", "stars", "grammar", "silence",
            "even numbers", "mountains", "friendship", "ships", "dogs", "the colour blue", "cheese", "ghosts", "salaries", "snow",
            "windows", "card tricks", "the letter q", "bridges", "calendars", "loan contracts", "delivery notes", "planets",
            "spelling", "noise", "odd numbers", "deserts", "courage", "bicycles", "horses", "the year 1999", "salt", "giants", "fines",
            "fog", "doors", "crossword puzzles", "the letter z", "harbours", "watches", "rental agreements", "receipts", "comets",
            "punctuation", "echoes"]
HELD_OUT = ["square numbers", "valleys", "patience", "aeroplanes", "birds", "the month of May", "rice", "witches", "rents", "wind",
            "stairs", "jigsaw puzzles", "the letter k", "lighthouses", "hourglasses", "warranties", "orders", "moons", "vocabulary",
            "thunder"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=400, help=f"at most {len(KINDS) * len(SUBJECTS)} (default: %(default)s)")
    parser.add_argument("--held-out", action="store_true", help="other subjects")
    options = parser.parse_args()
    subjects = HELD_OUT if options.held_out else SUBJECTS
    for subject, kind in itertools.islice(itertools.product(subjects, KINDS), options.count):
        print(json.dumps({"prompt": kind.replace("{}", subject)}))


if __name__ == "__main__":
    main()
