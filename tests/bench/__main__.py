"""`python -m tests.bench`: measures what the design promises, prints a table and writes `build/bench.json`.

All figures come from one run, so that ratios mean something on a busy machine.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tabulate import tabulate

from tests.bench import figures
from tests.bench.figure import Figure

OUTPUT = Path("build/bench.json")


def main() -> None:
    measured: dict[str, Figure] = {}
    for measure in figures.ALL:
        print(f"{measure.__name__.replace('_', ' ')} ...", file=sys.stderr, flush=True)
        measured.update(measure())
    rows = [(name, figure.shown, figure.unit, figure.target_shown, figure.verdict) for name, figure in measured.items()]
    print(tabulate(rows, headers=("what", "measured", "unit", "target", "")))
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps({name: figure.record for name, figure in measured.items()}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
