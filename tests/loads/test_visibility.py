"""Who sees which load, and which of its fields: the cast against every field."""

from datetime import timedelta

import pytest

from foundation.accounts.models import RelationshipKind
from foundation.trade.errors import NotFound
from loads.queries import lane_counts, load_of, market_loads, near, open_loads, own_loads, standing_of, visible_loads
from loads.visibility import LOAD_FIELDS, STOP_FIELDS, Viewer, payload, view
from tests.builders import load_terms, make_load, make_organization, make_relationship, now, stop_terms

pytestmark = pytest.mark.django_db

# What nobody but the owner may read before a booking, each with a text that would betray it.
SECRETS = {
    "reference": "PO-SECRET",
    "notes": "NOTES-SECRET",
    "private_notes": "PRIVATE-SECRET",
    "instructions": "INSTRUCTIONS-SECRET",
}
STOP_SECRETS = {"facility": "FACILITY-SECRET", "address": "ADDRESS-SECRET", "instructions": "GATE-SECRET"}


@pytest.fixture
def load(shipper):
    start = now() + timedelta(days=1)
    stops = (
        stop_terms("60614", start, **STOP_SECRETS),
        stop_terms("75204", start + timedelta(days=3), kind="delivery", **STOP_SECRETS),
    )
    terms = load_terms(stops=stops, reserve_cents=3_333_00, **SECRETS)
    return make_load(shipper, terms=terms, external_id="TMS-SECRET")


def test_the_market_sees_these_fields_and_no_others():
    assert LOAD_FIELDS[Viewer.MARKET] == {
        "id", "status", "version", "organization", "equipment", "size", "attributes", "weight_pounds", "length_feet",
        "pallets", "commodity", "hazmat_class", "temperature_min_f", "temperature_max_f", "rate", "free_minutes",
        "book_now", "detention_per_hour", "tonu", "layover", "payment_days", "loaded_miles", "opened_at",
        "confirmed_at", "stops",
    }  # fmt: skip
    assert STOP_FIELDS[Viewer.MARKET] == {
        "kind", "city", "state", "zip3", "time_zone", "opens_at", "closes_at", "opens_at_local", "closes_at_local",
        "by_appointment", "service_minutes",
    }  # fmt: skip


@pytest.mark.parametrize("viewer", [Viewer.MARKET, Viewer.REPRESENTATIVE])
def test_nothing_of_the_owners_shows_in_a_strangers_view_or_payload(load, viewer):
    for text in (str(view(load, viewer)), str(payload(load, viewer))):
        for secret in [*SECRETS.values(), *STOP_SECRETS.values(), "TMS-SECRET", "3333", "333300", "60614", "75204"]:
            assert secret not in text
        assert "606" in text
        assert "41.9" not in text  # the latitude would name the ZIP code


def test_the_owner_sees_all_of_it(load):
    text = str(view(load, Viewer.OWNER))
    for secret in [*SECRETS.values(), *STOP_SECRETS.values(), "TMS-SECRET", "333300", "60614", "75204"]:
        assert secret in text


def test_a_hidden_name_shows_to_the_owner_and_its_broker_only(load, shipper):
    assert view(load, Viewer.MARKET)["organization"] is None
    for viewer in (Viewer.OWNER, Viewer.REPRESENTATIVE):
        assert view(load, viewer)["organization"] == {"id": shipper.public_id, "name": "Prairie Paper"}
    shipper.hides_name = False
    load.organization = shipper
    assert view(load, Viewer.MARKET)["organization"]["name"] == "Prairie Paper"


def test_each_of_the_cast_has_its_standing(load, shipper, broker, stranger):
    unrelated = make_organization(brokers=True)
    standings = {who.name: standing_of(who).of(load) for who in (shipper, broker, unrelated, stranger)}
    assert standings == {
        shipper.name: Viewer.OWNER,
        broker.name: Viewer.REPRESENTATIVE,
        unrelated.name: Viewer.MARKET,
        stranger.name: Viewer.MARKET,
    }


def sees(organization, load):
    """Say whether an organization sees a load, the same in every way of asking."""
    listed = visible_loads(organization).filter(pk=load.pk).exists()
    try:
        load_of(organization, load.public_id)
    except NotFound:
        assert not listed
        return False
    return True


@pytest.fixture
def cast(shipper, broker, stranger):
    """Return everybody whom visibility.md names before a thread is open."""
    partner = make_organization("Partner", hauls=True)
    make_relationship(shipper, partner, RelationshipKind.PARTNER)
    blocked = make_organization("Blocked", hauls=True)
    make_relationship(shipper, blocked, RelationshipKind.BLOCKED)
    make_relationship(shipper, blocked, RelationshipKind.PARTNER)
    blocking = make_organization("Blocking", hauls=True)
    make_relationship(blocking, shipper, RelationshipKind.BLOCKED)
    return {
        "owner": shipper,
        "broker": broker,
        "partner": partner,
        "stranger": stranger,
        "unrelated broker": make_organization(brokers=True),
        "blocked": blocked,
        "blocking": blocking,
        "unverified": make_organization(hauls=True, verified=False),
        "sandbox": make_organization(hauls=True, market="sandbox"),
    }


@pytest.mark.parametrize(
    ("fields", "who"),
    [
        ({}, {"owner", "broker", "partner", "stranger", "unrelated broker"}),
        ({"audience": "partners"}, {"owner", "broker", "partner"}),
        (
            {"audience": "partners_first", "partners_first_until": timedelta(hours=5)},
            {"owner", "broker", "partner"},
        ),
        (
            {"audience": "partners_first", "partners_first_until": timedelta(hours=-1)},
            {"owner", "broker", "partner", "stranger", "unrelated broker"},
        ),
    ],
    ids=["market", "partners", "partners first", "partners first, over"],
)
def test_an_open_load_is_seen_by_its_audience(cast, shipper, fields, who):
    instants = {name: now() + value for name, value in fields.items() if isinstance(value, timedelta)}
    load = make_load(shipper, **{**fields, **instants})
    assert {name for name, organization in cast.items() if sees(organization, load)} == who


@pytest.mark.parametrize("status", ["draft", "covered", "withdrawn", "expired"])
def test_a_load_off_the_market_is_the_owners_alone(cast, shipper, status):
    load = make_load(shipper, status=status)
    for name, organization in cast.items():
        if name == "owner":
            assert load_of(organization, load.public_id) == load
        else:
            assert not sees(organization, load)


def test_own_and_market_lists_do_not_mix(shipper, stranger):
    load = make_load(shipper)
    assert list(own_loads(shipper)) == [load]
    assert list(market_loads(shipper)) == []
    assert list(own_loads(stranger)) == []
    assert list(market_loads(stranger)) == [load]
    assert list(open_loads()) == [load]


def test_loads_of_an_owner_that_lost_its_verification_leave_the_market(shipper, stranger):
    load = make_load(shipper)
    shipper.verified_at = None
    shipper.save()
    assert not sees(stranger, load)


def test_stale_loads_are_ranked_last(shipper, stranger):
    old = make_load(shipper, confirmed_at=now() - timedelta(hours=25))
    new = make_load(shipper, confirmed_at=now() - timedelta(hours=1))
    assert list(market_loads(stranger)) == [new, old]


def test_a_search_by_place_cannot_tell_two_zip_codes_of_a_city_apart(shipper, stranger):
    make_load(shipper, from_place="60601")
    make_load(shipper, from_place="60633")  # 16 miles to the south, still Chicago
    make_load(shipper, from_place="53202")  # Milwaukee, 81 miles to the north
    rows = market_loads(stranger)
    for radius in range(1, 30):
        assert near(rows, end="pickup", lat=41.88, lon=-87.63, radius_miles=radius).count() in {0, 2}
    assert near(rows, end="pickup", lat=41.88, lon=-87.63, radius_miles=100).count() == 3
    assert near(rows, end="delivery", lat=41.88, lon=-87.63, radius_miles=100).count() == 0


def test_lane_counts_name_busy_lanes_and_no_postings_for_partners(shipper):
    for _ in range(3):
        make_load(shipper)
    make_load(shipper, audience="partners")
    make_load(shipper, from_place="30301")
    make_load(shipper, status="draft")
    unverified = make_organization(verified=False)
    assert lane_counts(unverified) == [{"from_state": "IL", "to_state": "TX", "loads": 3}]
    assert lane_counts(make_organization(market="sandbox")) == []


def test_what_is_over_or_unconfirmed_is_out_of_sight_before_the_sweep_comes_by(shipper, stranger):
    over = make_load(shipper, expires_at=now() - timedelta(seconds=1))
    forgotten = make_load(shipper, confirmed_at=now() - timedelta(hours=48))
    asked = make_load(shipper, confirmed_at=now() - timedelta(hours=47))
    assert list(market_loads(stranger)) == [asked]
    for gone in (over, forgotten):
        with pytest.raises(NotFound):
            load_of(stranger, gone.public_id)
        assert load_of(shipper, gone.public_id) == gone
