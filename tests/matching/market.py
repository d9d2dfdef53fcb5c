"""Small random markets between a few cities, and runs over them as the wiring would make them."""

import random
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from carriers.models import ReturnLeg
from foundation.accounts.models import Organization
from foundation.trade.posting import Status
from loads.models import Load
from matching.engine.policy import Policy
from matching.engine.score import Scores, score_pairs
from matching.models import Match
from matching.rows import legs_as_columns, loads_as_columns
from matching.services import match_legs, match_loads
from tests.builders import load_terms, make_leg, make_load, make_organization, make_truck, now, stop_terms
from tests.matching.conftest import ROADS

# Chicago, Gary, Joliet, Springfield, St. Louis, Memphis, Little Rock, Texarkana, Dallas, Fort Worth, Tulsa, Oklahoma
SOUTH = ("60601", "46402", "60432", "62701", "63101", "38103", "72201", "75501", "75201", "76102", "74103", "73102")
# Bellingham, Seattle, Spokane, Coeur d'Alene, Missoula, Helena, Great Falls, Billings: where degrees are short
NORTH = ("98225", "98101", "99201", "83814", "59801", "59601", "59401", "59101")
CHICAGO, TEXAS = ("60601", "46402", "60432", "53202"), ("75201", "76102", "75501")


class Market:
    """Postings drawn from a seed."""

    def __init__(self, seed: int, places: tuple[str, ...] = SOUTH, *, one_way: bool = False) -> None:
        """Draw between all places; with `one_way` trucks go home from Chicago to Texas, and most freight with them."""
        self.random = random.Random(seed)
        self.places = places
        self.one_way = one_way
        self.start = now() + timedelta(days=1)
        self.carriers = [make_organization(hauls=True) for _ in range(3)]
        self.shippers = [make_organization() for _ in range(3)]

    def ends(self, count: int) -> list[str]:
        """Draw so many places, the first and the last where a way begins and ends."""
        if not self.one_way:
            return self.random.sample(self.places, count)
        between = ["63101"] * (count - 2)
        return [self.random.choice(CHICAGO), *between, self.random.choice(TEXAS)]

    def leg(self, organization: Organization | None = None, **fields: Any) -> ReturnLeg:
        """Post a leg without telling anybody."""
        draw = self.random
        empty, home = self.ends(2)
        owner = organization or draw.choice(self.carriers)
        truck = make_truck(
            owner,
            home="",
            equipment=draw.choice("VR" if self.one_way else "VVVRF"),
            weight_pounds=draw.choice((30_000, 44_000)),
        )
        defaults: dict[str, Any] = {
            "truck": truck,
            "empty": empty,
            "home": home,
            "ready_at": self.start + timedelta(minutes=draw.randrange(0, 2880)),
            "hours": draw.choice((48, 96, 168)),
            "max_pickup_deadhead_miles": draw.choice((None, 25, 50, 100, 100, 150)),
            "max_home_deadhead_miles": draw.choice((None, 25, 100, 100, 150)),
            "max_out_of_route_miles": draw.choice((None, 0, 100, 100, 300)),
        }
        leg = make_leg(owner, **{**defaults, **fields})
        ReturnLeg.objects.filter(pk=leg.pk).update(drive_minutes_left=draw.choice((None, None, 300)))
        return ReturnLeg.objects.get(pk=leg.pk)

    def load(self, organization: Organization | None = None, **fields: Any) -> Load:
        """Post a load without telling anybody."""
        return make_load(organization or self.random.choice(self.shippers), **{**self.load_fields(), **fields})

    def load_fields(self) -> dict[str, Any]:
        """Draw the terms of a load: one pickup and one or two deliveries, full or partial."""
        draw = self.random
        places = self.ends(draw.choice((2, 2, 2, 3)))
        opens_at = self.start + timedelta(minutes=draw.randrange(0, 3600))
        stops = [stop_terms(places[0], opens_at, hours=draw.choice((4, 24, 48)))]
        for number, place in enumerate(places[1:]):
            opens_at += timedelta(hours=draw.choice((6, 12, 24)) * (number + 1))
            stops.append(stop_terms(place, opens_at, kind="delivery", hours=draw.choice((24, 48, 72))))
        return {
            "equipment": draw.choice(("V", "VR") if self.one_way else ("V", "V", "VR", "R", "F", "FS")),
            "size": draw.choice(("full", "full", "partial")),
            "weight_pounds": draw.choice((8_000, 30_000, 40_000)),
            "length_feet": draw.choice((20, 48)),
            "rate_cents": draw.choice((None, 400_00, 900_00, 1_500_00, 2_200_00)),
            "stops": tuple(stops),
        }


def edit_load(load: Load, **fields: Any) -> Load:
    """Give a load new terms and a new version."""
    terms = load_terms(**fields)
    fresh = make_load(load.organization, terms=terms)
    values = {
        field.attname: getattr(fresh, field.attname)
        for field in Load._meta.local_fields
        if field.attname not in ("id", "public_id", "version", "created_at")
    }
    load.stops.all().delete()
    fresh.stops.update(load=load)
    Load.objects.filter(pk=fresh.pk).delete()
    Load.objects.filter(pk=load.pk).update(**values, version=load.version + 1)
    return Load.objects.get(pk=load.pk)


def withdraw(row: Load | ReturnLeg) -> None:
    """Take a posting off the market without telling anybody."""
    type(row).objects.filter(pk=row.pk).update(status=Status.WITHDRAWN, version=row.version + 1)


def run(*rows: Load | ReturnLeg) -> list[str]:
    """Match these postings as the wiring does; return the subjects that were settled."""
    settled: list[str] = []
    for row in rows:
        verb = match_loads if isinstance(row, Load) else match_legs
        verb(subjects=[row.public_id], settle=settled.append)
    return settled


def all_scores(legs: Iterable[ReturnLeg], loads: Iterable[Load], policy: Policy) -> Scores:
    """Score every leg against every load: the slow, obvious way."""
    legs, loads = list(legs), list(loads)
    pairs = [(leg, load) for leg in range(len(legs)) for load in range(len(loads))]
    return score_pairs(
        legs_as_columns(legs),
        [pair[0] for pair in pairs],
        loads_as_columns(loads),
        [pair[1] for pair in pairs],
        ROADS,
        policy,
    )


def open_rows() -> tuple[list[ReturnLeg], list[Load]]:
    """Return what is on the market, by key."""
    legs = ReturnLeg.objects.filter(status=Status.OPEN).select_related("organization").order_by("pk")
    loads = Load.objects.filter(status=Status.OPEN).select_related("organization").prefetch_related("stops")
    return list(legs), list(loads.order_by("pk"))


def stored() -> dict[str, dict[str, Any]]:
    """Return every match by public id, without keys and instants that are not part of what it says."""
    return {
        row["public_id"]: {name: value for name, value in row.items() if name not in ("id", "scored_at")}
        for row in Match.objects.values()
    }
