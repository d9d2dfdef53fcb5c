"""Calls of `backhaul match` in a test: what to write, what came out."""

import csv
import io
import json
from pathlib import Path

import pytest

from matching.files.match import main

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "docs" / "samples"
LEGS, LOADS = str(SAMPLES / "legs.csv"), str(SAMPLES / "loads.csv")

LEG = "T1,41.88,-87.63,40.71,-74.01,2026-01-05T07:00:00-06:00,2026-01-08T12:00:00-05:00,V"
LEG_HEADER = "leg_id,empty_lat,empty_lon,home_lat,home_lon,ready_at,home_by,equipment"
LOAD_HEADER = (
    "load_id,pickup_lat,pickup_lon,delivery_lat,delivery_lon,pickup_opens_at,pickup_closes_at,"
    "delivery_opens_at,delivery_closes_at,equipment,weight_pounds,rate"
)
LOAD = "L1,41.5,-87.5,40.7,-74.2,2026-01-05T08:00Z,2026-01-06T08:00Z,2026-01-06T08:00Z,2026-01-08T08:00Z,V,40000,2150"


def no_roads():
    raise AssertionError("great circles need no roads")


class Ran:
    """One call: its status, its rows or document, and what it said."""

    def __init__(self, capsys, *words: str, roads=no_roads):
        self.status = main(list(words), roads)
        printed = capsys.readouterr()
        self.out, self.err = printed.out, printed.err

    @property
    def rows(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.out)))

    @property
    def document(self) -> dict:
        return json.loads(self.out, parse_constant=pytest.fail)


def legs_of(*rows: str) -> str:
    return "\n".join([LEG_HEADER, *rows]) + "\n"


def loads_of(*rows: str) -> str:
    return "\n".join([LOAD_HEADER, *rows]) + "\n"
