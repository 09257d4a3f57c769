"""The first screen: a finished before and after at once, and the button that runs it live."""

from __future__ import annotations

import streamlit as st

from da_core.teaching import showcase
from pages.run import current_run, example_view, starting
from pages.session import keys
from pages.session.words import _, day, seconds
from pages.shell import navigation


def _ways_in() -> None:
    """Draw the ways in for three people: who learns, who teaches, and who has data."""
    ways: list[tuple[navigation.Step, str, str]] = [
        (
            "course",
            _("I am new"),
            _("A course in short chapters: why a network fails at night, and what can be done. Guess first, then see."),
        ),
        (
            "lecture_hall",
            _("I teach"),
            _("Give a lecture that students follow on their phones, ask them questions, set exercises."),
        ),
        (
            "data",
            _("I have data"),
            _("Use your own pictures, sounds, texts or tables: compare the domains, adapt, and download the results."),
        ),
    ]
    with st.container(key=keys.WAYS_IN, gap=None):
        for step, who, what in ways:
            with st.container(key=keys.way_in(step), gap=None):
                navigation.link_to(step, who + " →")
                st.markdown(f":gray[{what}]")


st.title(_("See domain adaptation happen"), anchor=False)
st.html(
    '<div class="lab-purpose">'
    + _("A network that learned streets by day fails at night. Watch it adapt without a single night label.")
    + "</div>"
)
example = example_view.example()
with st.container(horizontal=True, vertical_alignment="center"):
    if st.button(_("Try day → night"), type="primary"):
        starting.start(showcase.EXPERIMENT)
    if example:
        took = seconds(sum(example.record.result.seconds.values()))
        st.markdown(
            f":gray[{_('It trains here, while you watch; the example took {time}.', time=took)}]", width="content"
        )
navigation.link_to("playground", _("Or play: drag the target points and watch") + " →")

if example:
    example_view.pictures(example, "home")
    st.subheader(_("Accuracy at night"), anchor=False)
    example_view.numbers(example)
_ways_in()
if example:
    st.subheader(_("What moved in feature space"), anchor=False)
    example_view.feature_map(example, keys.SHOWCASE, "right")
    st.caption(
        _(
            "Each point is a picture; points close together look similar to the network. Before, most night pictures "
            "are piled up in one cluster between the classes; after, they lie with the day pictures of their own "
            "class."
        )
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(_("See its results") + " →"):
            current_run.open_example("results")
        about = _("A finished example run with DANN from {date}.", date=day(example.record.finished_at))
        st.markdown(f":gray[{about}]", width="content")
