"""`python -m tests.bench [--quick]`: measures what the design promises, prints a table, writes `build/bench.json`.

All figures come from one run, so that ratios mean something on a busy machine. `--quick` measures with a tenth of
everything; its figures are shown, and kept apart in `build/bench-quick.json`.

`python -m tests.bench soak` is a run of its own: see `soak`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tabulate import tabulate

from tests.bench import figures, power, whole
from tests.bench.figure import Figures

ALL = (
    figures.one_query_cold,
    figures.against_z3,
    whole.a_large_organisation,
    whole.a_crowd_of_strangers,
    power.the_power_of_roles,
    figures.calls_for_a_large_account,
    figures.the_help_text,
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--quick", action="store_true", help="measure with a tenth of everything")
    parser.add_argument("only", nargs="*", metavar="NAME", help=", ".join(measure.__name__ for measure in ALL))
    arguments = parser.parse_args()
    measured: Figures = {}
    for measure in ALL:
        if not arguments.only or measure.__name__ in arguments.only:
            print(f"{measure.__name__.replace('_', ' ')} ...", file=sys.stderr, flush=True)
            measured.update(measure(lambda whole: whole // 10 if arguments.quick else whole))
    output = Path("build/bench-quick.json" if arguments.quick or arguments.only else "build/bench.json")
    rows = [(name, figure.shown, figure.unit, figure.target_shown, figure.verdict) for name, figure in measured.items()]
    print(tabulate(rows, headers=("what", "measured", "unit", "target", "")))
    output.parent.mkdir(exist_ok=True)
    output.write_text(json.dumps({name: figure.record for name, figure in measured.items()}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == ["soak"]:
        from tests.bench import soak

        sys.exit(soak.main(sys.argv[2:]))
    main()
