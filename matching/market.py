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
from foundation.accounts.audience import standing
from foundation.accounts.models import Organization, RelationshipKind
from foundation.trade.posting import Audience, Posting
from loads.models import Load
from loads.queries import visible_loads
from matching.engine.columns import Bools, Ints
from matching.engine.problem import Legs, Loads
from matching.rows import legs_as_columns, loads_as_columns, ways_of

BLOCK = 2_000
_OWN_COSTS = ("loaded_cents_per_mile", "empty_cents_per_mile", "hour_cents", "delay_hour_cents")

Key = TypeVar("Key")


@dataclass(frozen=True, eq=False, slots=True)
class Side:
    """Whose the legs or loads are: each row's owner, version, and whether only partners of the owner see it now."""

    owner: Ints
    version: Ints
    is_for_partners: Bools


@dataclass(frozen=True, eq=False, slots=True)
class Market:
    """Legs and loads as columns in order of their keys, whose they are, and who of them deals with whom."""

    legs: Legs
    loads: Loads
    carriers: Side
    shippers: Side
    blocked: Ints
    close: Ints

    def may_meet(self, leg_rows: Ints, load_rows: Ints) -> Bools:
        """Say of pairs which could be put in touch at all: the two sides see each other's posting."""
        carrier, shipper = self.carriers.owner[leg_rows], self.shippers.owner[load_rows]
        there, back = _code(carrier, shipper), _code(shipper, carrier)
        seen_by_carrier = ~self.shippers.is_for_partners[load_rows] | np.isin(back, self.close)
        seen_by_shipper = ~self.carriers.is_for_partners[leg_rows] | np.isin(there, self.close)
        blocked = np.isin(there, self.blocked) | np.isin(back, self.blocked)
        return np.asarray((carrier == shipper) | (seen_by_carrier & seen_by_shipper & ~blocked))


def _code(giver: Ints, taker: Ints) -> Ints:
    """Return one number for each pair of organizations."""
    return giver * (1 << 31) + taker


def _between(kinds: Sequence[str], owners: Ints, now: datetime) -> Ints:
    """Return the pairs (giver, taker) of these owners that stand in one of these kinds, as codes."""
    ids = np.unique(owners).tolist()
    pairs = standing(now).filter(kind__in=kinds, giver__in=ids, taker__in=ids).values_list("giver", "taker")
    found = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    return _code(found[:, 0], found[:, 1])


def market_of(viewer: Organization, now: datetime, road_version: str) -> Market:
    """Read all open legs and loads that the viewer may see, at market costs: no carrier's own costs come along.

    Each block is one statement; a posting that changes meanwhile is read before or after, which its version tells.
    """
    legs, loads, carriers, shippers = [], [], [], []
    seen_legs = visible_legs(viewer, now).order_by("pk").values_list("pk", flat=True)
    for keys in _blocks(list(seen_legs)):
        rows = list(ReturnLeg.objects.filter(pk__in=keys).select_related("match_run").order_by("pk"))
        carriers.append(_side(rows, now))
        legs.append(at_market_costs(legs_as_columns(rows, ways_of(rows, road_version))))
    seen_loads = visible_loads(viewer, now).order_by("pk").values_list("pk", flat=True)
    for keys in _blocks(list(seen_loads)):
        found = list(
            Load.objects.filter(pk__in=keys).select_related("match_run").prefetch_related("stops").order_by("pk")
        )
        shippers.append(_side(found, now))
        loads.append(loads_as_columns(found, ways_of(found, road_version)))
    haulers, senders = _joined_sides(carriers), _joined_sides(shippers)
    owners = np.concatenate([haulers.owner, senders.owner])
    return Market(
        legs=joined_legs(legs or [legs_as_columns([])]),
        loads=joined_loads(loads or [loads_as_columns([])]),
        carriers=haulers,
        shippers=senders,
        blocked=_between([RelationshipKind.BLOCKED], owners, now),
        close=_between([RelationshipKind.PARTNER, RelationshipKind.REPRESENTS], owners, now),
    )


def _side(rows: Sequence[ReturnLeg] | Sequence[Load], now: datetime) -> Side:
    return Side(
        owner=np.array([row.organization_id for row in rows], dtype=np.int64),
        version=np.array([row.version for row in rows], dtype=np.int64),
        is_for_partners=np.array([_is_for_partners(row, now) for row in rows], dtype=np.bool_),
    )


def _is_for_partners(row: Posting, now: datetime) -> bool:
    if row.audience == Audience.PARTNERS_FIRST:
        return row.partners_first_until is None or row.partners_first_until > now
    return row.audience != Audience.MARKET


def _joined_sides(parts: Sequence[Side]) -> Side:
    none = np.zeros(0, dtype=np.int64)
    return Side(
        owner=np.concatenate([none, *(part.owner for part in parts)]),
        version=np.concatenate([none, *(part.version for part in parts)]),
        is_for_partners=np.concatenate([none.astype(np.bool_), *(part.is_for_partners for part in parts)]),
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
