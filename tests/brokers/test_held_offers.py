"""An acceptance whose carrier has to be checked first: held with its load reserved, then booked or released."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from brokers.models import Booking, Claim, ClaimedLoad, ClaimStatus, Offer, OfferStatus, Thread, ThreadStatus
from brokers.services import held_offers
from brokers.services.claims import release_due_claims, settle_claim
from brokers.services.offers import (
    accept_offer,
    counter_offer,
    decline_offer,
    expire_due_offers,
    withdraw_offer,
)
from brokers.services.pending import check_waiting_claims
from brokers.services.tenders import tender_load
from brokers.services.threads import leave_thread
from brokers.trust import queries as trust_queries
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization
from foundation.events.models import AuditEntry, Mail, Notice
from foundation.trade.errors import Conflict
from foundation.trade.posting import Status
from loads.models import Load
from loads.services import withdraw_load
from tests.brokers.bargains import Deal, all_at_once, make_deal, offer_by, seen_by, terms
from tests.brokers.booked import claim, going_home, open_load
from tests.brokers.test_pending_claims import answer
from tests.builders import make_actor, make_organization, make_record, make_truck, now
from tests.events.pump import pump
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def registry(settings: Any, tmp_path: Path) -> Path:
    """Let the tests say what the registry answers."""
    settings.FEDERAL_ANSWERS = str(tmp_path)
    return tmp_path


@pytest.fixture
def deal(registry: Path, straight_roads: None) -> Deal:
    """Return two sides of which the carrier cannot be checked yet; its rival can."""
    made = make_deal(book_now=True)
    make_record(_numbered(made.rival.organization, "7654321"))
    answer(registry, made.carrier.organization, fails=True)
    return made


@pytest.fixture
def offer(deal: Deal) -> Offer:
    """Return the carrier's offer of $2,300, which stands for 30 minutes."""
    return offer_by(deal.carrier, deal.leg, deal.load)


def _numbered(organization: Organization, number: str) -> Organization:
    organization.usdot_number = number
    organization.save()
    return organization


def _accept(actor: Actor, offer: Offer) -> Booking | Claim | Load:
    return accept_offer(actor=actor, offer_id=offer.public_id, number=offer.number, load_version=offer.load_version)


def _held(actor: Actor, offer: Offer) -> Claim:
    hold = _accept(actor, offer)
    assert isinstance(hold, Claim)
    offer.refresh_from_db()
    return hold


def _run_out(hold: Claim) -> None:
    Claim.objects.filter(pk=hold.pk).update(
        made_at=now() - timedelta(minutes=11), held_until=now() - timedelta(seconds=1)
    )


def test_it_is_held_with_its_load_reserved_for_ten_minutes_at_most(deal: Deal, offer: Offer) -> None:
    hold = _held(deal.shipper, offer)
    assert (hold.status, hold.carrier, hold.offer) == (ClaimStatus.PENDING, deal.carrier.organization, offer)
    assert hold.held_until is not None
    assert hold.held_until - hold.made_at <= timedelta(minutes=10)
    assert offer.status == OfferStatus.HELD
    assert not Booking.objects.exists()
    for side in (deal.shipper, deal.carrier):
        assert seen_by(side.organization, "offer.held") == 1
    assert seen_by(deal.rival.organization, "offer.held") == 0


def test_the_check_that_passes_books_it_at_exactly_the_accepted_terms(deal: Deal, registry: Path, offer: Offer) -> None:
    hold = _held(deal.shipper, offer)
    answer(registry, deal.carrier.organization)
    assert check_waiting_claims() == 1
    booking = Booking.objects.get()
    assert (booking.offer, booking.rate_cents, booking.booked_by_organization) == (
        offer,
        2_300_00,
        deal.shipper.organization,
    )
    assert booking.booked_by == deal.shipper.person
    offer.refresh_from_db()
    hold.refresh_from_db()
    assert (offer.status, hold.status) == (OfferStatus.ACCEPTED, ClaimStatus.BOOKED)
    assert Thread.objects.get(pk=offer.thread_id).status == ThreadStatus.AGREED
    assert hold.loads.get().booking == booking
    assert not ClaimedLoad.objects.filter(is_held=True).exists()
    for side in (deal.shipper, deal.carrier):
        assert seen_by(side.organization, "booking.made") == 1


def test_the_carrier_that_accepts_the_sellers_offer_waits_in_the_same_way(
    deal: Deal, registry: Path, offer: Offer
) -> None:
    counter = counter_offer(
        actor=deal.shipper,
        thread_id=offer.thread.public_id,
        terms=terms(deal.load, 2_350),
        on_number=1,
        load_version=1,
    )
    hold = _held(deal.carrier, counter)
    assert counter.status == OfferStatus.HELD
    answer(registry, deal.carrier.organization)
    pump()
    hold.refresh_from_db()
    assert hold.status == ClaimStatus.BOOKED
    assert Booking.objects.get().rate_cents == 2_350_00


def test_meanwhile_it_is_not_accepted_again_nor_taken_back_nor_run_out(deal: Deal, offer: Offer) -> None:
    _held(deal.shipper, offer)
    word: dict[str, Any] = {"offer_id": offer.public_id}
    for verb, actor in ((accept_offer, deal.shipper), (decline_offer, deal.shipper), (withdraw_offer, deal.carrier)):
        more = {"number": 1, "load_version": 1} if verb is accept_offer else {}
        with pytest.raises(Conflict, match="waits for a check of the carrier") as refused:
            verb(actor=actor, **word, **more)  # type: ignore[operator]
        assert refused.value.code == "offer_held"
    for side in (deal.shipper, deal.carrier):
        with pytest.raises(Conflict, match="waits for a check of the carrier"):
            counter_offer(
                actor=side,
                thread_id=offer.thread.public_id,
                terms=terms(deal.load, 2_400),
                on_number=1,
                load_version=1,
            )
        with pytest.raises(Conflict, match="waits for a check of the carrier"):
            leave_thread(actor=side, thread_id=offer.thread.public_id)
    Offer.objects.filter(status=OfferStatus.LIVE).update(expires_at=now())
    assert expire_due_offers() == 0
    offer.refresh_from_db()
    assert offer.status == OfferStatus.HELD


def test_rivals_read_that_the_load_is_reserved_and_not_for_whom(
    deal: Deal, offer: Offer, sign_in: Callable[..., Client]
) -> None:
    other = offer_by(deal.rival, deal.rival_leg, deal.load, 2_200)
    _held(deal.shipper, offer)
    Load.objects.filter(pk=deal.load.pk).update(book_now=True)
    with pytest.raises(Conflict) as refused:
        claim(deal.rival.organization, deal.load, deal.rival_leg, actor=deal.rival)
    assert refused.value.code == "load_reserved"
    with pytest.raises(Conflict) as refused:
        _accept(deal.shipper, other)
    assert refused.value.code == "load_reserved"
    page = sign_in(deal.rival.organization).get(f"/bargain/loads/{deal.load.public_id}/").content.decode()
    assert "reserved" in page
    assert deal.carrier.organization.name not in page
    assert ApiClient(deal.rival.organization).get("/api/v1/claims").json()["items"] == []


def test_what_a_rule_finds_releases_it_and_the_seller_reads_only_that_it_is_so(
    deal: Deal, registry: Path, offer: Offer
) -> None:
    hold = _held(deal.shipper, offer)
    answer(registry, deal.carrier.organization, bipd="300")
    assert check_waiting_claims() == 1
    hold.refresh_from_db()
    offer.refresh_from_db()
    assert (hold.status, offer.status) == (ClaimStatus.RELEASED, OfferStatus.LIVE)
    path = f"/api/v1/offers/{offer.public_id}"
    carriers, sellers = (ApiClient(side.organization).get(path).json() for side in (deal.carrier, deal.shipper))
    assert "$750,000.00" in carriers["hold"]["sentence"]
    assert "insurance" not in sellers["hold"]["sentence"]
    assert "rules of trust" in sellers["hold"]["sentence"]
    for seen in (carriers, sellers):
        assert seen["status"] == "live"
        assert seen["hold"]["status"] == "released"
        assert seen["hold"]["sentence"].endswith("The offer stands again as before.")
    assert not ClaimedLoad.objects.filter(is_held=True).exists()
    withdraw_offer(actor=deal.carrier, offer_id=offer.public_id)


def test_time_that_runs_out_releases_it_and_the_offer_lives_on(deal: Deal, offer: Offer) -> None:
    hold = _held(deal.shipper, offer)
    _run_out(hold)
    assert release_due_claims() == 1
    assert release_due_claims() == 0
    offer.refresh_from_db()
    assert offer.status == OfferStatus.LIVE
    for side in (deal.shipper, deal.carrier):
        assert seen_by(side.organization, "offer.released") == 1
    assert isinstance(_accept(deal.shipper, offer), Claim), "it may be accepted again"


def test_an_offer_whose_own_time_is_over_by_then_expires_with_a_word_to_both(deal: Deal) -> None:
    short = offer_by(deal.carrier, deal.leg, deal.load, expires_in_minutes=5)
    hold = _held(deal.shipper, short)
    with_less_time = short.expires_at - timedelta(minutes=6)
    Claim.objects.filter(pk=hold.pk).update(made_at=with_less_time, held_until=now() - timedelta(seconds=1))
    late = short.expires_at + timedelta(seconds=1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("foundation.trade.clock.now", lambda: late)
        assert release_due_claims() == 1
    short.refresh_from_db()
    assert short.status == OfferStatus.EXPIRED
    pump()
    for side in (deal.shipper, deal.carrier):
        (said,) = Notice.objects.filter(organization_id=side.organization.public_id, text__contains="did not answer")
        assert "own time is over" in said.text


def test_what_is_held_is_booked_though_the_offers_own_time_has_passed(
    deal: Deal, registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = offer_by(deal.carrier, deal.leg, deal.load, expires_in_minutes=5)
    hold = _held(deal.shipper, short)
    answer(registry, deal.carrier.organization)
    late = short.expires_at + timedelta(seconds=1)
    monkeypatch.setattr("foundation.trade.clock.now", lambda: late)
    assert check_waiting_claims() == 1
    hold.refresh_from_db()
    assert hold.status == ClaimStatus.BOOKED


def test_settling_twice_changes_nothing(deal: Deal, registry: Path, offer: Offer) -> None:
    hold = _held(deal.shipper, offer)
    answer(registry, deal.carrier.organization)
    check_waiting_claims()
    assert settle_claim(claim_id=hold.public_id).status == ClaimStatus.BOOKED
    assert Booking.objects.count() == 1
    assert seen_by(deal.carrier.organization, "booking.made") == 1


def test_a_load_that_leaves_the_market_meanwhile_ends_it_and_frees_the_hold(deal: Deal, offer: Offer) -> None:
    hold = _held(deal.shipper, offer)
    withdraw_load(actor=deal.shipper, load_id=deal.load.public_id, version=deal.load.version)
    pump()
    offer.refresh_from_db()
    hold.refresh_from_db()
    assert (offer.status, hold.status) == (OfferStatus.LAPSED, ClaimStatus.RELEASED)
    assert settle_claim(claim_id=hold.public_id).status == ClaimStatus.RELEASED
    assert not ClaimedLoad.objects.filter(is_held=True).exists()


def test_a_truck_that_is_booked_elsewhere_meanwhile_ends_it(deal: Deal, offer: Offer) -> None:
    hold = _held(deal.shipper, offer)
    make_record(deal.carrier.organization)
    claim(deal.carrier.organization, open_load(make_organization("Other Paper")), deal.leg, actor=deal.carrier)
    offer.refresh_from_db()
    hold.refresh_from_db()
    assert (offer.status, hold.status) == (OfferStatus.LAPSED, ClaimStatus.RELEASED)
    deal.load.refresh_from_db()
    assert deal.load.status == Status.OPEN


def test_holds_of_claims_and_acceptances_are_three_together(deal: Deal, offer: Offer) -> None:
    carrier = deal.carrier.organization
    for _ in range(2):
        claim(carrier, open_load(deal.shipper.organization), going_home(carrier, truck=make_truck(carrier)))
    _held(deal.shipper, offer)
    last = offer_by(
        deal.carrier, going_home(carrier, truck=make_truck(carrier)), open_load(make_organization("Other Paper"))
    )
    assert len(trust_queries.held_lately(carrier, now())) == 3
    with pytest.raises(Conflict) as refused:
        _accept(make_actor(last.thread.seller), last)
    assert refused.value.code == "being_checked"
    assert "put on hold" not in refused.value.sentence, "how often is the carrier's business"
    last.refresh_from_db()
    assert last.status == OfferStatus.LIVE


def test_a_held_load_is_not_sold_to_a_broker(deal: Deal, offer: Offer) -> None:
    broker = make_actor(make_organization("Lakeside", brokers=True))
    tender = tender_load(actor=broker, load_id=deal.load.public_id, terms=terms(deal.load, 2_600), load_version=1)
    _held(deal.shipper, offer)
    with pytest.raises(Conflict) as refused:
        _accept(deal.shipper, tender)
    assert refused.value.code == "load_reserved"


def test_over_rest_it_is_a_202_that_both_sides_can_follow(deal: Deal, offer: Offer, registry: Path) -> None:
    seller, carrier = ApiClient(deal.shipper.organization), ApiClient(deal.carrier.organization)
    path = f"/api/v1/offers/{offer.public_id}"
    body = {"number": 1, "load_version": 1}
    answered = seller.post(f"{path}/acceptance", body, headers={"Idempotency-Key": "held-1"})
    assert answered.status_code == 202, answered.content
    again = seller.post(f"{path}/acceptance", body, headers={"Idempotency-Key": "held-1"})
    assert (again.status_code, again.json()) == (202, answered.json())
    other = seller.post(f"{path}/acceptance", body, headers={"Idempotency-Key": "held-2"})
    assert (other.status_code, other.json()["code"]) == (409, "offer_held")
    seen = answered.json()
    assert (seen["status"], seen["hold"]["status"], seen["booking"]) == ("held", "pending", None)
    assert seen["hold"]["accepted_for"]["name"] == "Prairie Paper"
    assert "Prairie Paper accepted $2,300.00. We wait for the federal registry" in seen["hold"]["sentence"]
    thread = carrier.get(f"/api/v1/threads/{offer.thread.public_id}").json()
    assert (thread["live_offer"], thread["held_offer"], thread["waits_for_you"]) == (None, offer.public_id, False)
    assert thread["next_terms"] is None
    assert thread["offers"][0]["hold"]["sentence"].startswith("Prairie Paper accepted")
    answer(registry, deal.carrier.organization)
    check_waiting_claims()
    done = seller.get(path).json()
    assert (done["status"], done["hold"]) == ("accepted", None)
    assert done["booking"] == Booking.objects.get().public_id


def test_the_page_says_so_to_both_and_offers_nothing_to_press(
    deal: Deal, offer: Offer, registry: Path, sign_in: Callable[..., Client]
) -> None:
    path = f"/threads/{offer.thread.public_id}/"
    client = sign_in(deal.shipper.organization)
    sent = {"offer": offer.public_id, "number": "1", "load_version": "1"}
    answered = client.post(f"{path}accept/", sent, follow=True)
    for page in (answered.content.decode(), sign_in(deal.carrier.organization).get(path).content.decode()):
        assert "Accepted, waiting for the registry" in page
        assert "Prairie Paper accepted $2,300.00." in page
        for button in ("Withdraw", "Decline", "Counter", "New offer", "End it"):
            assert f"> {button}" not in page
    answer(registry, deal.carrier.organization, bipd="300")
    check_waiting_claims()
    page = sign_in(deal.carrier.organization).get(path).content.decode()
    assert "$750,000.00" in page
    assert "Withdraw" in page


def test_both_sides_have_a_notice_and_a_mail_of_the_hold_and_of_its_end(
    deal: Deal, offer: Offer, registry: Path
) -> None:
    for side in (deal.shipper, deal.carrier):
        all_at_once(side.organization, side.person)
    hold = _held(deal.shipper, offer)
    pump()
    _run_out(hold)
    release_due_claims()
    pump()
    for side in (deal.shipper, deal.carrier):
        told = Notice.objects.filter(organization_id=side.organization.public_id)
        assert told.filter(text__contains="accepted $2,300.00").count() == 1
        assert told.filter(text__contains="did not answer in time").count() == 1
        subjects = set(Mail.objects.filter(recipient=side.person.email).values_list("subject", flat=True))
        assert "Accepted, on hold: Chicago, IL to Dallas, TX at $2,300" in subjects
        assert "Not booked: Chicago, IL to Dallas, TX at $2,300" in subjects
        for action in ("offer.held", "offer.released"):
            assert AuditEntry.objects.filter(organization_id=side.organization.public_id, action=action).count() == 1


def test_who_may_not_decide_any_more_does_not_book(deal: Deal, offer: Offer, registry: Path) -> None:
    hold = _held(deal.shipper, offer)
    Organization.objects.filter(pk=deal.shipper.organization.pk).update(verified_at=None)
    answer(registry, deal.carrier.organization)
    check_waiting_claims()
    hold.refresh_from_db()
    assert hold.status == ClaimStatus.RELEASED
    assert not Booking.objects.exists()


def test_a_crash_after_the_registrys_answer_loses_nothing(
    deal: Deal, offer: Offer, registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = _held(deal.shipper, offer)
    answer(registry, deal.carrier.organization)
    with monkeypatch.context() as broken:
        broken.setattr(held_offers, "agree", lambda *_: 1 / 0)  # the last step of the booking's transaction
        with pytest.raises(ZeroDivisionError):
            check_waiting_claims()
    hold.refresh_from_db()
    offer.refresh_from_db()
    assert (hold.status, offer.status, Booking.objects.count()) == (ClaimStatus.PENDING, OfferStatus.HELD, 0)
    assert check_waiting_claims() == 1
    assert Booking.objects.count() == 1
    assert seen_by(deal.carrier.organization, "booking.made") == 1
