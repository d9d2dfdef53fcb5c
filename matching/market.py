"""The market as an organization sees it, read into the engine's columns: block by block, so that no more rows than one
block are in memory at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from itertools import islice
from typing import TypeVar

import numpy as np

from carriers.models import ReturnLeg
from carriers.queries import visible_legs
from foundation.accounts.models import Organization
from loads.models import Load
from loads.queries import visible_loads
from matching.engine.problem import Legs, Loads
from matching.rows import legs_as_columns, loads_as_columns, ways_of

BLOCK = 2_000
_OWN_COSTS = ("loaded_cents_per_mile", "empty_cents_per_mile", "hour_cents", "delay_hour_cents")

Key = TypeVar("Key")


@dataclass(frozen=True, eq=False, slots=True)
class Market:
    """Legs and loads as columns in order of their keys, and the versions that they were read in."""

    legs: Legs
    loads: Loads
    leg_versions: dict[int, int]
    load_versions: dict[int, int]


def market_of(viewer: Organization, now: datetime, road_version: str) -> Market:
    """Read all open legs and loads that the viewer may see, at market costs: no carrier's own costs come along.

    Each block is one statement; a posting that changes meanwhile is read before or after, which its version tells.
    """
    leg_versions: dict[int, int] = {}
    load_versions: dict[int, int] = {}
    legs, loads = [], []
    seen_legs = visible_legs(viewer, now).order_by("pk").values_list("pk", flat=True)
    for keys in _blocks(list(seen_legs)):
        rows = list(ReturnLeg.objects.filter(pk__in=keys).select_related("match_run").order_by("pk"))
        leg_versions |= {row.pk: row.version for row in rows}
        legs.append(at_market_costs(legs_as_columns(rows, ways_of(rows, road_version))))
    seen_loads = visible_loads(viewer, now).order_by("pk").values_list("pk", flat=True)
    for keys in _blocks(list(seen_loads)):
        found = list(
            Load.objects.filter(pk__in=keys).select_related("match_run").prefetch_related("stops").order_by("pk")
        )
        load_versions |= {row.pk: row.version for row in found}
        loads.append(loads_as_columns(found, ways_of(found, road_version)))
    return Market(
        legs=joined_legs(legs or [legs_as_columns([])]),
        loads=joined_loads(loads or [loads_as_columns([])]),
        leg_versions=leg_versions,
        load_versions=load_versions,
    )


def at_market_costs(legs: Legs) -> Legs:
    """Return the legs without their carriers' own costs."""
    nothing = np.full(len(legs), np.nan)
    return replace(legs, **dict.fromkeys(_OWN_COSTS, nothing))


def joined_legs(parts: Sequence[Legs]) -> Legs:
    """Return the legs of several blocks, one after the other."""
    return Legs(**{item.name: np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(Legs)})


def joined_loads(parts: Sequence[Loads]) -> Loads:
    """Return the loads of several blocks with their stops, one after the other."""
    columns = {
        item.name: np.concatenate([getattr(part, item.name) for part in parts])
        for item in fields(Loads)
        if item.name != "stop_offsets"
    }
    counts = np.concatenate([np.diff(part.stop_offsets) for part in parts])
    return Loads(stop_offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), **columns)


def _blocks(keys: Sequence[Key]) -> Iterator[list[Key]]:
    rest = iter(keys)
    while block := list(islice(rest, BLOCK)):
        yield block
