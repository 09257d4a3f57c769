"""The screens, the order of the walk, and the links between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import streamlit as st

from da_core.experiment import Experiment
from pages.session import keys, state
from pages.session.words import _

Walk = Literal["data", "network", "method", "train", "features", "results"]
Lab = Literal["runs", "what_if", "stability", "search", "which_run", "own_benchmark"]
Learn = Literal["playground", "course", "stories", "which_shift", "bug_hunt", "glossary", "methods", "lesson"]
Step = Literal["home", Walk, Lab, Learn, "teaching", "lecture_hall"]


@dataclass(frozen=True)
class Screen:
    """A screen: its file below ``pages``, and its title, purpose and invitation as messages."""

    path: str
    title: str
    purpose: str = ""
    invitation: str = ""


SCREENS: dict[Step, Screen] = {
    "home": Screen("home.py", "Start"),
    "data": Screen(
        "walk/data.py",
        "Data",
        "Choose what the model learns from (the source) and where it has to work (the target).",
        "Next, choose the network that turns a sample into features.",
    ),
    "network": Screen(
        "walk/network.py",
        "Network",
        "Choose the network that turns a sample into features, and how it is trained.",
        "Next, choose how to bring source and target together.",
    ),
    "method": Screen(
        "walk/method.py",
        "Method",
        "Choose how to adapt: move the features, reweight the source, or change the trained model.",
        "Next, train, and watch it learn.",
    ),
    "train": Screen(
        "walk/train.py",
        "Train",
        "Watch the losses fall, and see whether accuracy on the target follows.",
        "Next, look at what moved in feature space.",
    ),
    "features": Screen(
        "walk/features.py",
        "Features",
        "See the same held-out samples before and after adapting.",
        "Next, see how much adapting gained.",
    ),
    "results": Screen(
        "walk/results.py",
        "Results",
        "Compare source only, adapted and oracle on samples that none of them was trained on.",
        "Next, change one thing and try again.",
    ),
    "runs": Screen("lab/runs.py", "Runs", "Every run that finished: find it, name it, compare it with others."),
    "what_if": Screen(
        "lab/what_if.py",
        "What if",
        "Change one thing about a run and compare both side by side, during training and afterwards.",
    ),
    "stability": Screen(
        "lab/stability.py",
        "Stability",
        "Run the same experiment with several seeds and methods, and see what is more than luck.",
    ),
    "search": Screen(
        "lab/automatic_search.py",
        "Search",
        "Try methods and settings in the background, and choose among them without target labels.",
    ),
    "which_run": Screen(
        "lab/which_run.py",
        "Which run?",
        "Several models of one pair and no target labels: see which one each validator picks, and what that choice "
        "costs.",
    ),
    "own_benchmark": Screen(
        "lab/own_benchmark.py",
        "Benchmark",
        "Compare methods on several domain pairs and seeds in one table, and see which ranks differ by more than luck.",
    ),
    "playground": Screen(
        "learn/playground.py", "Playground", "Drag the target, choose a method, and watch how well it copes."
    ),
    "course": Screen(
        "learn/course.py",
        "Course",
        "From a network that fails at night to adapting one of your own, in short chapters. Guess first, then see.",
    ),
    "stories": Screen(
        "learn/stories.py",
        "Stories",
        "One-click experiments, each making one point: guess first, then see the result.",
    ),
    "which_shift": Screen(
        "learn/which_shift.py",
        "Which shift is it?",
        "A pair with a planted shift, or with none: look, answer, and see how the report reasons. Play as often as "
        "you like.",
    ),
    "bug_hunt": Screen(
        "learn/bug_hunt.py",
        "Bug hunt",
        "Scripts that look right but contain a bug: mark the line, see what it does, and fix it.",
    ),
    "glossary": Screen(
        "learn/glossary.py", "Glossary", "The words of the field in both languages, and where each is explained."
    ),
    "methods": Screen("learn/methods.py", "All methods", "What each method does, why, and when it fails."),
    "lesson": Screen("learn/lesson.py", "Lesson"),
    "teaching": Screen("learn/teaching.py", "Teaching with it"),
    "lecture_hall": Screen(
        "hall/lecture_hall.py",
        "Lecture hall",
        "Give a lecture that students follow on their phones, ask them questions, set exercises.",
    ),
}
_FIRST_HINTS: dict[Step, str] = {
    "data": "Two sets: the source has labels, the target is where the model has to work. The pair shown here is ready; "
    "go on, or choose another.",
    "network": (
        "The network turns a sample into features. The settings shown here suit the pair; you need not change anything."
    ),
    "method": "There are three families: move the features, weight the samples, change the model. Begin with a method "
    "under “Start here”.",
    "train": "First a model is trained on the source only, for comparison; then the method adapts. Watch whether the "
    "target’s curve rises.",
    "features": "The same samples before and after. Check whether the two domains mix and the classes stay apart.",
    "results": "Start with the gain and its interval: if the interval includes zero, the gain may be luck.",
}
"""What a newcomer should know on a screen, as messages; the browser remembers who has put it away."""
WALK: tuple[Walk, ...] = get_args(Walk)
_PARTS_OF: dict[Step, frozenset[str]] = {
    "data": frozenset({"data"}),
    "network": frozenset({"network", "training"}),
    "method": frozenset({"method"}),
}
"""The steps that a teacher's link can leave out, each with all that would have to be hidden."""


def walk() -> list[Step]:
    """List the steps of the walk that this visitor's link does not leave out."""
    return [step for step in WALK if not (step in _PARTS_OF and _PARTS_OF[step] <= set(state.hidden()))]


def header(step: Step) -> None:
    """Draw the screen's place in the walk, its title, and one sentence on what it is for."""
    steps = walk()
    if step in steps:
        place = steps.index(step) + 1
        looks = ("done" if n < place else "here" if n == place else "" for n in range(1, len(steps) + 1))
        dots = "".join(f'<i class="{look}"></i>' for look in looks)
        where = _("Step {place} of {count}", place=place, count=len(steps))
        st.html(f'<div class="lab-place">{where}<span class="lab-dots" aria-hidden="true">{dots}</span></div>')
    st.title(_(SCREENS[step].title), anchor=False)
    st.html(f'<div class="lab-purpose">{_(SCREENS[step].purpose)}</div>')
    if step in _FIRST_HINTS and step in steps:
        st.html(
            f'<div class="lab-hint" data-hint="{step}" role="note" hidden><p>{_(_FIRST_HINTS[step])}</p>'
            f'<button>{_("Got it")}</button><button class="off">{_("No more hints")}</button></div>'
        )


def footer(step: Step, *, quiet: bool = False) -> None:
    """Draw one sentence on what comes next, and the links back and on, which keep the address's query.

    ``quiet`` takes the accent from the link on, for a screen that has a button of its own to press.
    """
    here, steps = WALK.index(step), walk()
    back: Step = next((candidate for candidate in reversed(WALK[:here]) if candidate in steps), "home")
    on: Step = next((candidate for candidate in WALK[here + 1 :] if candidate in steps), steps[0])
    st.space("medium")
    with st.container(key=keys.FOOTER, horizontal=True, vertical_alignment="center"):
        link_to(back, "← " + _(SCREENS[back].title))
        st.markdown(f":gray[{_(SCREENS[step].invitation)}]", width="stretch", text_alignment="right")
        with st.container(key=keys.NEXT_QUIET if quiet else keys.NEXT, width="content"):
            link_to(on, _(SCREENS[on].title) + " →")


def begin_at_the_top(name: str) -> None:
    """Scroll to the top, and bring the keyboard there, when a screen shows something else: ``name`` is a module's name.

    Streamlit sees one and the same page, and would stay at its end, on the link that was followed. The script runs once
    for each body.
    """
    script = (
        "const main = document.querySelector('[data-testid=stMain]'), title = main.querySelector('h1');"
        "main.scrollTo(0, 0);"
        "if (!title || !main.contains(document.activeElement)) return;"
        "title.tabIndex = -1; title.focus({preventScroll: true});"
    )
    st.html(f'<script data-shown="{name}">(() => {{{script}}})()</script>', unsafe_allow_javascript=True)


def link_to(step: Step, label: str, query: Mapping[str, str] | None = None, **own: str) -> None:
    """Draw a link to another screen that carries the session's query, which callers that draw many links pass in."""
    st.page_link(SCREENS[step].path, label=label, query_params={**(state.link() if query is None else query), **own})


def switch_to(step: Step, **own: str) -> None:
    """Leave for another screen at once, with the session's query and fields of that screen's own."""
    st.switch_page(SCREENS[step].path, query_params=state.link() | own)


def follow(step: Step, query: dict[str, str]) -> None:
    """Leave for another screen at once, and make what a link's query says the session's experiment."""
    own = {name: query[name] for name in state.OF_A_SCREEN if name in query}
    if experiment := {name: value for name, value in query.items() if name not in own}:
        state.replace(Experiment.from_flat(experiment))
    switch_to(step, **own)
