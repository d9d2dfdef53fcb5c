"""The pages of offers: what each side reads, what is refused in a sentence, and that what was typed stays."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from brokers.models import Booking, Offer, OfferStatus, Thread
from brokers.services.offers import supersede_offers
from foundation.accounts.models import RelationshipKind
from foundation.trade import clock
from foundation.trade.windows import local
from loads.models import Load
from tests.brokers.bargains import Deal, make_deal, offer_by
from tests.builders import make_actor, make_organization, make_relationship, now
from tests.matching.pairs import make_match

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(db) -> Deal:
    return make_deal()


@pytest.fixture
def browse(sign_in):
    """Return a browser of somebody for an actor's organization."""

    def enter(actor, role: str = "dispatcher") -> Client:
        return sign_in(actor.organization, role)

    return enter


def body(response) -> str:
    return response.content.decode()


def sent(page: str, **changes: str) -> dict[str, str]:
    """Return what a page's form would send as it stands, with changes: inputs, selections and texts."""
    form = page[page.index('<form method="post" class="bargain-form"') :]
    form = form[: form.index("</form>")]
    found = {}
    for tag in re.findall(r"<input\b[^>]*>", form):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attributes.get("type") == "checkbox" and "checked" not in tag:
            continue
        if "name" in attributes:
            found[attributes["name"]] = attributes.get("value", "")
    for name, options in re.findall(r'<select\b[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', options) or re.search(
            r'<option value="([^"]*)"', options
        )
        found[name] = chosen[1] if chosen else ""
    for name, text in re.findall(r'<textarea\b[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.S):
        found[name] = text.strip()
    return found | changes


def send(client: Client, path: str, **changes: str):
    """Open a page and send its form with changes."""
    return client.post(path, sent(body(client.get(path)), **changes))


def offer_path(deal: Deal) -> str:
    return f"/bargain/loads/{deal.load.public_id}/offer/"


def test_a_carrier_makes_an_offer_with_the_terms_of_the_posting_and_its_own_rate(browse, deal):
    client = browse(deal.carrier)
    answer = send(client, f"{offer_path(deal)}?leg={deal.leg.public_id}", linehaul_cents="2,250", notes="Team driver")
    offer = Offer.objects.get()
    assert answer["Location"] == f"/threads/{offer.thread.public_id}/"
    assert (offer.rate_cents, offer.notes, offer.thread.leg) == (225_000, "Team driver", deal.leg)
    stops = list(deal.load.stops.all())
    assert [time["opens_at"][:16] for time in offer.stop_times] == [f"{s.opens_at:%Y-%m-%dT%H:%M}" for s in stops]
    page = body(client.get(answer["Location"]))
    assert "$2,250.00" in page
    assert "Your offer waits for Prairie Paper" in page
    assert "data-countdown=" in page
    assert "+1 312 555 0100" in page, "the contact of the other side is given with the thread"


def test_the_leg_that_the_address_names_is_chosen_and_a_truck_going_out_asks_for_the_way_home(browse, deal):
    client = browse(deal.carrier)
    page = body(client.get(f"{offer_path(deal)}?leg={deal.leg.public_id}"))
    assert f'<option value="leg:{deal.leg.public_id}" selected' in page
    outbound = body(client.get(f"{offer_path(deal)}?vehicle=truck:{deal.leg.truck.public_id}"))
    assert sent(outbound)["vehicle"] == f"truck:{deal.leg.truck.public_id}"
    assert sent(outbound)["home_base"] == deal.leg.truck.home_base.public_id
    assert sent(outbound)["return_home_by"]
    refused = client.post(offer_path(deal), sent(outbound, return_home_by="", linehaul_cents="2250"))
    assert refused.status_code == 422
    assert "by when the truck must be home" in body(refused)
    assert 'value="2250"' in body(refused)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"linehaul_cents": "0"}, "more than $0.00"),
        ({"linehaul_cents": "lots"}, "is not an amount in dollars"),
        ({"linehaul_cents": ""}, "This field is required"),
        ({"payment_days": "900"}, "Days to pay"),
        ({"stop_0_closes_at": "2020-01-01T00:00"}, "window"),
        ({"stop_0_opens_at": "yesterday"}, "is no date and time"),
        ({"expires_in_minutes": "99999"}, "not one of the available choices"),
        ({"vehicle": "leg:leg_of_somebody_else"}, "no such truck or return leg of yours"),
        ({"load_version": "77"}, "has changed meanwhile"),
    ],
)
def test_nonsense_is_answered_in_a_sentence_and_what_was_typed_stays(browse, deal, changes, words):
    client = browse(deal.carrier)
    answer = send(client, offer_path(deal), **{"notes": "Kept as typed", "linehaul_cents": "2250"} | changes)
    assert answer.status_code in (409, 422)
    assert words in body(answer)
    assert "Kept as typed" in body(answer)
    assert not Thread.objects.exists()


def test_a_rate_that_nobody_would_expect_is_asked_about_once(browse, deal):
    client = browse(deal.carrier)
    path = offer_path(deal)
    asked = send(client, path, linehaul_cents="90,000")
    assert asked.status_code == 422
    assert "Do you mean this rate?" in body(asked)
    assert not Offer.objects.exists()
    given = client.post(path, sent(body(asked)) | {"confirmed": "yes"})
    assert given.status_code == 302
    assert Offer.objects.get().rate_cents == 9_000_000
    thread = f"/threads/{Thread.objects.get().public_id}/"
    shipper = browse(deal.shipper)
    offer = Offer.objects.get()
    what = {"offer": offer.public_id, "number": "1", "load_version": str(offer.load_version)}
    confirm = shipper.post(f"{thread}accept/", what)
    assert confirm.status_code == 422
    assert "Do you mean this rate?" in body(confirm)
    assert "This lane usually pays about" in body(confirm)
    assert shipper.post(f"{thread}accept/", what | {"confirmed": "yes"})["Location"].startswith("/bookings/bkg_")


def test_a_counter_shows_what_changed_before_and_after(browse, deal):
    offer = offer_by(deal.carrier, deal.leg, deal.load, 2_500)
    path = f"/threads/{offer.thread.public_id}/"
    shipper, carrier = browse(deal.shipper), browse(deal.carrier)
    assert "Ruiz Trucking offers you" in body(shipper.get(path))
    answer = send(shipper, f"{path}counter/", linehaul_cents="2300", payment_days="15", detention_cents_per_hour="60")
    assert answer["Location"] == path
    page = body(carrier.get(path))
    for name, before, after in (
        ("rate_cents", "$2,500.00", "$2,300.00"),
        ("payment_days", "30 days", "15 days"),
        ("detention_cents_per_hour", "none", "$60.00"),
    ):
        found = re.search(rf'data-change="{name}".*?<s class="before">(.*?)</s>.*?<strong>(.*?)</strong>', page, re.S)
        assert found
        assert found.groups() == (before, after)
    assert 'data-change="linehaul_cents"' not in page
    assert "Accept $2,300.00" in page


def test_accepting_books_and_a_stale_tab_is_told_what_stands(browse, deal):
    offer = offer_by(deal.carrier, deal.leg, deal.load, 2_400)
    path = f"/threads/{offer.thread.public_id}/"
    shipper, carrier = browse(deal.shipper), browse(deal.carrier)
    stale = {"offer": offer.public_id, "number": "1", "load_version": str(deal.load.version)}
    send(shipper, f"{path}counter/", linehaul_cents="2300")
    told = shipper.post(f"{path}accept/", stale)
    assert told.status_code == 409
    assert "was answered by another offer" in body(told)
    assert not Booking.objects.exists()
    second = Offer.objects.get(number=2)
    answer = carrier.post(
        f"{path}accept/", {"offer": second.public_id, "number": "2", "load_version": str(deal.load.version)}
    )
    booking = Booking.objects.get()
    assert answer["Location"] == f"/bookings/{booking.public_id}/"
    assert booking.rate_cents == 230_000
    again = carrier.post(
        f"{path}accept/", {"offer": second.public_id, "number": "2", "load_version": str(deal.load.version)}
    )
    assert again.status_code == 409
    assert "Open the booking" in body(shipper.get(path))


def test_one_cannot_accept_its_own_offer_or_withdraw_the_others(browse, deal):
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    path = f"/threads/{offer.thread.public_id}/"
    carrier, shipper = browse(deal.carrier), browse(deal.shipper)
    what = {"offer": offer.public_id, "number": "1", "load_version": str(deal.load.version)}
    own = carrier.post(f"{path}accept/", what)
    assert (own.status_code, "your own offer" in body(own)) == (409, True)
    theirs = shipper.post(f"{path}withdraw/", what)
    assert (theirs.status_code, "the other side" in body(theirs)) == (409, True)
    assert Offer.objects.get().status == OfferStatus.LIVE


def test_decline_says_why_and_withdraw_leaves_the_table_free(browse, deal):
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    rival = offer_by(deal.rival, deal.rival_leg, deal.load)
    shipper = browse(deal.shipper)
    shipper.post(f"/threads/{offer.thread.public_id}/decline/", {"offer": offer.public_id, "reason": "Too late for us"})
    page = body(browse(deal.carrier).get(f"/threads/{offer.thread.public_id}/"))
    assert "Too late for us" in page
    assert "The last offer was declined" in page
    other = browse(deal.rival)
    other.post(f"/threads/{rival.thread.public_id}/withdraw/", {"offer": rival.public_id})
    page = body(other.get(f"/threads/{rival.thread.public_id}/"))
    assert "Nothing is on the table" in page
    assert "New offer" in page


def test_an_offer_that_ran_out_is_said_to_have_before_the_sweep_comes(browse, deal, monkeypatch):
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    late = offer.expires_at + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: late)
    page = body(browse(deal.shipper).get(f"/threads/{offer.thread.public_id}/"))
    assert "ran out before it was answered" in page
    assert "Accept $" not in page


def test_the_countdown_counts_by_the_servers_clock(browse, deal):
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    page = body(browse(deal.shipper).get(f"/threads/{offer.thread.public_id}/"))
    ends, moment = re.search(r'data-countdown="([^"]+)" data-now="([^"]+)"', page).groups()
    assert ends.endswith("Z")
    assert moment < ends


def test_a_seller_compares_live_offers_side_by_side_the_lowest_first(browse, deal):
    offer_by(deal.carrier, deal.leg, deal.load, 2_450)
    offer_by(deal.rival, deal.rival_leg, deal.load, 2_300)
    page = body(browse(deal.shipper).get(f"/bargain/loads/{deal.load.public_id}/"))
    assert page.index("Other Trucking") < page.index("Ruiz Trucking")
    assert "+$50.00" in page
    assert "−$100.00" in page
    theirs = body(browse(deal.rival).get(f"/bargain/loads/{deal.load.public_id}/"))
    assert "Ruiz Trucking" not in theirs
    assert "2,450" not in theirs


def test_what_waits_stands_at_the_top_of_every_page_with_its_number(browse, deal):
    offer_by(deal.carrier, deal.leg, deal.load, 2_450)
    fragment = body(browse(deal.shipper).get("/threads/waiting/", headers={"HX-Request": "true"}))
    assert "Ruiz Trucking offers" in fragment
    assert re.search(r'id="nav-offers" hx-swap-oob="true" class="nav-count" title="[^"]+">1<', fragment)
    none = body(browse(deal.carrier).get("/threads/waiting/", headers={"HX-Request": "true"}))
    assert re.search(r'id="nav-offers" hx-swap-oob="true" class="nav-count" hidden', none)


def test_the_list_puts_what_waits_first_and_others_see_nothing(browse, deal, sign_in):
    offer = offer_by(deal.carrier, deal.leg, deal.load, 2_450)
    page = body(browse(deal.shipper).get("/threads/"))
    assert "Your answer" in page
    assert "Waits for them" in body(browse(deal.carrier).get("/threads/"))
    stranger = sign_in(make_organization("Stranger", hauls=True))
    assert "Nothing is being negotiated" in body(stranger.get("/threads/"))
    assert stranger.get(f"/threads/{offer.thread.public_id}/").status_code == 404


def test_a_page_on_which_an_answer_is_written_hears_that_it_is_out_of_date(browse, deal):
    offer = offer_by(deal.carrier, deal.leg, deal.load, 2_450)
    path = f"/threads/{offer.thread.public_id}/standing/?number=1"
    shipper = browse(deal.shipper)
    assert "alert" not in body(shipper.get(path))
    send(shipper, f"/threads/{offer.thread.public_id}/counter/", linehaul_cents="2300")
    assert "has just named $2,300.00" in body(shipper.get(path))
    standing = f"/bargain/loads/{deal.load.public_id}/standing/?version="
    rival = browse(deal.rival)
    assert "alert" not in body(rival.get(f"{standing}{deal.load.version}"))
    assert "has just changed" in body(rival.get(f"{standing}99"))


def test_a_seller_offers_its_load_to_a_truck_that_fits(browse, deal):
    shipper = browse(deal.shipper)
    panel = body(shipper.get(f"/bargain/loads/{deal.load.public_id}/?leg={deal.leg.public_id}"))
    assert "Offer it to this truck" in panel
    path = f"/bargain/loads/{deal.load.public_id}/invitation/?leg={deal.leg.public_id}"
    assert send(shipper, path, linehaul_cents="2200").status_code == 302
    thread = Thread.objects.get()
    page = body(browse(deal.carrier).get(f"/threads/{thread.public_id}/"))
    assert "Prairie Paper offers you" in page


def test_a_broker_of_both_sides_says_so_to_both(browse, deal, sign_in, broker):
    for side in (deal.shipper, deal.carrier):
        make_relationship(side.organization, broker, RelationshipKind.REPRESENTS)
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    for client in (browse(deal.shipper), browse(deal.carrier), sign_in(broker)):
        assert f"{broker.name} acts for both sides" in body(client.get(f"/threads/{offer.thread.public_id}/"))


def test_a_brokered_sale_shows_the_shipper_its_own_rate_and_the_carrier_the_brokers(browse, deal, sign_in, broker):
    client = sign_in(broker)
    assert "Offer to sell this load" in body(client.get(f"/bargain/loads/{deal.load.public_id}/"))
    assert send(client, f"/bargain/loads/{deal.load.public_id}/tender/", linehaul_cents="2600").status_code == 302
    offer = Offer.objects.get()
    shipper = browse(deal.shipper)
    assert "Brokers who would sell it" in body(shipper.get(f"/bargain/loads/{deal.load.public_id}/"))
    answer = shipper.post(
        f"/threads/{offer.thread.public_id}/accept/",
        {"offer": offer.public_id, "number": "1", "load_version": str(deal.load.version)},
        follow=True,
    )
    assert "sells this load to carriers now" in body(answer)
    load = Load.objects.get()
    assert load.seller == broker
    client.post(
        f"/loads/{load.public_id}/price/",
        {
            "version": str(load.version),
            "rate_cents": "2222",
            "book_now": "on",
            "free_minutes": "120",
            "payment_days": "30",
        },
    )
    theirs = body(shipper.get(f"/bargain/loads/{load.public_id}/"))
    assert "$2,600.00" in theirs
    assert "2,222" not in theirs
    carriers = body(browse(deal.carrier).get(f"/bargain/loads/{load.public_id}/"))
    assert "$2,222.00" in carriers
    assert "2,600" not in carriers
    assert broker.name in carriers
    assert "Prairie" not in carriers


def test_a_load_that_left_the_market_is_gone_to_who_saw_it_and_unknown_to_who_never_did(browse, deal, sign_in):
    Load.objects.filter(pk=deal.load.pk).update(status="withdrawn", updated_at=now())
    path = f"/bargain/loads/{deal.load.public_id}/"
    page = body(browse(deal.rival).get(path))
    assert "This load is gone" in page
    assert "Chicago" not in page
    assert "Prairie" not in page
    unseen = sign_in(make_organization("New", hauls=True, verified=False))
    assert unseen.get(path).status_code == 404
    assert "This load is gone" in body(browse(deal.rival).get(f"{path}offer/"))


def test_an_offer_on_a_load_that_changed_falls_and_the_new_one_begins_with_its_terms(browse, deal):
    offer = offer_by(deal.carrier, deal.leg, deal.load, 2_345)
    later = next(iter(deal.load.stops.all())).closes_at + timedelta(hours=2)
    deal.load.stops.filter(sequence=0).update(closes_at=later)
    Load.objects.filter(pk=deal.load.pk).update(version=deal.load.version + 1, pickup_closes_at=later)
    supersede_offers(subjects=[deal.load.public_id], settle=lambda subject: None)
    client = browse(deal.carrier)
    path = f"/threads/{offer.thread.public_id}/"
    assert "The load changed, so the last offer no longer stands" in body(client.get(path))
    assert "Load changed" in body(client.get("/threads/"))
    page = body(client.get(f"{path}counter/"))
    assert sent(page)["linehaul_cents"] == "2345"
    assert client.post(f"{path}counter/", sent(page))["Location"] == path
    second = Offer.objects.get(number=2)
    assert (second.rate_cents, second.load_version) == (2_345_00, deal.load.version + 1)
    assert second.stop_times[0]["closes_at"] == later.isoformat().replace("+00:00", "Z")


def test_the_engine_is_asked_about_the_times_that_would_be_offered(browse, deal):
    client = browse(deal.carrier)
    page = body(client.get(f"{offer_path(deal)}?leg={deal.leg.public_id}"))
    check = f"/bargain/loads/{deal.load.public_id}/check/"
    assert "can do it" in body(client.post(check, sent(page)))
    first = next(iter(deal.load.stops.all()))
    opens, closes = (local(first.opens_at - timedelta(hours=hours), first.time_zone) for hours in (20, 18))
    early = {"stop_0_opens_at": f"{opens:%Y-%m-%dT%H:%M}", "stop_0_closes_at": f"{closes:%Y-%m-%dT%H:%M}"}
    assert "The truck cannot take this load" in body(client.post(check, sent(page, **early)))


def test_the_desk_says_about_which_loads_its_broker_bargains(broker, sign_in, shipper, carrier):
    match = make_match(shipper, carrier)
    make_relationship(shipper, broker, RelationshipKind.REPRESENTS)
    client = sign_in(broker)
    assert "1 negotiation" not in body(client.get("/desk/"))
    offer_by(make_actor(carrier), match.leg, match.load)
    assert "1 negotiation" in body(client.get("/desk/"))


def test_a_viewer_reads_and_does_not_act(browse, deal):
    offer = offer_by(deal.carrier, deal.leg, deal.load)
    viewer = browse(deal.shipper, "viewer")
    page = body(viewer.get(f"/threads/{offer.thread.public_id}/"))
    assert "Accept" not in page
    what = {"offer": offer.public_id, "number": "1", "load_version": "1"}
    assert viewer.post(f"/threads/{offer.thread.public_id}/accept/", what).status_code == 403
    assert viewer.get(offer_path(deal)).status_code == 403
