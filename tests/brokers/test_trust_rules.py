"""Each rule of trust: what passes, what is flagged, held, blocked, and where the thresholds lie."""

from datetime import datetime, timedelta

import pytest

from brokers.models import Claim
from brokers.trust import flags_for_seller, judge_claim, take_hold
from brokers.trust.domains import domain_of, look_alike
from brokers.trust.registry import required_bipd_cents
from brokers.trust.rules import RULES
from foundation.accounts.models import FederalRecord, Market, Verification
from foundation.trade.errors import Conflict
from loads.models import Load
from tests.brokers.booked import claim, going_home, open_load
from tests.brokers.conftest import straight_roads
from tests.builders import make_load, make_organization, make_record, make_truck, now

__all__ = ["straight_roads"]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def asking(settings):
    settings.FMCSA_WEB_KEY = "key"


def carrier(**columns):
    columns = {"usdot_number": "1234567", "contact_email": "boss@ruiz-trucking.example"} | columns
    return make_organization("Ruiz Trucking", hauls=True, **columns)


def judged(who, *loads, at: datetime | None = None):
    judgement = judge_claim(carrier=who, loads=loads or [make_load()], now=at or now())
    return {each.rule: each.result for each in judgement.results if each.result != "pass"}


def sentence(who, rule, *loads):
    judgement = judge_claim(carrier=who, loads=loads or [make_load()], now=now())
    return next(each.sentence for each in judgement.results if each.rule == rule)


def test_a_carrier_in_good_standing_passes_every_rule():
    who = carrier()
    make_record(who)
    judgement = judge_claim(carrier=who, loads=[make_load()], truck=make_truck(who), now=now())
    assert [each.rule for each in judgement.results] == [rule.name for rule in RULES]
    assert {each.result for each in judgement.results} == {"pass"}
    assert judgement.stored()[0] == {"rule": "record", "result": "pass", "sentence": ""}


@pytest.mark.parametrize(
    ("record", "found"),
    [
        ({"fetched_at": timedelta(hours=23, minutes=50)}, {}),
        ({"fetched_at": timedelta(hours=24, minutes=10)}, {"record": "hold"}),
        ({"fetched_at": timedelta(hours=25), "failures": 3}, {"record": "hold"}),
        ({"fetched_at": None, "outcome": "failed"}, {"record": "hold"}),
        ({"outcome": "not_found", "is_allowed_to_operate": None}, {"record": "block"}),
        ({"is_out_of_service": True}, {"out_of_service": "block"}),
        ({"is_allowed_to_operate": False}, {"authority": "block"}),
        ({"common_authority": "I"}, {"authority": "block"}),
        ({"common_authority": "N"}, {"authority": "block"}),
        ({"common_authority": "I", "contract_authority": "A"}, {}),
        ({"bipd_on_file_cents": 750_000_00}, {}),
        ({"bipd_on_file_cents": 749_999_99}, {"insurance": "block"}),
        ({"bipd_on_file_cents": None}, {"insurance": "block"}),
        ({"bipd_required_cents": 5_000_000_00}, {"insurance": "block"}),
        ({"authority_since": timedelta(days=89)}, {"young_authority": "flag"}),
        ({"authority_since": timedelta(days=90)}, {}),
        ({"authority_since": None, "registered_on": timedelta(days=5)}, {"young_authority": "flag"}),
        ({"authority_since": None}, {}),
    ],
)
def test_the_federal_record_is_judged_at_its_thresholds(record, found):
    who, at = carrier(), now()
    ago = {name: at - value for name, value in record.items() if isinstance(value, timedelta)}
    days = {name: moment.date() for name, moment in ago.items() if name != "fetched_at"}
    make_record(who, **{**record, **ago, **days})
    assert judged(who, at=at) == found


def test_a_missing_record_holds_and_a_missing_number_blocks():
    assert judged(carrier()) == {"record": "hold"}
    assert judged(carrier(usdot_number="")) == {"record": "block"}


def test_an_old_record_that_was_bad_decides_nothing_until_it_is_asked_for_again():
    who = carrier()
    make_record(who, fetched_at=now() - timedelta(days=2), is_out_of_service=True)
    assert judged(who) == {"record": "hold"}


def test_where_nobody_asks_the_registry_the_seller_is_told_so(settings):
    settings.FMCSA_WEB_KEY = ""
    who = carrier()
    assert judged(who) == {"record": "flag"}
    told = flags_for_seller(judge_claim(carrier=who, loads=[make_load()], now=now()).stored())
    assert len(told) == 1
    assert "not checked" in told[0]


def test_the_sandbox_is_judged_by_recorded_answers_once_it_has_one():
    who = carrier(market=Market.SANDBOX)
    assert judged(who) == {}
    make_record(who, is_out_of_service=True)
    assert judged(who) == {"out_of_service": "block"}


def test_a_private_fleet_needs_no_authority_for_its_own_freight_and_all_of_it_for_others():
    fleet = carrier(ships=True)
    make_record(fleet, common_authority="N", bipd_on_file_cents=None)
    assert judged(fleet, make_load(fleet)) == {}
    assert judged(fleet, make_load()) == {"authority": "block", "insurance": "block"}
    assert judged(fleet, make_load(fleet), make_load()) == {"authority": "block", "insurance": "block"}
    FederalRecord.objects.update(is_out_of_service=True)
    assert judged(fleet, make_load(fleet)) == {"out_of_service": "block"}


@pytest.mark.parametrize(
    ("hazmat_class", "equipment", "cents"),
    [
        ("", "V", 750_000_00),
        ("", "TN", 750_000_00),
        ("3", "V", 1_000_000_00),
        ("9", "F", 1_000_000_00),
        ("3", "TN", 5_000_000_00),
        ("1.2", "V", 5_000_000_00),
        ("2.3", "V", 5_000_000_00),
        ("7", "V", 5_000_000_00),
        ("2.1", "V", 1_000_000_00),
    ],
)
def test_hazardous_freight_asks_for_more_insurance(hazmat_class, equipment, cents):
    assert required_bipd_cents([Load(), Load(hazmat_class=hazmat_class, equipment=equipment)]) == cents


def test_what_mends_a_block_is_said_and_nothing_of_it_goes_to_the_seller():
    who = carrier()
    make_record(who, bipd_on_file_cents=300_000_00)
    assert "$750,000.00" in sentence(who, "insurance")
    assert "Ask your insurer" in sentence(who, "insurance")
    assert flags_for_seller(judge_claim(carrier=who, loads=[make_load()], now=now()).stored()) == []


def test_a_shared_phone_or_domain_flags_who_came_later_and_never_who_was_first():
    first = carrier(contact_phone="(214) 555-0101", contact_email="a@sister.example")
    later = make_organization(
        "Later",
        hauls=True,
        usdot_number="7654321",
        contact_phone="+1 214-555-0101",
        contact_email="b@sister.example",
        verified_at=now() - timedelta(days=29, hours=1),
    )
    make_record(first)
    make_record(later)
    assert judged(later) == {"shared_phone": "flag", "shared_domain": "flag"}
    assert judged(first) == {}
    told = flags_for_seller(judge_claim(carrier=later, loads=[make_load()], now=now()).stored())
    assert len(told) == 2
    assert not any(first.name in each or first.usdot_number in each for each in told)


def test_a_phone_of_another_federal_record_flags_whoever_types_it():
    who = carrier(contact_phone="214 555 0101")
    make_record(who)
    FederalRecord.objects.create(
        market="live", usdot_number="99", outcome="failed", tried_at=now(), phone_digits="2145550101"
    )
    assert judged(who) == {"shared_phone": "flag"}


@pytest.mark.parametrize("email", ["boss@gmail.com", "", "nonsense"])
def test_public_mail_services_say_nothing(email):
    first, second = carrier(contact_email=email), carrier(usdot_number="77", contact_email=email)
    make_record(first)
    make_record(second)
    assert judged(second) == {}


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("homeward.com", "homewards.com", True),
        ("homeward.com", "homevvard.com", True),
        ("homeward.com", "h0meward.com", True),
        ("homeward.com", "home-ward.com", True),
        ("homeward.com", "homeward.net", True),
        ("homeward.com", "homewrad.com", True),
        ("homeward.com", "hcmeward.com", True),
        ("homeward.com", "homeward.com", False),
        ("homeward.com", "homestead.com", False),
        ("abc.com", "abd.com", False),
        ("abc.com", "abc.net", False),
        ("acme.com", "acme.co", True),
        ("prairie.com", "pr\u0430iri\u0435.com", True),
        ("lone-oak.com", "lost-oak.com", False),
        ("", "homeward.com", False),
    ],
)
def test_which_domains_look_alike(one, other, alike):
    assert look_alike(one, other) is alike
    assert look_alike(other, one) is alike


def test_a_domain_of_other_letters_is_read_as_mail_programs_show_it():
    assert look_alike(domain_of("boss@prairie.com"), domain_of("boss@xn--priri-5ve2b.com"))


def imitator(**columns):
    """Make an older company and one that writes from nearly its domain."""
    make_organization("Homeward Trucking", ships=True, contact_email="office@homeward-trucking.example")
    columns = {"contact_email": "boss@homevvard-trucking.example", "verified_at": now() - timedelta(days=1)} | columns
    return carrier(**columns)


def test_a_look_alike_domain_blocks_unless_the_registry_or_the_operator_vouches_for_it():
    who = imitator()
    record = make_record(who)
    assert judged(who) == {"lookalike_domain": "block"}
    record.email_domain = "homevvard-trucking.example"
    record.save()
    assert judged(who) == {"lookalike_domain": "flag"}
    record.email_domain = ""
    record.save()
    Verification.objects.create(
        organization=who,
        decision="cleared",
        rule="lookalike_domain",
        about="homevvard-trucking.example",
        decided_by="operator",
        decided_at=now(),
    )
    assert judged(who) == {"lookalike_domain": "flag"}
    who.contact_email = "boss@homevard-trucking.example"
    assert judged(who) == {"lookalike_domain": "block"}


def test_who_comes_later_with_a_look_alike_does_not_block_the_older_company():
    who = imitator(verified_at=now() - timedelta(days=300))
    make_record(who)
    assert judged(who) == {}


def book_one(who, straight_roads):
    make_record(who)
    shipper = make_organization("Prairie Mills")
    load = open_load(shipper)
    claim(who, load, going_home(who))
    return load


def again(load, owner, **fields):
    """Post the same freight anew."""
    posted = make_load(owner, **fields)
    Load.objects.filter(pk=posted.pk).update(
        pickup_opens_at=load.pickup_opens_at,
        pickup_closes_at=load.pickup_closes_at,
        opened_at=now() + timedelta(seconds=5),
    )
    return Load.objects.get(pk=posted.pk)


def test_a_load_that_its_winner_posts_again_blocks_the_winner_and_is_kept_from_others(straight_roads):
    who = carrier(brokers=True, ships=True)
    load = book_one(who, straight_roads)
    posted = again(load, who, weight_pounds=37_000)
    assert judged(who) == {"reposted": "block"}
    assert posted.public_id in sentence(who, "reposted")
    other = carrier(usdot_number="88", contact_email="x@other-carrier.example")
    make_record(other)
    assert judged(other, posted) == {"seller": "block"}
    assert who.name not in sentence(other, "seller", posted)
    assert judged(other) == {}


@pytest.mark.parametrize(
    "different",
    [{"weight_pounds": 20_000}, {"commodity": "Steel"}, {"to_place": "77002"}, {"equipment": "R"}],
)
def test_freight_that_differs_is_no_repost(straight_roads, different):
    who = carrier(brokers=True, ships=True)
    load = book_one(who, straight_roads)
    again(load, who, **different)
    assert judged(who) == {}


def test_a_broker_without_authority_or_bond_cannot_sell_to_carriers():
    broker = make_organization("Fullway", brokers=True, usdot_number="3200001")
    load = make_load()
    load.seller, load.shipper_rate_cents = broker, 2_600_00
    load.save()
    who = carrier()
    make_record(who)
    assert judged(who, load) == {}
    record = make_record(broker)
    assert judged(who, load) == {}
    record.bond_on_file_cents = 10_000_00
    record.save()
    assert judged(who, load) == {"seller": "block"}


def kept_claim(who, *, minutes_ago, held=False):
    at = now() - timedelta(minutes=minutes_ago)
    truck = who.trucks.first() or make_truck(who)
    return Claim.objects.create(
        carrier=who,
        truck=truck,
        status="released",
        made_at=at,
        closed_at=at,
        held_until=at + timedelta(minutes=10) if held else None,
        made_by_organization=who,
    )


def test_a_new_account_claims_three_times_an_hour():
    who = carrier(verified_at=now() - timedelta(days=29))
    make_record(who)
    for minutes in (70, 50, 30):
        kept_claim(who, minutes_ago=minutes)
    assert judged(who) == {}
    kept_claim(who, minutes_ago=10)
    assert judged(who) == {"pace": "block"}
    assert "You may claim again from" in sentence(who, "pace")
    who.verified_at = now() - timedelta(days=31)
    assert judged(who) == {}


def test_three_holds_a_day_then_a_cool_down_that_names_its_end():
    who = carrier()
    _, first, _ = (kept_claim(who, minutes_ago=minutes, held=True) for minutes in (25 * 60, 120, 60))
    assert judged(who) == {"record": "hold"}
    take_hold(carrier=who, now=now())
    third = kept_claim(who, minutes_ago=30, held=True)
    assert judged(who) == {"record": "hold", "holds": "block"}
    ends = first.made_at + timedelta(hours=24)
    assert f"{ends:%b} {ends.day}, " in sentence(who, "holds")
    with pytest.raises(Conflict, match="3 of your claims were put on hold"):
        take_hold(carrier=who, now=now())
    make_record(who)
    assert judged(who) == {}
    third.delete()
