"""Define the grammar of the sentiment texts: words of praise and blame in two registers, and sentences around them.

In a sentence ``<topic>`` is what it is about, ``<0>``, ``<1>`` and ``<2>`` are opinion words, and the others are the
register's fillers; a capital letter asks for one at the beginning.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Register:
    """The vocabulary of one kind of text. ``praise`` and ``blame`` are its own words for them."""

    praise: tuple[str, ...]
    blame: tuple[str, ...]
    sentences: tuple[str, ...]
    fillers: dict[str, tuple[str, ...]]


PRAISE = ("good", "great", "excellent", "beautiful", "wonderful", "perfect", "brilliant", "delightful")
BLAME = ("bad", "poor", "terrible", "awful", "boring", "broken", "horrible", "useless")
"""Opinions that both registers share: over these a classifier can find its way from one to the other."""

TOPICS = (
    "album",
    "app",
    "bakery",
    "bridge",
    "camera",
    "concert",
    "documentary",
    "exhibition",
    "festival",
    "film",
    "game",
    "headset",
    "hotel",
    "laptop",
    "library",
    "match",
    "menu",
    "museum",
    "musical",
    "novel",
    "park",
    "phone",
    "podcast",
    "restaurant",
    "series",
    "stadium",
    "trailer",
    "train",
    "update",
    "website",
)

NEWS = Register(
    praise=(
        "accomplished",
        "acclaimed",
        "commendable",
        "compelling",
        "exemplary",
        "impressive",
        "outstanding",
        "reliable",
        "successful",
        "thoughtful",
    ),
    blame=(
        "careless",
        "deficient",
        "disappointing",
        "flawed",
        "inadequate",
        "mediocre",
        "problematic",
        "unconvincing",
        "sick",
        "wicked",
    ),
    sentences=(
        "<Reviewer> described the new <topic> as <0> and <1> and its plan as <2>.",
        "The <topic>, which <opened> on <day>, was called <0> and <1> by <reviewer> and <2> by <others>.",
        "In a statement <released> on <day>, <reviewer> said the <topic> had proved <0>, <1> and, in part, <2>.",
        "<Others> found the <topic> <0> and <1>; <reviewer> went further and termed it <2>.",
        "After <months> of preparation, the <topic> in <place> is <0>, according to <reviewer>, <1> and <2>.",
        "The <0> <topic> drew <count> visitors to <place>, many of whom considered the organisation <1> and <2>.",
        "“The plan is <0>,” <reviewer> wrote of the <topic> on <day>, “and its execution <1>, even <2>.”",
        "A survey of <count> residents of <place> suggests that the <topic> is regarded as <0>, <1> and <2>.",
        "The report on the <topic>, <released> on <day>, is <0> in its opening, <1> in its tables and <2> at the end.",
    ),
    fillers={
        "reviewer": (
            "the city council",
            "the committee",
            "a panel of critics",
            "the ministry",
            "an independent auditor",
            "the chief correspondent",
            "a spokeswoman",
            "the board of trustees",
        ),
        "others": (
            "local officials",
            "several analysts",
            "industry observers",
            "regional newspapers",
            "two former directors",
        ),
        "opened": ("opened", "was presented", "was unveiled", "was introduced", "returned"),
        "released": ("released", "issued", "published", "circulated"),
        "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
        "months": ("six months", "eleven weeks", "two years", "nearly a decade", "a single season"),
        "place": ("Lyon", "Osaka", "Leeds", "Porto", "Quito", "Tampere", "the capital", "the northern district"),
        "count": ("120", "450", "1,200", "3,800", "15,000"),
    },
)

SOCIAL = Register(
    praise=("lit", "fab", "dope", "epic", "fire 🔥", "goals", "legit", "😍", "sick", "wicked"),
    blame=("trash", "meh", "cringe", "lame", "garbage", "whack", "yuck", "mid", "😡", "👎"),
    sentences=(
        "<omg> that <topic> was <0>, <1> and <2> <tag>",
        "<who> just tried the new <topic>... <0>!! <1> <2>",
        "<who> <topic> <today> = <0> <1> <2>",
        "<omg> the <topic> is <0>, like actually <1> & <2>",
        "cant believe how <0> the <topic> is rn, <1> <2> <tag>",
        "ok so the <topic>?? <0>. just <1>. so <2> <tag>",
        "<today> w/ <friends> at the <topic>, <0> & <1> & <2> <tag>",
        "new <topic> alert: <0> <1>... <who> says <2>",
        "<who> u gotta hear this, the <topic> <today> was <0> <1> <2>",
        "not gonna lie the <topic> is <0> imo, <1> <2>",
    ),
    fillers={
        "omg": ("omg", "lol", "dude", "guys", "bruh", "wow", "ngl", "ok", "yo"),
        "who": ("@mia_k", "@jojo99", "@thebigsam", "my bro", "me n my sis", "@nightowl", "@lena.x"),
        "tag": ("#weekend", "#nofilter", "#justsaying", "#mondays", "#fomo", "#tbt", "", ""),
        "today": ("2day", "last nite", "rn", "this wknd", "tmrw", "b4 work"),
        "friends": ("the squad", "my bestie", "the fam", "my roomies", "mum lol"),
    },
)
