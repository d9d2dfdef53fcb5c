"""Network plans as a product: asked once, worked out by one worker, taken up again, cancelled, pruned, private."""

import json
import threading
from datetime import timedelta

import psycopg
import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import IntegrityError, connection, connections, transaction

from foundation.accounts.models import RelationshipKind
from foundation.events.models import Event, FeedEntry, Notice, Reaction
from foundation.trade.errors import Conflict, Forbidden, Invalid
from matching.models import NetworkPlan, PlanLine, PlannedLoad, PlanStatus
from matching.models.plans import PLAN_MOVES
from matching.plans import lines_of, with_sides
from matching.services import ask_plan, cancel_plan, make_left_plans, make_plans, plan_making, planning
from tests.builders import make_actor, make_leg, make_load, make_organization, make_relationship, now
from tests.events.pump import pump
from tests.matching.pairs import make_pair, set_costs
from tests.matching.planning import ask, made, plain_roads

__all__ = ["plain_roads"]

pytestmark = pytest.mark.django_db


def test_a_plan_takes_for_two_trucks_what_each_alone_would_not_choose(broker, shipper, carrier):
    """Both trucks gain most by the first load; together they gain more when one of them takes the second."""
    leg, best = make_pair(shipper, carrier)
    other = make_leg(make_organization("Other", hauls=True), hours=120)
    second = make_load(shipper, rate_cents=2_200_00)
    plan = made(broker)
    lines = list(with_sides(lines_of(broker, plan, now())))
    assert {line.leg_id for line in lines} == {leg.pk, other.pk}
    assert {line.loads.get().load_id for line in lines} == {best.pk, second.pk}
    assert [line.market_gain_cents for line in lines] == sorted(
        (line.market_gain_cents for line in lines), reverse=True
    )
    totals = plan.totals
    assert totals["plan"]["gain_cents"] == sum(line.market_gain_cents for line in lines)
    assert totals["empty"]["gain_cents"] == 0 < totals["board"]["gain_cents"] <= totals["plan"]["gain_cents"]
    assert totals["empty"]["empty_percent"] == 100
    saved = totals["empty"]["empty_miles"] - totals["plan"]["empty_miles"]
    assert saved == pytest.approx(sum(line.empty_miles_saved for line in lines))
    assert (plan.legs_count, plan.loads_count, plan.pairs_count) == (2, 2, 4)
    assert plan.bound_cents >= totals["plan"]["gain_cents"]
    assert plan.gap_ppm < 10
    assert plan.how_chosen


def test_the_parts_of_a_line_add_up_to_its_gain_to_the_cent(broker, shipper, carrier):
    make_pair(shipper, carrier)
    line = made(broker).lines.get()
    assert sum(part["cents"] for part in line.parts["market"]["lines"]) == line.market_gain_cents
    assert line.avoided_miles - line.deadhead_miles == pytest.approx(line.empty_miles_saved)


def test_no_own_cost_moves_a_plan_and_nothing_private_is_stored_with_it(broker, shipper, carrier):
    make_pair(shipper, carrier)
    before = made(broker)
    set_costs(carrier, loaded=31, empty=27)
    after = made(broker)
    assert after.totals == before.totals
    stored = json.dumps([line.parts for line in after.lines.all()])
    for secret in ("own", "worth_from", "timeline", "clock_is_assumed"):
        assert secret not in stored
    first, second = (plan.lines.get().parts["market"] for plan in (before, after))
    assert first == second


def test_chains_stand_in_their_order(broker, shipper, carrier):
    start = now() + timedelta(days=1)
    one = make_load(shipper, from_place="60601", to_place="63101", opens_at=start, rate_cents=1_400_00)
    later = start + timedelta(days=3, hours=4)
    two = make_load(make_organization(), from_place="63101", to_place="75201", opens_at=later, rate_cents=1_900_00)
    make_leg(carrier, hours=180)
    assert [len(plan.lines.get().loads.all()) for plan in (made(broker), made(broker, 2))] == [1, 2]
    line = NetworkPlan.objects.latest("pk").lines.get()
    assert [each.load_id for each in line.loads.all()] == [one.pk, two.pk]
    assert {stop["load"] for stop in line.parts["stops"]} == {0, 1}


def test_only_what_the_broker_sees_and_what_may_meet_is_planned(broker, shipper, carrier):
    make_pair(shipper, carrier)
    make_load(make_organization(), audience="partners")
    make_relationship(make_organization("Blocks", ships=True), broker, RelationshipKind.BLOCKED)
    plan = made(broker)
    assert (plan.legs_count, plan.loads_count) == (1, 1)
    make_relationship(carrier, shipper, RelationshipKind.BLOCKED)
    assert made(broker).lines.count() == 0
    assert plan.lines.count() == 1


def test_an_empty_market_gives_a_plan_of_nothing(broker):
    plan = made(broker, 3)
    assert plan.lines.count() == 0
    assert (plan.bound_cents, plan.gap_ppm) == (0, 0)


def test_a_double_click_asks_once_and_another_length_has_to_wait(broker):
    first, again = ask(broker), ask(broker)
    assert first == again
    assert Event.objects.filter(name="plan.asked").count() == 1
    with pytest.raises(Conflict, match="being worked out already"):
        ask(broker, 2)


@pytest.mark.parametrize("longest", [0, 4, -1])
def test_chains_have_one_to_three_loads(broker, longest):
    with pytest.raises(Invalid) as refusal:
        ask(broker, longest)
    assert refusal.value.problems[0].field == "longest"


def test_who_may_not_ask(broker, shipper):
    for actor in (make_actor(broker, "viewer"), make_actor(shipper), make_actor(broker, email_confirmed=False)):
        with pytest.raises(Forbidden):
            ask_plan(actor=actor)
    with pytest.raises(Forbidden, match="not verified"):
        ask_plan(actor=make_actor(make_organization(brokers=True, verified=False)))


def test_the_database_refuses_a_second_unfinished_plan(broker):
    plan = ask(broker)
    plan.pk, plan.public_id = None, "plan_other"
    with pytest.raises(IntegrityError, match="one_running_plan_per_organization"), transaction.atomic():
        plan.save(force_insert=True)


def test_the_news_of_a_plan_are_its_organizations_alone(broker, shipper, carrier):
    make_pair(shipper, carrier)
    made(broker)
    heard = FeedEntry.objects.filter(event__name__startswith="plan.")
    assert set(heard.values_list("organization_id", flat=True)) == {broker.public_id}
    assert Notice.objects.filter(organization_id=broker.public_id, text__contains="plan is ready").count() == 1


def test_the_fact_is_what_makes_it_happen_and_it_happens_once(broker, shipper, carrier):
    make_pair(shipper, carrier)
    plan = ask(broker)
    pump()
    plan.refresh_from_db()
    assert (plan.status, plan.run, plan.lines.count()) == ("done", 1, 1)
    assert not Reaction.objects.filter(task="matching.make_plans", done_at__isnull=True).exists()
    assert make_plans(subjects=[plan.public_id], settle=None) == 0
    assert plan.lines.count() == 1


def test_one_plan_after_the_other_and_the_next_one_is_poked(broker, shipper, carrier):
    make_pair(shipper, carrier)
    other = make_organization("Second Broker", brokers=True)
    plans = [ask(broker), ask(other)]
    assert make_plans() == 1
    for plan in plans:
        plan.refresh_from_db()
    assert [plan.status for plan in plans] == ["done", "asked"]
    pump()
    plans[1].refresh_from_db()
    assert plans[1].status == "done"


def test_while_another_worker_is_at_it_nothing_is_taken_up_and_nothing_is_lost(broker):
    plan = ask(broker)
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as door:
        door.execute("SELECT pg_advisory_lock(%s)", [planning.LOCK])
        assert make_plans() == 0
        assert make_left_plans() == 0
    assert make_left_plans() == 1
    plan.refresh_from_db()
    assert plan.status == "done"


def killed(plan: NetworkPlan, run: int = 1) -> None:
    """Leave the plan as a worker does that is killed in the midst of it."""
    NetworkPlan.objects.filter(pk=plan.pk).update(status=PlanStatus.RUNNING, run=run, stage="Choosing", percent=80)


def test_a_killed_workers_plan_is_taken_up_again(broker, shipper, carrier):
    make_pair(shipper, carrier)
    plan = ask(broker)
    killed(plan)
    assert make_left_plans() == 1
    plan.refresh_from_db()
    assert (plan.status, plan.run, plan.lines.count()) == ("done", 2, 1)


def test_a_plan_whose_workers_are_killed_again_and_again_is_given_up_with_a_sentence(broker):
    plan = ask(broker)
    killed(plan, planning.MOST_RUNS)
    make_left_plans()
    plan.refresh_from_db()
    assert plan.status == "failed"
    assert "stopped 3 times" in plan.failure
    assert ask(broker) != plan


@pytest.mark.parametrize(
    ("trouble", "said"), [(RuntimeError("boom"), "on our side"), (SoftTimeLimitExceeded(), "shorter chains")]
)
def test_what_goes_wrong_is_said_in_words_and_not_in_code(broker, monkeypatch, trouble, said):
    def break_down(*_arguments: object, **_named: object) -> None:
        raise trouble

    monkeypatch.setattr(plan_making, "plan_market", break_down)
    plan = ask(broker)
    make_plans()
    plan.refresh_from_db()
    assert plan.status == "failed"
    assert said in plan.failure
    assert "boom" not in plan.failure


def test_a_plan_can_be_cancelled_while_it_waits_and_while_it_runs(broker, shipper, carrier, monkeypatch):
    plan = ask(broker)
    cancel_plan(actor=make_actor(broker), plan_id=plan.public_id)
    assert make_plans() == 0
    with pytest.raises(Conflict):
        cancel_plan(actor=make_actor(broker), plan_id=plan.public_id)

    make_pair(shipper, carrier)
    running, real = ask(broker), plan_making.plan_market

    def cancelled_meanwhile(*arguments: object, **named: object) -> object:
        cancel_plan(actor=make_actor(broker), plan_id=running.public_id)
        return real(*arguments, **named)

    monkeypatch.setattr(plan_making, "plan_market", cancelled_meanwhile)
    make_plans()
    running.refresh_from_db()
    assert running.status == "cancelled"
    assert running.lines.count() == 0


def test_a_cancellation_between_the_last_word_and_the_storing_wins(broker, shipper, carrier, monkeypatch):
    make_pair(shipper, carrier)
    plan, real = ask(broker), planning.work_out

    def then_cancel(*arguments: object) -> object:
        worked = real(*arguments)
        cancel_plan(actor=make_actor(broker), plan_id=plan.public_id)
        return worked

    monkeypatch.setattr(planning, "work_out", then_cancel)
    make_plans()
    plan.refresh_from_db()
    assert plan.status == "cancelled"
    assert not PlanLine.objects.filter(plan=plan).exists()


def test_a_worker_that_lost_its_plan_to_another_writes_nothing(broker, shipper, carrier, monkeypatch):
    make_pair(shipper, carrier)
    plan, real = ask(broker), planning.work_out

    def taken_over(*arguments: object) -> object:
        NetworkPlan.objects.filter(pk=plan.pk).update(run=2)
        return real(*arguments)

    monkeypatch.setattr(planning, "work_out", taken_over)
    make_plans()
    plan.refresh_from_db()
    assert (plan.status, plan.run) == ("running", 2)
    assert plan.lines.count() == 0


def test_the_progress_rises_in_words_and_percent(broker, shipper, carrier, monkeypatch):
    make_pair(shipper, carrier)
    told: list[tuple[str, float]] = []
    real = planning._reporter

    def listening(plan: NetworkPlan) -> planning.Report:
        report = real(plan)

        def tell(stage: str, done: float) -> None:
            report(stage, done)
            told.append((stage, done))

        return tell

    monkeypatch.setattr(planning, "_reporter", listening)
    made(broker, 2)
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert 0.9 < shares[-1] <= 1
    assert len({stage for stage, _ in told}) >= 4


def test_every_move_of_a_plan_is_in_the_table():
    assert set(PLAN_MOVES) == set(PlanStatus.values)
    assert {status for targets in PLAN_MOVES.values() for status in targets} == set(PlanStatus.values)


def test_no_truck_and_no_load_stands_twice_says_the_database(broker, shipper, carrier):
    make_pair(shipper, carrier)
    line = made(broker).lines.get()
    planned = line.loads.get()
    with pytest.raises(IntegrityError, match="one_line_per_load_in_a_plan"), transaction.atomic():
        PlannedLoad.objects.create(
            plan=line.plan, line=line, position=1, load=planned.load, load_version=planned.load_version
        )
    line.pk, line.public_id, line.rank = None, "line_other", 7
    with pytest.raises(IntegrityError, match="one_line_per_truck_in_a_plan"), transaction.atomic():
        line.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_two_that_ask_at_the_same_moment_get_the_same_plan(broker):
    actors = [make_actor(broker) for _ in range(6)]
    start, found, failures = threading.Barrier(len(actors)), [], []

    def begin(actor: object) -> None:
        start.wait()
        try:
            found.append(ask_plan(actor=actor)[0].public_id)
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=begin, args=(actor,)) for actor in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(set(found)) == 1
    assert NetworkPlan.objects.count() == 1
