"""The two languages: sentences, numbers and dates as each writes them.

English in the source is the key, ``assets/locale/<language>`` has the translations: gettext files read as text at first
use, so nothing has to be compiled. A message without a translation is shown in English and noted in `missing`, where
a test finds it.
"""

from __future__ import annotations

import functools
import re
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit

from da_core.own_names import OwnName
from da_core.system.app_files import ASSETS

LANGUAGES: dict[str, str] = {"en": "English", "zh": "中文"}

missing: set[tuple[str, str]] = set()
"""(language, message) of everything that was shown untranslated."""

_HAN, _LATIN = r"[\u3400-\u9fff]", r"[0-9A-Za-z%]"
_SEAM = re.compile(f"(?<={_HAN})(?={_LATIN})|(?<={_LATIN})(?={_HAN})")
"""Where Chinese meets a number or a Latin word: the one place for a space in a Chinese sentence."""

_LOCALES = ASSETS / "locale"


def translations_file(of: str) -> Path:
    """Return the file of the translations into ``of``."""
    return _LOCALES / of / "LC_MESSAGES" / "app.po"


@functools.cache
def translations(of: str) -> dict[str, str]:
    """Read every finished translation into ``of`` by its English message; empty for English itself."""
    path = translations_file(of)
    if not path.exists():
        return {}
    with path.open("rb") as file:
        messages = read_po(file, locale=of, charset="utf-8")
    return {str(m.id): str(m.string) for m in messages if m.id and m.string and not m.fuzzy}


@dataclass(frozen=True)
class Language:
    """One of `LANGUAGES`, by its code."""

    code: str = "en"

    def translate(self, message: str, /, **values: object) -> str:
        """Translate ``message`` and fill its ``{fields}``."""
        translated = self._translated(message)
        if not values:
            return translated
        return _fill_spaced(translated, values) if self.code == "zh" else translated.format(**values)

    def translate_message(self, message: str, values: Mapping[str, object]) -> str:
        """Translate a sentence of ``da_core`` (a notice, an error), and words, and lists of them, in its ``values``."""

        def filled(value: object) -> object:
            if isinstance(value, list):
                return self.listing(map(self.word, value))
            return self.word(value) if isinstance(value, str) else value

        return self.translate(message, **{key: filled(value) for key, value in values.items()})

    def paragraph(self, *sentences: str) -> str:
        """Join sentences, the empty ones left out: Chinese has no space after a full stop."""
        return ("" if self.code == "zh" else " ").join(filter(None, sentences))

    def listing(self, parts: Iterable[str]) -> str:
        """Write parts one after the other, with commas; Chinese has one of its own for this."""
        return ("、" if self.code == "zh" else ", ").join(parts)

    def word(self, name: str) -> str:
        """Translate ``name`` if it has a translation (class names, stages); people's own names stay as they are."""
        if isinstance(name, OwnName):
            return name
        return translations(self.code).get(name, name)

    def choice(self, title: str, name: str) -> str:
        """Translate a choice of the field ``title``; a word of several meanings has a translation by field."""
        key = f"{title}: {name}"
        word = self.word(key)
        return self.word(name) if word == key else word

    def number(self, x: float, digits: int = 0) -> str:
        """Write ``x`` with ``digits`` decimals, grouped as the language groups."""
        written = format_decimal(x, format="#,##0" + ("." + "0" * digits if digits else ""), locale=self._locale)
        return str(written).replace("-", "−")

    def percent(self, x: float, digits: int = 1) -> str:
        """Write a fraction as a percentage: .5213 → 52.1%."""
        return str(
            format_percent(x, format="#,##0" + ("." + "0" * digits if digits else "") + "%", locale=self._locale)
        )

    def points(self, difference: float) -> str:
        """Write a difference of two fractions in percentage points, with its sign: .213 → +21.3 points."""
        return self.translate("{points} points", points=self.signed(difference))

    def signed(self, difference: float) -> str:
        """Write a difference of two fractions as `points` does, without the unit."""
        sign = "+" if difference >= 0.0005 else "−" if difference <= -0.0005 else "±"
        return sign + self.number(abs(difference) * 100, 1)

    def seconds(self, x: float) -> str:
        """Write a duration coarsely enough to read at a glance: 12 s, or minutes from ninety seconds on."""
        unit, amount = ("minute", x / 60) if x >= 90 else ("second", x)
        rounded = round(amount, 1) if unit == "second" and amount < 10 else round(amount)
        written = format_unit(rounded, f"duration-{unit}", length="short", locale=self._locale)
        return _SEAM.sub(" ", written)

    def day(self, when: datetime) -> str:
        """Write a date as the language does."""
        return format_date(when, format="long", locale=self._locale)

    def moment(self, when: datetime, zone: tzinfo | None = None) -> str:
        """Write a date and time as the language does, in ``zone`` or else in UTC."""
        return str(format_datetime(when, format="short", tzinfo=zone, locale=self._locale))

    @property
    def _locale(self) -> Locale:
        return Locale.parse(self.code)

    def _translated(self, message: str) -> str:
        if self.code == "en" or isinstance(message, OwnName):
            return message
        translation = translations(self.code).get(message)
        if translation is None:
            missing.add((self.code, message))
            return message
        return translation


def _fill_spaced(message: str, values: Mapping[str, object]) -> str:
    """Fill the ``{fields}`` of a Chinese message, with a space where a value and the sentence meet only if one is due.

    Whether it is, shows the value alone: “用 {method} 适应” wants one around DANN and none around 微调. What stands
    inside a value (a person's own names) is left as it is.
    """
    filled = ""
    for literal, field, spec, conversion in string.Formatter().parse(message):
        filled = _join(filled, literal)
        if field is not None:
            template = "{" + field + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "") + "}"
            filled = _join(filled, template.format(**values))
    return filled


def _join(left: str, right: str) -> str:
    """Join two parts of a Chinese sentence."""
    before, after = left.rstrip(" "), right.lstrip(" ")
    if re.fullmatch(f"{_HAN}{{2}}", before[-1:] + after[:1]):
        return before + after
    return f"{before} {after}" if _SEAM.search(before[-1:] + after[:1]) else left + right
