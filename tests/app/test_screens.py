"""Home, Data, Network and Method in both languages, and that what one does on them becomes the experiment."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from da_core import i18n
from da_core.data.loading.cache import load_pair
from da_core.data.loading.third_domain import third_domain
from da_core.errors import UserError
from da_core.experiment import DataSpec, Experiment
from da_core.jobs.store import EXAMPLE
from da_core.methods.alignment.dann import DANN
from da_core.settings import settings
from da_core.teaching import showcase
from pages.own_data import bring_files
from pages.run import before_after
from pages.session import keys, words
from tests.support.lab import Lab, button, has, query_of, texts, visit


@pytest.fixture(autouse=True)
def _own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DA_LAB_DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    i18n.missing.clear()
    yield
    settings.cache_clear()


def opened(page: str = "", **query: str) -> AppTest:
    """A new visitor on ``page``, who followed a link with this query; few pictures are made."""
    return visit(page and f"walk/{page}.py", **{"data.count": "100"} | query)


def experiment(at: AppTest) -> Experiment:
    return Experiment.from_flat({n: v for n, v in query_of(at).items() if n not in ("lang", "run", "hide")})


def warnings(at: AppTest) -> list[str]:
    return [str(warning.value) for warning in at.warning]


def test_the_switch_changes_the_language_and_the_link_keeps_it() -> None:
    at = opened("data")
    assert at.title[0].value == "Data"
    at.button_group(key=keys.LANGUAGE_SWITCH).set_value("zh").run()
    assert at.title[0].value == "数据"
    assert query_of(at)["lang"] == "zh"


def test_a_third_domain_is_chosen_on_data_and_goes_with_the_link() -> None:
    at = opened("data")
    at.selectbox(key=keys.THIRD).set_value("street").run()
    assert not at.exception
    assert (query_of(at)["third"], query_of(at)["third.count"]) == ("street", "100")
    at.button_group(key=keys.setting("third", "difficulty")).set_value("rain").run()
    assert query_of(at)["third.difficulty"] == "rain"
    at.selectbox(key=keys.THIRD).set_value("").run()
    assert "third" not in query_of(at)


# The link ------------------------------------------------------------------------------------------------------------


def test_a_link_brings_an_experiment_and_page_changes_keep_it() -> None:
    at = opened("network", seed="7", method__weight="0.5", training__epochs="3")
    assert at.number_input(key=keys.SEED).value == 7
    assert at.number_input(key=keys.setting("training", "epochs")).value == 3
    at.switch_page("walk/method.py").run()
    assert at.slider(key=keys.setting("dann", "weight")).value == 0.5
    assert experiment(at).seed == 7


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("training.epochs", "0", "epochs"),
        ("method.weight", "99", "weight of dann is 99"),
        ("method.weight", "much", "weight of dann"),
        ("data.count", "7", "100"),
        ("method", "magic", "no method “magic”"),
        ("network.width", "wide", "width"),
        ("data.size", "33333", "size of street"),
        ("nonsense", "1", "nonsense"),
        ("third", "moon", "no data set “moon”"),
    ],
)
def test_a_link_that_cannot_be_followed_is_told_in_a_sentence_and_changes_nothing(
    name: str, value: str, says: str
) -> None:
    at = visit(**{name: value})
    assert len(warnings(at)) == 1
    assert says in warnings(at)[0]
    assert experiment(at) == Experiment()


def test_a_teachers_link_hides_parts() -> None:
    at = opened("method", hide="method,training")
    assert not at.radio
    assert at.button
    at.switch_page("walk/network.py").run()
    assert at.radio
    assert not at.number_input
    assert query_of(at)["hide"] == "method,training"


# Forms ---------------------------------------------------------------------------------------------------------------


def test_choosing_and_setting_writes_the_experiment() -> None:
    at = opened("network")
    at.radio[0].set_value("mlp").run()
    at.slider(key=keys.setting("mlp", "layers")).set_value(3).run()
    at.number_input(key=keys.setting("training", "epochs")).set_value(4).run()
    at.select_slider(key=keys.setting("training", "learning_rate")).set_value(0.01).run()
    at.switch_page("walk/method.py").run()
    at.button_group(key=keys.FAMILY).set_value("reweighting").run()
    at.radio[0].set_value("domain_classifier").run()
    at.toggle(key=keys.ORACLE).set_value(True).run()
    now = experiment(at)
    assert (now.network.name, now.network.params) == ("mlp", {"layers": 3})
    assert (now.training.epochs, now.training.learning_rate) == (4, 0.01)
    assert now.method.name == "domain_classifier"
    assert now.oracle


def test_a_look_at_another_family_loses_no_settings() -> None:
    at = opened("method", method="coral", method__regularisation="0.1")
    chosen = experiment(at).method
    at.button_group(key=keys.FAMILY).set_value("reweighting").run()
    assert experiment(at).method.name != "coral"
    at.button_group(key=keys.FAMILY).set_value("alignment").run()
    assert experiment(at).method == chosen


def test_a_value_set_back_to_its_default_leaves_the_link() -> None:
    at = opened("method", method__weight="2")
    at.slider(key=keys.setting("dann", "weight")).set_value(DANN.Params().weight).run()
    assert "method.weight" not in at.query_params


def test_a_checkpoint_can_be_brought_and_put_away_again() -> None:
    at = opened("network")
    at.file_uploader(key=keys.CHECKPOINT).set_value(("mine.pt", b"weights", "application/zip")).run()
    assert (experiment(at).network.checkpoint or "").startswith("upload:")
    button(at, "Start from random weights").click().run()
    assert experiment(at).network.checkpoint is None


# Data ----------------------------------------------------------------------------------------------------------------


def archive(**folders: int) -> bytes:
    """A zip with so many small pictures in each folder."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for folder, count in folders.items():
            for number in range(count):
                one = io.BytesIO()
                Image.fromarray(np.full((20, 20, 3), 9 * number, np.uint8)).save(one, "PNG")
                packed.writestr(f"{folder.replace('__', '/')}/{number}.png", one.getvalue())
    return file.getvalue()


def rows(role: str, columns: int = 3) -> bytes:
    """An .npz with rows of numbers and their labels."""
    file = io.BytesIO()
    np.savez(file, X=np.random.default_rng(ord(role[0])).normal(size=(12, columns)), y=np.arange(12) % 2)
    return file.getvalue()


def understood(at: AppTest) -> AppTest:
    """Wait for what the background reads of one's own files."""
    bring_files.readings.wait_idle(60)
    at.run()
    assert not at.exception
    return at


def use(at: AppTest, label: str = "Use this data") -> AppTest:
    button(at, label).click().run()
    assert not at.exception
    return at


def test_the_data_screen_shows_both_domains() -> None:
    at = opened("data")
    alts = [image.proto.imgs[0].alt for image in at.image]
    assert "Pictures of car in day" in alts
    assert "Pictures of cat in night" in alts
    assert sum(alt.startswith("Pictures of") for alt in alts) == 20


@pytest.mark.parametrize(("example", "samples"), [("street.zip", "120"), ("vowels.csv", "660")])
def test_own_data_without_a_file_shows_what_to_bring_and_examples_to_try(example: str, samples: str) -> None:
    at = opened("data")
    at.button_group(key=keys.AREA).set_value("own").run()
    alts = [image.proto.imgs[0].alt for image in at.image]
    assert not any(alt.startswith("Pictures of") for alt in alts), "the data in use are not one's own"
    assert any("day/car/0.png" in code.value for code in at.code)
    understood(at.button(key=keys.example_file(example)).click().run())
    if example == "vowels.csv":
        assert at.selectbox(key=keys.column("label")).value == "word"
        at.selectbox(key=keys.column("source_domain")).set_value("men").run()
    use(understood(at))
    spec = experiment(at).data
    assert spec.source.endswith(f"/{example}")
    assert f"{samples} samples" in " ".join(html.proto.body for html in at.get("html"))


def test_uploaded_pictures_become_the_data() -> None:
    at = upload(opened("data"), ("mine.zip", archive(day__cat=6, day__dog=5, night__cat=4, night__dog=3)))
    assert experiment(at).data.name == "street", "nothing is kept before it has been looked at"
    use(at)
    spec = experiment(at).data
    assert spec.name == "files"
    pair = load_pair(spec)
    assert (len(pair.source), len(pair.target), pair.classes) == (11, 7, ("cat", "dog"))
    assert not warnings(at)


def test_uploaded_features_are_shown_as_a_table() -> None:
    at = opened("data", lang="zh")
    for role in ("source", "target"):
        upload(at, (f"{role}.npz", rows(role)), role=role)
    use(at, "使用这些数据")
    assert not warnings(at)
    assert not i18n.missing
    assert [table.value.shape for table in at.dataframe] == [(8, 4), (8, 4)]


def test_a_bad_upload_is_told_in_a_sentence_and_what_was_there_stays() -> None:
    at = upload(opened("data"), ("mine.zip", archive(day__cat=6, night__cat=4)))
    assert "only one class" in at.error[0].value
    upload(at, ("mine.zip", archive(day__cat=6, day__dog=0, night__cat=4, other=1).replace(b"PNG", b"nop")))
    assert f"“{words.safe('mine.zip')}”" in at.error[0].value
    assert not has(at, "Use this data")
    assert experiment(at).data == DataSpec(params={"count": 100})


def test_a_name_of_ones_own_in_a_sentence_is_no_markdown() -> None:
    error = UserError("“{place}” is empty.", place="![look](https://example.org/a.png) <b> `x` $y$")
    shown = (
        AppTest.from_function(_tell, kwargs={"sentence": words.explain(error)}, default_timeout=60).run().error[0].value
    )
    assert re.search(r"(?<!\\)[\[\]<`$]", shown) is None
    assert "look" in shown


def _tell(sentence: str) -> None:
    import streamlit as st

    st.error(sentence)


def test_a_folder_outside_is_refused_to_a_visitor_from_elsewhere(tmp_path: Path) -> None:
    at = opened("data")
    at.button_group(key=keys.AREA).set_value("own").run()
    at.button_group(key=keys.OWN_ORIGIN).set_value("Folder on the server").run()
    assert (
        at.text_input(key=keys.server_path("source")).placeholder
        == f"A folder inside {settings().data_dir / 'shared'}."
    )
    at.text_input(key=keys.server_path("source")).set_value(str(tmp_path)).run()
    assert "outside the folder" in at.error[0].value
    assert experiment(at).data.name == "street"


def flowers(count: int, shift: float = 0, site: str = "") -> list[str]:
    return [f"{n % 7 + shift},{n},{'rose' if n % 2 else 'lily'},{n % 3}{site}" for n in range(count)]


def test_a_tables_columns_are_understood_and_can_be_set_right() -> None:
    table = "\n".join(["width,height,kind,plot,place", *flowers(12, 0, ",Bern"), *flowers(9, 3, ",Oslo")])
    at = upload(opened("data"), ("garden.csv", table.encode()))
    assert at.selectbox(key=keys.column("domain")).value == "place"
    at.selectbox(key=keys.column("label")).set_value("plot").run()
    understood(at)
    at.multiselect(key=keys.column("features")).set_value(["height"]).run()
    understood(at)
    assert at.selectbox(key=keys.column("source_domain")).value is None, "neither place is plainly the source"
    assert "It is unclear which of Bern, Oslo is the source" in at.info[0].value
    at.selectbox(key=keys.column("source_domain")).set_value("Bern").run()
    use(understood(at))
    spec = experiment(at).data
    assert spec.params == {"label": "plot", "features": "height", "domain": "place", "source_domain": "Bern"}
    pair = load_pair(spec)
    assert (pair.source.name, pair.target.name, pair.classes) == ("Bern", "Oslo", ("0", "1", "2"))
    assert pair.columns == ("height",)


def upload(at: AppTest, *files: tuple[str, bytes], role: str = "source") -> AppTest:
    """Upload files of one's own, and wait until they have been read."""
    at.button_group(key=keys.AREA).set_value("own").run()
    at.file_uploader(key=keys.upload(role)).set_value([(*file, "application/x-unknown") for file in files]).run()
    return understood(at)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("论文.docx", b"\xd0\xcf\x11\xe0 no table", "无法在此读取"),
        ("empty.csv", b"", "是空的"),
        ("photo.jpg", b"\xff\xd8\xff nothing", "无法在此读取"),
    ],
)
def test_every_file_is_taken_and_answered_in_the_readers_language(name: str, content: bytes, says: str) -> None:
    at = upload(opened("data", lang="zh"), (name, content))
    answer = next(iter([*at.error, *at.warning]))
    assert says in answer.value
    assert words.safe(name) in answer.value
    assert not i18n.missing


def test_several_tables_at_once_are_no_domain() -> None:
    at = upload(opened("data"), ("a.csv", b"x,label\n1,a\n"), ("b.csv", b"x,label\n1,a\n"))
    assert "Choose several files at once" in [*at.error, *at.warning][0].value


def test_many_pictures_at_once_are_a_domain() -> None:
    packed = zipfile.ZipFile(io.BytesIO(archive(cat=4, dog=4)))
    named = [(name.replace("/", "_"), packed.read(name)) for name in packed.namelist()]
    at = upload(opened("data"), *named)
    use(understood(upload(at, *((name.replace("cat", "IMG"), data) for name, data in named[:4]), role="target")))
    pair = load_pair(experiment(at).data)
    assert pair.classes == ("cat", "dog")
    assert (len(pair.source), len(pair.target), pair.target_labelled) == (8, 4, False)


def test_a_workbook_with_gaps_and_words_is_told_before_it_is_used_and_its_names_stay(tmp_path: Path) -> None:
    """“class”, “day”, “cat” are words that the app knows: here they are the visitor's."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"class": rng.choice(["cat", "dog"], 80), "year": rng.normal(size=80)})
    table["city"] = rng.choice(["day", "night", "slow"], 80)
    table.loc[:4, "year"] = np.nan
    table["domain"] = ["day", "night"] * 40
    table.to_excel(tmp_path / "a.xlsx", index=False)
    at = upload(opened("data", lang="zh"), ("客户.xlsx", (tmp_path / "a.xlsx").read_bytes()))
    said = " ".join(caption.value for caption in at.caption)
    assert "填补了 5 个缺失的单元格" in said
    assert "city (3)" in said.replace("\\", "")
    at.selectbox(key=keys.column("missing")).set_value("drop rows").run()
    at = understood(at)
    assert "填补" not in " ".join(caption.value for caption in at.caption)
    use(at, "使用这些数据")
    assert experiment(at).data.params == {
        "label": "class",
        "domain": "domain",
        "source_domain": "day",
        "missing": "drop rows",
    }
    assert at.subheader[0].value == words.safe("客户.xlsx")
    drawn = " ".join(str(html.proto.body) for html in at.get("html"))
    assert "day" in drawn
    assert "白天" not in drawn
    assert "city=slow" in at.dataframe[0].value.columns
    assert not i18n.missing


def test_chinese_texts_are_counted_in_characters() -> None:
    said = ("服务太慢了不想再来", "这家店的菜好吃得很")
    rows = [f"{said[n % 2]},{'差好'[n % 2]},{'ab'[n // 2 % 2]}" for n in range(40)]
    table = "\n".join(["内容,情感,来源", *rows])
    at = upload(opened("data"), ("评论.csv", table.encode()))
    at.selectbox(key=keys.column("text")).set_value("内容").run()
    understood(at)
    at.selectbox(key=keys.column("source_domain")).set_value("a").run()
    understood(at)
    drawn = " ".join(str(html.proto.body) for html in at.get("html"))
    assert "a text of about 9 characters" in drawn


def test_a_third_file_of_ones_own_goes_beside_the_two_and_one_that_does_not_fit_is_refused() -> None:
    at = opened("data")
    for role in ("source", "target"):
        upload(at, (f"{role}.npz", rows(role)), role=role)
    use(at)
    at.selectbox(key=keys.THIRD).set_value("files").run()
    assert experiment(at).third is None, "nothing is brought yet"
    upload(at, ("third.npz", rows("third", columns=4)), role="third")
    assert "have shape" in at.error[0].value
    assert experiment(at).third is None
    upload(at, ("third.npz", rows("third")), role="third")
    third = experiment(at).third
    assert third is not None
    assert (third.source, third.target) == (experiment(at).data.source, third.target)
    assert len(third_domain(third, load_pair(experiment(at).data)).y) == 12
    assert "In use: 12 samples, 12 of them with a label." in [caption.value for caption in at.caption]
    at.selectbox(key=keys.THIRD).set_value("").run()
    assert experiment(at).third is None
    at.selectbox(key=keys.THIRD).set_value("files").run()
    at.session_state[keys.EXPERIMENT] = Experiment(data=DataSpec(params={"count": 100}))
    at.button_group(key=keys.AREA).set_value("pictures").run()
    assert at.selectbox(key=keys.THIRD).value == "", "beside built-in data none of one's own is asked for"
    assert not at.exception


def test_a_third_value_of_a_domain_column_can_be_the_third_domain() -> None:
    rows = [*flowers(12, 0, ",Bern"), *flowers(9, 3, ",Oslo"), *flowers(8, 5, ",Rome")]
    table = "\n".join(["width,height,kind,plot,place", *rows])
    at = upload(opened("data"), ("garden.csv", table.encode()))
    at.selectbox(key=keys.column("label")).set_value("kind").run()
    understood(at)
    assert not any(box.key == keys.THIRD for box in at.selectbox), "all other places are the target"
    at.selectbox(key=keys.column("source_domain")).set_value("Bern").run()
    understood(at)
    at.selectbox(key=keys.column("target_domain")).set_value("Oslo").run()
    use(understood(at))
    understood(at)
    at.selectbox(key=keys.THIRD).set_value("domain:Rome").run()
    third = experiment(at).third
    assert third is not None
    domain = third_domain(third, load_pair(experiment(at).data))
    assert (domain.name, len(domain.y)) == ("Rome", 8)
    assert at.selectbox(key=keys.THIRD).value == "domain:Rome"


# Home and the run ----------------------------------------------------------------------------------------------------


def test_the_example_that_ships_can_be_followed_through_its_epochs() -> None:
    cloud = before_after.Cloud.from_evidence(showcase.read(showcase.FOLDER).record.evidence)
    stops = {"before", "after", *cloud.confidence}
    assert {"0", "1", "10"} <= stops
    assert set(cloud.layouts) == {"pca", "umap"}
    assert all(set(points) == stops == set(cloud.predicted) for points in cloud.layouts.values())


def test_the_example_that_ships_opens_on_every_screen_without_training(lab: Lab) -> None:
    for name, section in (("features", "walk"), ("results", "walk"), ("runs", "lab")):
        app = lab.screen(name, section=section)
        button(app, "Look at the example run").click().run()
        assert not app.exception
        assert query_of(app)["run"] == EXAMPLE
        assert app.title[0].value == ("Features" if name == "features" else "Results")
        assert not has(app, "Look at the example run")
    home = visit()
    button(home, "See its results →").click().run()
    accuracy = f"{100 * showcase.read(showcase.FOLDER).record.result.adapted.target.accuracy:.1f}%"
    for screen in ("train", "results", "features"):
        home.switch_page(f"walk/{screen}.py").run()
        assert not home.exception
        assert "finished example comes with the app" in texts(home)
        assert accuracy in texts(home) or accuracy in [metric.value for metric in home.metric]
    assert experiment(home) == showcase.EXPERIMENT


def test_a_run_is_told_of_on_other_screens(lab: Lab) -> None:
    at = lab.screen("method")
    button(at, "Train").click().run()
    run = query_of(at)["run"]
    at.switch_page("walk/data.py").run()
    assert any("Your run" in str(text.value) for text in at.markdown)
    lab.go.set()
    lab.wait_for(at, run, "done")
    assert any("Your run is finished" in str(text.value) for text in at.markdown)


def test_two_visitors_without_a_cookie_are_two_owners() -> None:
    owners: set[str] = set()
    for _visitor in range(2):
        at = AppTest.from_function(_tell_owner, default_timeout=60).run()
        owners.add(at.text[0].value)
        assert at.run().text[0].value in owners
    assert len(owners) == 2


def _tell_owner() -> None:
    import streamlit as st

    from pages.session import state

    st.text(state.owner())
