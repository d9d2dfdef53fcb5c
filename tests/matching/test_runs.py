"""Runs beside other events: stale versions, rows of other runs, relationships, and the sweep."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, connections

from carriers.models import ReturnLeg
from foundation.accounts.models import Relationship
from foundation.events.models import FeedEntry
from foundation.trade import clock
from loads.models import Load
from matching import descriptions
from matching.engine.policy import DEFAULT_POLICY
from matching.engine.travel import GreatCircleTravel
from matching.models import Match, MatchRun
from matching.services import match_organization, match_related, refresh, scoring, storing
from tests.builders import make_organization, make_relationship, now
from tests.matching.market import edit_load, run, stored, withdraw
from tests.matching.pairs import make_match, make_pair, set_costs

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_once(monkeypatch):
    """Let the sweep look at postings that were just made."""
    monkeypatch.setattr(scoring, "FIRST_RUN_WITHIN", timedelta(days=-1))


def meanwhile(monkeypatch, change):
    """Let something happen once between scoring and storing."""
    happened = []
    original = storing.places_of

    def then(*arguments):
        if not happened:
            happened.append(True)
            change()
        return original(*arguments)

    monkeypatch.setattr(storing, "places_of", then)


def test_a_pair_whose_load_was_edited_meanwhile_is_left_to_the_edits_own_run(shipper, carrier, monkeypatch):
    match = make_match(shipper, carrier)
    before = stored()
    leg = match.leg
    ReturnLeg.objects.filter(pk=leg.pk).update(version=2)
    meanwhile(monkeypatch, lambda: Load.objects.filter(pk=match.load_id).update(rate_cents=9_000_00, version=2))
    assert run(leg) == [leg.public_id]
    assert stored() == before
    run(Load.objects.get(pk=match.load_id))
    match.refresh_from_db()
    assert (match.leg_version, match.load_version, match.rate_cents) == (2, 2, 9_000_00)


def test_a_run_whose_own_posting_was_edited_meanwhile_stores_nothing_and_deletes_nothing(shipper, carrier, monkeypatch):
    match = make_match(shipper, carrier)

    def edit_and_match():
        ReturnLeg.objects.filter(pk=match.leg_id).update(version=2)
        run(ReturnLeg.objects.get(pk=match.leg_id))

    meanwhile(monkeypatch, edit_and_match)
    events = FeedEntry.objects.count()
    assert run(match.leg) == [match.leg.public_id]
    row = Match.objects.get()
    assert row.leg_version == 2
    assert FeedEntry.objects.count() == events + 2  # the newer run's word to each side, none of the older one's


def test_a_load_posted_while_a_leg_is_scored_keeps_the_match_of_its_own_run(shipper, carrier, monkeypatch):
    leg, first = make_pair(shipper, carrier)
    late: list[Load] = []

    def post_and_match():
        _, load = make_pair(shipper, make_organization(hauls=True))
        late.append(load)
        run(load)

    meanwhile(monkeypatch, post_and_match)
    run(leg)
    assert {row.load for row in Match.objects.filter(leg=leg)} == {first, late[0]}


def test_a_load_withdrawn_while_a_leg_is_scored_gets_no_match(shipper, carrier, monkeypatch):
    leg, load = make_pair(shipper, carrier)
    meanwhile(monkeypatch, lambda: withdraw(load))
    run(leg)
    assert not Match.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_edit_waits_for_the_run_that_stores_its_match(shipper, carrier, monkeypatch):
    leg, load = make_pair(shipper, carrier)
    order: list[str] = []

    def edit():
        with connection.cursor() as cursor:
            cursor.execute("UPDATE loads_load SET version = 2 WHERE id = %s", [load.pk])
        order.append("edited")
        connections.close_all()

    editor = threading.Thread(target=edit)
    note_of = storing._note_of

    def note(*arguments):
        editor.start()
        editor.join(timeout=0.5)
        order.append("stored")
        return note_of(*arguments)

    monkeypatch.setattr(storing, "_note_of", note)
    run(leg)
    editor.join()
    assert order == ["stored", "edited"]
    assert Match.objects.get().load_version == 1


def test_an_edit_that_ends_the_fit_takes_the_match_away(shipper, carrier):
    match = make_match(shipper, carrier)
    load = edit_load(match.load, weight_pounds=44_900, equipment="F")
    run(load)
    assert not Match.objects.exists()
    assert MatchRun.objects.get(load=load).version == 2


def test_new_costs_change_the_carriers_figures_only(shipper, carrier):
    match = make_match(shipper, carrier)
    market = (match.market_gain_cents, match.parts)
    set_costs(carrier)
    run(match.leg)
    fresh = Match.objects.get()
    assert fresh.own_gain_cents > match.own_gain_cents
    assert (fresh.market_gain_cents, fresh.parts) == market


def test_a_relationship_that_begins_or_ends_matches_both_sides_again(shipper, carrier):
    match = make_match(shipper, carrier)
    block = make_relationship(shipper, carrier, "blocked")
    settled: list[str] = []
    match_related(relationship_ids=[block.public_id, "rel_gone"], settle=settled.append)
    match.refresh_from_db()
    assert not match.is_for_carrier
    Relationship.objects.update(valid_until=clock.now())
    match_related(relationship_ids=[block.public_id], settle=settled.append)
    match.refresh_from_db()
    assert match.is_for_carrier
    assert settled == [block.public_id, "rel_gone", block.public_id]


def test_an_organization_that_is_verified_again_has_its_matches_again(shipper, carrier):
    match = make_match(shipper, carrier)
    verified_at = shipper.verified_at
    for moment, expected in ((None, False), (verified_at, True)):
        type(shipper).objects.filter(pk=shipper.pk).update(verified_at=moment)
        match_organization(organization_ids=[shipper.public_id], settle=lambda subject: None)
        match.refresh_from_db()
        assert match.is_for_carrier is expected


def test_the_sweep_leaves_alone_what_stands_for_now(shipper, carrier, at_once):
    leg, _ = make_pair(shipper, carrier)
    assert refresh() == 2  # no run stands for either
    assert refresh() == 0
    assert Match.objects.get().leg == leg


def test_the_sweep_gives_a_fresh_posting_time_for_its_own_run(shipper, carrier):
    make_pair(shipper, carrier)
    assert refresh() == 0


def test_the_sweep_scores_again_what_an_older_policy_or_road_network_scored(shipper, carrier, at_once, monkeypatch):
    match = make_match(shipper, carrier)
    run(match.load)
    newer = replace(DEFAULT_POLICY, version="newer", loaded_cents_per_mile=250.0)
    monkeypatch.setattr(scoring, "current_policy", lambda: newer)
    assert refresh() == 2
    fresh = Match.objects.get()
    assert (fresh.policy_version, fresh.public_id) == ("newer", match.public_id)
    assert fresh.market_gain_cents < match.market_gain_cents
    roads = GreatCircleTravel(circuity=1.21, mph=50.0)
    monkeypatch.setattr(scoring, "travel_oracle", lambda: roads)
    monkeypatch.setattr(descriptions, "travel_oracle", lambda: roads)
    assert refresh() == 2
    assert Match.objects.get().road_version == roads.version
    assert Match.objects.get().loaded_miles > fresh.loaded_miles
    assert refresh() == 0


def test_the_sweep_follows_a_relationship_that_ends_by_the_calendar(shipper, carrier, at_once):
    block = make_relationship(shipper, carrier, "blocked")
    match = make_match(shipper, carrier)
    run(match.load)
    assert refresh() == 0
    MatchRun.objects.update(ran_at=now() - timedelta(hours=2))
    Relationship.objects.filter(pk=block.pk).update(valid_until=now() - timedelta(hours=1))
    assert refresh() == 1
    match.refresh_from_db()
    assert match.is_for_carrier
    assert refresh() == 0


def test_a_run_without_candidates_asks_little_and_says_nothing(shipper, carrier, django_assert_max_num_queries):
    leg, _ = make_pair(shipper, carrier, equipment="F")
    with django_assert_max_num_queries(13):
        run(leg)
    assert not FeedEntry.objects.exists()
    assert MatchRun.objects.get(leg=leg).candidates == 0


def test_the_number_of_queries_does_not_grow_with_the_pairs(shipper, carrier, django_assert_max_num_queries):
    leg, _ = make_pair(shipper, carrier)
    for _ in range(12):
        make_pair(shipper, make_organization(hauls=True))
    with django_assert_max_num_queries(28):
        run(leg)
    assert Match.objects.filter(leg=leg).count() == 13
