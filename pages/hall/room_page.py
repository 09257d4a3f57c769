"""The plain pages of a room: what students follow, what the projector shows, and the instructor's notes.

They are no Streamlit pages: a phone loads one file and then waits for the next snapshot, which costs next to nothing.
"""

from __future__ import annotations

from html import escape
from typing import Any, Literal

from da_core import palette
from da_core.i18n import Language
from da_core.teaching.hall.room import Room
from pages.hall.plain_page import plain_page
from pages.learn import playground_texts, sketch_element
from pages.session import origin, words
from pages.session.words import _
from pages.shell.class_link import qr_code
from pages.shell.scripts import as_script, bundle, read_asset

Role = Literal["follow", "stage", "notes"]
TEXTS = {
    "next": "Next",
    "back": "Back",
    "playPause": "Play or pause",
    "step": "One step forward",
    "blank": "Blank the screen",
    "pause": "Eyes up",
    "held": "The class is with you",
    "free": "Everyone goes at their own pace",
    "join": "How to join",
    "keys": "Keys",
    "shut": "Close",
    "full": "Full screen",
    "openVote": "Open the vote",
    "again": "Vote again, after talking",
    "closeVote": "Close the vote",
    "showVote": "Show what was answered",
    "reveal": "Show the right answer",
    "twin": "Ask it in another case",
    "twinAsked": "The same idea in another case.",
    "start": "Start training",
    "waiting": "Waits to be started.",
    "openScreen": "Open this screen here",
    "class": "Class",
    "found": "Share of each class that was found in the target",
    "takenFor": "{model}: what each row was taken for, in %",
    "map": "Map of the features of held-out samples: {model}",
    "eyesUp": "Eyes up",
    "eyesUpWhy": "Look at the front; this goes on in a moment.",
    "ownLab": "Try it in a lab of my own",
    "backToClass": "Back to what is shown",
    "voteOpen": "Choose an answer. You can change it until the vote is closed. Nobody sees who answered what.",
    "guessOpen": "Drag to your guess. You can change it until the vote is closed. Nobody sees who answered what.",
    "sketchOpen": "Draw a line and send it; you can send another until the vote is closed. Nobody sees who drew it.",
    "voteClosed": "The vote is closed.",
    "voteSoon": "The vote is not open yet.",
    "sent": "Your answer is in.",
    "send": "Send my guess",
    "answers": "Answers: {count}",
    "answersOf": "Answers: {count} of {devices} devices",
    "joined": "Devices that have joined: {devices}",
    "late": "{late} of them joined after the vote was opened.",
    "vote1": "First vote",
    "vote2": "Vote {round}, after talking",
    "rightAnswer": "right",
    "middle": "half of the guesses lie below {value}",
    "itIs": "It is {value}.",
    "source": "source",
    "target": "target",
    "before": "Source only",
    "after": "Adapted",
    "adapting": "Adapting",
    "beforeRight": "of the target right, source only",
    "afterRight": "of the target right, adapted",
    "curve": "Accuracy while it trains, on some of the samples: {source} of the source right, {target} of the target",
    "table": "The numbers as a table",
    "epoch": "epoch",
    "lost": "The server does not answer; trying again.",
    "now": "Minute {from} of {count}",
    "then": "Next: {title}",
    "end": "This is the last slide.",
    "atAddress": "Open {address} or point the camera here.",
    "code": "Code",
    "skip": "To the slide",
}
KEYS = {
    "→ · PgDn · Enter": "next",
    "← · PgUp": "back",
    "p": "playPause",
    "s": "step",
    "b · .": "blank",
    "e": "pause",
    "v": "openVote",
    "a": "showVote",
    "r": "reveal",
    "t": "twin",
    "j": "join",
    "f": "full",
    "?": "keys",
}
"""What each key does on the projector, by `TEXTS`."""


def page(room: Room, role: Role, join_address: str) -> str:
    """Write a room's page for who follows, for the projector, or with the instructor's notes."""
    language = Language(room.lecture.language)
    with words.speaking(language):
        data: dict[str, Any] = {
            "room": f"{origin.base_path()}/room/{room.room_id}",
            "base": origin.base_path(),
            "id": room.room_id,
            "role": role,
            "language": language.code,
            "count": len(room.lecture.slides),
            "texts": {name: _(text) for name, text in TEXTS.items()},
            "keys": KEYS,
        }
        if role == "notes":
            data["notes"] = [
                {"notes": slide.notes, "title": slide.title, "minutes": slide.minutes} for slide in room.lecture.slides
            ]
        title = room.lecture.title if role == "follow" else f"{room.lecture.title} · {room.code}"
        join = _join(room, join_address) if role == "stage" else ""
        skip = f'<a class="skip" href="#slide">{escape(_("To the slide"))}</a>'
    sketch = f'<template id="sketch">{sketch_element.markup()}</template>'
    film = f"<style>{read_asset('playground/playground.css')}</style>{playground_texts.HTML}"
    body = (
        f'{skip}<header></header>\n<main id="slide" tabindex="0"></main>\n<footer></footer>\n'
        f'<p class="line" role="status"></p>\n{join}<template id="film">{film}</template>{sketch}\n'
        f'<script id="given" type="application/json">{as_script(data)}</script>\n'
        f'<script type="module">{bundle("hall/room.js")}</script>'
    )
    return plain_page(language.code, title, _style(), body, look=role)


def sentence_page(language: Language, sentence: str) -> str:
    """Write a page that says one sentence: a room that is closed, a code that is none."""
    with words.speaking(language):
        back = f'<p><a href="{origin.base_path()}/">{escape(_("Domain Adaptation Lab"))}</a></p>'
    body = f"<main><h1>{escape(sentence)}</h1>{back}</main>"
    return plain_page(language.code, sentence, _style(), body, look="follow")


def _join(room: Room, address: str) -> str:
    """Write the panel that says how to join: the address, the code and a QR code."""
    invitation = _("Open {address} or point the camera here.", address=address.partition("://")[2])
    return (
        f'<dialog id="join"><p>{escape(invitation)}</p>{qr_code(address)}'
        f'<p class="code">{escape(room.code)}</p></dialog>'
        '<dialog id="keys"></dialog>'
    )


def _style() -> str:
    return f":root {{ {palette.style_properties()} }}\n{read_asset('hall/room.css')}"
