"""What is kept: each leg's best 40 by own gain and by market gain, each load's best 20 by market gain.

A list holds pairs in order of gain, ties by the other side's key. Its bar (see `MatchRun`) is the best pair that it
left out: a pair
below the bar finds no place although the list has grown short, since better ones may exist that nobody remembers; the
sweep matches such a list anew. So a list is always the beginning of the true one, and never holds a wrong pair.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from foundation.accounts.audience import Sight
from foundation.trade.ids import derived_id
from foundation.trade.statements import Rows, Statement, rows_of, rows_of_each
from matching.engine.policy import Policy
from matching.models import Match
from matching.postings import Side, Stretch

Rank = tuple[int, int]
"""Minus the gain in cents, and the other side's key: lower is better."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A feasible pair of a run with its two gains; `row` is its position among what the run scored."""

    leg: Side
    load: Side
    own_gain_cents: int
    market_gain_cents: int
    is_for_carrier: bool
    row: int
    public_id: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "public_id", derived_id("match", self.leg.public_id, self.load.public_id))

    @property
    def is_for_market(self) -> bool:
        """Whether the pair is worth something at market costs."""
        return self.market_gain_cents > 0


@dataclass(frozen=True, slots=True)
class Run:
    """What one matching of a leg or a load found: its pairs worth something, and what it looked at.

    `seen` holds the version of every leg or load on the other side that was looked at, by key, of which `candidates`
    were scored; `stretches` is the subject's own way, which the next runs need not ask the road for. `describe` makes
    the columns that are stored of the pairs at these rows, `figures` those of one pair that are plain figures. `sight`
    is that of the pairs' organizations and the market's brokers on one another, where it is known.
    """

    leg: Side | None
    load: Side | None
    pairs: Sequence[Pair]
    describe: Callable[[Sequence[int]], list[dict[str, Any]]]
    figures: Callable[[int], dict[str, Any]]
    seen: Mapping[int, int]
    candidates: int
    feasible: int
    refusals: dict[str, int]
    road_version: str
    stretches: list[Stretch]
    sight: Sight | None = None

    @property
    def subject(self) -> Side:
        """The posting that was matched."""
        subject = self.leg or self.load
        assert subject is not None
        return subject


@dataclass(slots=True)
class Places:
    """Which pairs of a run have a place, and the bars: of its own lists, and of the other sides' that it raises.

    `announced` are those with a place in a list by market gain: the others are kept for the carrier alone. `may_push`
    says whether one of the other sides' lists is full, so that a pair that enters it may push another out.
    """

    kept: set[str] = field(default_factory=set)
    announced: set[str] = field(default_factory=set)
    own_bar: Rank | None = None
    market_bar: Rank | None = None
    may_push: bool = False
    raised_own: dict[int, Rank] = field(default_factory=dict)
    raised_market: dict[int, Rank] = field(default_factory=dict)


def places_of(run: Run, policy: Policy) -> Places:
    """Return which of the run's pairs have a place in a list."""
    if run.leg:
        places = _places_of_leg(run.leg, run.pairs, policy)
    else:
        places = _places_of_load(run.subject.pk, run.pairs, policy)
    places.kept |= places.announced
    return places


def _best(place: set[str], ranked: Iterable[tuple[Rank, Pair]], count: int) -> Rank | None:
    """Place the best pairs of a list that the run knows whole; return the list's bar."""
    order = sorted(ranked, key=lambda item: item[0])
    place.update(pair.public_id for _, pair in order[:count])
    return order[count][0] if len(order) > count else None


def _compete(last: Rank | None, bar: Rank | None, rank: Rank) -> tuple[bool, Rank | None]:
    """Say whether a pair finds a place in another side's list, and return the bar that it raises, if it does.

    `last` is the last of a full list as it stands without the pair.
    """
    placed = (bar is None or rank < bar) and (last is None or rank < last)
    if last is None:
        return placed, None
    left_out = last if placed else rank
    return placed, left_out if bar is None or left_out < bar else None


_LOADS_LISTS = """
    SELECT wanted.id, run.market_bar_cents, run.market_bar_key, last.market_gain_cents, last.leg_id
    FROM unnest(%(loads)s::bigint[]) AS wanted (id)
    LEFT JOIN matching_matchrun AS run ON run.load_id = wanted.id
    LEFT JOIN LATERAL (
        SELECT market_gain_cents, leg_id FROM matching_match
        WHERE load_id = wanted.id AND leg_id <> %(leg)s AND market_gain_cents > 0
        ORDER BY market_gain_cents DESC, leg_id OFFSET %(last)s LIMIT 1
    ) AS last ON true
    WHERE run.market_bar_cents IS NOT NULL OR last.leg_id IS NOT NULL
"""

_LEGS_LISTS = """
    SELECT wanted.id, run.own_bar_cents, run.own_bar_key, own.own_gain_cents, own.load_id,
        run.market_bar_cents, run.market_bar_key, market.market_gain_cents, market.load_id
    FROM unnest(%(legs)s::bigint[]) AS wanted (id)
    LEFT JOIN matching_matchrun AS run ON run.leg_id = wanted.id
    LEFT JOIN LATERAL (
        SELECT own_gain_cents, load_id FROM matching_match
        WHERE leg_id = wanted.id AND load_id <> %(load)s AND is_for_carrier
        ORDER BY own_gain_cents DESC, load_id OFFSET %(last)s LIMIT 1
    ) AS own ON true
    LEFT JOIN LATERAL (
        SELECT market_gain_cents, load_id FROM matching_match
        WHERE leg_id = wanted.id AND load_id <> %(load)s AND market_gain_cents > 0
        ORDER BY market_gain_cents DESC, load_id OFFSET %(last)s LIMIT 1
    ) AS market ON true
    WHERE run.own_bar_cents IS NOT NULL OR run.market_bar_cents IS NOT NULL
        OR own.load_id IS NOT NULL OR market.load_id IS NOT NULL
"""


def _rank(cents: int | None, key: int | None) -> Rank | None:
    return None if cents is None or key is None else (-cents, key)


def _places_of_leg(leg: Side, pairs: Sequence[Pair], policy: Policy) -> Places:
    places = Places()
    announced = [((-pair.market_gain_cents, pair.load.pk), pair) for pair in pairs if pair.is_for_market]
    own = (((-pair.own_gain_cents, pair.load.pk), pair) for pair in pairs if pair.is_for_carrier)
    places.own_bar = _best(places.kept, own, policy.kept_per_leg)
    places.market_bar = _best(places.announced, announced, policy.kept_per_leg)
    if not announced:
        return places
    wanted = {"loads": [pair.load.pk for _, pair in announced], "leg": leg.pk, "last": policy.kept_per_load - 1}
    lists = {row[0]: (_rank(*row[1:3]), _rank(*row[3:5])) for row in rows_of(_LOADS_LISTS, wanted)}
    places.may_push = any(last is not None for _, last in lists.values())
    for _, pair in announced:
        bar, last = lists.get(pair.load.pk, (None, None))
        placed, raised = _compete(last, bar, (-pair.market_gain_cents, leg.pk))
        if placed:
            places.announced.add(pair.public_id)
        if raised is not None:
            places.raised_market[pair.load.pk] = raised
    return places


def _places_of_load(load_key: int, pairs: Sequence[Pair], policy: Policy) -> Places:
    places = Places()
    announced = (((-pair.market_gain_cents, pair.leg.pk), pair) for pair in pairs if pair.is_for_market)
    places.market_bar = _best(places.announced, announced, policy.kept_per_load)
    if not pairs:
        return places
    wanted = {"legs": [pair.leg.pk for pair in pairs], "load": load_key, "last": policy.kept_per_leg - 1}
    lists = {row[0]: row[1:] for row in rows_of(_LEGS_LISTS, wanted)}
    places.may_push = any(row[3] is not None or row[7] is not None for row in lists.values())
    for pair in pairs:
        stands = lists.get(pair.leg.pk, (None,) * 8)
        if pair.is_for_carrier:
            rank = (-pair.own_gain_cents, load_key)
            placed, raised = _compete(_rank(*stands[2:4]), _rank(*stands[0:2]), rank)
            places.kept.update([pair.public_id] if placed else [])
            places.raised_own.update({pair.leg.pk: raised} if raised else {})
        if pair.is_for_market:
            rank = (-pair.market_gain_cents, load_key)
            placed, raised = _compete(_rank(*stands[6:8]), _rank(*stands[4:6]), rank)
            places.announced.update([pair.public_id] if placed else [])
            places.raised_market.update({pair.leg.pk: raised} if raised else {})
    return places


# Rows of these legs that none of the three lists holds. Rows that another run has locked are that run's to judge.
_LOOSE = """
    WITH ranked AS (
        SELECT id, leg_id, load_id, market_gain_cents, own_gain_cents, is_for_carrier,
            row_number() OVER (PARTITION BY leg_id ORDER BY market_gain_cents DESC, load_id) AS by_market,
            row_number() OVER (PARTITION BY leg_id ORDER BY is_for_carrier DESC, own_gain_cents DESC, load_id) AS by_own
        FROM matching_match WHERE leg_id = ANY(%(legs)s)
    )
    SELECT ranked.id FROM ranked
    LEFT JOIN matching_matchrun AS of_leg ON of_leg.leg_id = ranked.leg_id
    LEFT JOIN matching_matchrun AS of_load ON of_load.load_id = ranked.load_id
    WHERE NOT (
        is_for_carrier AND by_own <= %(per_leg)s AND (
            of_leg.own_bar_cents IS NULL OR (own_gain_cents, -ranked.load_id) > (of_leg.own_bar_cents,
            -of_leg.own_bar_key)
        )
    ) AND NOT (
        market_gain_cents > 0 AND by_market <= %(per_leg)s AND (
            of_leg.market_bar_cents IS NULL
            OR (market_gain_cents, -ranked.load_id) > (of_leg.market_bar_cents, -of_leg.market_bar_key)
        )
    ) AND (
        market_gain_cents <= 0
        OR (market_gain_cents, -ranked.leg_id) <= (of_load.market_bar_cents, -of_load.market_bar_key)
        OR (
            SELECT count(*) FROM matching_match AS other
            WHERE other.load_id = ranked.load_id
                AND (other.market_gain_cents, -other.leg_id) > (ranked.market_gain_cents, -ranked.leg_id)
        ) >= %(per_load)s
    )
"""
_LOCKED = "SELECT id FROM matching_match WHERE id = ANY(%(ids)s) ORDER BY leg_id, load_id FOR UPDATE SKIP LOCKED"

_PUSHED_OUT = """
    SELECT DISTINCT leg_id FROM (
        SELECT leg_id, row_number() OVER (PARTITION BY load_id ORDER BY market_gain_cents DESC, leg_id) AS place
        FROM matching_match WHERE load_id = ANY(%(loads)s)
    ) AS ranked WHERE place > %(per_load)s
"""


def loose_question(run: Run, fresh: Sequence[Pair], policy: Policy) -> Statement:
    """Return the statement that `loose_rows` takes the answer of, asked once the fresh pairs, one at least, are stored:
    the rows that they pushed out of every list, or the legs which those may be of.
    """
    if run.leg is None:
        return _loose({pair.leg.pk for pair in fresh}, policy)
    return _PUSHED_OUT, {"loads": [pair.load.pk for pair in fresh], "per_load": policy.kept_per_load}


def loose_rows(run: Run, answer: Rows, policy: Policy) -> list[int]:
    """Return the keys of rows that the fresh pairs pushed out of every list, locked for deletion."""
    if run.leg is not None and answer:
        answer = rows_of(*_loose({row[0] for row in answer}, policy))
    return [row[0] for row in rows_of(_LOCKED, {"ids": [row[0] for row in answer]})] if answer else []


def _loose(legs: set[int], policy: Policy) -> Statement:
    return _LOOSE, {"legs": sorted(legs), "per_leg": policy.kept_per_leg, "per_load": policy.kept_per_load}


_RAISE = """
    WITH raised AS (
        SELECT * FROM unnest(%(ids)s::bigint[], %(cents)s::int[], %(keys)s::bigint[]) AS raised (id, cents, key)
    ), locked AS (
        SELECT run.id, raised.cents, raised.key FROM matching_matchrun AS run JOIN raised ON run.{side}_id = raised.id
        ORDER BY run.id FOR UPDATE OF run
    )
    UPDATE matching_matchrun AS run SET {bar}_bar_cents = locked.cents, {bar}_bar_key = locked.key
    FROM locked WHERE run.id = locked.id AND (
        run.{bar}_bar_cents IS NULL OR (locked.cents, -locked.key) > (run.{bar}_bar_cents, -run.{bar}_bar_key)
    )
"""


def bars_to_raise(run: Run, places: Places) -> list[Statement]:
    """Return the statements that write down what the run left out of the other sides' lists, or pushed out of them."""
    side = "load" if run.leg else "leg"
    return [*_raise(side, "own", places.raised_own), *_raise(side, "market", places.raised_market)]


def raise_bars_to(rows: Iterable[Match]) -> None:
    """Write down that these rows stand in no list any more."""
    by_own: dict[int, Rank] = {}
    by_market: dict[int, Rank] = {}
    by_load: dict[int, Rank] = {}
    for row in rows:
        ranks = [(by_market, row.leg_id, (-row.market_gain_cents, row.load_id), row.market_gain_cents > 0)]
        ranks.append((by_load, row.load_id, (-row.market_gain_cents, row.leg_id), row.market_gain_cents > 0))
        ranks.append((by_own, row.leg_id, (-row.own_gain_cents, row.load_id), row.is_for_carrier))
        for bars, key, rank, concerned in ranks:
            if concerned:
                bars[key] = min(bars.get(key, rank), rank)
    rows_of_each(
        [*_raise("load", "market", by_load), *_raise("leg", "own", by_own), *_raise("leg", "market", by_market)]
    )


def _raise(side: str, bar: str, raised: dict[int, Rank]) -> list[Statement]:
    """Return the statement, if there is need of one, that raises the bars of legs or loads; a bar only rises by it."""
    if not raised:
        return []
    cents, keys = [-rank[0] for rank in raised.values()], [rank[1] for rank in raised.values()]
    return [(_RAISE.format(side=side, bar=bar), {"ids": list(raised), "cents": cents, "keys": keys})]


def bars_as_columns(places: Places) -> dict[str, Any]:
    """Return the bars of the run's own lists as columns of `MatchRun`."""
    columns: dict[str, Any] = {}
    for name, bar in (("own", places.own_bar), ("market", places.market_bar)):
        columns |= {f"{name}_bar_cents": None if bar is None else -bar[0], f"{name}_bar_key": bar and bar[1]}
    return columns
