"""`backhaul match`: match a file of return legs with a file of loads, without a server or a database."""

import argparse
import csv
import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TextIO

from foundation.trade.money import dollars
from matching.engine.plan import Totals, plan_market
from matching.engine.policy import DEFAULT_POLICY, Policy
from matching.engine.travel import GreatCircleTravel, TravelOracle
from matching.files import report
from matching.files.cells import Column
from matching.files.market import LEG_COLUMNS, LOAD_COLUMNS, LegsFile, LoadsFile, read_legs, read_loads
from matching.files.matches import Matches, best_singles, lines_of, with_chains, with_known_ways
from matching.files.tables import Unreadable

MOST_TOP = 1_000

Roads = Callable[[], TravelOracle]
"""Loads the road network; asked only where roads are wanted."""


def main(argv: list[str], roads: Roads) -> int:
    """Run the command; 0 when all rows were used, 1 when rows were left out, 2 when nothing could be read."""
    try:
        options = _parser().parse_args(argv)
    except SystemExit as ended:
        return int(ended.code or 0)
    on_roads = options.travel == "road"
    try:
        if options.legs == options.loads == "-":
            raise Unreadable("standard input can be only one of the two files.")
        legs = read_legs(options.legs, on_roads=on_roads)
        loads = read_loads(options.loads, on_roads=on_roads)
    except Unreadable as problem:
        print(f"backhaul match: {problem}", file=sys.stderr)
        return 2
    for note in (*legs.table.notes, *loads.table.notes, *legs.problems, *loads.problems):
        print(f"backhaul match: {note}", file=sys.stderr)
    travel = roads() if on_roads else GreatCircleTravel(options.circuity, options.mph)
    policy = DEFAULT_POLICY if options.hours == "395.3" else replace(DEFAULT_POLICY, duty=None)
    work = _Work(legs, loads, travel, policy, options)
    try:
        work.write(sys.stdout, sys.stderr)
        sys.stdout.flush()
    except BrokenPipeError:
        return 1
    return 1 if legs.problems or loads.problems else 0


class _Work:
    """One run: what was found, and how it is written."""

    def __init__(
        self, legs: LegsFile, loads: LoadsFile, travel: TravelOracle, policy: Policy, options: argparse.Namespace
    ) -> None:
        self.files, self.options = (legs, loads), options
        known_legs, known_loads = with_known_ways(legs.legs, loads.loads, travel)
        self.market = report.Market(known_legs, legs.names, known_loads, loads.names, travel, policy)
        self.plan = plan_market(known_legs, known_loads, travel, policy, longest=options.chains)
        self.found: Matches = best_singles(known_legs, known_loads, travel, policy, options.top)
        if options.chains > 1:
            self.found = with_chains(self.found, self.plan, known_legs, known_loads, travel, policy, options.top)

    def write(self, out: TextIO, err: TextIO) -> None:
        """Write the lines, and the summary: with them as JSON, or on standard error."""
        if self.options.format == "json":
            document = {
                "policy": self.market.policy.as_dict(),
                "road_version": self.market.travel.version,
                "summary": self.summary(),
                "problems": [problem.as_row() for file in self.files for problem in file.problems],
                "plan" if self.options.plan else "matches": [figures | more for figures, more in self.lines()],
            }
            json.dump(document, out, indent=1)
            out.write("\n")
            return
        writer = csv.DictWriter(out, report.columns(self.options.chains), extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(_as_cells(figures) for figures, _ in self.lines())
        out.flush()
        err.write("\n".join(self.told()) + "\n")

    def lines(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Yield the lines of the plan, or the best of each leg."""
        found = lines_of(self.plan) if self.options.plan else (self.found.leg_row, self.found.load_rows)
        return report.lines(self.market, *found)

    def summary(self) -> dict[str, Any]:
        """Return the counts, the refusals by rule, and what the trucks do together; gains are market gains."""
        plan, found = self.plan, self.found
        with_match = len(set(found.leg_row.tolist()))
        return {
            "legs": len(self.market.legs),
            "loads": len(self.market.loads),
            "rows_left_out": sum(len({problem.line for problem in file.problems}) for file in self.files),
            "pairs": found.pairs,
            "feasible_pairs": found.feasible,
            "refused_pairs": found.refusals,
            "legs_that_best_go_home_empty": len(self.market.legs) - with_match,
            "going_home_empty": _totals(plan.empty),
            "load_board_way": _totals(plan.board),
            "plan": _totals(plan.plan),
            "bound_cents": plan.bound_cents,
            "gap_ppm": math.ceil(plan.gap_ppm * 1000) / 1000,
            "longest_chain": plan.longest,
            "plan_chose_from": plan.search.words,
        }

    def told(self) -> list[str]:
        """Return the summary for the eye."""
        plan, found, summary = self.plan, self.found, self.summary()
        refused = ", ".join(f"{rule} {count:,}" for rule, count in found.refusals.items()) or "none"
        told = [
            f"{summary['legs']:,} legs, {summary['loads']:,} loads, {found.pairs:,} pairs: {found.feasible:,} feasible",
            f"not matched, by rule: {refused}",
            f"legs for which nothing beats going home empty: {summary['legs_that_best_go_home_empty']:,}",
            f"{'':<20}{'market gain':>16}{'empty miles':>14}{'of all':>8}{'trucks loaded':>15}{'home in time':>14}",
        ]
        named = (("going home empty", plan.empty), ("load-board way", plan.board), ("plan", plan.plan))
        for words, totals in named:
            told.append(
                f"{words:<20}{dollars(totals.gain_cents):>16}{totals.empty_miles:>14,.1f}{totals.empty_percent:>7.1f}%"
                f"{totals.trucks_loaded:>15,}{totals.trucks_home_in_time:>14,}"
            )
        no_plan = "no plan" if plan.longest == 1 else "no plan of the loads and chains below"
        gap_ppm = math.ceil(plan.gap_ppm * 10) / 10
        told.append(f"{'bound':<20}{dollars(plan.bound_cents):>16}  {no_plan} gains more; gap {gap_ppm:,.1f} ppm")
        told.append(plan.search.words)
        version = f"policy {self.market.policy.version}, roads {self.market.travel.version}"
        return [*told, f"{version}; miles and hours are estimates for planning, not a log"]


def _totals(totals: Totals) -> dict[str, Any]:
    return {
        "gain_cents": totals.gain_cents,
        "empty_miles": totals.empty_miles,
        "total_miles": totals.total_miles,
        "empty_percent": round(totals.empty_percent, 2),
        "co2_kg": totals.co2_kg,
        "trucks_loaded": totals.trucks_loaded,
        "loads_carried": totals.loads_carried,
        "trucks_home_in_time": totals.trucks_home_in_time,
    }


def _as_cells(figures: dict[str, Any]) -> dict[str, Any]:
    """Return figures as CSV writes them; a name that a spreadsheet would take for a formula gets an apostrophe."""
    return {
        key: "'" + value
        if isinstance(value, str) and value[:1] in ("=", "+", "-", "@")
        else str(value).lower()
        if isinstance(value, bool)
        else value
        for key, value in figures.items()
    }


def _bounded(least: float, most: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text} is not a number from {least:g} to {most:g}")
        return value

    return parse


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= MOST_TOP:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 to {MOST_TOP:,}")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="backhaul match",
        description="Match empty trips home with loads, from two CSV files: the engine of Backhaul without a server.",
        epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("legs", metavar="LEGS.csv", help="a file of return legs; - reads standard input")
    parser.add_argument("loads", metavar="LOADS.csv", help="a file of loads; - reads standard input")
    parser.add_argument("--top", type=_whole, default=20, metavar="N", help="how many of each leg, by own gain (20)")
    parser.add_argument("--plan", action="store_true", help="write the one plan that gains most in all, not lists")
    parser.add_argument("--chains", type=int, choices=(1, 2, 3), default=1, help="loads in sequence at most (1)")
    parser.add_argument(
        "--travel", choices=("road", "great-circle"), default="road", help="the built-in road network (road), or lines"
    )
    parser.add_argument(
        "--circuity",
        type=_bounded(1, 5),
        default=1.17,
        metavar="F",
        help="great-circle: road miles a mile (1.17)",
    )
    parser.add_argument("--mph", type=_bounded(1, 100), default=50.0, metavar="MPH", help="great-circle: speed (50)")
    parser.add_argument("--hours", choices=("395.3", "none"), default="395.3", help="49 CFR 395.3, or no rest at all")
    parser.add_argument(
        "--format", choices=("csv", "json"), default="csv", help="csv (its summary on standard error) or json"
    )
    return parser


def _epilog() -> str:
    def table(columns: tuple[Column, ...]) -> str:
        return "\n".join(f"  {'*' if column.needed else ' '} {column.name:<28}{column.words}" for column in columns)

    return f"""\
columns of LEGS.csv (* needed; of each place, words or coordinates; times like 2026-01-05T08:00:00-06:00):
{table(LEG_COLUMNS)}

columns of LOADS.csv:
{table(LOAD_COLUMNS)}

A row that cannot be used is reported with line and column, and left out. docs/files.md has the rest, and the output.
exit status: 0 all rows used; 1 rows were left out; 2 nothing could be read.
"""
