"""The bug hunt: a script that looks right, the line that is wrong, what comes of it, and what mends it."""

from __future__ import annotations

import streamlit as st

from da_core.errors import UserError
from da_core.teaching.course.bugs import Output, Version, bugs, code, run
from pages.learn import own_progress
from pages.session import keys
from pages.session.words import _, bold_first, explain, language, paragraph, safe
from pages.shell import navigation


@st.cache_data(max_entries=32, show_spinner=False)
def _output(name: str, version: Version) -> Output:
    return run(name, version)


def ran(name: str, version: Version) -> None:
    """Run a script and draw what it prints, with the error that ends it."""
    try:
        with st.spinner(_("The script is running…")):
            output = _output(name, version)
    except UserError as error:
        st.error(explain(error))
        return
    st.markdown(f"**{_('Output')}**")
    if output.printed:
        st.code(output.printed, language=None)
    if output.error:
        where = _("It stops in line {number}.", number=output.line) if output.line else _("It stops.")
        st.error(paragraph(where, safe(output.error)))


def as_code(number: int, line: str) -> str:
    """Write a numbered line of code as Markdown that keeps its blanks."""
    fence = "``" if "`" in line else "`"
    text = f"{number:2}  {line}".replace(" ", "\N{NO-BREAK SPACE}")
    return f"{fence}{text}{fence}"


def mark_the_line(name: str) -> bool:
    """Let the reader mark the wrong line; return whether the search is over."""
    solved = keys.bug_solved(name)
    lines = code(name, "wrong").splitlines()
    if st.session_state.get(solved):
        st.code("\n".join(lines), language="python", line_numbers=True)
        number = next(place for place, line in enumerate(lines, 1) if bugs()[name].is_wrong(line))
        here = _("It is line {number}.", number=number)
        st.markdown(bold_first(_("Right."), here) if st.session_state[solved] == "found" else here)
        return True
    with st.container(key=keys.bug_lines(name)):
        chosen = st.radio(
            _("Which line is wrong?"),
            [place for place, line in enumerate(lines) if line.strip()],
            format_func=lambda place: as_code(place + 1, lines[place]),
            index=None,
            key=keys.bug_line(name),
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        this = st.button(_("Mark this line"), type="primary", disabled=chosen is None, key=keys.bug_commit(name))
        reveal = st.button(_("Show me"), type="tertiary")
    if this and chosen is not None and bugs()[name].is_wrong(lines[chosen]):
        own_progress.note("bug", name, "right")
        st.session_state[solved] = "found"
        st.rerun()
    if reveal:
        own_progress.note("bug", name, "skipped")
        st.session_state[solved] = "shown"
        st.rerun()
    if this:
        st.warning(_("This line is correct. Look again: which parts belong together?"))
    return False


def pick_the_remedy(name: str) -> bool:
    """Let the reader pick what mends the script; return whether they have."""
    remedies, in_words = bugs()[name].remedies, language().code
    mended = keys.bug_mended(name)
    chosen = st.radio(
        _("Which change fixes it?"),
        range(len(remedies)),
        format_func=lambda place: remedies[place].text.text(in_words),
        index=None,
        key=keys.bug_remedy(name),
    )
    if chosen is None:
        return False
    refutation = remedies[chosen].because
    if refutation is not None:
        st.warning(refutation.text(in_words))
    else:
        st.session_state[mended] = True
    return bool(st.session_state.get(mended))


def hunt(name: str) -> None:
    """Draw one bug, as far as the reader has come."""
    bug, in_words = bugs()[name], language().code
    st.subheader(bug.title.text(in_words), anchor=False)
    st.markdown(bug.meant.text(in_words))
    if not mark_the_line(name):
        return
    ran(name, "wrong")
    st.markdown(bug.happens.text(in_words))
    if not pick_the_remedy(name):
        return
    st.markdown(f"**{paragraph(_('Right.'), _('Correct version'))}**")
    st.code(code(name, "right"), language="python", line_numbers=True)
    ran(name, "right")
    st.success(bug.after.text(in_words))


def title_of(name: str) -> str:
    """Write a bug's title, with a tick where the reader has mended it."""
    tick = "✓ " if st.session_state.get(keys.bug_mended(name)) else ""
    return tick + bugs()[name].title.text(language().code)


navigation.header("bug_hunt")
hunt(st.selectbox(_("Script"), list(bugs()), format_func=title_of, key=keys.BUG))
