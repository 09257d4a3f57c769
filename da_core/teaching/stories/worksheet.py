"""A story's worksheet: one page to print, with empty axes for the guess and nothing of the result."""

from __future__ import annotations

from markupsafe import Markup

from da_core.i18n import Language
from da_core.system.app_files import ASSETS
from da_core.teaching.course.guess import CurveGuess, Guess, PickGuess
from da_core.teaching.stories.story_file import Story
from da_core.templates import render


def worksheet(story: Story, guess: Guess, language: Language) -> str:
    """Write the page as HTML that needs nothing else."""
    code = language.code
    axes = (guess.across.text(code), guess.up.text(code)) if isinstance(guess, CurveGuess) else ("x₁", "x₂")
    return render(
        "story_worksheet.html.jinja",
        language,
        title=_plain(story.asks.text(code)),
        style=Markup((ASSETS / "hall" / "print.css").read_text(encoding="utf-8")),
        look="",
        situation=_plain(story.situation.text(code)),
        question=_plain(guess.question.text(code)),
        guess=guess,
        across=axes[0],
        up=axes[1],
        options=[text.text(code) for text in guess.options.values()] if isinstance(guess, PickGuess) else (),
    )


def _plain(text: str) -> str:
    return text.replace("**", "")
