"""All methods, by family: each with one sentence and its lesson."""

from __future__ import annotations

import streamlit as st

from da_core.teaching.lessons.families import FAMILIES, KINDS, group_methods
from da_core.teaching.lessons.method_search import search
from pages.session import keys
from pages.session.words import _, safe
from pages.shell import cards, navigation

navigation.header("methods")

with st.spinner(_("Loading the methods…")):
    from da_core.methods import methods
    from pages.learn import map_of_methods

views = {"list": _("List"), "map": _("Map: what each needs, and when it fails")}
if cards.segments(_("View"), views, keys.METHODS_VIEW) == "map":
    map_of_methods.draw()
    st.stop()

with st.container(key=keys.METHOD_SEARCH, horizontal=True, vertical_alignment="center"):
    typed = st.text_input(
        _("Search by name or idea"),
        placeholder=_("Search by name or idea"),
        key=keys.METHOD_SEARCH_NAME,
        label_visibility="collapsed",
        width=280,
    )
    families = {"": _("All")} | {name: _(family.title) for name, family in FAMILIES.items()}
    family = cards.segments(_("Family"), families, keys.METHOD_SEARCH_FAMILY)

found = group_methods(search((method for method in methods().values() if family in ("", method.family())), typed))
if not found:
    st.info(_("No method's name, paper or lesson contains “{words}”.", words=safe(typed.strip())))
for of_family, kinds in found.items():
    st.subheader(_(FAMILIES[of_family].title), anchor=False)
    st.markdown(f":gray[{_(FAMILIES[of_family].idea)}]")
    for kind, of_kind in kinds.items():
        if kind in KINDS:
            st.html(f'<div class="lab-kind">{_(KINDS[kind])}</div>')
        with st.container(key=keys.method_list(kind), gap=None):
            for method in of_kind:
                with st.container(key=keys.method_entry(method.name()), gap=None):
                    navigation.link_to("lesson", _(method.title), lesson=method.name())
                    begin = f":violet-badge[{_('Start here')}] " if method.start_here else ""
                    st.markdown(f"{begin}:gray[{_(method.summary)}]")
