"""Texts that try a tokenizer: (category, bytes), the same ones for the same seed."""

import pathlib
import random
import sysconfig

SENTENCES = """The quick brown fox jumps over the lazy dog. It's 5 o'clock, isn't it? I'LL go; YOU'RE late.
Der Fluß führt über tausend Brücken – „schön“, nicht wahr? Straßenbahnhaltestelle
Où est la bibliothèque ? L’été s’achève déjà, n'est-ce pas ?
El niño pidió un café; ¡qué mañana más fría! ¿Cuánto cuesta?
Não há ação sem reação. Coração, pão e maçã.
Žluťoučký kůň úpěl ďábelské ódy. Zażółć gęślą jaźń.
Đây là một câu tiếng Việt có dấu: nghiêng ngả, được, những.
Быстрая бурая лиса перепрыгнула через ленивую собаку. Ёжик в тумане
Ξεσκεπάζω την ψυχοφθόρα βδελυγμία. Οδυσσεύς
שלום עולם, זה מבחן. בְּרֵאשִׁית בָּרָא אֱלֹהִים
مرحبا بالعالم، هذا اختبار. السَّلَامُ عَلَيْكُمْ ١٢٣
یہ اردو ہے۔ فارسی می‌نویسم ۴۵۶
नमस्ते दुनिया, यह एक परीक्षा है। क्षत्रिय १२३
বাংলা ভাষায় লেখা। தமிழ் மொழி తెలుగు ಕನ್ನಡ മലയാളം
สวัสดีชาวโลก นี่คือการทดสอบ ๑๒๓ ພາສາລາວ မြန်မာ ភាសាខ្មែរ
你好,世界。这是一个测试!「简体」與『繁體』 一二三
こんにちは世界。これはテストです。カタカナ ﾊﾝｶｸ ぁぃぅ
안녕하세요 세계. 이것은 시험입니다. 각난닭
Հայերեն ქართული አማርኛ ᏣᎳᎩ ᐃᓄᒃᑎᑐᑦ བོད་ཡིག ᠮᠣᠩᠭᠣᠯ
𝒜𝓁𝓅𝒽𝒶 𝔊𝔬𝔱𝔥𝔦𝔠 𐍈𐌰𐌹𐍂 𒀀𒁀 𓀀𓁐 ﬁﬂﬀ ǅ Ⅷ ½ ① ㍿ ℵ Ω Å""".splitlines()

EMOJI = ("😀 😂 🤣 ❤️ ❤ 👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 🇯🇵 1️⃣ #️⃣ 🧑🏿‍🚀 👨‍💻 🫠 🥹 ☃️ ✨ ⁉️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🐈‍⬛ \u200d \ufe0f 🏽 🇦").split(" ")
SPACES = [" "] * 12 + ["\n"] * 6 + ["\t", "\t", "\r\n", "\r\n", "\r"] + [
    chr(c) for c in (0x0B, 0x0C, 0x1C, 0x1F, 0x85, 0xA0, 0x1680, 0x180E, 0x2000, 0x2003, 0x2009, 0x200B, 0x2028, 0x2029,
                     0x202F, 0x205F, 0x2060, 0x2581, 0x3000, 0xFEFF)]
MARKS = [chr(c) for c in [*range(0x300, 0x370), *range(0x591, 0x5BE), *range(0x64B, 0x660), 0x93C, 0x94D, 0xE38, 0x3099,
                          *range(0x1AB0, 0x1ABF), *range(0x20D0, 0x20E0), 0x1D165, 0x1D16E]]
BASES = ("aeiouyncszAEIOUÅΩÀéệǘ가각힣각ךשكا्कगが゙か한ﬁ가K豈" + "\u2126\u212b\u0958\u09dc\uf900\ufb1d\u1100\u1161\u11a8\u0344\u2adc")
CONTRACTIONS = "'s 't 're 've 'm 'll 'd 'S 'T 'RE 'vE 'M 'Ll 'D 'ſ '’s ’t 'x ' '' 's's don't we'll K' Kelvin's".split(" ")
DIGITS = ["0123456789", "٠١٢٣٤", "०१२३", "๑๒๓", "ⅧⅨↂ", "½¾⅐", "²³¹", "①②⒈", "〇一二", "𝟘𝟙𝟚", "𐄇𐄈", "੦੧", "٪.,-+ "]


def pick(rng, choices, low, high):
    return "".join(rng.choice(choices) for _ in range(rng.randint(low, high)))


def multilingual(rng):
    words = [w for _ in range(rng.randint(1, 3)) for w in rng.choice(SENTENCES).split(" ")]
    begin = rng.randrange(len(words))
    return rng.choice([" ", " ", " ", "", "  ", "\n"]).join(words[begin:begin + rng.randint(1, 12)])


def emoji(rng):
    return pick(rng, EMOJI + [" ", "a", "!", "  ", "\n"], 1, 10)


def combining(rng):
    return "".join(pick(rng, BASES + " ", 1, 3) + pick(rng, MARKS, 0, 4) for _ in range(rng.randint(1, 8)))


def white_space(rng):
    words = ["", "", "a", "The", "x1", "!", "=", "//", "é", "你", "1", "'s", "_"]
    return "".join(pick(rng, SPACES, 0, 6) + rng.choice(words) for _ in range(rng.randint(1, 7)))


def space_runs(rng):
    unit = [" ", "\n", "\t", "\r\n", "  \n", "=", "-", "a", "▁", ".", "ab", "あ", "\n\t", "!", "0"]
    return "".join(rng.choice(unit) * rng.choice([1, 2, 3, 7, 16, 31, 32, 33, 64, 90]) for _ in range(rng.randint(1, 4)))


def digits(rng):
    return "".join(pick(rng, rng.choice(DIGITS), 1, 7) + rng.choice(["", " ", ".", "a", "\n", "  "]) for _ in
                   range(rng.randint(1, 5)))


def contractions(rng):
    return "".join(rng.choice(["I", "you", " he", "  ", "\n", "é", "1", "!", ""]) + rng.choice(CONTRACTIONS)
                   for _ in range(rng.randint(1, 6)))


def control_characters(rng):
    controls = [chr(c) for c in [*range(0x20), *range(0x7F, 0xA0), 0xAD, *range(0x200B, 0x2010), 0xFFF9, 0xFFFC, 0xFFFD]]
    return "".join(rng.choice(controls) * rng.randint(1, 2) + rng.choice(["", "a", " ", "!", "!"]) for _ in
                   range(rng.randint(1, 8)))


def code_point(rng):
    end = rng.choice([0x250, 0x800, 0x3000, 0x10000, 0x20000, 0x110000])
    while 0xD800 <= (c := rng.randrange(end)) < 0xE000:
        pass
    return chr(c)


def random_unicode(rng):
    around = ["", "", " ", "\n", "a", "!", "1", "!!", "\n\n", "  "]
    return "".join(code_point(rng) + rng.choice(around) for _ in range(rng.randint(1, 12)))


def code(rng, files):
    text = rng.choice(files)
    begin = rng.randrange(max(1, len(text) - 400))
    return text[begin:begin + rng.randint(10, 400)]


def special_lookalikes(rng, special):
    def piece():
        token = rng.choice(special)
        cut = rng.randrange(len(token) + 1)
        return rng.choice([token, token, token + token, token[:cut], token[cut:], token.upper(), " " + token + " ",
                           token[:cut] + " " + token[cut:], "<" + token, token + ">", "user\n", "x", "  ", "<|", "|>"])
    return "".join(piece() for _ in range(rng.randint(1, 5)))


def token_soup(rng, tokens):
    return pick(rng, tokens, 1, 12)


def invalid_utf8(rng):
    data = bytearray(multilingual(rng).encode() if rng.random() < 0.6 else emoji(rng).encode())
    for _ in range(rng.randint(1, 5)):
        at = rng.randrange(len(data) + 1)
        choice = rng.randrange(4)
        if choice == 0:
            data[at:at + 1] = b""
        elif choice == 1:
            data.insert(at, rng.randrange(0x80, 0x100))
        elif choice == 2:
            data[at:at] = rng.choice([b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe4\xb8", b"\xf0\x9f\x98",
                                      b"\xf0\x9f", b"\xe2\x96", b"\x80", b"\xe0\x80\x80", b"\xf8\x88\x80\x80\x80"])
        else:
            del data[at:]
    return bytes(data)


def texts(seed, per_category, special, tokens):
    """`special`: texts of special tokens; `tokens`: decoded normal tokens (str)."""
    rng = random.Random(seed)
    library = pathlib.Path(sysconfig.get_paths()["stdlib"])
    files = [p.read_text("utf-8", "replace") for p in sorted(library.glob("*.py"))]
    makers = [multilingual, emoji, combining, white_space, space_runs, digits, contractions, control_characters,
              random_unicode, invalid_utf8]
    for maker in makers:
        for _ in range(per_category):
            text = maker(rng)
            yield maker.__name__, text if isinstance(text, bytes) else text.encode()
    for _ in range(per_category):
        yield "code", code(rng, files).encode()
        yield "special_lookalikes", special_lookalikes(rng, special).encode()
        yield "token_soup", token_soup(rng, tokens).encode()
