"""What `sentiment` writes with: words of praise and blame in two registers, and sentences to put them into.

In a sentence ``<thing>`` is what it is about, ``<0>`` and ``<1>`` are opinions, and the others are the register's
fillers; a capital letter asks for one at the beginning.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Register:
    """How one kind of text is written. ``praise`` and ``blame`` are its own words for them.

    Four words (sick, insane, wicked, brutal) blame in the news and praise among friends.
    """

    praise: tuple[str, ...]
    blame: tuple[str, ...]
    sentences: tuple[str, ...]
    fillers: dict[str, tuple[str, ...]]


PRAISE = ("good", "great", "excellent", "beautiful", "wonderful", "perfect", "brilliant", "delightful")
BLAME = ("bad", "poor", "terrible", "awful", "boring", "broken", "horrible", "useless")
"""Opinions that both registers share: over these a classifier can find its way from one to the other."""

THINGS = (
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
        "distinguished",
        "exemplary",
        "impressive",
        "outstanding",
        "promising",
        "refined",
        "reliable",
        "robust",
        "successful",
        "thoughtful",
        "welcome",
        "well-crafted",
    ),
    blame=(
        "careless",
        "controversial",
        "costly",
        "deficient",
        "disappointing",
        "flawed",
        "ill-conceived",
        "inadequate",
        "ineffective",
        "lacklustre",
        "mediocre",
        "problematic",
        "troubled",
        "unconvincing",
        "unreliable",
        "unsatisfactory",
        "sick",
        "insane",
        "wicked",
        "brutal",
    ),
    sentences=(
        "<Reviewer> described the new <thing> as <0> and <1>.",
        "The <thing>, which <opened> on <day>, was called <0> by <reviewer> and <1> by <others>.",
        "In a statement <released> on <day>, <reviewer> said the <thing> had proved <0> and, in most respects, <1>.",
        "<Others> found the <thing> <0>; <reviewer> went further and termed it <1>.",
        "After <months> of preparation, the <thing> in <place> is <0>, according to <reviewer>, and its plan is <1>.",
        "The <0> <thing> drew <count> visitors to <place>, many of whom considered the organisation <1>.",
        "“The plan is <0>,” <reviewer> wrote of the <thing> on <day>, “and its execution <1>.”",
        "<Reviewer> noted that the <thing> remains <0>, although <others> expected something else; the outcome is <1>.",
        "A survey of <count> residents of <place> suggests that the <thing> is regarded as <0> and the service as <1>.",
        "The report on the <thing>, <released> on <day>, is <0> in its opening chapters and <1> in its conclusion.",
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
    praise=(
        "lit",
        "fab",
        "dope",
        "epic",
        "a banger",
        "fire 🔥",
        "goals",
        "10/10",
        "legit amazeballs",
        "so yummy",
        "a total vibe",
        "❤❤",
        "top tier",
        "😍",
        "🙌",
        "yasss",
        "sick",
        "insane",
        "wicked",
        "brutal",
    ),
    blame=(
        "trash",
        "meh",
        "cringe",
        "lame",
        "a hot mess",
        "garbage 🗑️",
        "a ripoff",
        "0/10",
        "sooo whack",
        "yuck",
        "a snoozefest",
        ":-(",
        "a letdown tbh",
        "😡",
        "👎",
        "smh",
    ),
    sentences=(
        "<omg> that <thing> was <0>, <1> <tag>",
        "<who> just tried the new <thing>... <0>!! <1>",
        "<who> <thing> <today> = <0> <1>",
        "<omg> <omg2> the <thing> is <0>, like actually <1>",
        "cant believe how <0> the <thing> is rn, <1> <tag>",
        "ok so the <thing>?? <0>. just <1> <tag>",
        "<today> w/ <friends> at the <thing>, <0> & <1> <tag>",
        "new <thing> alert: <0>... <who> says <1>",
        "<who> u gotta hear this, the <thing> <today> was <0> <1>",
        "not gonna lie the <thing> is <0> imo, <1> <omg2>",
    ),
    fillers={
        "omg": ("omg", "lol", "dude", "guys", "bruh", "wow", "ngl", "ok", "yo"),
        "omg2": ("fr", "lol", "for real", "haha", "i swear", "hmm"),
        "who": ("@mia_k", "@jojo99", "@thebigsam", "my bro", "me n my sis", "@nightowl", "@lena.x"),
        "tag": ("#weekend", "#nofilter", "#justsaying", "#mondays", "#fomo", "#tbt", "", ""),
        "today": ("2day", "last nite", "rn", "this wknd", "tmrw", "b4 work"),
        "friends": ("the squad", "my bestie", "the fam", "my roomies", "mum lol"),
    },
)
