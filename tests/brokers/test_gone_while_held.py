"""A load that goes or changes while a claim on it is on hold: the claim is released at once, with why."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from brokers.models import Booking, Claim, ClaimedLoad, ClaimStatus
from brokers.services import claims
from brokers.services.bundles import claim_bundle
from brokers.services.claiming import Wanted
from brokers.services.claims import settle_claim
from brokers.trust import Judgement, RuleResult
from foundation.accounts.models import Organization
from foundation.events.models import FeedEntry
from foundation.trade.posting import Status
from loads.models import Load
from loads.queries import locked_load
from loads.services import edit_load, sell_load, take_back_load, withdraw_load
from loads.terms import terms_of
from tests.brokers.booked import claim, going_home, local_load, open_load
from tests.builders import make_actor, make_organization, make_truck, now
from tests.events.pump import pump

pytestmark = pytest.mark.usefixtures("db", "straight_roads")

WAITS = Judgement(results=(RuleResult(rule="record", result="hold", sentence="We are asking."),))


@pytest.fixture(autouse=True)
def _waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "judge_claim", lambda **_: WAITS)


def _is_withdrawn(load: Load) -> None:
    withdraw_load(actor=make_actor(load.organization), load_id=load.public_id)


def _has_another_rate(load: Load) -> None:
    terms = replace(terms_of(load), rate_cents=2_600_00)
    edit_load(actor=make_actor(load.organization), load_id=load.public_id, version=load.version, terms=terms)


def _is_sold(load: Load) -> None:
    broker = make_organization("Lakeside Brokers", brokers=True)
    sell_load(load=locked_load(pk=load.pk), seller=broker, shipper_rate_cents=2_700_00, actor="system", now=now())


CHANGES = pytest.mark.parametrize(
    ("change", "why"),
    [
        (_is_withdrawn, "This load is gone: it was booked, withdrawn or has expired."),
        (_has_another_rate, "The rate changed while you looked: it was $2,400.00, it is now $2,600.00."),
        (_is_sold, "This load is open to offers, not to claims."),
    ],
)


@CHANGES
def test_a_claim_is_released_as_soon_as_its_load_is_not_any_more_what_was_claimed(
    change: Callable[[Load], object], why: str, shipper: Organization, carrier: Organization
) -> None:
    load = open_load(shipper)
    held = claim(carrier, load, going_home(carrier))
    change(load)
    settled = settle_claim(claim_id=held.public_id)
    assert (settled.status, settled.outcome.startswith(why)) == (ClaimStatus.RELEASED, True), settled.outcome
    assert not ClaimedLoad.objects.filter(is_held=True).exists()


@CHANGES
def test_the_fact_alone_has_it_released_and_told(
    change: Callable[[Load], object], why: str, shipper: Organization, carrier: Organization
) -> None:
    load = open_load(shipper)
    held = claim(carrier, load, going_home(carrier))
    pump()
    held.refresh_from_db()
    assert held.status == ClaimStatus.PENDING, "nothing has changed yet"
    change(load)
    pump()
    held.refresh_from_db()
    assert held.status == ClaimStatus.RELEASED
    heard = FeedEntry.objects.filter(organization_id=carrier.public_id, event__name="claim.closed")
    assert heard.count() == 1
    assert Booking.objects.count() == 0


def test_a_load_that_its_broker_gave_back_releases_the_claim_on_it(
    shipper: Organization, carrier: Organization
) -> None:
    broker = make_organization("Lakeside Brokers", brokers=True)
    load = open_load(shipper)
    _is_sold(load)
    load.refresh_from_db()
    Load.objects.filter(pk=load.pk).update(rate_cents=2_400_00, book_now=True, seller=broker)
    load.refresh_from_db()
    held = claim(carrier, load, going_home(carrier))
    take_back_load(load=locked_load(pk=load.pk), actor="system", now=now())
    pump()
    held.refresh_from_db()
    assert held.status == ClaimStatus.RELEASED


def test_of_a_bundle_the_load_that_is_gone_is_named_and_all_are_free_again(
    shipper: Organization, carrier: Organization
) -> None:
    out, first = local_load(shipper), now() + timedelta(days=6)
    back = open_load(shipper, from_place="77002", to_place="75201", opens_at=first, rate_cents=900_00)
    loads = [Wanted(load_id=each.public_id, load_version=each.version) for each in (out, back)]
    truck, by = make_truck(carrier), now() + timedelta(days=14)
    held = claim_bundle(actor=make_actor(carrier), loads=loads, truck_id=truck.public_id, return_home_by=by)
    assert held.status == ClaimStatus.PENDING
    _is_withdrawn(back)
    pump()
    held = Claim.objects.get()
    assert held.status == ClaimStatus.RELEASED
    assert held.outcome.startswith("Houston, TX")
    assert not ClaimedLoad.objects.filter(is_held=True).exists()
    out.refresh_from_db()
    assert out.status == Status.OPEN
