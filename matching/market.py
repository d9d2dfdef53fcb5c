"""The market as an organization sees it, read into the engine's columns block by block."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

import numpy as np

from carriers.queries import visible_legs
from foundation.accounts.audience import standing
from foundation.accounts.models import Organization, RelationshipKind
from foundation.trade.posting import Audience
from loads.queries import carrier_facing_loads
from matching.engine.columns import Bools, Ints
from matching.engine.problem import Legs, Loads, joined_loads
from matching.postings import Side, chosen_legs, chosen_loads

BLOCK = 5_000
_OWN_COSTS = ("loaded_cents_per_mile", "empty_cents_per_mile", "hour_cents", "delay_hour_cents")


@dataclass(frozen=True, eq=False, slots=True)
class Owners:
    """Whose the legs or loads are: each row's owner, who faces the market with it (a load's broker, or the owner), its
    version, and whether only partners of the owner see it now.
    """

    owner: Ints
    facing: Ints
    version: Ints
    is_for_partners: Bools


@dataclass(frozen=True, eq=False, slots=True)
class Market:
    """Legs and loads as columns in order of their keys, whose they are, and who of them deals with whom.

    `left_out` is how many legs in sight have partial loads on board, beside whose times no plan is made.
    """

    legs: Legs
    loads: Loads
    carriers: Owners
    shippers: Owners
    blocked: Ints
    close: Ints
    left_out: int = 0

    def may_meet(self, leg_rows: Ints, load_rows: Ints) -> Bools:
        """Say of pairs which could be put in touch at all: the two sides see each other's posting."""
        carrier, shipper = self.carriers.owner[leg_rows], self.shippers.owner[load_rows]
        seller = self.shippers.facing[load_rows]
        seen_by_carrier = ~self.shippers.is_for_partners[load_rows] | np.isin(_code(shipper, carrier), self.close)
        seen_by_seller = ~self.carriers.is_for_partners[leg_rows] | np.isin(_code(carrier, seller), self.close)
        blocked = np.zeros(len(leg_rows), dtype=np.bool_)
        for other in (shipper, seller):
            blocked |= np.isin(_code(carrier, other), self.blocked) | np.isin(_code(other, carrier), self.blocked)
        # what a broker sells goes neither to its owner's trucks nor to the broker's own
        among_themselves = (seller != shipper) & ((carrier == shipper) | (carrier == seller))
        own = (carrier == shipper) & (seller == shipper)
        return np.asarray(own | (seen_by_carrier & seen_by_seller & ~blocked & ~among_themselves))


def market_of(viewer: Organization, now: datetime, road_version: str) -> Market:
    """Read all open legs and loads that the viewer may see, at market costs: no carrier's own costs come along.

    Legs with partial loads on board are left out: what fits beside those is asked load by load, by matching. So is what
    changes between the look at who may see it and the reading, which its version tells.
    """
    legs, loads = [], []
    leg_sides: list[Side] = []
    load_sides: list[Side] = []
    left_out = 0
    seen = dict(visible_legs(viewer, now).order_by("pk").values_list("pk", "version"))
    for keys in _blocks(list(seen)):
        trucks = chosen_legs(keys, road_version)
        standing_rows = _unchanged(trucks.sides, seen)
        kept = [row for row in standing_rows if not any(trucks.sides[row].taken)]
        left_out += len(standing_rows) - len(kept)
        legs.append(_at_market_costs(trucks.columns.take(kept)))
        leg_sides += [trucks.sides[row] for row in kept]
    seen = dict(carrier_facing_loads(viewer, now).order_by("pk").values_list("pk", "version"))
    for keys in _blocks(list(seen)):
        freight = chosen_loads(keys, road_version)
        kept = _unchanged(freight.sides, seen)
        loads.append(freight.columns.take(kept))
        load_sides += [freight.sides[row] for row in kept]
    carriers, shippers = _owners(leg_sides, now), _owners(load_sides, now)
    owners = np.concatenate([carriers.owner, shippers.owner, shippers.facing])
    return Market(
        legs=_joined_legs(legs or [chosen_legs([], road_version).columns]),
        loads=joined_loads(loads or [chosen_loads([], road_version).columns]),
        carriers=carriers,
        shippers=shippers,
        blocked=_between([RelationshipKind.BLOCKED], owners, now),
        close=_between([RelationshipKind.PARTNER, RelationshipKind.REPRESENTS], owners, now),
        left_out=left_out,
    )


def _unchanged(sides: Sequence[Side], seen: dict[int, int]) -> list[int]:
    return [row for row, side in enumerate(sides) if side.version == seen[side.pk]]


def _owners(sides: Sequence[Side], now: datetime) -> Owners:
    return Owners(
        owner=np.array([side.organization_id for side in sides], dtype=np.int64),
        facing=np.array([side.sold_by.pk for side in sides], dtype=np.int64),
        version=np.array([side.version for side in sides], dtype=np.int64),
        is_for_partners=np.array([_is_for_partners(side, now) for side in sides], dtype=np.bool_),
    )


def _is_for_partners(side: Side, now: datetime) -> bool:
    if side.audience == Audience.PARTNERS_FIRST:
        return side.partners_first_until is None or side.partners_first_until > now
    return side.audience != Audience.MARKET


def _code(giver: Ints, taker: Ints) -> Ints:
    """Return one number for each pair of organizations."""
    return giver * (1 << 31) + taker


def _between(kinds: Sequence[str], owners: Ints, now: datetime) -> Ints:
    """Return the pairs (giver, taker) of these owners that stand in one of these kinds, as codes."""
    ids = np.unique(owners).tolist()
    pairs = standing(now).filter(kind__in=kinds, giver__in=ids, taker__in=ids).values_list("giver", "taker")
    found = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    return _code(found[:, 0], found[:, 1])


def _at_market_costs(legs: Legs) -> Legs:
    """Return the legs without their carriers' own costs."""
    nothing = np.full(len(legs), np.nan)
    return replace(legs, **dict.fromkeys(_OWN_COSTS, nothing))


def _joined_legs(parts: Sequence[Legs]) -> Legs:
    return Legs(**{item.name: np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(Legs)})


def _blocks(keys: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(keys), BLOCK):
        yield list(keys[start : start + BLOCK])
