"""`backhaul miles`: road miles and driving time on the command line, for one trip or a file of them."""

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import TextIO

import numpy as np

from foundation.places.gazetteer import FORMS, gazetteer
from foundation.places.oracle import travel_oracle
from foundation.places.place import Place, PlaceNotFound

COLUMNS = ("from", "to", "miles", "minutes", "basis", "error")


@dataclass(frozen=True, slots=True)
class Trip:
    """One answer: as asked, with miles and minutes or with what is wrong."""

    origin: str
    destination: str
    miles: float | None = None
    minutes: float | None = None
    basis: str = ""
    error: str = ""

    def as_row(self) -> dict[str, object]:
        """Return the trip under the names of its columns, with figures as they are printed."""
        miles = None if self.miles is None else round(self.miles, 1)
        minutes = None if self.minutes is None else round(self.minutes)
        return dict(zip(COLUMNS, (self.origin, self.destination, miles, minutes, self.basis, self.error), strict=True))


class Unreadable(Exception):
    """The file of pairs cannot be used at all; the text says why and what would do."""


def main(argv: list[str]) -> int:
    """Run the command; 0 when every trip was answered, 1 when one was not, 2 when it was called wrongly."""
    parser = argparse.ArgumentParser(
        prog="backhaul miles", description="Print road miles and driving time between two places.", epilog=FORMS
    )
    parser.add_argument("origin", nargs="?", metavar="FROM", help="where the trip starts")
    parser.add_argument("destination", nargs="?", metavar="TO", help="where it ends")
    parser.add_argument("--csv", metavar="FILE", help="a file with the columns from and to; - reads standard input")
    parser.add_argument("--format", choices=("text", "csv", "json"), help="text for one trip, csv for a file of them")
    try:
        options = parser.parse_args(argv)
        if options.csv is None and options.destination is None:
            parser.error("say FROM and TO, or give a file with --csv")
        if options.csv is not None and options.origin is not None:
            parser.error("give either FROM and TO or --csv, not both")
    except SystemExit as ended:
        return int(ended.code or 0)
    try:
        wanted = [(options.origin, options.destination)] if options.csv is None else list(_read(options.csv))
    except Unreadable as problem:
        print(f"backhaul miles: {problem}", file=sys.stderr)
        return 2
    trips = answer(wanted)
    try:
        _print(trips, options.format or ("text" if options.csv is None else "csv"), sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        return 1
    return 1 if any(trip.error for trip in trips) else 0


def answer(wanted: Iterable[tuple[str, str]]) -> list[Trip]:
    """Answer all trips in order; a trip with an unknown place carries the sentence that says what would do."""
    wanted = list(wanted)
    found = [_find_both(origin, destination) for origin, destination in wanted]
    good = [places for places in found if not isinstance(places, str)]
    points = np.array([(a.lat, a.lon, b.lat, b.lon) for a, b in good], dtype=np.float64).reshape(-1, 4)
    figures: Iterator[tuple[float, float, bool]] = iter(())
    if good:
        travel = travel_oracle().pairs(*points.T)
        figures = zip(travel.miles.tolist(), travel.minutes.tolist(), travel.estimated.tolist(), strict=True)
    trips = []
    for (origin, destination), places in zip(wanted, found, strict=True):
        if isinstance(places, str):
            trips.append(Trip(origin, destination, error=places))
        else:
            miles, minutes, estimated = next(figures)
            trips.append(Trip(origin, destination, miles, minutes, "estimated" if estimated else "computed"))
    return trips


def hours_and_minutes(minutes: float) -> str:
    """Write minutes as h:mm."""
    whole = round(minutes)
    return f"{whole // 60}:{whole % 60:02}"


@lru_cache(maxsize=50_000)
def _find(text: str) -> Place | str:
    try:
        return gazetteer().find(text)
    except PlaceNotFound as refusal:
        return refusal.sentence


def _find_both(origin: str, destination: str) -> tuple[Place, Place] | str:
    start, end = _find(origin), _find(destination)
    if isinstance(start, str) or isinstance(end, str):
        return " ".join(f"{side}: {place}" for side, place in (("from", start), ("to", end)) if isinstance(place, str))
    return start, end


def _read(name: str) -> Iterator[tuple[str, str]]:
    """Read the pairs of a CSV file. Raises Unreadable when it is no such file."""
    try:
        with nullcontext(sys.stdin) if name == "-" else open(name, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            names = {(column or "").strip().lower(): column for column in reader.fieldnames or ()}
            if not {"from", "to"} <= set(names):
                seen = ", ".join(reader.fieldnames or ()) or "nothing"
                raise Unreadable(f"{name} needs the columns from and to in its first line; it has {seen[:200]}.")
            for row in reader:
                yield (row[names["from"]] or "").strip(), (row[names["to"]] or "").strip()
    except OSError as problem:
        raise Unreadable(f"{name} cannot be read: {problem.strerror or problem}.") from problem
    except (UnicodeDecodeError, csv.Error) as problem:
        raise Unreadable(f"{name} is not a CSV file in UTF-8: {problem}. Save it as “CSV UTF-8”.") from problem


def _print(trips: list[Trip], form: str, out: TextIO) -> None:
    if form == "json":
        json.dump([trip.as_row() for trip in trips], out, indent=2)
        out.write("\n")
    elif form == "csv":
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(trip.as_row() for trip in trips)
    else:
        for trip in trips:
            if trip.miles is None or trip.minutes is None:
                print(f"backhaul miles: {trip.error}", file=sys.stderr)
                continue
            print(f"{trip.miles:.1f} miles, {hours_and_minutes(trip.minutes)} driving, {trip.basis}", file=out)
            places = [_find(text) for text in (trip.origin, trip.destination)]
            print(" to ".join(place.name for place in places if isinstance(place, Place)), file=out)
