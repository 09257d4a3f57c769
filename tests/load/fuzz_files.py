"""Read thousands of hostile files as the app does: each must come to a pair or to one sentence, in bounds.

    python -m tests.load.fuzz_files --cases 5000 [--seed 0] [--only mat,zip] [--keep FOLDER] [--workers 1]

Each file is read in a child of its own, which must neither die nor raise anything but a UserError, take more than 20 s
or 2 GB, nor leave anything behind. ``--only`` takes beginnings of formats' names, or single cases such as mat5:1;
``--keep`` is where the files of those that offend are kept. The exit status is 1 where any case offends.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from tests.load.hostile_files import FORMATS, plan_cases
from tests.load.hostile_trial import Answer, Offence, Outcome, try_cases

_SHOWN_CASES = 5
_TITLES: dict[Answer, str] = {
    "pair": "pairs",
    "sentence": "sentences",
    "limit": "at a limit",
    "exception": "exceptions",
    "death": "deaths",
    "stopped": "stopped",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=lambda names: names.split(","), default=[])
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--workers", type=int, choices=(1, 2), default=2)
    options = parser.parse_args()
    try:
        cases = plan_cases(options.cases, options.seed, options.only)
    except ValueError as error:
        parser.error(str(error))
    began, outcomes = time.monotonic(), list[Outcome]()
    for outcome in try_cases(cases, workers=options.workers, keep=options.keep):
        outcomes.append(outcome)
        if outcome.offences:
            print(_line(outcome), flush=True)
        if len(outcomes) % 250 == 0:
            print(f"{len(outcomes)} of {len(cases)} cases, {time.monotonic() - began:.0f} s", flush=True)
    print(*_table(outcomes), sep="\n")
    limits = Counter(outcome.message for outcome in outcomes if outcome.answer == "limit")
    print("", *(f"{count} × {message}" for message, count in limits.most_common()), sep="\n")
    offenders = [outcome for outcome in outcomes if outcome.offences]
    print(*_by_cause(offenders), sep="\n")
    print(f"{len(offenders)} of {len(outcomes)} cases offend; {time.monotonic() - began:.0f} s")
    return int(bool(offenders))


def _line(outcome: Outcome) -> str:
    offences = ", ".join(f"{kind} ({place or '?'})" for kind, place in outcome.offences)
    return f"{outcome.case} ({outcome.case.title}): {offences}; {outcome.seconds:.1f} s, {outcome.megabytes:.0f} MB"


def _table(outcomes: Sequence[Outcome]) -> list[str]:
    """Count the answers of each format's cases, with the slowest case and the one that took the most memory."""
    titles = ["cases", *_TITLES.values(), "slowest, s", "most, MB"]
    lines = ["", "format".ljust(10) + "".join(title.rjust(12) for title in titles)]
    for name in FORMATS:
        if own := [outcome for outcome in outcomes if outcome.case.format == name]:
            counts = [len(own), *(sum(outcome.answer == answer for outcome in own) for answer in _TITLES)]
            most = f"{max(each.seconds for each in own):12.1f}{max(each.megabytes for each in own):12.0f}"
            lines.append(name.ljust(10) + "".join(f"{count:12}" for count in counts) + most)
    return lines


def _by_cause(offenders: Sequence[Outcome]) -> list[str]:
    """List the faults, the most frequent first, with the commands that repeat their cases."""
    causes = defaultdict[Offence, list[Outcome]](list)
    for outcome in offenders:
        for offence in outcome.offences:
            causes[offence].append(outcome)
    lines = []
    for offence, own in sorted(causes.items(), key=lambda cause: -len(cause[1])):
        lines.append(f"\n{len(own)} × {offence.kind} ({offence.place or '?'})")
        for outcome in own[:_SHOWN_CASES]:
            case = outcome.case
            lines.append(f"  {case.title}: python -m tests.load.fuzz_files --only {case} --seed {case.seed}")
            lines.append(f"    {outcome.seconds:.1f} s, {outcome.megabytes:.0f} MB {outcome.message}".rstrip())
    return lines


if __name__ == "__main__":
    sys.exit(main())
