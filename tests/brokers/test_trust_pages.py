"""What a seller reads of its carrier, and a carrier of itself."""

from datetime import timedelta

import pytest

from brokers.models import Booking
from foundation.accounts.models import FederalRecord
from tests.brokers.booked import claim, going_home, open_load
from tests.builders import make_organization, make_record, now

pytestmark = pytest.mark.django_db


@pytest.fixture
def booked(settings, shipper, carrier, straight_roads):
    """Book a load with a young carrier in good standing."""
    settings.FMCSA_WEB_KEY = "key"
    carrier.contact_email = "boss@ruiz-trucking.example"
    carrier.save()
    make_record(carrier, authority_since=(now() - timedelta(days=20)).date())
    claim(carrier, open_load(shipper), going_home(carrier))
    return Booking.objects.get()


def page(sign_in, organization, path):
    response = sign_in(organization).get(path, headers={"HX-Request": "true"})
    return response.status_code, response.content.decode()


def test_the_seller_reads_the_flags_of_its_carrier_in_fair_words(booked, sign_in, shipper, carrier):
    status, text = page(sign_in, shipper, f"/bookings/{booked.public_id}/carrier/")
    assert status == 200
    assert "its authority is 20 days old" in text
    assert "Everybody starts once" in text
    assert "$1,000,000.00" in text
    for other in (carrier, make_organization("Stranger", hauls=True)):
        assert page(sign_in, other, f"/bookings/{booked.public_id}/carrier/")[0] == 404


def test_the_seller_hears_that_a_carrier_is_blocked_and_never_why(booked, sign_in, shipper, carrier):
    record = FederalRecord.objects.get(usdot_number=carrier.usdot_number)
    record.is_out_of_service = True
    record.save()
    _, text = page(sign_in, shipper, f"/bookings/{booked.public_id}/carrier/")
    assert "cannot be booked here at the moment" in text
    assert "out of service" not in text.lower()


def test_a_carrier_reads_what_stands_in_its_way_and_what_mends_it(booked, sign_in, carrier, shipper):
    assert "younger than 90 days" in page(sign_in, carrier, "/trust/")[1]
    record = FederalRecord.objects.get(usdot_number=carrier.usdot_number)
    record.bipd_on_file_cents = 0
    record.save()
    status, text = page(sign_in, carrier, "/trust/")
    assert (status, "Ask your insurer to file the proof" in text) == (200, True)
    assert "does not haul" in page(sign_in, shipper, "/trust/")[1]


def test_without_javascript_each_part_is_a_page(booked, sign_in, carrier):
    response = sign_in(carrier).get("/trust/")
    assert b"<html" in response.content
