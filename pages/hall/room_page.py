"""The plain pages of a room: what students follow, what the projector shows, and the instructor's notes."""

from __future__ import annotations

from html import escape
from typing import Any, Literal

from markupsafe import Markup

from da_core import palette
from da_core.i18n import Language
from da_core.teaching.hall.room import Room
from da_core.templates import render
from pages.learn import sketch_element
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
    "again": "Vote again after discussion",
    "closeVote": "Close the vote",
    "showVote": "Show the answers",
    "reveal": "Show the right answer",
    "twin": "Ask about another case",
    "twinAsked": "The same idea in another case.",
    "start": "Start training",
    "waiting": "Not started yet.",
    "openScreen": "Open this screen here",
    "class": "Class",
    "found": "Recall of each target class",
    "takenFor": "{model}: confusion matrix, rows in %",
    "map": "Map of the features of held-out samples: {model}",
    "eyesUp": "Eyes up",
    "eyesUpWhy": "Look at the front; we continue in a moment.",
    "ownLab": "Try it in my own lab",
    "backToClass": "Back to the class",
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
    "vote2": "Vote {round}, after discussion",
    "rightAnswer": "right",
    "middle": "median {value}",
    "itIs": "It is {value}.",
    "source": "source",
    "target": "target",
    "before": "Source only",
    "after": "Adapted",
    "adapting": "Adapting",
    "beforeRight": "target accuracy, source only",
    "afterRight": "target accuracy, adapted",
    "curve": "Accuracy during training, on some of the samples: source {source}, target {target}",
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
    """Write a room's page for followers, for the projector, or with the instructor's notes."""
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
    film = f"<style>{read_asset('playground/playground.css')}</style>{read_asset('playground/playground.html')}"
    body = (
        f'{skip}<header></header>\n<main id="slide" tabindex="0"></main>\n<footer></footer>\n'
        f'<p class="line" role="status"></p>\n{join}<template id="film">{film}</template>{sketch}\n'
        f'<script id="given" type="application/json">{as_script(data)}</script>\n'
        f'<script type="module">{bundle("hall/room.js")}</script>'
    )
    return _plain_page(language, title, body, role)


def sentence_page(language: Language, sentence: str) -> str:
    """Write a page that says one sentence: a room that is closed, a code that is none."""
    with words.speaking(language):
        back = f'<p><a href="{origin.base_path()}/">{escape(_("Domain Adaptation Lab"))}</a></p>'
    body = f"<main><h1>{escape(sentence)}</h1>{back}</main>"
    return _plain_page(language, sentence, body, "follow")


def _join(room: Room, address: str) -> str:
    """Write the panel that says how to join: the address, the code and a QR code."""
    invitation = _("Open {address} or point the camera here.", address=address.partition("://")[2])
    return (
        f'<dialog id="join"><p>{escape(invitation)}</p>{qr_code(address)}'
        f'<p class="code">{escape(room.code)}</p></dialog>'
        '<dialog id="keys"></dialog>'
    )


def _plain_page(language: Language, title: str, body: str, role: Role) -> str:
    style = f":root {{ {palette.style_properties()} }}\n{read_asset('hall/room.css')}"
    page = "plain_page.html.jinja"
    return render(page, language, title=title, style=Markup(style), body=Markup(body), look=role)
