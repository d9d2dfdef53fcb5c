"""Re-scoring whole markets: the same rows as runs one by one, region by region, and what the audit finds."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db.models import F

from backhaul import health
from carriers.models import ReturnLeg
from foundation.trade import clock
from loads.models import Load
from matching import descriptions
from matching.engine.policy import DEFAULT_POLICY, Policy
from matching.engine.travel import GreatCircleTravel
from matching.models import Match, MatchRun, Rescoring, RescoringReason, RescoringRegion
from matching.services import outdated, refresh, rescore_region, rescoring, scoring, sweep_rescoring
from tests.builders import make_relationship
from tests.matching.market import CHICAGO, Market, edit_load, open_rows, run, stored, withdraw
from tests.matching.pairs import set_costs
from tests.matching.test_storing import check_lists, ideal, pairs_stored

pytestmark = pytest.mark.django_db

SMALL = replace(DEFAULT_POLICY, version="small", kept_per_leg=5, kept_per_load=3)
NEWER = replace(SMALL, version="newer", loaded_cents_per_mile=150.0, hour_cents=3000.0)
STATES = {"60601": "IL", "46402": "IN", "60432": "IL", "53202": "WI"}
assert set(STATES) == set(CHICAGO)


@pytest.fixture(autouse=True)
def small_lists(monkeypatch):
    """Keep 5 a leg and 3 a load, take every market for one to score as a whole, and cut the work into small pieces."""
    adopt(monkeypatch, SMALL)
    monkeypatch.setattr(outdated, "BULK_FROM", 0)
    monkeypatch.setattr(scoring, "SHOWN", 3)
    monkeypatch.setattr(scoring, "FIRST_RUN_WITHIN", timedelta(days=-1))
    monkeypatch.setattr(rescoring, "BLOCK_LEGS", 3)
    monkeypatch.setattr(rescoring, "BLOCK_LOADS", 4)
    monkeypatch.setattr(rescoring, "SLICE_SECONDS", -1.0)


def adopt(monkeypatch, policy: Policy) -> None:
    for module in (scoring, rescoring):
        monkeypatch.setattr(module, "current_policy", lambda: policy)


def market_of_many(seed: int, legs: int = 14, loads: int = 30) -> Market:
    """Post a market whose carriers have costs of their own and see different loads."""
    market = Market(seed, one_way=True)
    set_costs(market.carriers[0], loaded=120, empty=110)
    set_costs(market.carriers[1], loaded=260, empty=240)
    make_relationship(market.shippers[0], market.carriers[0], "partner")
    make_relationship(market.shippers[1], market.carriers[2], "blocked")
    for _ in range(legs):
        market.leg()
    for _ in range(loads):
        market.load(audience=market.random.choice(("market", "market", "partners")))
    return market


def work_through() -> list[int]:
    """Do what the queue would, message by message; return the regions in order."""
    waiting, worked = sweep_rescoring(), []
    while waiting:
        worked.append(waiting.pop(0))
        waiting += rescore_region(region_id=worked[-1])
    return worked


def notes() -> dict[tuple[int | None, int | None], dict]:
    """Return what each run noted, without what tells one run from another."""
    left_out = ("id", "ran_at", "stretches", "candidates", "refusals", "leg_id", "load_id")
    return {
        (row["leg_id"], row["load_id"]): {name: value for name, value in row.items() if name not in left_out}
        for row in MatchRun.objects.values()
    }


def match_one_by_one() -> None:
    legs, loads = open_rows()
    run(*legs, *loads)


def forget() -> None:
    Match.objects.all().delete()
    MatchRun.objects.all().delete()


@pytest.mark.parametrize("seed", [101, 102, 103])
def test_a_whole_market_scored_at_once_leaves_the_rows_that_runs_one_by_one_leave(seed, monkeypatch):
    market_of_many(seed)
    adopt(monkeypatch, NEWER)
    match_one_by_one()
    expected, expected_notes = stored(), notes()
    assert len(expected) > 20
    assert any(row["own_gain_cents"] != row["market_gain_cents"] for row in expected.values())
    forget()
    adopt(monkeypatch, SMALL)
    match_one_by_one()
    adopt(monkeypatch, NEWER)
    assert len(work_through()) > 8
    assert stored() == expected
    assert notes() == expected_notes
    assert pairs_stored() == ideal(NEWER)
    check_lists(NEWER)


def test_each_run_of_a_whole_market_looks_at_the_pairs_that_a_run_alone_looks_at():
    market_of_many(104)
    match_one_by_one()
    looked = {row.pk: (row.feasible, row.stretches) for row in MatchRun.objects.all()}
    MatchRun.objects.update(policy_version="older")
    work_through()
    for row in MatchRun.objects.all():
        feasible, stretches = looked[row.pk]
        assert row.feasible == feasible
        assert row.stretches == stretches
        assert row.candidates == row.feasible + sum(row.refusals.values())


def test_regions_are_states_and_legs_go_before_loads():
    market_of_many(105)
    match_one_by_one()
    MatchRun.objects.update(policy_version="older")
    first = sweep_rescoring()
    legs = RescoringRegion.objects.filter(side="legs")
    assert first == list(legs.order_by("pk").values_list("pk", flat=True))
    assert set(legs.values_list("state", flat=True)) <= set(STATES.values())
    loads = RescoringRegion.objects.filter(side="loads").first()
    assert rescore_region(region_id=loads.pk) == []  # too early
    loads.refresh_from_db()
    assert loads.done_at is None
    assert sweep_rescoring() == []  # each is sent once
    Rescoring.objects.all().delete()
    work_through()
    job = Rescoring.objects.get()
    assert job.finished_at is not None
    assert job.reason == RescoringReason.POLICY
    assert job.figures["subjects"] == ReturnLeg.objects.count() + Load.objects.count()
    assert job.figures["matched"] == job.figures["subjects"]


def test_a_region_that_runs_twice_or_is_held_by_another_worker_changes_nothing():
    market_of_many(106)
    match_one_by_one()
    expected = stored()
    MatchRun.objects.update(policy_version="older")
    for region in sweep_rescoring():
        RescoringRegion.objects.filter(pk=region).update(held_until=clock.now() + timedelta(minutes=1))
        assert rescore_region(region_id=region) == []
        assert not RescoringRegion.objects.get(pk=region).done_at
        RescoringRegion.objects.filter(pk=region).update(held_until=None)
    worked = work_through()
    assert worked == []  # the sweep has sent them
    RescoringRegion.objects.update(sent_at=None)
    assert work_through()
    for region in RescoringRegion.objects.all():
        assert rescore_region(region_id=region.pk) == []
    assert rescore_region(region_id=0) == []
    assert stored() == expected


def test_a_killed_workers_region_is_taken_up_where_it_stopped():
    market_of_many(107, legs=20)
    match_one_by_one()
    expected = stored()
    MatchRun.objects.update(policy_version="older")
    Match.objects.update(policy_version="older")
    region, *_ = sweep_rescoring()
    assert rescore_region(region_id=region) == [region]  # a first slice of it
    row = RescoringRegion.objects.get(pk=region)
    assert row.cursor > 0
    done = row.subjects
    RescoringRegion.objects.filter(pk=region).update(held_until=clock.now() + timedelta(minutes=1))  # and killed
    assert region not in sweep_rescoring()
    RescoringRegion.objects.filter(pk=region).update(held_until=clock.now() - timedelta(seconds=1))
    assert region in sweep_rescoring()
    RescoringRegion.objects.update(sent_at=None)
    work_through()
    assert Rescoring.objects.get().finished_at is not None
    row.refresh_from_db()
    assert row.subjects > done
    assert Rescoring.objects.get().figures["subjects"] == ReturnLeg.objects.count() + Load.objects.count()
    assert stored() == expected


def test_a_message_that_was_lost_is_sent_again():
    market_of_many(108, legs=3, loads=3)
    match_one_by_one()
    MatchRun.objects.update(policy_version="older")
    sent = sweep_rescoring()
    assert sweep_rescoring() == []
    RescoringRegion.objects.update(sent_at=clock.now() - timedelta(minutes=6))
    assert sweep_rescoring() == sent


def test_a_newer_policy_takes_the_place_of_a_re_scoring_under_way(monkeypatch):
    market_of_many(109, legs=6, loads=8)
    match_one_by_one()
    adopt(monkeypatch, NEWER)
    region, *_ = sweep_rescoring()
    newest = replace(NEWER, version="newest", empty_cents_per_mile=180.0)
    adopt(monkeypatch, newest)
    assert rescore_region(region_id=region) == []
    work_through()
    older, newer = Rescoring.objects.order_by("pk")
    assert older.superseded
    assert newer.finished_at is not None
    assert set(Match.objects.values_list("policy_version", flat=True)) == {"newest"}
    assert pairs_stored() == ideal(newest)
    assert rescore_region(region_id=region) == []


def test_a_new_road_network_is_the_reason_and_gives_new_miles(monkeypatch):
    market_of_many(110, legs=6, loads=8)
    match_one_by_one()
    before = dict(Match.objects.values_list("public_id", "loaded_miles"))
    roads = GreatCircleTravel(circuity=1.25, mph=50.0)
    for module in (scoring, rescoring, descriptions):
        monkeypatch.setattr(module, "travel_oracle", lambda: roads)
    work_through()
    assert Rescoring.objects.get().reason == RescoringReason.ROADS
    after = stored()
    assert {row["road_version"] for row in after.values()} == {roads.version}
    assert all(row["loaded_miles"] > before[name] for name, row in after.items() if name in before)
    forget()
    match_one_by_one()
    assert stored() == after


def test_postings_that_change_during_a_re_scoring_keep_what_their_own_runs_found():
    market = market_of_many(111)
    match_one_by_one()
    MatchRun.objects.update(policy_version="older")
    Match.objects.update(policy_version="older")
    waiting, turns = sweep_rescoring(), 0
    while waiting:
        waiting += rescore_region(region_id=waiting.pop(0))
        turns += 1
        loads = open_rows()[1]
        if turns % 4 == 1:
            run(market.load())
            run(edit_load(market.random.choice(loads), **market.load_fields()))
        if turns % 4 == 3:
            gone = loads[turns % len(loads)]
            withdraw(gone)
            run(gone)
            run(market.leg())
    while refresh():
        pass
    check_lists(SMALL)
    assert Match.objects.exclude(leg_version=F("leg__version"), load_version=F("load__version")).count() == 0


def test_the_sweep_leaves_an_outdated_market_to_the_re_scoring_and_a_few_outdated_postings_not(monkeypatch):
    market_of_many(112, legs=4, loads=4)
    match_one_by_one()
    MatchRun.objects.update(policy_version="older")
    assert refresh() == 0
    monkeypatch.setattr(outdated, "BULK_FROM", 200)
    assert sweep_rescoring() == []
    assert refresh() == 8
    MatchRun.objects.update(policy_version="older")
    monkeypatch.setattr(outdated, "BULK_FROM", 0)
    sweep_rescoring()
    monkeypatch.setattr(outdated, "BULK_FROM", 200)
    assert refresh() == 0  # one is under way


# --- The audit --------------------------------------------------------------------------------------------------------


@pytest.fixture
def overdue(monkeypatch):
    """Let the next audit be due at once."""
    monkeypatch.setattr(rescoring, "AT_THE_LATEST", timedelta(days=-1))


def audit() -> dict:
    work_through()
    job = Rescoring.objects.filter(market="live").order_by("-pk")[0]
    assert job.reason == RescoringReason.AUDIT
    assert job.finished_at is not None
    return job.figures


def test_the_audit_of_a_sound_market_finds_and_writes_nothing(overdue):
    market_of_many(121)
    match_one_by_one()
    before = list(Match.objects.order_by("pk").values())
    figures = audit()
    assert figures["subjects"] == ReturnLeg.objects.count() + Load.objects.count()
    assert {figures[name] for name in ("matched", "outdated", "wrong", "missing")} == {0}
    assert list(Match.objects.order_by("pk").values()) == before


def test_the_audit_of_a_market_that_has_lost_loads_takes_no_short_list_for_a_defect(overdue):
    market = market_of_many(122, loads=40)
    match_one_by_one()
    for load in market.random.sample(open_rows()[1], 12):
        withdraw(load)
        run(load)
    figures = audit()
    assert (figures["wrong"], figures["missing"]) == (0, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"market_gain_cents": F("market_gain_cents") + 1},
        {"own_gain_cents": F("own_gain_cents") - 100},
        {"pickup_deadhead_miles": F("pickup_deadhead_miles") + 0.1},
        {"rate_cents": F("rate_cents") + 100},
        {"pickup_slack_minutes": F("pickup_slack_minutes") + 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_audit_finds_a_wrong_figure_says_so_and_mends_it(change, overdue, caplog):
    market_of_many(123)
    match_one_by_one()
    expected = stored()
    wrong = Match.objects.order_by("market_gain_cents").last()
    Match.objects.filter(pk=wrong.pk).update(**change)
    with caplog.at_level(logging.ERROR, logger="matching.services.rescoring"):
        figures = audit()
    assert figures["wrong"] == 1
    assert stored() == expected
    assert wrong.public_id in caplog.text


def test_doctor_and_health_tell_what_the_last_audit_found(overdue, capsys):
    assert health.check().matches == health.Matches(ok=True, wrong=0, missing=0, seconds_since_audit=None)
    market_of_many(127, legs=6, loads=8)
    match_one_by_one()
    Match.objects.filter(pk=Match.objects.first().pk).update(rate_cents=F("rate_cents") + 1)
    for words, found in (("the last audit mended 1 wrong and 0 missing matches", 1), ("found each as scoring says", 0)):
        audit()
        seen = health.check().matches
        assert (seen.wrong, seen.ok) == (found, not found)
        assert seen.seconds_since_audit is not None
        call_command("readiness")
        assert words in capsys.readouterr().out


def test_the_audit_finds_a_missing_match_and_one_that_should_not_be_there(overdue):
    market_of_many(124)
    match_one_by_one()
    expected = stored()
    lost = Match.objects.order_by("market_gain_cents").last()
    Match.objects.filter(pk=lost.pk).delete()
    figures = audit()
    assert (figures["wrong"], figures["missing"]) == (0, 1)
    assert stored() == expected
    row = Match.objects.order_by("market_gain_cents").last()
    impossible = Load.objects.exclude(matches__isnull=False).first()
    if impossible is None:
        impossible = Load.objects.exclude(matches__leg=row.leg).first()
    row.pk, row.load, row.load_version, row.public_id = None, impossible, impossible.version, "match_invented"
    row.save()
    figures = audit()
    assert figures["wrong"] == 1
    assert not Match.objects.filter(public_id="match_invented").exists()


def test_the_audit_counts_no_posting_that_still_waits_for_its_own_run(overdue):
    market = market_of_many(125)
    match_one_by_one()
    for _ in range(5):
        market.load()
    edit_load(open_rows()[1][0], **market.load_fields())
    figures = audit()
    assert (figures["wrong"], figures["missing"]) == (0, 0)
    assert pairs_stored() == ideal(SMALL) or figures["outdated"]


def test_an_audit_is_due_at_night_and_at_the_latest_after_a_day_and_a_half(monkeypatch):
    market_of_many(126, legs=2, loads=2)
    match_one_by_one()
    now = clock.now()
    moments = {"noon": now.replace(hour=18), "night": now.replace(hour=8)}
    for name, hours, expected in (
        ("noon", 24, False),
        ("night", 24, True),
        ("night", 3, False),
        ("noon", 40, True),
    ):
        MatchRun.objects.update(ran_at=moments[name] - timedelta(hours=hours))
        assert rescoring._audit_is_due("live", None, moments[name]) is expected
        last = Rescoring(started_at=moments[name] - timedelta(hours=hours))
        assert rescoring._audit_is_due("live", last, moments[name]) is expected
