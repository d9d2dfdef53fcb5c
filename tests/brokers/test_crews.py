"""Driver and trailer beside a return leg: its own or its tour's; the engine judges no others."""

import re
from typing import Any

import pytest

from brokers.models import Booking, Tour
from brokers.services.claims import claim_load
from carriers.models import ReturnLeg
from foundation.accounts.models import Organization
from foundation.trade.errors import Invalid
from tests.brokers.booked import claim, going_home, open_load
from tests.brokers.test_bargain_pages import body
from tests.brokers.test_outbound_tours import part
from tests.builders import make_actor, make_driver, make_organization, make_trailer, make_truck

HOMEWARD = {"start": "60601", "end": "75201"}


def refused(carrier: Organization, leg: ReturnLeg, **named: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as refusal:
        claim(carrier, open_load(make_organization()), leg, **named)
    assert not Tour.objects.exists()
    return {problem.field: problem.sentence for problem in refusal.value.problems}


def test_another_trailer_or_driver_than_the_legs_own_is_refused_with_the_remedy(carrier: Organization) -> None:
    own, driver = make_trailer(carrier), make_driver(carrier)
    leg = going_home(carrier, trailer=own.public_id, driver=driver.public_id)
    said = refused(carrier, leg, trailer_id=make_trailer(carrier).public_id, driver_id=make_driver(carrier).public_id)
    assert said["trailer"] == (
        f"This return leg was posted with trailer {own}. Leave the trailer out here, or change it on the return leg."
    )
    assert said["driver"].startswith(f"This return leg was posted with driver {driver}.")
    claim(carrier, open_load(make_organization()), leg, trailer_id=own.public_id, driver_id=driver.public_id)
    tour = Tour.objects.get()
    assert (tour.trailer, tour.driver) == (own, driver)


@pytest.mark.parametrize(
    ("trailer", "lacks"),
    [
        ({"equipment": "F"}, "posted with Van"),
        ({"length_feet": 20}, "53 ft"),
        ({"weight_pounds": 10_000}, "lb, and trailer"),
        ({"pallets": 2}, "pallets"),
    ],
)
def test_a_leg_that_names_no_trailer_takes_none_that_offers_less_than_it_posted(
    carrier: Organization, trailer: dict[str, Any], lacks: str
) -> None:
    leg = going_home(carrier)
    said = refused(carrier, leg, trailer_id=make_trailer(carrier, **trailer).public_id)
    assert re.search(lacks, said["trailer"])
    good = make_trailer(carrier)
    claim(carrier, open_load(make_organization()), leg, trailer_id=good.public_id)
    assert Tour.objects.get().trailer == good


def test_a_leg_that_offers_hazmat_takes_no_driver_who_is_not_endorsed(carrier: Organization) -> None:
    leg = going_home(carrier)
    ReturnLeg.objects.update(attributes=1)
    said = refused(carrier, leg, driver_id=make_driver(carrier).public_id)
    assert "offers hazmat" in said["driver"]
    endorsed = make_driver(carrier, hazmat_endorsed=True)
    claim(carrier, open_load(make_organization()), leg, driver_id=endorsed.public_id)
    assert Tour.objects.get().driver == endorsed


def test_a_second_partial_rides_with_the_driver_and_trailer_of_the_tour_or_is_refused(carrier: Organization) -> None:
    leg, trailer = going_home(carrier), make_trailer(carrier)
    claim(carrier, part(20, **HOMEWARD, last=5), leg, trailer_id=trailer.public_id)
    for named in ({"trailer_id": make_trailer(carrier).public_id}, {"driver_id": make_driver(carrier).public_id}):
        with pytest.raises(Invalid, match="The tour on this return leg is booked already"):
            claim(carrier, part(20, **HOMEWARD, last=5), leg, **named)
    claim(carrier, part(20, **HOMEWARD, last=5), leg, trailer_id=trailer.public_id)
    assert Booking.objects.count() == 2


def test_a_truck_that_goes_out_pulls_what_is_named(carrier: Organization) -> None:
    truck, trailer = make_truck(carrier), make_trailer(carrier)
    actor = make_actor(carrier)
    claim_load(actor=actor, load_id=part(20).public_id, truck_id=truck.public_id, trailer_id=trailer.public_id)
    assert Tour.objects.get().trailer == trailer


def test_the_page_offers_beside_a_leg_what_it_allows_and_says_why_not_another(
    sign_in: Any, carrier: Organization
) -> None:
    own, other, driver = make_trailer(carrier), make_trailer(carrier), make_driver(carrier)
    leg = going_home(carrier, trailer=own.public_id)
    load, client = open_load(make_organization()), sign_in(carrier)
    page = body(client.get(f"/bargain/loads/{load.public_id}/claim/?leg={leg.public_id}"))
    assert own.public_id in page
    assert driver.public_id in page
    assert other.public_id not in page
    said = body(
        client.post(
            f"/bargain/loads/{load.public_id}/check/",
            {"vehicle": f"leg:{leg.public_id}", "trailer": other.public_id},
        )
    )
    assert "That trailer cannot be had with this return leg" in said
