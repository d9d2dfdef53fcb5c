"""Tours that people commit to: the engine's own figures, on the agreed windows, departing as late as can be."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brokers.terms import StopTime
from carriers.models import ReturnLeg
from foundation.accounts.models import Organization
from foundation.trade.errors import Conflict
from loads.models import Load
from matching import touring
from matching.engine.explain import explain
from matching.engine.policy import DEFAULT_POLICY
from matching.engine.tours import chain_tours, score_tours
from matching.rows import legs_as_columns, loads_as_columns
from matching.touring import plan_home, plan_out
from tests.builders import make_leg, make_load, make_organization, make_truck, now, stop_terms
from tests.matching.conftest import ROADS


def _going_out(carrier: Organization, since: datetime, load: Load) -> ReturnLeg:
    """Return a truck in Dallas that is free from an instant on, as `brokers.touring` describes it."""
    truck = make_truck(carrier)
    base, last = truck.home_base, load.last_stop
    assert base is not None
    return ReturnLeg(
        id=0,
        organization=carrier,
        truck=truck,
        equipment="V",
        weight_pounds=45_000,
        length_feet=53,
        pallets=26,
        empty_lat=base.lat,
        empty_lon=base.lon,
        ready_at=since,
        home_lat=last.lat,
        home_lon=last.lon,
        home_by=since + timedelta(days=60),
        home_miles=0.0,
    )


def test_a_tour_home_has_the_figures_of_its_match(shipper: Organization, carrier: Organization) -> None:
    leg, load = make_leg(carrier, hours=120), make_load(shipper)
    plan = plan_home(leg=leg, loads=[load], times={}, not_before=now(), travel=ROADS)
    account = explain(legs_as_columns([leg]), 0, loads_as_columns([load]), 0, ROADS, DEFAULT_POLICY).shared
    told = [(stop["arrive_at"], stop["begin_at"], stop["end_at"]) for stop in account["stops"]]
    planned = [(stop.arrives_at, stop.begins_at, stop.ends_at) for stop in plan.stops]
    assert [tuple(map(datetime.fromisoformat, times)) for times in told] == planned
    assert list(plan.steps) == account["timeline"]
    assert plan.ends_at == datetime.fromisoformat(account["totals"]["finish_at"])


def test_agreed_windows_bind_and_not_the_posted_ones(shipper: Organization, carrier: Organization) -> None:
    leg, load = make_leg(carrier, hours=200), make_load(shipper)
    last = load.last_stop
    later = StopTime(
        sequence=1, opens_at=last.opens_at + timedelta(days=1), closes_at=last.closes_at + timedelta(days=1)
    )
    plan = plan_home(leg=leg, loads=[load], times={load.pk: [later]}, not_before=now(), travel=ROADS)
    assert plan.stops[-1].begins_at >= later.opens_at
    sooner = StopTime(sequence=1, opens_at=leg.ready_at, closes_at=leg.ready_at + timedelta(hours=5))
    with pytest.raises(Conflict, match="reaches the delivery") as refusal:
        plan_home(leg=leg, loads=[load], times={load.pk: [sooner]}, not_before=now(), travel=ROADS)
    assert refusal.value.code == "too_late"


def test_limits_on_deadhead_do_not_bind_who_books(shipper: Organization, carrier: Organization) -> None:
    leg = make_leg(carrier, hours=120, max_pickup_deadhead_miles=1, max_home_deadhead_miles=1, max_out_of_route_miles=1)
    load = make_load(shipper, from_place="53202", to_place="76102", opens_at=leg.ready_at + timedelta(hours=3))
    plan = plan_home(leg=leg, loads=[load], times={}, not_before=now(), travel=ROADS)
    assert plan.empty_miles > 2


def test_five_loads_are_too_many_for_one_tour(shipper: Organization, carrier: Organization) -> None:
    loads = [make_load(shipper, size="partial", weight_pounds=1_000, length_feet=4) for _ in range(5)]
    with pytest.raises(Conflict, match="4 loads and 12 stops at most"):
        plan_home(leg=make_leg(carrier, hours=120), loads=loads, times={}, not_before=now(), travel=ROADS)


def _slow_departure(truck: ReturnLeg, load: Load) -> datetime:
    """Return the last minute at which the truck may leave, by trying every one."""
    legs, loads = touring._free(legs_as_columns([truck]), truck.ready_at, is_alone=False), loads_as_columns([load])
    tours = chain_tours(loads, [0], [[0]])
    first = int(legs.ready_at[0])
    best = int(score_tours(legs, loads, tours, ROADS, DEFAULT_POLICY).finish_at[0])
    minutes = np.arange(first, best)
    many = touring.replace(touring._many(legs, minutes.size), ready_at=minutes)
    found = score_tours(many, loads, touring._each(tours, minutes.size), ROADS, DEFAULT_POLICY)
    same = minutes[found.feasible & (found.finish_at == best)]
    return datetime.fromtimestamp(int(same.max()) * 60, UTC)


@pytest.mark.django_db
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hours_ahead=st.integers(2, 60),
    pickup_hours=st.integers(1, 30),
    gap_hours=st.integers(5, 40),
    where=st.sampled_from(["75201", "76102", "73102", "77002", "70112"]),
)
def test_the_latest_departure_is_that_of_trying_every_minute(
    hours_ahead: int, pickup_hours: int, gap_hours: int, where: str
) -> None:
    carrier, since = make_organization(hauls=True), now()
    opens = since + timedelta(hours=hours_ahead)
    stops = (
        stop_terms(where, opens, hours=pickup_hours),
        stop_terms("72201", opens + timedelta(hours=gap_hours), hours=30, kind="delivery"),
    )
    load = make_load(make_organization(), stops=stops)
    truck = _going_out(carrier, since, load)
    try:
        plan = plan_out(truck=truck, loads=[load], times={}, travel=ROADS)
    except Conflict:
        return
    assert plan.starts_at == _slow_departure(truck, load)
    assert plan.ends_at == plan.stops[-1].ends_at
    assert all(datetime.fromisoformat(step["end_at"]) <= plan.ends_at for step in plan.steps)
