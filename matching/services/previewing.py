"""What waits for a leg that is not posted yet: an answer at once, from its terms; nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from carriers.models import ReturnLeg
from carriers.services.legs import prepare
from carriers.store import CAPACITY
from carriers.terms import LegTerms
from foundation.accounts.models import Organization
from foundation.places.services import travel_oracle
from foundation.trade import clock
from foundation.trade.posting import RANKED_LAST_AFTER
from loads.models import Load
from loads.queries import carrier_facing_loads, loads_by_ids
from matching.beside import sets_that_fit, those_that_fit
from matching.empty_runs import EmptyRun, empty_run_of
from matching.engine.columns import Bools
from matching.engine.policy import Policy
from matching.engine.score import Scores, score_leg
from matching.engine.tours import chain_tours, score_tours
from matching.engine.travel import TravelOracle
from matching.policies import current_policy
from matching.postings import LegRows, LegSide, LoadRows, candidate_loads_of_terms, named_legs, with_leg_way
from matching.rate_bands import RateBand, band_of
from matching.rows import legs_as_columns

PREVIEWED = 10
"""How many loads a preview shows."""

CHAINED = 14
"""Of how many of the best loads chains of two are tried, in either order."""

CHAINS_SHOWN = 3

_NOT_STORED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A load that waits on the way home, with what it brings at the carrier's own costs and at the market's.

    `rate_band` is the band of an estimated rate, with what it rests on; None where the rate is posted.
    """

    load: Load
    own_gain_cents: int
    market_gain_cents: int
    worth_from_cents: int
    rate_cents: int
    rate_is_estimated: bool
    rate_band: RateBand | None
    pickup_deadhead_miles: float
    loaded_miles: float
    home_deadhead_miles: float
    empty_miles_saved: float
    pickup_slack_minutes: int
    home_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingChain:
    """Two loads one after the other on the way home, which bring more at the carrier's own costs than any one does."""

    loads: tuple[Load, ...]
    own_gain_cents: int
    rate_cents: int
    rate_is_estimated: bool
    deadhead_miles: float
    empty_miles_saved: float
    home_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What waits for a leg, for its carrier alone: the best loads by own gain, how many gain, and what was refused.

    `candidates` are the loads in reach that the carrier may see, `feasible` those that fit, `count` those of them that
    beat going home empty at its own costs; `refusals` counts the others by rule. `empty_run` is None where no road
    leads home. `leg` is not stored.
    """

    leg: ReturnLeg
    loads: tuple[Waiting, ...]
    count: int
    candidates: int
    feasible: int
    refusals: dict[str, int]
    empty_run: EmptyRun | None
    chains: tuple[WaitingChain, ...] = ()


def preview(
    *,
    organization: Organization,
    leg_terms: LegTerms,
    stored: ReturnLeg | None = None,
    but: Load | None = None,
    with_chains: bool = False,
) -> Preview:
    """Return at once what waits for these terms of the organization's leg; `stored` is the leg that they would change,
    whose booked partial loads stay on board.

    `but` is a load that is on its way to be booked and so does not wait; `with_chains` asks for chains of two as well.
    Raises `Invalid` for terms that do not make a leg.
    """
    prepared = prepare(organization, leg_terms)
    leg = ReturnLeg(id=stored.pk if stored else _NOT_STORED, organization=organization, **prepared.values)
    travel, policy, now = travel_oracle(), current_policy(), clock.now()
    board = _on_board(leg, stored, travel)
    rows, _ = with_leg_way(LegRows(board, legs_as_columns([leg])), travel)
    found = candidate_loads_of_terms(leg, travel.version)
    if but is not None:
        kept = [row for row, side in enumerate(found.sides) if side.pk != but.pk]
        found = LoadRows([found.sides[row] for row in kept], found.columns.take(kept))
    loads, is_last = seen_by(organization, found, now)
    empty_run = empty_run_of(rows.columns, travel, policy)
    if not loads.sides:
        return Preview(leg=leg, loads=(), count=0, candidates=0, feasible=0, refusals={}, empty_run=empty_run)
    scores = score_leg(rows.columns, 0, loads.columns, travel, policy)
    fits = scores.feasible
    if board:
        fits = np.zeros(fits.size, dtype=np.bool_)
        fits[those_that_fit(np.flatnonzero(scores.feasible), rows, loads, scores, travel, policy)] = True
    gains = fits & (scores.own_gain_cents > 0)
    best = _ranked(scores, gains, is_last)
    return Preview(
        leg=leg,
        loads=_best(loads, scores, best[:PREVIEWED], policy),
        chains=_chains(loads, scores, best[:CHAINED], rows, travel, policy) if with_chains else (),
        count=int(gains.sum()),
        candidates=len(loads.sides),
        feasible=int(fits.sum()),
        refusals=scores.refusal_counts(),
        empty_run=empty_run,
    )


def _on_board(leg: ReturnLeg, stored: ReturnLeg | None, travel: TravelOracle) -> Sequence[LegSide]:
    """Return the stored leg as matching reads it where partial loads are booked on it; none otherwise.

    The terms say what the truck holds in all: what the roomiest stretch has free is written into the leg.
    """
    if stored is None or not stored.is_shared:
        return []
    for name in CAPACITY:
        free = getattr(leg, name) - getattr(stored, f"taken_{name}") + getattr(stored, f"part_way_{name}")
        setattr(leg, name, max(free, 0))
    return named_legs([stored.public_id], travel.version).sides


def seen_by(viewer: Organization, loads: LoadRows, now: datetime) -> tuple[LoadRows, Bools]:
    """Keep the loads that the viewer may see now; say of each whether lists rank it last, as long unconfirmed."""
    keys = [side.pk for side in loads.sides]
    if not keys:
        return loads, np.zeros(0, dtype=np.bool_)
    confirmed = dict(carrier_facing_loads(viewer, now).order_by().filter(pk__in=keys).values_list("pk", "confirmed_at"))
    kept = [row for row, key in enumerate(keys) if key in confirmed]
    aged = now - RANKED_LAST_AFTER
    said = [confirmed[keys[row]] for row in kept]  # open ones are confirmed, says a constraint
    is_last = np.array([instant is not None and instant <= aged for instant in said], dtype=np.bool_)
    if len(kept) == len(keys):
        return loads, is_last
    return LoadRows([loads.sides[row] for row in kept], loads.columns.take(kept)), is_last


def _ranked(scores: Scores, gains: Bools, is_last: Bools) -> list[int]:
    """Return the loads that gain by own gain, long unconfirmed ones last; ties break by key, as in every list."""
    rows = np.flatnonzero(gains)
    order = np.lexsort((scores.load_key[rows], -scores.own_gain_cents[rows], is_last[rows]))
    ranked: list[int] = rows[order].tolist()
    return ranked


def _best(loads: LoadRows, scores: Scores, best: list[int], policy: Policy) -> tuple[Waiting, ...]:
    """Return these loads as they are shown."""
    found = _by_name(loads, best)
    names = [loads.sides[row].public_id for row in best]  # whose sight has been asked just now
    ranked = zip(names, best, strict=True)
    return tuple(_waiting(found[name], scores, row, policy) for name, row in ranked if name in found)


def _by_name(loads: LoadRows, rows: list[int]) -> dict[str, Load]:
    names = [loads.sides[row].public_id for row in rows]
    return {load.public_id: load for load in loads_by_ids(names)} if names else {}


def _chains(
    loads: LoadRows, scores: Scores, best: list[int], leg: LegRows, travel: TravelOracle, policy: Policy
) -> tuple[WaitingChain, ...]:
    """Return the chains of two of these loads that gain more than the best of them alone, the best first."""
    pairs = [[first, then] for first in best for then in best if first != then]
    if not pairs:
        return ()
    tours = chain_tours(loads.columns, np.zeros(len(pairs), dtype=np.int64), pairs)
    found = score_tours(leg.columns, loads.columns, tours, travel, policy)
    better = np.flatnonzero(found.feasible & (found.own_gain_cents > scores.own_gain_cents[best].max()))
    order = better[np.lexsort((better, -found.own_gain_cents[better]))].tolist()
    chosen: list[int] = []
    for row in order:
        if any(set(pairs[row]) == set(pairs[other]) for other in chosen):
            continue
        if not leg.sides or sets_that_fit(leg, loads, [pairs[row]], travel, policy)[0]:
            chosen.append(row)
        if len(chosen) == CHAINS_SHOWN:
            break
    names = _by_name(loads, sorted({load for row in chosen for load in pairs[row]}))
    chains = []
    for row in chosen:
        parts = [names.get(loads.sides[load].public_id) for load in pairs[row]]
        whole = tuple(part for part in parts if part is not None)
        if len(whole) == len(parts):
            chains.append(
                WaitingChain(
                    loads=whole,
                    own_gain_cents=int(found.own_gain_cents[row]),
                    rate_cents=int(found.rate_cents[row]),
                    rate_is_estimated=bool(found.rate_is_estimated[row]),
                    deadhead_miles=float(found.empty_miles[row]),
                    empty_miles_saved=float(found.empty_miles_saved[row]),
                    home_at=datetime.fromtimestamp(int(found.finish_at[row]) * 60, UTC),
                )
            )
    return tuple(chains)


def _waiting(load: Load, scores: Scores, row: int, policy: Policy) -> Waiting:
    cents, is_estimated = int(scores.rate_cents[row]), bool(scores.rate_is_estimated[row])
    return Waiting(
        load=load,
        own_gain_cents=int(scores.own_gain_cents[row]),
        market_gain_cents=int(scores.market_gain_cents[row]),
        worth_from_cents=int(scores.own.worth_from_cents[row]),
        rate_cents=cents,
        rate_is_estimated=is_estimated,
        rate_band=band_of(policy.rates, load.equipment, cents) if is_estimated else None,
        pickup_deadhead_miles=float(scores.pickup_deadhead_miles[row]),
        loaded_miles=float(scores.loaded_miles[row]),
        home_deadhead_miles=float(scores.home_deadhead_miles[row]),
        empty_miles_saved=float(scores.empty_miles_saved[row]),
        pickup_slack_minutes=int(scores.pickup_slack_minutes[row]),
        home_at=datetime.fromtimestamp(int(scores.finish_at[row]) * 60, UTC),
    )
