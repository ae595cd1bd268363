"""Made-up tickets of a help desk and their queues. Words are drawn at random, so that hardly two tickets are alike."""

import random

TOPICS = {
    "refund": ["I want my money back", "please refund the payment", "reimburse what I paid", "return the charge to my card"],
    "delivery": ["the parcel has not arrived", "where is my shipment", "the courier never came", "my package is late"],
    "password": ["I cannot log in", "my password is rejected", "the sign-in page locks me out", "reset my login please"],
    "invoice": ["send me the invoice", "the bill lacks our tax number", "I need a receipt for accounting",
                "the billing address is wrong"],
}
OPENERS = ["Hello", "Good morning", "Dear team", "Hi there", "To whom it may concern", "Sorry to bother you", "Quick question",
           "Second attempt", "Greetings", "Me again"]
ITEMS = ["the blue kettle", "two garden chairs", "a winter jacket", "the coffee grinder", "an office lamp", "the yoga mat",
         "three notebooks", "the desk fan", "a leather wallet", "the camping stove", "running shoes", "the bread knife",
         "a phone case", "the wall clock", "a bird feeder", "the picture frame"]
TIMES = ["last Monday", "two weeks ago", "in early March", "the day before yesterday", "on the ninth", "over the holidays",
         "this morning", "at the end of April", "a month ago", "on Friday evening", "around noon", "in the spring"]
ENDS = ["Thanks for looking into it", "Please answer soon", "My manager is asking", "It is rather urgent", "No hurry though",
        "Kind regards from Leeds", "I am quite disappointed", "You helped me before", "Call me if needed",
        "Otherwise I am very happy"]


def tickets(count, seed):
    """[text, queue], all texts different."""
    rng = random.Random(seed)
    found = {}
    while len(found) < count:
        queue = rng.choice(sorted(TOPICS))
        parts = [f"order {rng.randrange(10 ** 5)} of {rng.choice(ITEMS)}", rng.choice(TOPICS[queue]), rng.choice(TIMES)]
        rng.shuffle(parts)
        found.setdefault(f"{rng.choice(OPENERS)}, {', '.join(parts)}. {rng.choice(ENDS)}.", queue)
    return list(found.items())
