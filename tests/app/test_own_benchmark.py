"""The Benchmark screen: one's own runs as a table of methods on pairs, with ranks."""

from __future__ import annotations

import json
import re

from streamlit.testing.v1 import AppTest

from da_core.evaluation.shipped_benchmark import command
from da_core.experiment import DataSpec, Experiment, MethodSpec
from pages.session import keys
from tests.support import made_up_run
from tests.support.lab import Lab, texts

ACCURACIES = {"coral": 0.6, "dann": 0.9, "tca": 0.7}


def own_runs(lab: Lab, kind: str = "own") -> AppTest:
    """The screen, with the runs so far chosen."""
    app = lab.screen("own_benchmark", section="lab")
    app.button_group(key=keys.BENCHMARK_KIND).set_value(kind)
    return app.run()


def fill(lab: Lab) -> None:
    """Two seeds of three methods on three pairs, one method missing on the last; one of a pair of its own."""
    for data in ("moons", "blobs", "vowels"):
        for method, accuracy in ACCURACIES.items():
            for seed in (0, 1):
                if (data, method) != ("vowels", "tca"):
                    experiment = Experiment(data=DataSpec(name=data), method=MethodSpec(name=method), seed=seed)
                    lab.finish(made_up_run.reaching(accuracy + seed / 50), experiment)


def table(app: AppTest) -> list[list[str]]:
    """The cells of the table, row by row."""
    (body,) = (one.proto.body for one in app.get("html") if 'class="lab-benchmark"' in one.proto.body)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in body.split("<tr>")[1:]]


def test_runs_become_a_table_with_ranks(lab: Lab) -> None:
    fill(lab)
    app = own_runs(lab)
    assert not app.exception
    rows = table(app)
    assert [row[0] for row in rows[1:]] == ["DANN", "TCA", "CORAL"], "the best rank first"
    assert {len(row) for row in rows} == {5}, "two pairs on which all have run, the mean and the rank"
    assert rows[1][1].startswith("<b>91.0</b><small>")
    assert rows[2][1].startswith("71.0<small>")
    assert rows[1][3:] == ["91.0", "1.00"]
    assert "Not significantly different: DANN, TCA, CORAL" in texts(app).replace("\\", "")
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert figure["data"][1]["x"] == [1, 2, 3]
    assert figure["layout"]["yaxis"]["ticktext"][1:] == ["DANN", "TCA", "CORAL"]


def test_a_pair_where_a_method_is_missing_is_said_when_it_is_chosen(lab: Lab) -> None:
    fill(lab)
    app = own_runs(lab)
    pairs = app.multiselect[1]
    pairs.set_value(pairs.options)
    app.run()
    assert not app.exception
    assert "does not count for the ranks: it has no score for TCA" in texts(app).replace("\\", "")
    assert ["–" in row for row in table(app)[1:]] == [False, True, False]
    app.multiselect[0].set_value(["DANN"])
    assert "There are no ranks" in texts(app.run()).replace("\\", "")


def test_without_runs_of_two_methods_on_two_pairs_it_says_what_it_takes(lab: Lab) -> None:
    assert "nothing to compare yet" in texts(own_runs(lab))
    lab.finish()
    app = own_runs(lab)
    assert not app.exception
    assert "nothing to compare yet" in texts(app)


def test_a_benchmark_comes_with_the_app_and_says_how_it_is_made(lab: Lab) -> None:
    app = own_runs(lab, "shipped")
    assert not app.exception
    assert "CORAL" in {row[0] for row in table(app)}
    assert app.code[0].value == command()
