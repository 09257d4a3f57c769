"""``make``: recompute files that ship with the app, such as the pictures of the lessons."""

from __future__ import annotations

import argparse
import sys

from da_core.cli.options import Commands
from da_core.errors import UserError


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("make", help="recompute files that ship with the app")
    things = command.add_subparsers(required=True, metavar="WHAT")
    for name, (make, about) in {
        "films": (make_films, "the films of the playground's presets"),
        "showcase": (make_showcase, "the finished run on the start page"),
        "thumbnails": (make_thumbnails, "the pictures on the data set cards"),
        "reference": (make_reference, "the reference pages"),
        "course": (make_course, "the numbers of the course, from its films"),
        "stories": (make_stories, "the numbers of the stories, by running their experiments"),
    }.items():
        thing = things.add_parser(name, help=about)
        thing.set_defaults(do=make)
        if name in ("thumbnails", "stories"):
            thing.add_argument("names", nargs="*", metavar="NAME", help="only those of these names")


def make_films(_options: argparse.Namespace) -> None:
    """Make the films of the playground's presets and replace the existing ones."""
    from da_core.teaching.films.film_cache import SHIPPED
    from da_core.teaching.films.film_file import SUFFIX
    from da_core.teaching.films.filming import film_bytes, film_key, normalised
    from da_core.teaching.films.presets import PRESETS

    SHIPPED.mkdir(parents=True, exist_ok=True)
    films = {}
    for name, preset in PRESETS.items():
        experiment = normalised(preset.experiment())
        films[f"{film_key(experiment)}{SUFFIX}"] = data = b"".join(film_bytes(experiment))
        print(f"{name:12} {len(data) / 1024:5.0f} KiB")
    for old in SHIPPED.glob(f"*{SUFFIX}"):
        old.unlink()
    for file, data in films.items():
        (SHIPPED / file).write_bytes(data)


def make_showcase(_options: argparse.Namespace) -> None:
    """Run the example of the start page and write it."""
    from da_core.teaching import showcase

    showcase.make(showcase.FOLDER)


def make_thumbnails(options: argparse.Namespace) -> int:
    """Draw the data sets named, or all. Returns 1 if one could not be loaded."""
    from da_core.data.loading.cache import load_pair
    from da_core.data.sources import sources
    from da_core.experiment import DataSpec
    from da_core.registry import pick
    from da_core.teaching import thumbnails

    failed = False
    for source in [pick(sources(), name, "data set") for name in options.names or sources()]:
        try:
            thumbnails.draw(source.name, load_pair(DataSpec(name=source.name)))
        except UserError as error:
            print(f"{source.name}: {error}", file=sys.stderr)
            failed = True
    return int(failed)


def make_reference(_options: argparse.Namespace) -> None:
    """Write the reference pages of methods, data sets and validators."""
    from da_core.teaching import reference

    reference.write(reference.FOLDER)


def make_stories(options: argparse.Namespace) -> int:
    """Run the stories named, or all, and write their numbers. Returns 1 if one does not bear out its claims."""
    from da_core.teaching.stories import story_numbers

    return int(story_numbers.make(options.names))


def make_course(_options: argparse.Namespace) -> None:
    """Make the films of the course and write the numbers that its texts quote."""
    from da_core.teaching.course import course_numbers

    course_numbers.make()
