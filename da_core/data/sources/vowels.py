"""Load spoken vowels: the formants that Peterson and Barney measured in 1952, synthesised again."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Literal

import numpy as np

from da_core import params
from da_core.data.pair import Domain, DomainPair
from da_core.data.source import DataSource
from da_core.data.synthesis.formants import speak_vowels
from da_core.errors import UserError
from da_core.experiment import NetworkSpec, TrainingSpec, UsualSpec
from da_core.params import hyper

Speakers = Literal["men", "women", "children"]

TABLE = Path(__file__).with_name("peterson_barney_1952.csv")
CLASSES = {
    "heed": "heed [i]",
    "hid": "hid [ɪ]",
    "head": "head [ɛ]",
    "had": "had [æ]",
    "hud": "hud [ʌ]",
    "hod": "hod [ɑ]",
    "hawed": "hawed [ɔ]",
    "hood": "hood [ʊ]",
    "who'd": "who'd [u]",
    "heard": "heard [ɝ]",
}
"""What each word of the table is called as a class: the word with the sound of its vowel."""


class Vowels(DataSource):
    """Ten vowels by men, women and children, as the logarithms of F0 to F3.

    A vocal tract of another length multiplies all resonances, which moves their logarithms: men and children differ
    in little more. Scaling each domain by its own mean undoes most of that at once (phoneticians know it as Lobanov's
    normalisation, 1971; here the step ``zscore_domain``), so both are scaled by the source, which leaves it to the
    method.
    """

    name = "vowels"
    title = "Vowels, men → children"
    summary = (
        "Ten spoken vowels, from the resonances of the vocal tract. Children's tracts are shorter, so all "
        "frequencies are higher."
    )
    area = "speech"
    shift = "appearance"
    kind = "features"
    origin = (
        "G. E. Peterson and H. L. Barney, “Control methods used in a study of the vowels”, Journal of "
        "the Acoustical Society of America 24, 1952: the fundamental frequency and three formants of ten "
        "vowels, each said twice by 76 speakers of American English. The numbers are those of the table that "
        "comes with Praat; the sounds are made from them by this project's code."
    )
    licence = "A table of measured facts; cite the paper."
    usual = UsualSpec(network=NetworkSpec(name="mlp"), training=TrainingSpec(epochs=100))

    class Params(params.Params):
        source: Speakers = hyper("men", title="Source speakers")
        """Speakers whose vowels have labels: 33 men, 28 women or 15 children."""
        target: Speakers = hyper("children", title="Target speakers", help="Speakers whose vowels are classified.")

    params: Params

    def load(self, seed: int) -> DomainPair:
        if self.params.source == self.params.target:
            raise UserError("Source and target are the same speakers; choose other speakers for one of them.")
        return self.pair(
            _domain(self.params.source),
            _domain(self.params.target),
            tuple(CLASSES.values()),
            columns=("ln F0", "ln F1", "ln F2", "ln F3"),
        )


def _domain(speakers: Speakers) -> Domain:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["speakers"] == speakers]
    hertz = np.array([[float(row[name]) for name in ("f0", "f1", "f2", "f3")] for row in rows])
    words = list(CLASSES)
    return Domain(
        name=speakers,
        X=np.log(hertz).astype(np.float32),
        y=np.array([words.index(row["word"]) for row in rows], np.int64),
        # numbers alone, which read alike in every language
        captions=np.array(["№ {speaker} · F0 {f0} · F1 {f1} · F2 {f2} · F3 {f3} Hz".format(**row) for row in rows]),
        sounds=speak_vowels(hertz),
    )
