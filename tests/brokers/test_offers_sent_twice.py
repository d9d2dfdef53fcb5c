"""The same form of a first offer sent twice gives the first thread; a form that was changed means another offer."""

from typing import Any

import pytest

from brokers.models import Offer, Thread
from brokers.services.offers import accept_offer
from brokers.services.opening import open_thread
from foundation.trade.errors import Conflict
from tests.brokers.bargains import Deal, make_deal, terms
from tests.brokers.test_bargain_pages import sent
from tests.builders import make_leg, make_organization
from tests.races.at_once import at_once

pytestmark = pytest.mark.usefixtures("straight_roads", "empty_cache")


@pytest.fixture
def deal(db: None) -> Deal:
    return make_deal()


def _paths(deal: Deal) -> dict[str, str]:
    load = f"/bargain/loads/{deal.load.public_id}"
    leg = f"?leg={deal.leg.public_id}"
    return {"carrier": f"{load}/offer/{leg}", "shipper": f"{load}/invitation/{leg}", "broker": f"{load}/tender/"}


@pytest.mark.parametrize("who", ["carrier", "shipper", "broker"])
def test_a_double_click_leads_to_the_one_thread_that_it_opened(deal: Deal, sign_in: Any, who: str) -> None:
    made = {"carrier": deal.carrier.organization, "shipper": deal.shipper.organization}
    client, path = sign_in(made.get(who) or make_organization("Lakeside", brokers=True)), _paths(deal)[who]
    form = sent(client.get(path).text, linehaul_cents="2250", notes="Two\r\nlines")
    first, second = client.post(path, form), client.post(path, form)
    assert (first.status_code, second.status_code) == (302, 302), second.content
    assert first["Location"] == second["Location"] == f"/threads/{Thread.objects.get().public_id}/"
    assert Offer.objects.count() == 1
    another = client.post(path, form | {"linehaul_cents": "2300"})
    assert another.status_code == 409
    assert "Go on in that negotiation" in another.text


def test_a_form_that_was_sent_before_the_load_was_booked_leads_to_its_thread(deal: Deal, sign_in: Any) -> None:
    client, path = sign_in(deal.carrier.organization), _paths(deal)["carrier"]
    form = sent(client.get(path).text, linehaul_cents="2250")
    first = client.post(path, form)
    offer = Offer.objects.get()
    accept_offer(actor=deal.shipper, offer_id=offer.public_id, number=1, load_version=1)
    assert client.post(path, form)["Location"] == first["Location"]


def test_the_same_form_with_another_truck_opens_another_thread(deal: Deal, sign_in: Any) -> None:
    client, path = sign_in(deal.carrier.organization), _paths(deal)["carrier"]
    other = make_leg(deal.carrier.organization, hours=120, ready_at=deal.leg.ready_at)
    form = sent(client.get(path).text, linehaul_cents="2250")
    client.post(path, form)
    assert client.post(path, form | {"vehicle": f"leg:{other.public_id}"}).status_code == 302
    assert {row.leg_id for row in Thread.objects.all()} == {deal.leg.pk, other.pk}


def test_a_token_is_the_senders_own(deal: Deal) -> None:
    def offer(actor: Any, leg: Any) -> Offer:
        return open_thread(
            actor=actor,
            load_id=deal.load.public_id,
            leg_id=leg.public_id,
            terms=terms(deal.load),
            load_version=1,
            form_token="form_1",
        )

    first = offer(deal.carrier, deal.leg)
    assert offer(deal.carrier, deal.leg) == first
    assert offer(deal.rival, deal.rival_leg).thread.taker == deal.rival.organization
    with pytest.raises(Conflict, match="Go on in that negotiation"):
        open_thread(
            actor=deal.carrier,
            load_id=deal.load.public_id,
            leg_id=deal.leg.public_id,
            terms=terms(deal.load, 2_222),
            load_version=1,
            form_token="form_1",
        )


@pytest.mark.django_db(transaction=True)
def test_two_clicks_in_the_same_moment_open_one_thread() -> None:
    deal = make_deal()

    def offer() -> Offer:
        return open_thread(
            actor=deal.carrier,
            load_id=deal.load.public_id,
            leg_id=deal.leg.public_id,
            terms=terms(deal.load),
            load_version=1,
            form_token="form_1",
        )

    assert at_once(offer, offer) == []
    assert Offer.objects.count() == 1
