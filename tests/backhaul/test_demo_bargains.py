"""What the demo's people have agreed when somebody first looks: made by services, and not made twice."""

from typing import Any

import pytest

from backhaul.demo.bargains import Bargains
from backhaul.demo.cast import gather
from backhaul.demo.seed import Seeder
from brokers.models import Booking, BookingStatus, Offer, OfferStatus, Thread
from carriers.models import ReturnLeg
from foundation.trade.posting import Status
from loads.models import Load
from tests.matching.conftest import straight_roads

__all__ = ["straight_roads"]

pytestmark = pytest.mark.django_db


def _quiet(_: str) -> None:
    """Say nothing."""


@pytest.mark.usefixtures("straight_roads")
def test_the_demo_has_a_sold_load_open_negotiations_and_bookings_and_makes_them_once(
    settings: Any, tmp_path: Any
) -> None:
    settings.FEDERAL_ANSWERS = str(tmp_path / "federal")
    cast = gather()
    seeder = Seeder(cast, seed=5)
    seeder.post_legs(30, _quiet)
    seeder.post_loads(60, _quiet)
    legs = ReturnLeg.objects.filter(organization__in=[actor.organization for actor in cast.carriers[:2]])
    for leg in legs:
        for _ in range(4):
            seeder.post_load_for(leg)
    assert Load.objects.filter(book_now=True).exists()
    assert not Load.objects.filter(book_now=True, rate_cents=None).exists()

    Bargains(cast).strike(_quiet)
    sold = Load.objects.get(seller__isnull=False)
    assert (sold.status, sold.book_now) == (Status.OPEN, True)
    assert sold.rate_cents is not None
    assert sold.shipper_rate_cents is not None
    assert sold.rate_cents < sold.shipper_rate_cents
    talks = Offer.objects.filter(status=OfferStatus.LIVE).count()
    booked = Booking.objects.filter(status=BookingStatus.BOOKED).count()
    assert talks >= 1
    assert booked >= 1
    assert Thread.objects.filter(offers__number=2).exists()
    made = (Thread.objects.count(), Booking.objects.count())

    Bargains(cast).strike(_quiet)
    assert Load.objects.filter(seller__isnull=False).count() == 1
    assert Offer.objects.filter(status=OfferStatus.LIVE).count() >= talks
    assert (Thread.objects.count(), Booking.objects.count()) >= made
