"""``film``: make the film of an experiment on points, as the playground plays it, or as a picture that moves."""

from __future__ import annotations

import argparse
import io
from pathlib import Path

from da_core.cli.options import Commands, add_experiment_options, experiment_of
from da_core.whole_files import write_whole


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("film", help="film an experiment on points in the plane")
    add_experiment_options(command)
    command.add_argument("--method", help="name of a method (see list methods)")
    command.add_argument("--acts", default="", help="changes during training, such as “critic@120+20;weight=0@140”")
    command.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="a film (.dafilm), an animation (.webp, .gif) or its last frame (.png)",
    )
    command.set_defaults(do=do_film)


def do_film(options: argparse.Namespace) -> None:
    """Make the film and write it in the format of its file's suffix."""
    from da_core.teaching.films import animation
    from da_core.teaching.films.film_file import write_film
    from da_core.teaching.films.filming import film_of, normalised

    film = film_of(normalised(experiment_of(options)), options.acts)
    match options.out.suffix:
        case ".png":
            still = io.BytesIO()
            animation.still(film).save(still, "png")
            write_whole(options.out, still.getvalue())
        case ".webp" | ".gif" as suffix:
            write_whole(options.out, animation.animated(film, suffix[1:]))
        case _:
            write_whole(options.out, write_film(film.header, film.frames))
    numbers = film.frames[-1].numbers
    print(f"{len(film.frames)} frames; source {numbers['source']:.1%}, target {numbers.get('target', 0):.1%}")
