"""The parts of a chapter on the screen: its texts, and what is live between them."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import streamlit as st

from da_core.experiment import Experiment
from da_core.jobs.store import EXAMPLE
from da_core.teaching import showcase
from da_core.teaching.course import course_numbers
from da_core.teaching.course.chapters import Chapter, Directive
from da_core.teaching.course.course_films import course_film
from da_core.teaching.course.guess import BoundaryGuess, Points, ReaderGuess, read_guess, separate
from da_core.teaching.stories.story_file import story
from pages.learn.check_form import show_check
from pages.learn.guess_form import ask_guess, show_outcome
from pages.run import example_view, starting
from pages.session import keys, origin
from pages.session.words import _, language, percent
from pages.shell import navigation


def draw(chapter: Chapter) -> bool:
    """Draw the parts up to the first guess or check that waits for the reader; return whether that is all of them."""
    for place, part in enumerate(chapter.parts):
        if isinstance(part, str):
            with st.container(key=keys.course_text(place)):
                # links to lessons, screens, chapters and the finished example get their addresses
                links = r"\]\((lesson|screen|chapter|example):(\w+)\)"
                text = course_numbers.fill_numbers(part, language())
                st.markdown(re.sub(links, lambda match: f"]({_address(*match.groups())})", text))
        elif part.kind == "guess":
            guess, *film = part.words
            if ask_guess(guess, chapter.name, _points(film[0], target=False) if film else ()) is None:
                st.caption(_("The chapter continues after your guess."))
                return False
        elif part.kind == "ask":
            if not _answered(chapter.name, *part.words):
                return False
        else:
            _draw_directive(chapter.name, part)
    return True


def _address(kind: str, name: str) -> str:
    example = urlencode({"run": EXAMPLE, **showcase.EXPERIMENT.to_flat()})
    where = {
        "lesson": f"lesson?lesson={name}",
        "chapter": f"course?chapter={name}",
        "screen": f"{name}?",
        "example": f"{name}?{example}",
    }[kind]
    return f"{origin.base_path()}/{where}&lang={language().code}".replace("?&", "?")


def _draw_directive(chapter: str, part: Directive) -> None:
    match part.kind, part.words:
        case "outcome", (guess, path):
            _outcome(chapter, guess, path)
        case "film", (film,):
            _film(chapter, film)
        case "showcase", (what,):
            _showcase(chapter, what)
        case "run", settings:
            _run(chapter, settings)
        case "device", ():
            _device()
        case "story", names:
            _stories(names)


def _answered(chapter: str, check: str) -> bool:
    """Ask what was just seen; return whether the reader has answered, rightly or not, or passed it by."""
    passed = keys.check_passed(chapter, check)
    if show_check(check, chapter) is not None or passed in st.session_state:
        return True
    st.caption(_("The chapter continues after your answer."))
    st.button(
        _("Continue without answering"),
        key=keys.check_pass(chapter, check),
        on_click=lambda: st.session_state.update({passed: True}),
        type="tertiary",
    )
    return False


def _outcome(chapter: str, guess: str, path: str) -> None:
    """Show what came out beside the guess; of a boundary, how it does on the target that the film is of."""
    answer: ReaderGuess = st.session_state[keys.guess_answer(chapter, guess)]
    question = read_guess(guess)
    if not isinstance(question, BoundaryGuess):
        show_outcome(guess, chapter, answer, course_numbers.outcome_of(question, path))
        return
    source, target = _points(path, target=False), _points(path, target=True)
    show_outcome(guess, chapter, answer, None, target)
    if isinstance(answer.answer, tuple):
        on_source, on_target = separate(answer.answer, question.x, source, target)
        st.markdown(
            _(
                "Your line separates {source} of the source correctly, and {target} of the target.",
                source=percent(on_source, 0),
                target=percent(on_target, 0),
            )
        )


def _points(film: str, *, target: bool) -> Points:
    """Load some points of a film's pair with their classes."""
    with st.spinner(_("Loading the methods…")):
        return course_film(film).points(target=target)


def _film(chapter: str, film: str) -> None:
    with st.spinner(_("Loading the methods…")):
        from pages.learn import film_element

        chosen = course_film(film)
        films = chosen.experiments()
    film_element.draw(films, key=keys.course_film(chapter, film), acts=chosen.acts)
    if st.button(_("Open in the playground"), type="tertiary", key=keys.course_film_open(chapter, film)):
        beside = {"beside": chosen.beside} if chosen.beside else {}
        acts = {"acts": chosen.acts} if chosen.acts else {}
        navigation.follow("playground", films[0].to_flat() | beside | acts)


def _showcase(chapter: str, what: str) -> None:
    example = example_view.example()
    if example is None:
        return
    match what:
        case "pictures":
            example_view.pictures(example, chapter)
        case "numbers":
            example_view.numbers(example)
        case _:
            example_view.feature_map(example, keys.course_map(chapter), "right")


def _run(chapter: str, settings: tuple[str, ...]) -> None:
    """Draw the button that trains an experiment, from a link's settings and what is usual for its data."""
    st.caption(_("The run trains in the background on Train; a link there leads back to this chapter."))
    if st.button(_("Run it yourself")):
        from da_core.networks.defaults import with_usual

        query = dict(setting.split("=", 1) for setting in settings)
        starting.start(with_usual(Experiment.from_flat(query), query), chapter=chapter)


def _stories(names: tuple[str, ...]) -> None:
    """Draw links to stories on the chapter's idea."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":gray[{_('Related stories')}]", width="content")
        for name in names:
            navigation.link_to("stories", story(name).asks.text(language().code) + " →", story=name)


def _device() -> None:
    from da_core.training.devices import choose

    with_gpu = choose("auto").type == "cuda"
    st.info(
        _("This server trains on a graphics card (CUDA).")
        if with_gpu
        else _("This server trains on its processor: no CUDA graphics card was found.")
    )
