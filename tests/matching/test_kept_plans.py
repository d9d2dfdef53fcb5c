"""What becomes of a plan: what changed drops out of it, old ones are pruned, nobody else reads it."""

from datetime import timedelta

import pytest

from carriers.services.legs import withdraw_leg
from foundation.accounts.models import RelationshipKind
from foundation.trade.errors import NotFound
from loads.services import edit_load
from matching.models import NetworkPlan, PlanLine
from matching.plans import in_sight, lines_of, plan_of, standing_of_plan, with_sides
from matching.services import cancel_plan, prune_plans
from tests.builders import load_terms, make_actor, make_leg, make_load, make_organization, make_relationship, now
from tests.matching.pairs import make_pair
from tests.matching.planning import made, plain_roads

__all__ = ["plain_roads"]

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("deed", ["withdrawn", "edited", "leg withdrawn", "blocked"])
def test_what_changed_meanwhile_drops_out_of_lines_and_sums(broker, shipper, carrier, deed):
    _, load = make_pair(shipper, carrier)
    make_leg(make_organization("Other", hauls=True), hours=120)
    make_load(make_organization("Steady Mills"), rate_cents=2_300_00)
    plan = made(broker)
    line = PlanLine.objects.get(plan=plan, loads__load=load)
    if deed == "withdrawn":
        load.status = "covered"
        load.save()
    elif deed == "edited":
        terms = load_terms(rate_cents=2_100_00)
        edit_load(actor=make_actor(shipper), load_id=load.public_id, version=load.version, terms=terms)
    elif deed == "leg withdrawn":
        withdraw_leg(actor=make_actor(line.leg.organization), leg_id=line.leg.public_id)
    else:
        make_relationship(shipper, broker, RelationshipKind.BLOCKED)
    rows = {row.pk: row for row in with_sides(lines_of(broker, plan, now()))}
    assert [row.stands for row in rows.values()].count(False) == 1
    assert not rows[line.pk].stands
    words = in_sight(broker, rows.values(), now()).why_dropped(rows[line.pk])
    assert ("edited" in words) == (deed == "edited")
    standing = standing_of_plan(broker, plan, now())
    assert (standing.lines, standing.dropped) == (1, 1)
    assert standing.gain_cents == plan.totals["plan"]["gain_cents"] - line.market_gain_cents


def test_plans_are_pruned_by_number_and_age_and_never_while_they_run(broker):
    other = make_organization("Second Broker", brokers=True)
    for number in range(23):
        NetworkPlan.objects.create(
            organization=broker, asked_at=now() - timedelta(hours=number), status="cancelled", finished_at=now()
        )
    old = NetworkPlan.objects.create(organization=other, asked_at=now() - timedelta(days=31), status="cancelled")
    waiting = NetworkPlan.objects.create(organization=other, asked_at=now() - timedelta(days=31))
    assert prune_plans() == 4
    assert NetworkPlan.objects.filter(organization=broker).count() == 20
    assert not NetworkPlan.objects.filter(pk=old.pk).exists()
    assert NetworkPlan.objects.filter(pk=waiting.pk).exists()


def test_a_plan_is_nobody_elses(broker, shipper, carrier):
    make_pair(shipper, carrier)
    plan = made(broker)
    for who in (shipper, carrier, make_organization("Second Broker", brokers=True)):
        with pytest.raises(NotFound):
            plan_of(who, plan.public_id)
        with pytest.raises(NotFound):
            lines_of(who, plan, now())
        with pytest.raises(NotFound):
            cancel_plan(actor=make_actor(who), plan_id=plan.public_id)
