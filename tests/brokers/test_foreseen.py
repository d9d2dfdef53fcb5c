"""What a preview says, a booking does: each refusal of a constraint is heard while planning, in the same sentence."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from brokers.models import Booking, Tour
from brokers.services.booking import plan_for
from brokers.services.bundles import check_together
from brokers.services.claiming import claim_terms
from brokers.services.claims import claim_load
from brokers.touring import PlannedTour, vehicle_of
from carriers.models import HomeBase, ReturnLeg, Truck
from foundation.accounts.models import Organization
from foundation.trade import clock
from foundation.trade.errors import Conflict, Invalid
from foundation.trade.posting import Status
from loads.models import Load
from tests.brokers.booked import going_home, local_load, open_load
from tests.brokers.test_bargain_api import Caller
from tests.brokers.test_bargain_pages import body, sent
from tests.brokers.test_bundles import back_load, home_by
from tests.brokers.test_outbound_tours import goes_out, part
from tests.builders import (
    make_actor,
    make_driver,
    make_home_base,
    make_leg,
    make_organization,
    make_trailer,
    make_truck,
    now,
)

MINUTE = timedelta(minutes=1)
FITS = ("", "")


class _UndoneError(Exception):
    """The booking was made, and is undone again."""


@pytest.fixture(autouse=True)
def moment(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Hold the clock, so that who looks and who books plan in the same minute."""
    held = now()
    monkeypatch.setattr(clock, "now", lambda: held)
    return held


@pytest.fixture
def truck(carrier: Organization) -> Truck:
    return make_truck(carrier)


def planned(carrier: Organization, load: Load, **named: Any) -> PlannedTour:
    vehicle = vehicle_of(carrier, **named)
    times = claim_terms(load).stop_times
    return plan_for(load=load, stop_times=times, vehicle=vehicle, carrier=carrier, now=clock.now())


def verdict(carrier: Organization, load: Load, **named: Any) -> tuple[str, str]:
    """Return the code and sentence of the refusal, or two empty strings: of a look and of a claim, which are one."""

    def refusal(act: Callable[[], object]) -> tuple[str, str]:
        try:
            with transaction.atomic():
                act()
                raise _UndoneError
        except _UndoneError:
            return FITS
        except (Conflict, Invalid) as error:
            return error.code, error.sentence

    seen = refusal(lambda: planned(carrier, load, **named))
    booked = refusal(lambda: claim_load(actor=make_actor(carrier), load_id=load.public_id, **named))
    assert seen == booked
    return seen


def away(noun: str, unit: Any, starts_at: datetime, ends_at: datetime) -> Tour:
    """Let a truck, driver or trailer be on another tour from when to when."""
    carrier = unit.organization
    units = {"truck": make_truck(carrier) if noun != "truck" else unit, noun: unit}
    return Tour.objects.create(
        organization=carrier, starts_at=starts_at, ends_at=ends_at, created_at=clock.now(), **units
    )


@pytest.mark.parametrize("noun", ["truck", "driver", "trailer"])
@pytest.mark.parametrize("is_home", [True, False])
def test_a_unit_on_another_tour_refuses_and_tours_that_touch_do_not(
    carrier: Organization, noun: str, is_home: bool
) -> None:
    driver, trailer = make_driver(carrier), make_trailer(carrier)
    if is_home:
        leg = going_home(carrier, driver=driver.public_id, trailer=trailer.public_id)
        load, truck = open_load(make_organization()), leg.truck
        named: dict[str, Any] = {"truck_id": truck.public_id, "leg_id": leg.public_id}
    else:
        load, truck = local_load(make_organization()), make_truck(carrier, usual_driver=driver, usual_trailer=trailer)
        named = {"truck_id": truck.public_id}
    plan = planned(carrier, load, **named)
    unit = {"truck": truck, "driver": driver, "trailer": trailer}[noun]
    hour = timedelta(hours=1)
    if is_home or noun != "truck":  # before an outbound load the truck stands where its last tour ends
        before = away(noun, unit, plan.starts_at - hour, plan.starts_at)
        assert verdict(carrier, load, **named) == FITS
        Tour.objects.filter(pk=before.pk).update(ends_at=plan.starts_at + MINUTE)
        code, sentence = verdict(carrier, load, **named)
        assert code == f"{noun}_is_in_one_place"
        assert "is on another tour in that time" in sentence
        before.delete()
    if not is_home and noun == "truck":
        return  # its way home would run into the next one, whatever it does
    after = away(noun, unit, plan.ends_at, plan.ends_at + hour)
    assert verdict(carrier, load, **named) == FITS
    Tour.objects.filter(pk=after.pk).update(starts_at=plan.ends_at - MINUTE)
    assert verdict(carrier, load, **named)[0] == f"{noun}_is_in_one_place"
    Tour.objects.filter(pk=after.pk).update(status="cancelled", cancelled_at=clock.now())
    assert verdict(carrier, load, **named) == FITS


def test_a_way_home_that_runs_into_another_return_leg_refuses_and_one_that_touches_it_does_not(
    carrier: Organization, truck: Truck
) -> None:
    load = local_load(make_organization())
    by = home_by()
    named = {"truck_id": truck.public_id, "return_home_by": by}
    other = make_leg(carrier, truck=truck, ready_at=by)
    assert verdict(carrier, load, **named) == FITS
    ReturnLeg.objects.filter(pk=other.pk).update(ready_at=by - MINUTE)
    code, sentence = verdict(carrier, load, **named)
    assert code == "truck_has_one_leg_at_a_time"
    assert "is on another return leg in that time (Chicago, IL" in sentence
    ReturnLeg.objects.filter(pk=other.pk).update(status=Status.WITHDRAWN)
    assert verdict(carrier, load, **named) == FITS


def test_a_return_leg_in_the_time_of_a_tour_out_refuses_and_one_that_touches_it_does_not(
    carrier: Organization, truck: Truck
) -> None:
    load = local_load(make_organization())
    named = {"truck_id": truck.public_id, "return_home_by": home_by()}
    plan = planned(carrier, load, **named)
    other = make_leg(carrier, truck=truck, ready_at=plan.starts_at - timedelta(hours=1))
    ReturnLeg.objects.filter(pk=other.pk).update(home_by=plan.starts_at)
    assert verdict(carrier, load, **named) == FITS
    ReturnLeg.objects.filter(pk=other.pk).update(home_by=plan.starts_at + MINUTE)
    assert verdict(carrier, load, **named)[0] == "truck_is_promised"


def test_a_truck_asked_home_after_its_next_tour_begins_or_sooner_than_it_can_is_refused_at_its_field(
    carrier: Organization, truck: Truck
) -> None:
    load = local_load(make_organization())
    by = home_by()
    away("truck", truck, by, by + timedelta(hours=5))
    assert verdict(carrier, load, truck_id=truck.public_id, return_home_by=by) == FITS
    assert verdict(carrier, load, truck_id=truck.public_id) == FITS
    ends_at = planned(carrier, load, truck_id=truck.public_id).ends_at
    for wrong, field_code in ((by + MINUTE, "next_tour"), (ends_at + 30 * MINUTE, "")):
        named = {"truck_id": truck.public_id, "return_home_by": wrong}
        code, sentence = verdict(carrier, load, **named)
        with pytest.raises(Invalid) as refused:
            planned(carrier, load, **named)
        assert [problem.field for problem in refused.value.problems] == ["return_home_by"], sentence
        assert not field_code or [problem.code for problem in refused.value.problems] == [field_code]
        assert code


def test_a_partial_that_lengthens_a_tour_into_its_drivers_next_one_is_refused(
    carrier: Organization, truck: Truck
) -> None:
    driver = make_driver(carrier)
    goes_out(truck, part(20, last=4), driver_id=driver.public_id)
    second = part(20, end="78205", last=5)
    plan = planned(carrier, second, truck_id=truck.public_id)
    assert plan.ends_at > Tour.objects.get().ends_at
    other = away("driver", driver, plan.ends_at, plan.ends_at + timedelta(hours=2))
    assert verdict(carrier, second, truck_id=truck.public_id) == FITS
    Tour.objects.filter(pk=other.pk).update(starts_at=plan.ends_at - MINUTE)
    assert verdict(carrier, second, truck_id=truck.public_id)[0] == "driver_is_in_one_place"


def test_a_round_trip_whose_driver_is_elsewhere_on_the_way_home_is_refused_before_it_is_held(
    carrier: Organization,
) -> None:
    driver = make_driver(carrier)
    truck = make_truck(carrier, usual_driver=driver)
    loads = [local_load(make_organization()), back_load(make_organization())]
    vehicle = vehicle_of(carrier, truck_id=truck.public_id, return_home_by=home_by())
    check_together(carrier=carrier, vehicle=vehicle, loads=loads, now=clock.now())
    pickup = loads[1].first_stop.opens_at
    away("driver", driver, pickup, pickup + timedelta(hours=1))
    with pytest.raises(Conflict, match="is on another tour in that time") as refused:
        check_together(carrier=carrier, vehicle=vehicle, loads=loads, now=clock.now())
    assert refused.value.code == "driver_is_in_one_place"


def test_a_chain_on_a_return_leg_that_is_taken_is_refused_before_it_is_held(carrier: Organization) -> None:
    leg = going_home(carrier)
    loads = [open_load(make_organization()), open_load(make_organization())]
    ReturnLeg.objects.filter(pk=leg.pk).update(status=Status.WITHDRAWN)
    vehicle = vehicle_of(carrier, leg_id=leg.public_id)
    with pytest.raises(Conflict, match="not on the market any more"):
        check_together(carrier=carrier, vehicle=vehicle, loads=loads, now=clock.now())


def test_a_home_base_other_than_that_of_the_tour_that_a_load_joins_is_refused_with_the_remedy(
    carrier: Organization, truck: Truck
) -> None:
    goes_out(truck, part(20))
    leg = ReturnLeg.objects.get()
    second = part(20)
    austin = make_home_base(carrier, "78701")
    named = {"truck_id": truck.public_id, "home_base_id": austin.public_id}
    with pytest.raises(Invalid, match="goes home to Dallas, TX, not to") as refused:
        planned(carrier, second, **named)
    assert [(problem.field, problem.code) for problem in refused.value.problems] == [("home_base", "not_the_legs")]
    assert "Leave the home base out" in refused.value.sentence
    assert verdict(carrier, second, **named)[1] == refused.value.sentence
    twin = make_home_base(carrier, "75201")  # elsewhere by name only
    assert verdict(carrier, second, truck_id=truck.public_id, home_base_id=twin.public_id) == FITS
    assert leg.home_base is not None
    assert verdict(carrier, second, truck_id=truck.public_id, home_base_id=leg.home_base.public_id) == FITS
    HomeBase.objects.filter(pk=leg.home_base.pk).update(city="Seattle", state="WA", zip="98101", lat=47.61, lon=-122.33)
    assert verdict(carrier, second, truck_id=truck.public_id, home_base_id=leg.home_base.public_id) == FITS
    assert Booking.objects.count() == 1


def test_rest_names_the_home_base_that_a_load_which_joins_cannot_have(carrier: Organization, truck: Truck) -> None:
    goes_out(truck, part(20))
    load, austin = part(20), make_home_base(carrier, "78701")
    asked = {"truck": truck.public_id, "home_base": austin.public_id, "load_version": load.version}
    asked |= {"rate": {"amount": "1000.00", "currency": "USD"}}
    answer = Caller(carrier).send(f"/loads/{load.public_id}/claims", asked)
    assert answer.status_code == 422, answer.json()
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/home_base"]
    assert "its return leg goes home to Dallas, TX" in answer.json()["errors"][0]["detail"]


def test_the_page_offers_the_home_and_crew_of_the_tour_that_a_load_joins_and_says_what_is_wrong_with_another(
    sign_in: Callable[..., Client], carrier: Organization, truck: Truck
) -> None:
    driver = make_driver(carrier)
    goes_out(truck, part(20), driver_id=driver.public_id)
    Truck.objects.filter(pk=truck.pk).update(usual_driver=make_driver(carrier))
    load, austin, client = part(20), make_home_base(carrier, "78701"), sign_in(carrier)
    path = f"/bargain/loads/{load.public_id}/claim/?truck={truck.public_id}"
    form = sent(body(client.get(path)))
    assert (form["driver"], form["home_base"]) == (driver.public_id, ReturnLeg.objects.get().home_base.public_id)
    said = body(client.post(f"/bargain/loads/{load.public_id}/check/", form | {"home_base": austin.public_id}))
    assert "its return leg goes home to Dallas, TX" in said
    refused = body(client.post(path, form | {"home_base": austin.public_id}))
    assert "Leave the home base out, or change it on that return leg first." in refused
    ReturnLeg.objects.update(home_base=None)  # its carrier gave it a home of its own
    form = sent(body(client.get(path)))
    assert form["home_base"] == ""
    assert client.post(path, form).status_code == 302
    assert Tour.objects.get().bookings.count() == 2
