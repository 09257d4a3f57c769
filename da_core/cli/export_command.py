"""``export``: a report, a script, figures… of a run that ``run --out`` wrote."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from da_core.errors import UserError
from da_core.i18n import LANGUAGES, Language

if TYPE_CHECKING:
    from da_core.cli.options import Commands


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("export", help="make a report, a script, figures… of a run that “run --out” wrote")
    command.add_argument("run", type=Path, metavar="DIR", help="the folder of the run")
    command.add_argument("--report", type=Path, metavar="HTML", help="one file with all of it, for any browser")
    command.add_argument("--predictions", type=Path, metavar="CSV", help="the class of every sample without a label")
    command.add_argument("--table", type=Path, metavar="CSV", help="every score")
    command.add_argument("--figures", type=Path, metavar="DIR", help="SVG, and PNG of 300 dots an inch")
    command.add_argument("--script", type=Path, metavar="PY", help="the experiment as a Python script")
    command.add_argument("--notebook", type=Path, metavar="IPYNB", help="the experiment as a Jupyter notebook")
    command.add_argument("--model", type=Path, metavar="ZIP", help="the network with its card")
    command.add_argument("--tensorboard", type=Path, metavar="DIR", help="the curves, for tensorboard --logdir")
    command.add_argument("--language", choices=LANGUAGES, default="en", help="of report, figures, notebook and card")
    command.set_defaults(do=write_exports)


def write_exports(options: argparse.Namespace) -> None:
    """Write the files asked for of one run. Raises `UserError` if none is, or if one cannot be written."""
    from da_core.export import files
    from da_core.run_folder import read_record

    record = read_record(options.run)
    wishes = {kind: place for kind in files.KINDS if (place := getattr(options, kind)) is not None}
    if not wishes:
        raise UserError("Say what to make: {options}.", options=", ".join(f"--{kind}" for kind in files.KINDS))
    for kind, place in wishes.items():
        files.write(record, kind, place, Language(options.language))
