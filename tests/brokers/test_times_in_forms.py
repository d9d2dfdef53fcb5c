"""Where the pages of an offer ask for times at the stops: not in a sale, and within the shipper's under a broker."""

from typing import Any

import pytest

from brokers.models import Offer
from brokers.services.acceptance import accept_offer
from brokers.services.tenders import tender_load
from brokers.terms import posted_times, terms_of
from foundation.accounts.models import Organization
from foundation.trade.windows import window_words
from tests.brokers.bargains import Deal, make_deal, offer_by, terms
from tests.brokers.test_bargain_pages import body, send, sent
from tests.builders import make_actor, make_organization

pytestmark = pytest.mark.usefixtures("db", "straight_roads", "empty_cache")
KEEP = "Keep within the shipper’s window"
AS_POSTED = "A sale keeps the times of the posting."


@pytest.fixture
def deal() -> Deal:
    return make_deal()


@pytest.fixture
def broker() -> Organization:
    return make_organization("Lakeside Brokers", brokers=True)


def _tender(deal: Deal, broker: Organization) -> Offer:
    given = terms(deal.load, 2_600)
    return tender_load(
        actor=make_actor(broker), load_id=deal.load.public_id, terms=given, load_version=deal.load.version
    )


def test_a_tender_and_its_counters_ask_for_no_times_and_keep_those_of_the_posting(
    deal: Deal, broker: Organization, sign_in: Any
) -> None:
    path = f"/bargain/loads/{deal.load.public_id}/tender/"
    client = sign_in(broker)
    page = body(client.get(path))
    assert not [name for name in sent(page) if name.startswith("stop_")]
    assert "times at the stops" not in page
    assert AS_POSTED in page
    assert send(client, path, linehaul_cents="2600", stop_0_opens_at="2031-01-01T08:00").status_code == 302
    offer = Offer.objects.get()
    counter = f"/threads/{offer.thread.public_id}/counter/"
    for side, rate in ((deal.shipper.organization, "2550"), (broker, "2580")):
        client = sign_in(side)
        page = body(client.get(counter))
        assert not [name for name in sent(page) if name.startswith("stop_")]
        assert AS_POSTED in page
        assert send(client, counter, linehaul_cents=rate).status_code == 302
    offers = list(Offer.objects.order_by("number"))
    assert [each.rate_cents for each in offers] == [2_600_00, 2_550_00, 2_580_00]
    assert all(terms_of(each).stop_times == posted_times(deal.load) for each in offers)


def test_under_a_broker_the_shippers_window_stands_beside_the_times(
    deal: Deal, broker: Organization, sign_in: Any
) -> None:
    offer = _tender(deal, broker)
    accept_offer(actor=deal.shipper, offer_id=offer.public_id, number=1, load_version=deal.load.version)
    deal.load.refresh_from_db()
    carrier = sign_in(deal.carrier.organization)
    path = f"/bargain/loads/{deal.load.public_id}/offer/?leg={deal.leg.public_id}"
    made = offer_by(deal.carrier, deal.leg, deal.load)
    pages = {path: carrier, f"/threads/{made.thread.public_id}/counter/": sign_in(broker)}
    for address, client in pages.items():
        page = body(client.get(address))
        assert page.count(KEEP) == 2, "one for each stop"
        assert AS_POSTED not in page
        for stop in deal.load.stops.all():
            assert f"stop_{stop.sequence}_opens_at" in sent(page)
            assert window_words(stop.opens_at, stop.closes_at, stop.time_zone)[:12] in page
    answer = send(sign_in(broker), f"/threads/{made.thread.public_id}/counter/", stop_0_opens_at="2020-01-01T08:00")
    assert answer.status_code == 422
    assert "keep within it" in body(answer)


def test_where_the_shipper_sells_its_load_itself_the_times_are_free(deal: Deal, sign_in: Any) -> None:
    path = f"/bargain/loads/{deal.load.public_id}/offer/?leg={deal.leg.public_id}"
    page = body(sign_in(deal.carrier.organization).get(path))
    assert "stop_0_opens_at" in sent(page)
    assert KEEP not in page
    assert AS_POSTED not in page
