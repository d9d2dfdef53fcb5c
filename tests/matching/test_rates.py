"""Hearing what bookings pay, and the nightly fit: once each, in any order, from 200 on, and only when it matters."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta

import pytest

from foundation.events.models import Reaction
from foundation.events.queries import told
from foundation.events.relay.placing import place_batch
from foundation.trade import clock
from matching.engine.policy import DEFAULT_POLICY
from matching.engine.rates import table_from
from matching.models import Match, RateModelVersion, RateObservation
from matching.models import Policy as StoredPolicy
from matching.policies import KEPT_SECONDS, current_policy, forget_policy
from matching.services import fit_rates, observe_rates, refresh
from tests.builders import make_load, make_organization, now, stop_terms
from tests.events.pump import run_task
from tests.matching.bookings import Parties, book, cancel, hear, observe
from tests.matching.pairs import make_match

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_policy() -> Iterator[None]:
    """Read the policy anew in each test, and leave none behind."""
    forget_policy()
    yield
    forget_policy()


@pytest.fixture
def load(shipper):
    return make_load(shipper, rate_cents=None)


def seen():
    return list(RateObservation.objects.order_by("id"))


def test_a_booking_that_the_relay_brings_is_one_observation_of_what_its_carrier_is_paid(load, shipper, carrier):
    day = now().date()
    booking_id = book(load, carrier, rate="1430.50")
    assert "booking.made" in hear()
    (row,) = seen()
    assert row.booking_id == booking_id
    assert (row.rate_cents, row.equipment, row.loaded_miles) == (143_050, "V", load.loaded_miles)
    assert (row.from_zip3, row.from_state, row.to_zip3, row.to_state) == ("606", "IL", "752", "TX")
    assert (row.carrier, row.shipper, row.seller) == (carrier, shipper, shipper)
    assert (row.market, row.cancelled_at) == ("live", None)
    assert day <= row.booked_on <= now().date()
    assert not Reaction.objects.filter(done_at=None).exists()


def test_hearing_twice_counts_once(load, carrier):
    booking_id = book(load, carrier)
    hear()
    settled = []
    run_task("matching.observe_rate", [booking_id], 10**9)
    Reaction.objects.update(done_at=None)  # a worker that was killed after its commit, say
    run_task("matching.observe_rate", [booking_id, booking_id], 10**9)
    observe_rates(booking_ids=[booking_id, booking_id], settle=lambda subject: settled.append(subject))
    assert len(seen()) == 1
    assert not Reaction.objects.filter(done_at=None).exists()


@pytest.mark.parametrize("order", ["made first", "cancelled first", "together"])
def test_a_booking_that_falls_through_takes_its_observation_back_in_whatever_order_it_is_heard(
    order, load, carrier, shipper
):
    booking_id = book(load, carrier)
    if order == "made first":
        hear()
        assert seen()[0].cancelled_at is None
    cancel(booking_id, shipper)
    if order == "cancelled first":
        place_batch({"booking.cancelled": ["matching.observe_rate"], "booking.made": []})
        run_task("matching.observe_rate", [booking_id], 10**9)
    else:
        hear()
    (row,) = seen()
    assert row.cancelled_at is not None
    observe_rates(booking_ids=[booking_id], settle=lambda subject: None)
    assert [each.cancelled_at for each in seen()] == [row.cancelled_at]


def test_news_of_the_cancellation_alone_is_settled(shipper):
    cancel("booking_of_long_ago", shipper)
    hear()
    assert seen() == []
    assert not Reaction.objects.filter(done_at=None).exists()


def test_a_brokered_booking_names_the_broker_as_seller(load, carrier, broker):
    book(load, carrier, seller=broker)
    hear()
    assert seen()[0].seller == broker


def test_partial_loads_and_own_freight_tell_nothing_of_the_market(shipper, carrier):
    fleet = make_organization("Prairie Fleet", hauls=True, ships=True)
    book(make_load(shipper, size="partial", length_feet=10), carrier)
    book(make_load(fleet), fleet)
    book(make_load(shipper), carrier, seller=carrier)
    hear()
    assert seen() == []
    assert not Reaction.objects.filter(done_at=None).exists()


@pytest.mark.parametrize(
    "broken",
    [
        {"role": "driver"},
        {"rate": None},
        {"rate": {"amount": "much", "currency": "USD"}},
        {"rate": {"amount": "0.00", "currency": "USD"}},
        {"rate": {"amount": "900.00", "currency": "CAD"}},
        {"load": None},
        {"seller": None},
        {"booked_at": "yesterday"},
    ],
)
def test_a_fact_that_does_not_carry_what_the_page_of_facts_says_fails_and_is_kept_for_the_operator(
    broken, load, carrier
):
    booking_id = book(load, carrier, changed=broken)
    with pytest.raises(ValueError, match=f"booking.made of {booking_id}"):
        hear()
    waiting = Reaction.objects.get(task="matching.observe_rate", done_at=None)
    assert waiting.last_error.startswith("ValueError: booking.made of")
    assert seen() == []


def test_what_was_told_is_every_hearers_copy_of_this_fact_alone(load, carrier, shipper):
    booking_id = book(load, carrier)
    book(load, carrier)
    assert {entry.organization_id for entry in told("booking.made", booking_id)} == {
        carrier.public_id,
        shipper.public_id,
    }
    assert not told("booking.cancelled", booking_id).exists()


def test_at_199_bookings_the_default_serves_and_at_200_the_observed_rates():
    parties = Parties()
    observe(parties, 199, level=1.3)
    assert fit_rates() is None
    assert current_policy() == DEFAULT_POLICY
    observe(parties, 1, level=1.3, seed=2)
    version = fit_rates()
    assert version is not None
    assert (version.is_observed, version.bookings) == (True, 200)
    assert version.version == f"observed-{version.fitted_at:%Y%m%d}.1"
    policy = current_policy()
    assert policy.rates == table_from(version.terms)
    assert policy.version == f"{DEFAULT_POLICY.version}+{version.version}"
    assert len(policy.version) <= 40
    assert policy.rates.cents_per_mile["V"][3] / 225 == pytest.approx(1.3, abs=0.08)


def test_only_live_bookings_of_the_window_that_stand_are_fitted(monkeypatch):
    parties, at = Parties(), now()
    monkeypatch.setattr(clock, "now", lambda: at)
    today = at.date()
    observe(parties, 190, today=today)
    observe(parties, 40, days_ago=90, today=today)
    observe(Parties(market="sandbox"), 300, level=3.0, today=today)
    gone = observe(parties, 40, today=today)
    RateObservation.objects.filter(pk__in=[row.pk for row in gone]).update(cancelled_at=at)
    assert fit_rates() is None
    observe(parties, 10, days_ago=89, seed=3, today=today)
    version = fit_rates()
    assert version is not None
    assert version.bookings == 200
    assert version.terms["sample"]["oldest"] == (today - timedelta(days=89)).isoformat()


def test_a_night_that_changes_little_keeps_the_version_and_so_scores_nothing_anew():
    parties = Parties()
    observe(parties, 400)
    first = fit_rates()
    assert first is not None
    assert fit_rates() is None
    assert current_policy().rates.version == first.version
    observe(parties, 1, level=1.4, seed=9)
    assert fit_rates() is None
    observe(parties, 400, level=1.4, seed=4)
    second = fit_rates()
    assert second is not None
    assert second.version.endswith(".2")
    assert current_policy().rates.version == second.version
    assert table_from(RateModelVersion.objects.get(pk=first.pk).terms) == table_from(first.terms)


def test_a_version_is_made_anew_after_30_days_so_that_its_sample_is_never_older(monkeypatch):
    observe(Parties(), 400)
    first = fit_rates()
    later = clock.now() + timedelta(days=30)
    monkeypatch.setattr(clock, "now", lambda: later)
    observe(Parties(), 400, today=later.date())
    assert fit_rates() is not None
    assert RateModelVersion.objects.count() == 2
    assert first is not None


def test_when_too_few_bookings_are_left_the_default_serves_again_and_says_so(monkeypatch):
    observe(Parties(), 250)
    assert fit_rates() is not None
    later = clock.now() + timedelta(days=200)
    monkeypatch.setattr(clock, "now", lambda: later)
    back = fit_rates()
    assert back is not None
    assert (back.is_observed, back.bookings, back.version) == (False, 0, DEFAULT_POLICY.rates.version)
    assert current_policy() == DEFAULT_POLICY
    assert fit_rates() is None


def test_new_rates_score_the_market_again_with_a_policy_that_is_stored(shipper, carrier):
    match = make_match(shipper, carrier, rate_cents=None)
    before = match.rate_cents
    assert (match.rate_is_estimated, match.policy_version) == (True, DEFAULT_POLICY.version)
    observe(Parties(), 300, level=1.5)
    version = fit_rates()
    for posting in (match.leg, match.load):
        type(posting).objects.filter(pk=posting.pk).update(opened_at=now() - timedelta(hours=1))
    refresh()
    again = Match.objects.get(pk=match.pk)
    assert again.public_id == match.public_id
    assert again.policy_version == current_policy().version
    assert again.rate_cents / before == pytest.approx(1.5, abs=0.1)
    stored = StoredPolicy.objects.get(version=again.policy_version)
    assert table_from(stored.terms["rates"]) == current_policy().rates
    estimate = again.parts["rate_estimate"]
    assert estimate["is_observed"]
    assert estimate["sample"]["bookings"] == version.bookings
    assert estimate["low_cents"] < again.rate_cents < estimate["high_cents"]


def test_a_process_goes_on_with_what_it_has_read_for_some_seconds(django_assert_num_queries, monkeypatch):
    current_policy()
    with django_assert_num_queries(0):
        assert current_policy() is current_policy()
    observe(Parties(), 200)
    fit_rates()
    policy = current_policy()
    monkeypatch.setattr("matching.policies.monotonic", lambda: 10.0**9 + KEPT_SECONDS)
    with django_assert_num_queries(1):  # the version's row; its table is kept
        assert current_policy() == policy
    assert asdict(policy.rates)["sample"]["bookings"] == 200


def test_stops_in_between_do_not_change_the_lane(shipper, carrier):
    first = now() + timedelta(days=1)
    stops = (
        stop_terms("60601", first),
        stop_terms("63101", first + timedelta(days=1), kind="delivery"),
        stop_terms("75201", first + timedelta(days=3), kind="delivery"),
    )
    book(make_load(shipper, stops=stops), carrier)
    hear()
    assert (seen()[0].from_zip3, seen()[0].to_zip3) == ("606", "752")
