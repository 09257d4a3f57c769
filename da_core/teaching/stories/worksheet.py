"""A story's worksheet: one page to print, with empty axes for the guess and nothing of the result."""

from __future__ import annotations

import html

from da_core.i18n import Language
from da_core.teaching.course.guess import BarGuess, BoundaryGuess, CurveGuess, Ends, Guess
from da_core.teaching.stories.story_file import Story

_WIDTH, _HEIGHT = 600, 300
_STYLE = """
@page { size: A4; margin: 18mm; }
body { font: 12pt/1.45 system-ui, "Noto Sans", "Noto Sans SC", sans-serif; color: black;
  max-width: 174mm; margin: auto; }
h1 { font-size: 18pt; margin: 0 0 4mm; }
h2 { font-size: 12pt; margin: 6mm 0 2mm; }
p { margin: 0 0 3mm; }
svg { width: 100%; max-height: 95mm; }
.lines { border-bottom: .3mm solid gray; height: 9mm; }
.name { display: flex; gap: 8mm; margin-bottom: 6mm; } .name span { flex: 1; border-bottom: .3mm solid gray; }
"""


def worksheet(story: Story, guess: Guess, language: Language) -> str:
    """Write the page as HTML that needs nothing else."""
    code, translate = language.code, language.translate
    lines = '<div class="lines"></div>'
    return (
        f'<!doctype html><html lang="{code}"><meta charset="utf-8"><title>{_plain(story.asks.text(code))}</title>'
        f"<style>{_STYLE}</style>"
        f'<div class="name">{_plain(translate("Name"))} <span></span> {_plain(translate("Date"))} <span></span></div>'
        f"<h1>{_plain(story.asks.text(code))}</h1><p>{_plain(story.situation.text(code))}</p>"
        f"<h2>{_plain(translate('My guess'))}</h2><p>{_plain(guess.question.text(code))}</p>{_axes(guess, language)}"
        f"<h2>{_plain(translate('Why I think so'))}</h2>{lines * 3}"
        f"<h2>{_plain(translate('What came out, and why'))}</h2>{lines * 4}</html>"
    )


def _axes(guess: Guess, language: Language) -> str:
    """Draw what the guess is put down on: a scale, axes, or boxes to tick."""
    if isinstance(guess, BarGuess):
        return _svg(_scale((guess.low, guess.high), 60, guess.unit, language), 110)
    if isinstance(guess, CurveGuess):
        across, up = guess.across.text(language.code), guess.up.text(language.code)
        return _svg(_plane(guess.x, guess.y, across, up, guess.unit, language), _HEIGHT + 60)
    if isinstance(guess, BoundaryGuess):
        return _svg(_plane(guess.x, guess.y, "x₁", "x₂", "", language), _HEIGHT + 60)
    return "".join(f"<p>☐ {_plain(option.text(language.code))}</p>" for option in guess.options.values())


def _svg(drawn: str, height: int) -> str:
    return (
        f'<svg viewBox="-70 -20 {_WIDTH + 120} {height}" font-size="15" stroke-width="1.5" stroke="black" fill="none">'
        f"{drawn}</svg>"
    )


def _scale(ends: Ends, at: int, unit: str, language: Language) -> str:
    marks = [f'<path d="M0 {at}H{_WIDTH}"/>']
    for tick in range(11):
        x = _WIDTH * tick // 10
        marks.append(f'<path d="M{x} {at - 8}v16"/>')
        if tick % 2 == 0:
            value = ends[0] + (ends[1] - ends[0]) * tick / 10
            marks.append(_text(x, at + 28, language.number(value) + unit, "middle"))
    return "".join(marks)


def _plane(x: Ends, y: Ends, across: str, up: str, unit: str, language: Language) -> str:
    marks = [f'<path d="M0 0V{_HEIGHT}H{_WIDTH}"/>']
    for tick in range(5):
        share = tick / 4
        marks.append(f'<path stroke="silver" d="M0 {_HEIGHT * (1 - share)}H{_WIDTH}M{_WIDTH * share} 0V{_HEIGHT}"/>')
        left = language.number(y[0] + (y[1] - y[0]) * share) + unit
        marks.append(_text(-8, _HEIGHT * (1 - share) + 5, left, "end"))
        below = x[0] + (x[1] - x[0]) * share
        marks.append(
            _text(_WIDTH * share, _HEIGHT + 20, language.number(below, 0 if below.is_integer() else 1), "middle")
        )
    marks += [_text(_WIDTH, _HEIGHT + 38, across, "end"), _text(0, -7, up, "start")]
    return "".join(marks)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" stroke="none" fill="black">{html.escape(text)}</text>'


def _plain(text: str) -> str:
    return html.escape(text.replace("**", ""))
