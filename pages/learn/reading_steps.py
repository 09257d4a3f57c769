"""A method's code read step by step: a few lines of it beside the term of the formula that they compute."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from da_core.errors import UserError
from da_core.methods.base import Method
from da_core.registry import file_of
from da_core.teaching.lessons import code_reading
from da_core.teaching.lessons.code_reading import CodeStep
from pages.session import keys
from pages.session.words import _, explain, language


def draw(method: type[Method]) -> None:
    """Draw the steps, each a row: the lines with their place, and beside them term and sentence."""
    st.subheader(_("Code and formula, term by term"), anchor=False)
    try:
        steps = code_reading.read_steps(code_reading.file_of_reading(method.name()))
    except UserError as error:
        st.error(explain(error))
        return
    with st.container(key=keys.READING):
        for number, step in enumerate(steps, 1):
            _row(number, step, code_reading.ROOT / step.file if step.file else Path(file_of(method)))


def _row(number: int, step: CodeStep, file: Path) -> None:
    left, right = st.columns([11, 9], gap="medium", vertical_alignment="center")
    with left:
        st.code(step.code.rstrip(), language="python", wrap_lines=True)
        if lines := code_reading.lines_of(step.code, file.read_text(encoding="utf-8")):
            st.caption(_("{file}, line {line}", file=file.name, line=lines[0]))
    with right:
        st.markdown(f"$$\n{step.term}\n$$\n\n**{number}.** {step.does.text(language().code)}")
