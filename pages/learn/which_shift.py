"""“Which shift is it?”: a quiz without end, with the lab's own report as its answer."""

from __future__ import annotations

import secrets

import streamlit as st

from da_core.data.pair import DomainPair
from da_core.data.sources.drawn_points import DrawnPoints
from da_core.teaching.course.shift_quiz import KIND_SIGNS, KIND_TITLES, KINDS, PlantedShift, plant
from pages.charts import plotly_figure, points
from pages.learn import own_progress
from pages.own_data.data_report import VERDICTS, reports
from pages.session import keys, state
from pages.session.polling import when_ready
from pages.session.words import _, bold_first, number, paragraph, percent, translate_message
from pages.shell import navigation

with st.spinner(_("Loading the methods…")):
    from da_core.evaluation.shift.shift_report import DataReport
    from da_core.evaluation.shift.shift_verdict import Verdict


def _another() -> None:
    st.session_state[keys.QUIZ_SEED] = secrets.randbelow(1 << 31)
    st.session_state.pop(keys.QUIZ_ANSWER, None)


@st.cache_data(max_entries=64, show_spinner=False)
def _planted(seed: int) -> tuple[PlantedShift, DomainPair]:
    planted = plant(seed)
    return planted, DrawnPoints(**planted.data.params).load(0)


def look(planted: PlantedShift, pair: DomainPair) -> None:
    """Draw the pair, the classes' counts, and the ways to look closer."""
    plotly_figure.draw(points.scatter(pair), "quiz-points", points.alt(pair), points.table(pair))
    counts = [domain.class_counts(len(pair.classes)) for domain in (pair.source, pair.target)]
    st.table(
        {
            "": [_("Source"), _("Target")],
            **{name: [number(int(count[place])) for count in counts] for place, name in enumerate(pair.classes)},
        },
        border="horizontal",
        hide_index=True,
    )
    closer: tuple[tuple[navigation.Step, str], ...] = (
        ("playground", _("Look closer in the playground")),
        ("data", _("Open it on Data")),
    )
    with st.container(horizontal=True):
        for screen, label in closer:
            if st.button(label + " →"):
                state.change(data=planted.data)
                navigation.switch_to(screen)
    st.caption(_("All points have labels here, also the target's: without them a concept shift cannot be seen."))


def answer(planted: PlantedShift) -> Verdict | None:
    """Ask for the kind of shift; return the answer once it is given, counted the first time."""
    verdict: Verdict | None = st.session_state.get(keys.QUIZ_ANSWER)
    chosen = st.radio(
        _("Which shift is it?"),
        KINDS,
        format_func=lambda kind: _(KIND_TITLES[kind]),
        captions=[_(KIND_SIGNS[kind]) for kind in KINDS],
        index=None,
        disabled=verdict is not None,
        key=keys.quiz_choice(st.session_state[keys.QUIZ_SEED]),  # or the browser shows the answer to the last pair
    )
    if verdict is not None:
        return verdict
    if st.button(_("Answer"), type="primary", disabled=chosen is None, key=keys.QUIZ_COMMIT) and chosen is not None:
        st.session_state[keys.QUIZ_ANSWER] = chosen
        own_progress.note("quiz", planted.kind, "right" if chosen == planted.kind else "wrong")
        st.rerun()
    return None


def reveal(planted: PlantedShift, verdict: Verdict, pair: DomainPair) -> None:
    """Draw what was planted and how, and how the report reasons."""
    truth = paragraph(_("It is: {kind}.", kind=_(KIND_TITLES[planted.kind])), _(KIND_SIGNS[planted.kind]))
    if verdict == planted.kind:
        st.success(bold_first(_("Right."), truth))
    else:
        st.warning(bold_first(_("Not so."), truth))
    fields = DrawnPoints.Params.model_fields  # in their words, what made the target another than the source
    made = {name: planted.settings[name] for name in planted.settings if name not in ("shape", "noise", "count")}
    settings = [f"{_(fields[name].title or name)} {number(float(made[name]), 1)}" for name in made if made[name]]
    if settings:
        st.caption(_("How it was made: {settings}", settings="; ".join(settings)))
    st.button(_("Next pair"), type="primary", on_click=_another)
    st.markdown(f"**{_('Data report')}**")

    def reasons(report: DataReport) -> None:
        st.markdown(_(VERDICTS[report.verdict]))
        st.markdown("\n".join(f"- {translate_message(reason.message, reason.values)}" for reason in report.reasons))
        if report.verdict != planted.kind:
            st.info(
                _(
                    "The report is wrong here: {count} points per domain are too few.",
                    count=number(len(pair.source)),
                )
            )

    when_ready(reports.submit(planted.data.params["points"], pair), reasons, _("Comparing the domains…"))


def score() -> None:
    """Draw how often the visitor was right, by kind of shift."""
    done = own_progress.progress()
    rows = [(kind, done.times("quiz", kind, "right"), done.times("quiz", kind, "wrong")) for kind in KINDS]
    tally = [(kind, right, right + wrong) for kind, right, wrong in rows if right + wrong]
    if not tally:
        return
    st.subheader(_("Your score"), anchor=False)
    total, right = sum(count for _kind, _right, count in tally), sum(right for _kind, right, _count in tally)
    st.markdown(_("{right} of {count} right ({share}).", right=right, count=total, share=percent(right / total)))
    st.table(
        {
            _("Kind of shift"): [_(KIND_TITLES[kind]) for kind, _right, _count in tally],
            _("right"): [number(right) for _kind, right, _count in tally],
            _("asked"): [number(count) for _kind, _right, count in tally],
        },
        border="horizontal",
        hide_index=True,
    )


navigation.header("which_shift")
if keys.QUIZ_SEED not in st.session_state:
    _another()
shown, its_pair = _planted(st.session_state[keys.QUIZ_SEED])
pictured, asked_for = st.columns([3, 2], gap="large")
with pictured:
    look(shown, its_pair)
with asked_for:
    guessed = answer(shown)
    if guessed is not None:
        reveal(shown, guessed, its_pair)
score()
