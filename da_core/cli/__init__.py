"""The command line: ``python -m da_core COMMAND …``, one or two commands a file; the same experiments as the app's.

Where the package is installed, ``da-lab COMMAND …`` is the same.

Exit code 0 when all is well, 2 for input that cannot be used (one sentence on stderr), 1 for anything else.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from da_core import __version__
from da_core.cli.list_command import LISTS
from da_core.cli.options import COLUMN_OPTIONS
from da_core.errors import UnknownNameError, UserError
from da_core.registry import modules


def main(arguments: list[str] | None = None) -> int:
    """Parse ``arguments`` (``sys.argv`` by default), do the command, and return the exit code."""
    try:
        options = parser().parse_args(arguments)
        return int(options.do(options) or 0)
    except UnknownNameError as error:
        lists = [f"“{program()} list {LISTS[kind]}”" for kind in error.kind.split(" or ")]
        print(
            f"Error: {error} {' and '.join(lists)} {'show' if len(lists) > 1 else 'shows'} them all.", file=sys.stderr
        )
        return 2
    except UserError as error:
        option = COLUMN_OPTIONS.get(str(error.values.get("option", "")))
        print(f"Error: {error}" + (f" Use --{option.replace('_', '-')}." if option else ""), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 1


class Parser(argparse.ArgumentParser):
    """Parse options, and report an error in one sentence, without the usage."""

    def error(self, message: str) -> NoReturn:
        raise UserError("{problem}; see “{program} --help”.", problem=message, program=self.prog)


def parser() -> argparse.ArgumentParser:
    """Build the parser of all commands; each leaves its function in ``do``."""
    top = Parser(prog=program(), description="Run the Domain Adaptation Lab from the command line.")
    top.add_argument("--version", action="version", version=f"Domain Adaptation Lab {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for module in modules(sys.modules[__name__]):
        if module.__name__.endswith("_command"):
            module.add(commands)
    return top


def program() -> str:
    """Name the program as the user called it: the installed command, or the module."""
    return "da-lab" if Path(sys.argv[0]).stem == "da-lab" else "python -m da_core"
