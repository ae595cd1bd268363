"""Inputs that a specialist was not made for: far ones from other data sets, near ones written for the two sample tasks.

Near ones are of the same world and no intent of the task covers them: products that BANKING77 never asks about, errands
that no sentence of Home Assistant expresses.
"""

import corpus

FAR_SETS = ("gsm8k", "boolq", "truthfulqa")

NEAR = {
    "bank": """What interest do you pay on a two-year fixed deposit?
How do I apply for a mortgage on a second home?
Can I open a joint account with my partner?
Which branch is open on Saturday afternoon?
I would like to cash a paper cheque from my aunt
How large an overdraft could I get?
Do you offer travel insurance with the premium account?
My business needs an account for five employees
Please send me a tax statement for last year
What is my credit score at the moment?
Can I rent a safe deposit box?
How do I buy shares in an index fund with you?
Is my money covered by the deposit guarantee scheme?
I want to take out a loan for a used car
Where can I see your annual report?
Are you hiring software developers?
I need a letter that confirms my income for my landlord
How do I name a beneficiary for my account in case I die?
Can my accountant get read access to my statements?
Do you support paying bills by QR code in Switzerland?
What are the opening hours of your telephone support?
I would like to complain about the tone of your agent
Could you explain how compound interest works?
Can I pay my rent with a standing order on the last day of the month?
How do I close the savings pot for my child?
Is there a student discount on the monthly fee?
I want to move my pension to your bank
Do you have a night safe for shop takings?
What does APR mean in your brochure?
Which documents do I need to act under a power of attorney?
Can I get gold coins at the counter?
How do I connect my bookkeeping program to my account?
Please stop sending me advertising letters
Does your app have a dark mode?
How do I split a restaurant bill with friends in the app?
What happens to my account when I go bankrupt?
Can I sponsor a football club through you?
How long do you keep recordings of calls?
I found someone else's bank statement in my letter box
Do you plant a tree for every new customer?""",
    "home": """call my mother and say that I will be late
send an email to the landlord about the heating
book a table for two at eight
order a new lamp for the kitchen
how do I repair a garage door that is stuck
who invented the light bulb
read me the news about the election
translate good night into Spanish
how much does a smart lock cost
paint the bedroom wall light blue
what is on my calendar on Friday
write a poem about the living room
feed the cat at six
water the tulips on the balcony twice a week
when does the last bus to the station leave
find my keys, I think they are in the office
is it safe to put foil in the microwave
how many square metres has the basement
who is at the door and what does he want
tell me a joke about light switches
my bathroom smells of gas, what should I do
sell the old tv on the internet
measure my pulse
pay the electricity bill
why is the sky blue
recommend a film for tonight with a happy ending
convert ninety minutes to hours
download a wallpaper for the tv
clean the windows on the first floor
which bulb fits the desk light
make me a reservation for the car wash
explain how a heat pump works
text Anna that the door code is her birthday
how old is this house
compare the energy use of the fridge and the oven
teach me three words of Italian in the kitchen
scan the letter on the desk and file it
call a taxi to the front door
what should I cook with two eggs and rice
hang the picture above the sofa""",
}


def far(count: int) -> list[str]:
    """`count` questions, as many of each set as of the others."""
    archive = corpus.package_archive()
    share = -(-count // len(FAR_SETS))
    return [row["question"] for name in FAR_SETS for row in corpus.rows(archive, name)[:share]][:count]


def near(title: str) -> list[str]:
    """For the sample task with this title; none for others."""
    return next((texts.splitlines() for word, texts in NEAR.items() if word in title.lower()), [])
