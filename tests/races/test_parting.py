"""A negotiation that begins in the very moment in which its two sides part: it is not left open; and what happens
without the lock.
"""

import threading
from collections.abc import Callable

import pytest

from brokers.models import Thread, ThreadOutcome, ThreadStatus
from brokers.services import opening, table, tenders
from brokers.services.parting import part_related, part_unverified
from brokers.services.tenders import tender_load
from foundation.accounts import dealing
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization, RelationshipKind
from foundation.accounts.services import set_relationship
from foundation.accounts.services.organizations import revoke_verification
from foundation.trade.errors import Conflict
from tests.brokers.bargains import Deal, make_deal, offer_by, terms
from tests.builders import make_actor, make_organization
from tests.matching.conftest import straight_roads
from tests.races.at_once import at_once

__all__ = ["straight_roads"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("straight_roads")]

SECONDS_GUARDED = 2.0
"""So long who begins stays between its question and its commit where the parting has to wait for it."""
SECONDS_UNGUARDED = 30.0


def _block(who: Actor, whom: Organization) -> None:
    made = set_relationship(actor=who, taker_public_id=whom.public_id, kind=RelationshipKind.BLOCKED)
    part_related(subjects=[made.public_id], settle=lambda _: None)


def _revoke(who: Actor, whom: Organization) -> None:
    revoke_verification(public_id_or_name=whom.public_id, decided_by="op", reason="A look-alike.")
    part_unverified(subjects=[whom.public_id], settle=lambda _: None)


def _part_while(
    begin: Callable[[], object], part: Callable[[], object], patch: pytest.MonkeyPatch, wait: float
) -> None:
    """Let the two sides part while a negotiation has asked whether they may deal, and has not committed yet."""
    asked, parted = threading.Event(), threading.Event()
    put_on_table = table.put_on_table

    def slowly(*args: object, **fields: object) -> object:
        asked.set()
        parted.wait(wait)
        return put_on_table(*args, **fields)  # type: ignore[arg-type]

    def parting() -> None:
        assert asked.wait(60)
        part()
        parted.set()

    for module in (opening, tenders):
        patch.setattr(module, "put_on_table", slowly)
    assert at_once(begin, parting) == []


@pytest.fixture
def deal() -> Deal:
    return make_deal()


PARTINGS = pytest.mark.parametrize("part", [_block, _revoke])


@PARTINGS
def test_a_thread_that_opens_in_the_moment_of_the_parting_lapses(
    deal: Deal, part: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    _part_while(
        lambda: offer_by(deal.carrier, deal.leg, deal.load),
        lambda: part(deal.shipper, deal.carrier.organization),
        monkeypatch,
        SECONDS_GUARDED,
    )
    thread = Thread.objects.get()
    assert (thread.status, thread.outcome) == (ThreadStatus.LAPSED, ThreadOutcome.CANNOT_DEAL)
    assert [offer.status for offer in thread.offers.all()] == ["lapsed"]


def test_so_does_a_tender(deal: Deal, monkeypatch: pytest.MonkeyPatch) -> None:
    broker = make_actor(make_organization("Lakeside", brokers=True))
    _part_while(
        lambda: tender_load(actor=broker, load_id=deal.load.public_id, terms=terms(deal.load, 2_600), load_version=1),
        lambda: _block(deal.shipper, broker.organization),
        monkeypatch,
        SECONDS_GUARDED,
    )
    assert Thread.objects.get().status == ThreadStatus.LAPSED


@PARTINGS
def test_without_the_lock_the_thread_stays_open_and_nobody_can_move_in_it(
    deal: Deal, part: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "begin_between", lambda keys: None)
    _part_while(
        lambda: offer_by(deal.carrier, deal.leg, deal.load),
        lambda: part(deal.shipper, deal.carrier.organization),
        monkeypatch,
        SECONDS_UNGUARDED,
    )
    assert Thread.objects.get().status == ThreadStatus.OPEN


def test_who_begins_after_the_block_reads_it_also_where_it_looked_before(
    deal: Deal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def after_the_block(keys: object) -> None:
        actor, whom = deal.shipper, deal.carrier.organization
        done = at_once(
            lambda: set_relationship(actor=actor, taker_public_id=whom.public_id, kind=RelationshipKind.BLOCKED)
        )
        assert done == []
        dealing.begin_between(keys)  # type: ignore[arg-type]

    monkeypatch.setattr(table, "begin_between", after_the_block)
    with pytest.raises(Conflict, match="cannot do business with each other"):
        offer_by(deal.carrier, deal.leg, deal.load)
    assert not Thread.objects.exists()
