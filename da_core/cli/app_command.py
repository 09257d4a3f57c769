"""``app``: open the app in a browser, as ``streamlit run app.py`` does in a checkout."""

from __future__ import annotations

import argparse
import runpy
import sys

from da_core.cli.options import Commands
from da_core.system.app_files import APP


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "app", help="open the app in a browser", epilog="Example: %(prog)s -- --server.port 8600"
    )
    command.add_argument("options", nargs="*", metavar="-- OPTION", help="options of streamlit run, after “--”")
    command.set_defaults(do=serve)


def serve(options: argparse.Namespace) -> None:
    """Serve the app with Streamlit until it is stopped."""
    sys.argv = ["streamlit", "run", str(APP), *options.options]
    runpy.run_module("streamlit", run_name="__main__")
