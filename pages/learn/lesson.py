"""The lesson of one method: idea, film, formula and its code beside it, when it helps and fails, a check, settings."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import streamlit as st

from da_core.errors import UserError
from da_core.experiment import MethodSpec
from da_core.registry import file_of, pick
from da_core.teaching.course import check_questions
from da_core.teaching.lessons import code_reading, lesson_file
from da_core.teaching.lessons.code_reading import CodeStep
from da_core.teaching.lessons.families import FAMILIES, KINDS, kind_of, order_methods
from pages.session import keys, state
from pages.session.words import _, explain, explaining, language, linked
from pages.shell import navigation, params_table

with st.spinner(_("Loading the methods…")):
    from da_core.methods import methods
    from da_core.methods.base import Method
    from da_core.methods.wanted_network import with_method
    from pages.learn import method_figure, page_turn
    from pages.learn.check_form import show_check


def header(method: type[Method]) -> None:
    """Draw the way back, the title, and what family and kind the method is of."""
    navigation.link_to("methods", "← " + _(navigation.SCREENS["methods"].title))
    st.title(_(method.title), anchor=False)
    badges = [FAMILIES[method.family()].title, *([KINDS[kind_of(method)]] if kind_of(method) in KINDS else [])]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html('<div class="lab-badges">' + "".join(f"<span>{_(badge)}</span>" for badge in badges) + "</div>")
        if not state.is_hidden("method") and st.button(_("Try it"), type="primary", key=keys.TRY):
            if state.experiment().method.name != method.name():
                state.replace(with_method(state.experiment(), MethodSpec(name=method.name())))
            navigation.switch_to("method")


def explained(method: type[Method]) -> None:
    """Draw what the lesson's file says, and the picture."""
    lesson = None
    with explaining():
        lesson = lesson_file.load(method.name(), language().code)
        st.markdown(lesson.idea)
    st.subheader(_("Effect on a toy problem"), anchor=False)
    with explaining():
        method_figure.draw(method.name())
    if lesson is not None:
        formula(lesson)
    if code_reading.file_of_reading(method.name()).exists():
        reading(method)
    if lesson is not None:
        helps_and_fails(lesson)
    if method.name() in check_questions.checks(check_questions.OF_LESSONS):
        st.subheader(_("A question"), anchor=False)
        show_check(method.name(), "lesson")


def reading(method: type[Method]) -> None:
    """Draw the steps, each a row: the lines with their place, and beside them term and sentence."""
    st.subheader(_("Code and formula, term by term"), anchor=False)
    with explaining(), st.container(key=keys.READING):
        for number, step in enumerate(code_reading.read_steps(code_reading.file_of_reading(method.name())), 1):
            _row(number, step, code_reading.ROOT / step.file if step.file else Path(file_of(method)))


def _row(number: int, step: CodeStep, file: Path) -> None:
    left, right = st.columns([11, 9], gap="medium", vertical_alignment="center")
    with left:
        st.code(step.code.rstrip(), language="python", wrap_lines=True)
        if lines := code_reading.lines_of(step.code, file.read_text(encoding="utf-8")):
            st.caption(_("{file}, line {line}", file=file.name, line=lines[0]))
    with right:
        st.markdown(f"$$\n{step.term}\n$$\n\n**{number}.** {step.does.text(language().code)}")


def formula(lesson: lesson_file.Lesson) -> None:
    """Draw the formula with its symbols."""
    st.subheader(_("Formula"), anchor=False)
    with st.container(key=keys.FORMULA):
        st.markdown(lesson.formula)
    with st.container(key=keys.SYMBOLS):
        rows = [f"| {symbol} | {meaning} |" for symbol, meaning in lesson.symbols]
        st.markdown("\n".join([f"| {_('Symbol')} | {_('Meaning')} |", "|---|---|", *rows]))


def helps_and_fails(lesson: lesson_file.Lesson) -> None:
    """Draw when the method helps and when it fails, side by side."""
    left, right = st.columns(2, gap="large")
    for place, title, points in (
        (left, _("When it helps"), lesson.helps),
        (right, _("When it fails"), lesson.fails),
    ):
        with place:
            st.subheader(title, anchor=False)
            st.markdown("\n".join(f"- {point}" for point in points))


def code(method: type[Method]) -> None:
    """Draw the method's own file, as it is."""
    module = sys.modules[method.__module__]
    with st.expander(_("The code of this method")):
        st.caption(method.__module__.replace(".", "/") + ".py")
        st.code(inspect.getsource(module), language="python", line_numbers=True)


def page() -> None:
    """Draw the lesson that the address asks for."""
    try:
        method = pick(methods(), state.lesson(), "method")
    except UserError as error:
        st.title(_(navigation.SCREENS["lesson"].title), anchor=False)
        st.warning(explain(error))
        navigation.link_to("methods", "← " + _(navigation.SCREENS["methods"].title))
        return
    navigation.begin_at_the_top(method.name())
    header(method)
    explained(method)
    if method.Params.model_fields:
        st.subheader(_("Hyperparameters"), anchor=False)
        params_table.draw(method.Params)
    if method.paper:
        st.subheader(_("Paper"), anchor=False)
        st.markdown(linked(method.paper, method.link))
    code(method)
    titles = {name: _(methods()[name].title) for name in order_methods(methods())}
    contents = _(navigation.SCREENS["methods"].title)
    page_turn.draw("lesson", "lesson", method.name(), titles, ("methods", contents))


page()
