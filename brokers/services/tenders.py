"""Tenders: a broker offers a shipper to sell its load, at the rate that the shipper would pay."""

from brokers.acting import Side
from brokers.bargain_rules import DEFAULT_MINUTES, Windows, judge
from brokers.models import Offer, Thread
from brokers.retrying import retried
from brokers.services.opening import check_not_too_often
from brokers.services.sent_forms import sent_before, unused
from brokers.services.table import (
    check_load_version,
    check_may_begin,
    check_still_stands,
    locked_load,
    put_on_table,
)
from brokers.terms import BargainTerms
from foundation.accounts.actor import Actor
from foundation.accounts.models import Capability
from foundation.trade import clock
from foundation.trade.constraints import refusing
from foundation.trade.errors import Conflict
from loads.queries import load_of

_THERE_ALREADY = Conflict("thread_open", "You negotiate over the sale of this load already. Go on in that negotiation.")


def tender_load(
    *,
    actor: Actor,
    load_id: str,
    terms: BargainTerms,
    load_version: int,
    expires_in_minutes: int = DEFAULT_MINUTES,
    confirmed: bool = False,
    form_token: str = "",
) -> Offer:
    """Offer a shipper, as a broker, to sell its load: the terms hold what the shipper would pay. The first offer.

    Accepted, the broker is the load's one seller. Raises `Forbidden` for who is no verified broker, `NotFound` for a
    load out of sight, `Invalid` for terms, `Conflict` for an own load, one that a broker sells already or that has
    changed, and where the broker negotiates over it already.
    """
    actor.require("offers:write")
    actor.require_posting(Capability.BROKERS)
    broker = actor.organization

    def work() -> Offer:
        found = load_of(broker, load_id)
        load = locked_load(found.pk)
        first = sent_before(actor, load_id, form_token, terms)
        if first is not None:
            return first  # a double click
        now = clock.now()
        if load.organization_id == broker.pk:
            raise Conflict("own_load", "This load is your own: you sell it already.")
        if load.seller_id is not None:
            raise Conflict("sold_already", "A broker sells this load already.")
        thread = Thread(
            kind=Thread.Kind.TENDER,
            load=load,
            seller=load.organization,
            taker=broker,
            opened_at=now,
            moved_at=now,
            form_token=unused(form_token, load),
        )
        check_may_begin(load, broker)
        check_still_stands(thread, load, now)
        check_load_version(load, load_version)
        whole = judge(
            terms,
            load,
            viewer=broker,
            now=now,
            expires_in_minutes=expires_in_minutes,
            confirmed=confirmed,
            windows=Windows.POSTED,
        )
        check_not_too_often(Thread.objects.filter(load=load, taker=broker, kind=Thread.Kind.TENDER), now)
        with refusing({"one_open_tender_per_broker": _THERE_ALREADY}):
            thread.save(force_insert=True)
        return put_on_table(
            thread,
            actor=actor,
            side=Side.TAKER,
            terms=whole,
            load=load,
            now=now,
            expires_in_minutes=expires_in_minutes,
        )

    return retried(work)
