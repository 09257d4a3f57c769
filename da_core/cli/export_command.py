"""``export``: a report, a script, figures… of a run that ``run --out`` wrote."""

from __future__ import annotations

import argparse
from pathlib import Path

from da_core.cli.options import Commands
from da_core.errors import UserError
from da_core.i18n import LANGUAGES, Language


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("export", help="make reports, figures and code of a run that “run --out” wrote")
    command.add_argument("run", type=Path, metavar="DIR", help="the folder of the run")
    command.add_argument("--report", type=Path, metavar="HTML", help="one HTML file with all results")
    command.add_argument(
        "--predictions", type=Path, metavar="CSV", help="the predicted class of every unlabelled sample"
    )
    command.add_argument("--table", type=Path, metavar="CSV", help="every score")
    command.add_argument("--figures", type=Path, metavar="DIR", help="figures as SVG, and as PNG with 300 dpi")
    command.add_argument("--script", type=Path, metavar="PY", help="the experiment as Python script")
    command.add_argument("--notebook", type=Path, metavar="IPYNB", help="the experiment as Jupyter notebook")
    command.add_argument("--model", type=Path, metavar="ZIP", help="the network with its model card")
    command.add_argument("--tensorboard", type=Path, metavar="DIR", help="the curves, for tensorboard --logdir")
    command.add_argument(
        "--language", choices=LANGUAGES, default="en", help="language of report, figures, notebook and model card"
    )
    command.set_defaults(do=write_exports)


def write_exports(options: argparse.Namespace) -> None:
    """Write the requested files of one run. Raises `UserError` for no request, or a file that cannot be written."""
    from da_core.export import files
    from da_core.run_folder import read_record

    record = read_record(options.run)
    places = {kind: place for kind in files.KINDS if (place := getattr(options, kind)) is not None}
    if not places:
        raise UserError(
            "Choose at least one file to make: {options}.", options=", ".join(f"--{kind}" for kind in files.KINDS)
        )
    for kind, place in places.items():
        files.write(record, kind, place, Language(options.language))
