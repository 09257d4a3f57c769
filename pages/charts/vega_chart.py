"""Share the parts of all Vega-Lite charts. They redraw without a flicker, so live charts use them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from pages.charts import chart_table

Json = dict[str, Any]


def draw(rows: pd.DataFrame, spec: Json, key: str, alt: str, table: pd.DataFrame | None) -> None:
    """Put a chart on the page, ``alt`` a sentence with the numbers that matter, and all of them in ``table`` below.

    It is None where the screen has the numbers in a table beside the chart.
    """
    st.vega_lite_chart(rows, spec, key=key, alt=alt)
    if table is not None:
        chart_table.draw(table, key)
