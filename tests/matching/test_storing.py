"""What is stored: the lists of each leg and load, whatever happened in which order."""

from dataclasses import replace
from datetime import timedelta

import pytest

from carriers.models import ReturnLeg
from foundation.accounts.audience import Sight
from foundation.trade import clock
from loads.models import Load
from matching.engine.policy import DEFAULT_POLICY, Policy
from matching.models import Match, MatchRun
from matching.models import Policy as StoredPolicy
from matching.services import refresh, scoring
from tests.builders import make_relationship
from tests.matching.conftest import ROADS
from tests.matching.market import Market, all_scores, edit_load, open_rows, run, stored, withdraw

pytestmark = pytest.mark.django_db

SMALL = replace(DEFAULT_POLICY, version="small", kept_per_leg=5, kept_per_load=3)
SHOWN = 3

Rank = tuple[int, int]


@pytest.fixture
def short_lists(monkeypatch: pytest.MonkeyPatch) -> Policy:
    """Keep 5 a leg and 3 a load, show 3, and let the sweep look at fresh postings too."""
    monkeypatch.setattr(scoring, "current_policy", lambda: SMALL)
    monkeypatch.setattr(scoring, "SHOWN", SHOWN)
    monkeypatch.setattr(scoring, "FIRST_RUN_WITHIN", timedelta(days=-1))
    return SMALL


class Lists:
    """The three kinds of lists, whole and in order: own and market by leg, market by load."""

    def __init__(self) -> None:
        self.own: dict[int, list[Rank]] = {}
        self.market: dict[int, list[Rank]] = {}
        self.of_load: dict[int, list[Rank]] = {}

    def add(self, leg: int, load: int, own: int | None, market: int) -> None:
        if own is not None:
            self.own.setdefault(leg, []).append((-own, load))
        if market > 0:
            self.market.setdefault(leg, []).append((-market, load))
            self.of_load.setdefault(load, []).append((-market, leg))

    def done(self) -> "Lists":
        for kind in (self.own, self.market, self.of_load):
            for ranks in kind.values():
                ranks.sort()
        return self


def true_lists(policy: Policy) -> Lists:
    """Work out the lists from every pair of the market, nothing cut."""
    legs, loads = open_rows()
    lists = Lists()
    if not legs or not loads:
        return lists
    scores = all_scores(legs, loads, policy)
    everybody = {row.organization for row in [*legs, *loads]}
    sight = Sight(viewers=everybody, owners=everybody, now=clock.now())
    for row in scores.feasible.nonzero()[0]:
        leg, load = legs[scores.leg_row[row]], loads[scores.load_row[row]]
        own, market = int(scores.own_gain_cents[row]), int(scores.market_gain_cents[row])
        terms = (load.audience, load.partners_first_until)
        seen = sight.sees(leg.organization_id, load.organization_id, *terms, shares_once_open=True)
        lists.add(leg.pk, load.pk, own if own > 0 and seen else None, market)
    return lists.done()


def stored_lists() -> Lists:
    """Read the lists as they are stored."""
    lists = Lists()
    for row in Match.objects.all():
        lists.add(row.leg_id, row.load_id, row.own_gain_cents if row.is_for_carrier else None, row.market_gain_cents)
    return lists.done()


def bar_of(run_: MatchRun | None, name: str) -> Rank | None:
    cents = getattr(run_, f"{name}_bar_cents") if run_ else None
    return None if cents is None else (-cents, getattr(run_, f"{name}_bar_key"))


def each_list(policy: Policy):
    """Yield (true list, what is stored of it above its bar, bar, how many are kept) of every leg and load."""
    true, found = true_lists(policy), stored_lists()
    runs = list(MatchRun.objects.all())
    by_leg = {row.leg_id: row for row in runs if row.leg_id}
    by_load = {row.load_id: row for row in runs if row.load_id}
    for kind, name, of, count in (
        ("own", "own", by_leg, policy.kept_per_leg),
        ("market", "market", by_leg, policy.kept_per_leg),
        ("of_load", "market", by_load, policy.kept_per_load),
    ):
        whole, kept = getattr(true, kind), getattr(found, kind)
        for key in whole.keys() | kept.keys():
            bar = bar_of(of.get(key), name)
            above = [rank for rank in kept.get(key, []) if bar is None or rank < bar][:count]
            yield whole.get(key, []), above, bar, count


def check_lists(policy: Policy) -> None:
    """Every list is the beginning of the true one; the whole of it where nothing was left out."""
    for whole, above, bar, count in each_list(policy):
        assert above == whole[: len(above)]
        if bar is None:
            assert len(above) == min(len(whole), count) == len(whole)


def check_shown(policy: Policy, shown: int) -> None:
    """What is shown of every list is what the true one begins with."""
    for whole, above, _, _ in each_list(policy):
        assert above[:shown] == whole[:shown]


def ideal(policy: Policy) -> set[tuple[int, int]]:
    """Return the (leg, load) pairs that a rebuild from nothing keeps."""
    true = true_lists(policy)
    pairs = set()
    for lists in (true.own, true.market):
        pairs |= {(leg, load) for leg, ranks in lists.items() for _, load in ranks[: policy.kept_per_leg]}
    return pairs | {(leg, load) for load, ranks in true.of_load.items() for _, leg in ranks[: policy.kept_per_load]}


def pairs_stored() -> set[tuple[int, int]]:
    return set(Match.objects.values_list("leg_id", "load_id"))


def live_through(market: Market, steps: int, *, losses: bool) -> None:
    """Post, edit and withdraw at random, matching each posting as the wiring would."""
    draw = market.random
    if not ReturnLeg.objects.exists():
        run(*(market.leg() for _ in range(6)))
    for _ in range(steps):
        legs, loads = open_rows()
        dice = draw.random()
        if dice < 0.45 or not loads:
            run(market.load())
        elif dice < 0.65 or not legs:
            run(market.leg())
        elif not losses:
            run(market.load())
        elif dice < 0.75:
            run(edit_load(draw.choice(loads), **market.load_fields()))
        elif dice < 0.9:
            gone = draw.choice(loads)
            withdraw(gone)
            run(gone)
        else:
            gone = draw.choice(legs)
            withdraw(gone)
            run(gone)


def rebuild() -> None:
    """Delete all that is derived and match everything again."""
    Match.objects.all().delete()
    MatchRun.objects.all().delete()
    legs, loads = open_rows()
    run(*legs, *loads)


@pytest.mark.parametrize("seed", [11, 12])
def test_postings_one_by_one_leave_what_a_rebuild_from_nothing_leaves(seed, short_lists):
    market = Market(seed, one_way=True)
    live_through(market, 40, losses=False)
    check_lists(short_lists)
    before = stored()
    assert pairs_stored() == ideal(short_lists)
    assert len(before) > 20
    rebuild()
    assert stored() == before


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_lists_stay_true_through_edits_and_withdrawals_and_the_sweep_fills_them(seed, short_lists):
    market = Market(seed, one_way=True)
    for _ in range(4):
        live_through(market, 20, losses=True)
        check_lists(short_lists)
        while refresh():
            pass
        check_lists(short_lists)
        check_shown(short_lists, SHOWN)
    rebuild()
    assert pairs_stored() == ideal(short_lists)
    after = stored()
    rebuild()
    assert stored() == after


def test_where_nothing_is_cut_every_order_of_events_leaves_the_same_rows():
    market = Market(31, one_way=True)
    live_through(market, 40, losses=True)
    assert pairs_stored() == ideal(DEFAULT_POLICY)
    before = stored()
    assert before
    rebuild()
    assert stored() == before


def test_a_match_keeps_its_id_through_a_rebuild_and_its_row_through_an_idle_run():
    market = Market(41, one_way=True)
    legs = [market.leg() for _ in range(8)]
    run(*legs, *(market.load() for _ in range(12)))
    rows = dict(Match.objects.values_list("public_id", "pk"))
    scored = dict(Match.objects.values_list("public_id", "scored_at"))
    run(*legs)
    assert dict(Match.objects.values_list("public_id", "pk")) == rows
    assert dict(Match.objects.values_list("public_id", "scored_at")) == scored


def test_a_load_that_its_carrier_may_not_see_takes_none_of_its_own_places(short_lists):
    market = Market(51, one_way=True)
    leg = market.leg(
        empty="60601", home="75201", max_pickup_deadhead_miles=None, max_home_deadhead_miles=None, hours=240
    )
    ReturnLeg.objects.filter(pk=leg.pk).update(equipment="R", weight_pounds=45_000, drive_minutes_left=None)
    leg = ReturnLeg.objects.get(pk=leg.pk)
    for number in range(30):
        market.load(audience="partners" if number % 2 else "market")
    run(leg)
    rows = Match.objects.filter(leg=leg)
    assert rows.filter(is_for_carrier=True).count() >= SMALL.kept_per_leg
    check_lists(short_lists)
    assert not rows.filter(is_for_carrier=True, load__audience="partners").exists()
    make_relationship(market.shippers[0], leg.organization, "partner")
    run(leg)
    shown = Match.objects.filter(leg=leg, is_for_carrier=True, load__audience="partners")
    assert {row.load.organization for row in shown} == {market.shippers[0]}
    check_lists(short_lists)


def test_a_run_notes_what_it_looked_at_and_why_it_refused():
    market = Market(61, one_way=True)
    leg = market.leg(
        empty="60601", home="75201", hours=200, max_pickup_deadhead_miles=None, max_home_deadhead_miles=None
    )
    loads = [market.load() for _ in range(30)]
    run(leg)
    noted = MatchRun.objects.get(leg=leg)
    assert 0 < noted.candidates <= len(loads)
    assert noted.feasible + sum(noted.refusals.values()) == noted.candidates
    assert (noted.version, noted.policy_version, noted.road_version) == (1, DEFAULT_POLICY.version, ROADS.version)
    assert StoredPolicy.objects.get(version=DEFAULT_POLICY.version).terms["loaded_cents_per_mile"] == 226.0


def test_what_leaves_the_market_leaves_no_match_and_comes_back_with_the_same_ones():
    market = Market(71, one_way=True)
    loads = [market.load() for _ in range(12)]
    legs = [market.leg() for _ in range(8)]
    run(*loads, *legs)
    before = stored()
    load = Load.objects.get(pk=Match.objects.first().load_id)
    withdraw(load)
    assert run(load) == [load.public_id]
    assert not Match.objects.filter(load=load).exists()
    assert not MatchRun.objects.filter(load=load).exists()
    Load.objects.filter(pk=load.pk).update(status="open", version=load.version)
    run(load)
    assert stored() == before


def test_clearing_leaves_alone_what_is_back_on_the_market():
    market = Market(72, one_way=True)
    loads = [market.load() for _ in range(12)]
    run(*loads, *(market.leg() for _ in range(8)))
    load = Load.objects.get(pk=Match.objects.first().load_id)
    kept = Match.objects.filter(load=load).count()
    scoring.clear_matches(load=load, now=clock.now(), settle=lambda: None)
    assert Match.objects.filter(load=load).count() == kept


def test_a_subject_that_is_gone_is_settled():
    settled: list[str] = []
    scoring.match_loads(subjects=["load_gone"], settle=settled.append)
    scoring.match_legs(subjects=["leg_gone"], settle=settled.append)
    assert settled == ["load_gone", "leg_gone"]


def test_a_window_within_a_minute_stops_nobody_elses_match():
    market = Market(73, one_way=True)
    load = market.load()
    opens = load.stops.first().opens_at.replace(second=10)
    load.stops.filter(sequence=0).update(opens_at=opens, closes_at=opens + timedelta(seconds=20))
    assert run(*(market.leg() for _ in range(5)), load)
