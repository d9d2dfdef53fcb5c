"""Who sees a match, and which of its figures: in pages, REST and events."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from carriers.models import CostSetting, ReturnLeg
from foundation.events.models import Event, FeedEntry
from foundation.trade import clock
from foundation.trade.errors import NotFound
from loads.models import Load
from matching.engine.policy import DEFAULT_POLICY
from matching.models import Match
from matching.queries import desk_matches, first_of, match_of, matches_of_leg, matches_of_load
from matching.services import scoring
from matching.visibility import MATCH_FIELDS, Viewer
from tests.builders import make_organization, make_relationship, now
from tests.matching.market import run, withdraw
from tests.matching.pairs import SECRETS, make_match, make_pair, set_costs
from tests.reading import stands_in
from tests.rest.clients import ApiClient

pytestmark = pytest.mark.django_db


def hears(organization, name="matches.changed"):
    """Return what the organization was told, payload by payload."""
    rows = FeedEntry.objects.filter(organization_id=organization.public_id, event__name=name).order_by("id")
    return [row.payload for row in rows]


def sees(organization, match):
    try:
        match_of(organization, match.public_id, clock.now())
    except NotFound:
        return False
    return True


def test_a_match_is_for_its_two_sides_and_for_brokers_that_see_both(shipper, carrier, broker):
    match = make_match(shipper, carrier)
    others = [make_organization("Other Paper"), make_organization("Other Trucks", hauls=True)]
    unverified = make_organization("New Brokers", brokers=True, verified=False)
    sandbox = make_organization("Sandbox Brokers", brokers=True, market="sandbox")
    for viewer in (shipper, carrier, broker):
        assert sees(viewer, match), viewer
        assert list(desk_matches(viewer, clock.now())) == [match]
        assert list(matches_of_load(viewer, match.load, clock.now())) == [match]
        assert list(matches_of_leg(viewer, match.leg, clock.now())) == [match]
    for viewer in (*others, unverified, sandbox):
        assert not sees(viewer, match), viewer
        assert not desk_matches(viewer, clock.now()).exists()
        assert not matches_of_load(viewer, match.load, clock.now()).exists()
        assert not matches_of_leg(viewer, match.leg, clock.now()).exists()
        assert hears(viewer) == []


def test_the_fact_names_a_match_to_its_sides_and_their_brokers_once(shipper, carrier, broker):
    match = make_match(shipper, carrier)
    for viewer in (shipper, carrier, broker):
        assert hears(viewer) == [
            {
                "subject": match.leg.public_id,
                "changed": [match.public_id],
                "gone": [],
                "changed_count": 1,
                "gone_count": 0,
            }
        ]
    run(match.leg, match.load)
    assert len(hears(broker)) == 1  # nothing changed


@pytest.mark.parametrize("blocker", ["shipper", "carrier"])
def test_a_broker_that_either_side_blocks_hears_and_sees_nothing(shipper, carrier, broker, blocker):
    make_relationship({"shipper": shipper, "carrier": carrier}[blocker], broker, "blocked")
    match = make_match(shipper, carrier)
    assert hears(broker) == []
    assert not sees(broker, match)
    assert hears(shipper)


def test_a_carrier_that_the_shipper_blocks_has_no_match_and_hears_of_none(shipper, carrier, broker):
    make_relationship(shipper, carrier, "blocked")
    match = make_match(shipper, carrier)
    assert not match.is_for_carrier
    assert (hears(carrier), hears(shipper)) == ([], [])
    assert not sees(carrier, match)
    assert not sees(shipper, match)
    assert sees(broker, match)


def test_a_load_for_partners_is_announced_to_partners_only(shipper, carrier, broker):
    match = make_match(shipper, carrier, audience="partners")
    assert not match.is_for_carrier
    assert (hears(carrier), hears(broker)) == ([], [])
    make_relationship(shipper, broker, "represents")
    make_relationship(shipper, carrier, "partner")
    run(match.leg)
    match.refresh_from_db()
    assert match.is_for_carrier
    assert [len(hears(viewer)) for viewer in (carrier, broker)] == [1, 1]


def test_a_load_for_partners_first_is_ready_for_the_carrier_but_hidden_until_its_hour(shipper, carrier, broker):
    opens = now() + timedelta(hours=4)
    match = make_match(shipper, carrier, audience="partners_first", partners_first_until=opens)
    assert match.is_for_carrier
    assert (hears(carrier), hears(broker)) == ([], [])
    assert not sees(carrier, match)
    later = opens + timedelta(minutes=1)
    assert match_of(carrier, match.public_id, later) == match
    assert match_of(broker, match.public_id, later) == match


def test_a_pair_that_pays_at_the_carriers_costs_only_is_nobody_elses_business(shipper, carrier, broker, sign_in):
    set_costs(carrier, loaded=100, empty=100)
    match = make_match(shipper, carrier, rate_cents=200_00)
    assert match.own_gain_cents > 0 > match.market_gain_cents
    assert len(hears(carrier)) == 1
    assert (hears(shipper), hears(broker)) == ([], [])
    assert sees(carrier, match)
    assert not sees(shipper, match)
    assert not sees(broker, match)
    assert sign_in(broker).get(f"/matches/{match.public_id}/").status_code == 404
    assert ApiClient(shipper).get(f"/api/v1/loads/{match.load.public_id}/matches").json()["items"] == []


def test_whether_others_hear_of_a_pair_does_not_depend_on_the_carriers_costs(shipper, carrier, broker):
    set_costs(carrier, loaded=900, empty=100)
    match = make_match(shipper, carrier)
    assert match.own_gain_cents < 0 < match.market_gain_cents
    assert len(hears(shipper)) == len(hears(broker)) == 1


def test_what_is_kept_for_the_carriers_own_list_alone_is_not_shown_to_others(
    shipper, carrier, broker, monkeypatch, sign_in
):
    # One place a list. The carrier's costs favour the way without deadhead, the market's the better rate.
    monkeypatch.setattr(scoring, "current_policy", lambda: replace(DEFAULT_POLICY, kept_per_leg=1, kept_per_load=1))
    set_costs(carrier, loaded=20, empty=900)
    # A rival came first and takes the only place on each load's list.
    rival, far = make_pair(shipper, make_organization(hauls=True), from_place="53202", rate_cents=3_000_00)
    leg, near = make_pair(shipper, carrier)
    run(far, near, rival, leg)
    by_load = {row.load_id: row for row in Match.objects.filter(leg=leg)}
    own = by_load[near.pk]
    assert own.is_for_carrier
    assert own.market_gain_cents > 0
    assert sees(carrier, own)
    shown = set(desk_matches(broker, clock.now()).filter(leg=leg).values_list("load", flat=True))
    assert shown == {far.pk}
    assert not sees(broker, own)
    assert not sees(shipper, own)
    assert all(own.public_id not in payload["changed"] for viewer in (shipper, broker) for payload in hears(viewer))
    assert any(own.public_id in payload["changed"] for payload in hears(carrier))


def test_a_pair_that_stops_paying_at_market_costs_is_gone_for_all_but_the_carrier(shipper, carrier, broker):
    set_costs(carrier, loaded=100, empty=100)
    match = make_match(shipper, carrier)
    Load.objects.filter(pk=match.load_id).update(rate_cents=200_00, version=2)
    run(Load.objects.get(pk=match.load_id))
    assert hears(carrier)[-1]["changed"] == [match.public_id]
    for viewer in (shipper, broker):
        assert hears(viewer)[-1]["gone"] == [match.public_id]
        assert not sees(viewer, match)


def test_new_costs_are_news_to_the_carrier_alone(shipper, carrier, broker):
    match = make_match(shipper, carrier)
    set_costs(carrier)
    run(match.leg)
    assert [len(hears(viewer)) for viewer in (carrier, shipper, broker)] == [2, 1, 1]


def test_a_match_that_goes_is_told_to_those_who_could_see_it(shipper, carrier, broker):
    match = make_match(shipper, carrier)
    withdraw(match.load)
    run(match.load)
    for viewer in (shipper, carrier, broker):
        assert hears(viewer)[-1] | {"gone": [match.public_id], "changed": []} == hears(viewer)[-1]
    assert not Match.objects.exists()


def texts_of(organization, match, sign_in):
    """Return every text about the match that the organization can get."""
    client, api = sign_in(organization), ApiClient(organization)
    pages = [
        f"/matches/{match.public_id}/",
        f"/matches/{match.public_id}/way.json",
        f"/matching/legs/{match.leg.public_id}/matches/",
        f"/matching/loads/{match.load.public_id}/matches/",
    ]
    if organization.brokers:
        pages += ["/desk/", "/desk/rows/", f"/desk/matches/{match.public_id}/decision/"]
    addresses = [
        "/api/v1/matches",
        f"/api/v1/matches/{match.public_id}",
        f"/api/v1/loads/{match.load.public_id}/matches",
        f"/api/v1/legs/{match.leg.public_id}/matches",
    ]
    answers = [client.get(page, headers={"HX-Request": "true"}) for page in pages]
    answers += [client.get(page) for page in pages]
    answers += [api.get(address) for address in addresses]
    for answer in answers:
        assert answer.status_code == 200, answer.content
    texts = [answer.content.decode() for answer in answers]
    return texts + [json.dumps(payload) for payload in hears(organization)]


def test_nobody_but_the_carrier_reads_its_gain_its_costs_or_its_drivers_rests(shipper, carrier, broker, sign_in):
    set_costs(carrier, loaded=137, empty=123)
    match = make_match(shipper, carrier)
    ReturnLeg.objects.filter(pk=match.leg_id).update(drive_minutes_left=61, version=2)
    run(ReturnLeg.objects.get(pk=match.leg_id))
    match.refresh_from_db()
    rests = [part for part in match.own_parts["timeline"] if part["kind"] in ("rest", "break", "restart")]
    assert rests
    own = f"{match.own_gain_cents / 100:,.2f}"
    market = f"{match.market_gain_cents / 100:,.2f}"
    assert own != market
    for viewer in (shipper, broker):
        texts = texts_of(viewer, match, sign_in)
        assert any(market in text for text in texts)
        for text in texts:
            assert not stands_in(own, text)
            assert not stands_in(own.replace(",", ""), text)
            assert not any(name in text for name in SECRETS)
            told = ("Rests ", "Break of ", "Worth it for you", "1.37", "1.23")
            assert not any(stands_in(word, text) for word in told)
    texts = texts_of(carrier, match, sign_in)
    assert any(own in text for text in texts)
    assert any("Rests 10 h" in text for text in texts)
    assert any("worth_from" in text for text in texts)


@pytest.mark.parametrize("viewer", ["shipper", "broker", "carrier"])
def test_the_api_shows_exactly_the_fields_of_the_viewer(shipper, carrier, broker, viewer):
    match = make_match(shipper, carrier)
    organization = {"shipper": shipper, "broker": broker, "carrier": carrier}[viewer]
    wanted = MATCH_FIELDS[Viewer.CARRIER if viewer == "carrier" else Viewer.OTHER] | {"etag"}
    api = ApiClient(organization)
    one = api.get(f"/api/v1/matches/{match.public_id}")
    assert one.json().keys() == wanted
    for address in ("matches", f"loads/{match.load.public_id}/matches", f"legs/{match.leg.public_id}/matches"):
        assert api.get(f"/api/v1/{address}").json()["items"] == [one.json()]


def test_the_two_sides_of_a_match_show_no_address_and_no_house(shipper, carrier, broker):
    shipper.hides_name = carrier.hides_name = True
    shipper.save()
    carrier.save()
    match = make_match(shipper, carrier)
    seen = ApiClient(broker).get(f"/api/v1/matches/{match.public_id}").json()
    assert seen["load"]["organization"] is seen["leg"]["organization"] is None
    assert seen["leg"]["home"] == {"state": "TX", "zip3": "752"}
    assert [stop["place"] for stop in seen["load"]["stops"]] == [
        {"city": "Chicago", "state": "IL", "zip3": "606"},
        {"city": "Dallas", "state": "TX", "zip3": "752"},
    ]
    text = json.dumps(seen)
    assert not stands_in("75201", text)
    assert not stands_in("60601", text)


def test_an_etag_does_not_move_with_what_its_reader_cannot_see(shipper, carrier):
    leg, _ = make_pair(shipper, carrier)
    run(leg)
    address = f"/api/v1/matches/{Match.objects.get().public_id}"
    api = {"shipper": ApiClient(shipper), "carrier": ApiClient(carrier)}
    before = {name: client.get(address)["ETag"] for name, client in api.items()}
    set_costs(carrier)
    run(leg)
    after = {name: client.get(address)["ETag"] for name, client in api.items()}
    assert after["shipper"] == before["shipper"]
    assert after["carrier"] != before["carrier"]


def test_nobody_but_the_carrier_hears_that_its_costs_have_changed(shipper, carrier, broker):
    match = make_match(shipper, carrier)
    heard = {name: len(hears(name)) for name in (shipper, carrier, broker)}
    set_costs(carrier)
    run(match.leg)
    assert {name: len(hears(name)) - heard[name] for name in heard} == {shipper: 0, carrier: 1, broker: 0}
    dear = {"loaded_cents_per_mile": 900, "empty_cents_per_mile": 300}  # the load is worth nothing to it now
    CostSetting.objects.filter(organization=carrier).update(**dear)
    run(match.leg)
    assert not Match.objects.get().is_for_carrier
    assert {name: len(hears(name)) - heard[name] for name in heard} == {shipper: 0, carrier: 2, broker: 0}


def test_a_changed_posting_marks_its_matches_until_they_are_scored_again(shipper, carrier):
    match = make_match(shipper, carrier)
    Load.objects.filter(pk=match.load_id).update(version=2)
    assert match_of(shipper, match.public_id, clock.now()).is_being_updated
    run(Load.objects.get(pk=match.load_id))
    assert not match_of(shipper, match.public_id, clock.now()).is_being_updated


def test_long_unconfirmed_postings_come_last(shipper, carrier, broker):
    best = make_match(shipper, carrier, rate_cents=3_000_00)
    other = make_match(shipper, carrier, rate_cents=2_500_00, leg_truck=None)
    Load.objects.filter(pk=best.load_id).update(confirmed_at=now() - timedelta(hours=25))
    rows = list(desk_matches(broker, clock.now()).filter(pk__in=[best.pk, other.pk]))
    assert rows == [other, best]
    assert [row.is_ranked_last for row in rows] == [False, True]
    whole = list(desk_matches(broker, clock.now()))
    for count in range(len(whole) + 2):
        assert first_of(desk_matches(broker, clock.now()), count) == whole[:count]


def test_nothing_is_told_twice_of_a_pair_that_stays(shipper, carrier):
    match = make_match(shipper, carrier)
    events = Event.objects.count()
    run(match.load, match.leg, match.load)
    assert Event.objects.count() == events
