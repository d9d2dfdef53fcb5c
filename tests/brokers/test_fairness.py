"""Fair bargaining: one benchmark for both sides; the floor and the reserve to their owner alone."""

import re

import pytest
from django.test import Client

from brokers.fairness import fairness_of_thread
from brokers.services import counter_offer
from brokers.thread_queries import thread_of
from foundation.accounts.actor import Actor
from foundation.accounts.models import RelationshipKind
from foundation.trade.money import dollars
from loads.models import Load
from tests.brokers.bargains import Deal, make_deal_with_limits, offer_by, terms
from tests.builders import make_actor, make_organization, make_relationship, now

pytestmark = pytest.mark.django_db
ESTIMATE = re.compile(
    r'<div class="rate-estimate">.*?</div>\s*<div class="text-secondary small">[^<]*</div>', re.DOTALL
)


@pytest.fixture
def deal(straight_roads: None) -> Deal:
    return make_deal_with_limits()


def _page(actor: Actor, path: str) -> str:
    client = Client()
    client.force_login(actor.person, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.get(path, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return answer.content.decode()


def test_both_sides_read_the_same_benchmark_and_each_its_own_figure_alone(deal: Deal) -> None:
    thread = offer_by(deal.carrier, deal.leg, deal.load, 2_500).thread
    agent = make_actor(make_organization("Agent Brokers", brokers=True))
    for giver in (deal.carrier, deal.shipper):
        make_relationship(giver.organization, agent.organization, RelationshipKind.REPRESENTS)
    path = f"/threads/{thread.public_id}/benchmark/"
    pages = {who: _page(actor, path) for who, actor in (("s", deal.shipper), ("c", deal.carrier), ("a", agent))}
    said = {ESTIMATE.search(page)[0] for page in pages.values() if ESTIMATE.search(page)}
    assert len(said) == 1
    assert "default, not observed" in said.pop()
    floor = fairness_of_thread(
        deal.carrier.organization, thread_of(deal.carrier.organization, thread.public_id), now()
    ).floor
    assert floor is not None
    assert floor.worth_from_cents is not None
    assert not floor.costs_are_default
    written = dollars(floor.worth_from_cents)
    assert [who for who, page in pages.items() if written in page] == ["c"]
    # $2,677.77 less $2,500.00
    assert [who for who, page in pages.items() if "$177.77" in page and "2,677.77" in page] == ["s"]
    assert "Only you see this" not in pages["a"]


def test_a_rate_above_the_reserve_says_so_to_its_owner(deal: Deal) -> None:
    thread = offer_by(deal.carrier, deal.leg, deal.load, 2_700).thread
    counter_offer(
        actor=deal.shipper,
        thread_id=thread.public_id,
        terms=terms(deal.load, 2_400),
        on_number=1,
        load_version=deal.load.version,
    )
    page = _page(deal.shipper, f"/threads/{thread.public_id}/benchmark/")
    assert re.search(r"\$22\.23</strong>\s*above the most you would pay", page)


def test_on_the_page_of_a_load_a_carrier_reads_its_floor_for_its_own_leg_and_for_no_others(deal: Deal) -> None:
    path = f"/bargain/loads/{deal.load.public_id}/benchmark/"
    own, rivals = f"{path}?leg={deal.leg.public_id}", f"{path}?leg={deal.rival_leg.public_id}"
    assert "Worth it to you from" in _page(deal.carrier, own)
    for actor, asked in ((deal.carrier, rivals), (deal.carrier, path), (deal.rival, own), (deal.shipper, own)):
        assert "Worth it to you from" not in _page(actor, asked)
    assert "2,677.77" in _page(deal.shipper, path)
    assert "2,677.77" not in _page(deal.carrier, path)


def test_a_shipper_whose_load_a_broker_sells_reads_no_reserve_beside_the_brokers_business(deal: Deal) -> None:
    agent = make_organization("Bison Brokerage", brokers=True)
    Load.objects.filter(pk=deal.load.pk).update(seller=agent, shipper_rate_cents=2_600_00)
    assert "Only you see this" not in _page(deal.shipper, f"/bargain/loads/{deal.load.public_id}/benchmark/")


def test_strangers_to_a_thread_read_nothing_of_it(deal: Deal) -> None:
    thread = offer_by(deal.carrier, deal.leg, deal.load, 2_500).thread
    client = Client()
    client.force_login(deal.rival.person, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"/threads/{thread.public_id}/benchmark/").status_code == 404
