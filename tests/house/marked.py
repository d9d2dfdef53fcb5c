"""A market in which every secret is a mark: a number or a word that stands nowhere else, with who may read it.

Marlin Mills ships, Bison Brokerage sells one of its loads, Cobalt Carriers hauls, Rook Rigging bargains beside it and
Stork Stores looks on. The main flows have been gone through by services, and all news has been carried.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from unittest.mock import patch

from django.test import Client

from brokers.models import (
    Agreement,
    Amendment,
    Booking,
    Claim,
    Contention,
    Offer,
    RateConfirmation,
    Thread,
    Tour,
    TransactionRecord,
)
from brokers.services import accept_offer, counter_offer, open_thread, tender_load
from brokers.services.cancelling import cancel_booking
from brokers.services.claims import claim_load
from brokers.services.contending import answer_contention
from brokers.services.splitting import ask_split
from brokers.terms import posted_terms
from carriers.models import CostSetting, ReturnLeg
from carriers.services.legs import post_leg
from foundation.accounts.actor import Actor
from foundation.accounts.models import Organization
from foundation.accounts.services.payments import PaymentTerms, fingerprint_of, set_payment_account
from foundation.trade import clock
from foundation.trade.hours import DutyClock
from foundation.trade.money import decimal_text, dollars
from loads.models import Load
from loads.services import post_load
from loads.services.selling import price_load
from matching.models import Match
from tests.builders import (
    leg_terms,
    load_terms,
    make_actor,
    make_driver,
    make_home_base,
    make_organization,
    make_truck,
    now,
    stop_terms,
)
from tests.events.pump import pump
from tests.reading import stands_in

SHIPPER, BROKER, CARRIER, RIVAL, STRANGER = "shipper", "broker", "carrier", "rival", "stranger"


@dataclass(frozen=True)
class Mark:
    """A secret: what it is, each way in which it could be written, and who of the market may read it."""

    what: str
    written: tuple[str, ...]
    readers: frozenset[str]

    def stands_in(self, body: str) -> bool:
        """Say whether the mark can be read in a text."""
        return any(stands_in(text, body) for text in self.written)


def cents(what: str, amount: int, *readers: str) -> Mark:
    """Return a mark of an amount, as pages, REST and raw figures write it."""
    written = (dollars(amount).lstrip("$"), decimal_text(amount), f":{amount},", f": {amount},", f":{amount}}}")
    return Mark(what, written, frozenset(readers))


def words(what: str, text: str, *readers: str) -> Mark:
    """Return a mark of a text."""
    return Mark(what, (text,), frozenset(readers))


@dataclass
class Market:
    """Who is there with a browser each, what exists by its public id, and the marks."""

    actors: dict[str, Actor]
    marks: list[Mark]
    loads: list[Load]
    legs: list[ReturnLeg]
    split_thread: Thread
    clients: dict[str, Client] = field(default_factory=dict)

    def organization(self, who: str) -> Organization:
        """Return one of the market."""
        return self.actors[who].organization

    def ids(self) -> list[str]:
        """Return the public id of everything that somebody might ask for."""
        rows: list[Iterable[str]] = [
            model.objects.values_list("public_id", flat=True)
            for model in (
                Thread,
                Offer,
                Claim,
                Booking,
                Tour,
                RateConfirmation,
                TransactionRecord,
                Amendment,
                Contention,
            )
        ]
        rows.append(Match.objects.filter(load=self.loads[0]).order_by("pk").values_list("public_id", flat=True)[:3])
        own = [each.public_id for each in (*self.loads, *self.legs)]
        fleet = [unit.public_id for leg in self.legs for unit in (leg.truck, leg.driver, leg.home_base) if unit]
        return list(dict.fromkeys([*own, *fleet, *(found for each in rows for found in each)]))


def _load(actor: Actor, name: str, rate_cents: int | None, reserve_cents: int | None) -> Load:
    first = now() + timedelta(days=1)
    delivery = stop_terms("75226", first + timedelta(days=2), hours=30, kind="delivery")
    stops = (stop_terms("60616", first, hours=24), delivery)
    terms = load_terms(
        stops=stops,
        rate_cents=rate_cents,
        reserve_cents=reserve_cents,
        private_notes=f"Marlin-private-{name}",
        commodity=f"Paper {name}",
    )
    return post_load(actor=actor, terms=terms)


def _leg(actor: Actor, name: str) -> ReturnLeg:
    company = actor.organization
    base = make_home_base(company, "75165", name=f"{name} Yard")
    driver = make_driver(company, name=f"{name} Driver", phone="+1 920 555 0177")
    truck = make_truck(company, number=f"{name}-TRUCK", home_base=base, usual_driver=driver, home="")
    duty = DutyClock(drive_minutes=517, shift_minutes=701, break_minutes=401, cycle_minutes=2903)
    ready = now() + timedelta(days=1)
    terms = leg_terms(truck, "60601", ready_at=ready, hours=120, clock=duty, private_notes=f"Cobalt-private-{name}")
    return post_leg(actor=actor, terms=terms)


def _offer(actor: Actor, load: Load, leg: ReturnLeg, rate_cents: int) -> Offer:
    return open_thread(
        actor=actor,
        load_id=load.public_id,
        truck_id=leg.truck.public_id,
        leg_id=leg.public_id,
        terms=replace(posted_terms(load, rate_cents=rate_cents), notes=f"Note-{rate_cents}"),
        load_version=load.version,
        expires_in_minutes=600,
    )


def assemble_market() -> Market:
    """Go through the flows: an open negotiation with a split asked by one side, a brokered sale, a claim cancelled."""
    actors = {
        SHIPPER: make_actor(make_organization("Marlin Mills")),
        BROKER: make_actor(make_organization("Bison Brokerage", brokers=True)),
        CARRIER: make_actor(make_organization("Cobalt Carriers", hauls=True)),
        RIVAL: make_actor(make_organization("Rook Rigging", hauls=True)),
        STRANGER: make_actor(make_organization("Stork Stores", ships=True, hauls=True, brokers=True)),
    }
    shipper, broker, carrier, rival = (actors[who] for who in (SHIPPER, BROKER, CARRIER, RIVAL))
    CostSetting.objects.create(
        organization=carrier.organization,
        valid_from=date(2026, 1, 1),
        loaded_cents_per_mile=131,
        empty_cents_per_mile=127,
        hour_cents=3119,
        delay_hour_cents=4713,
    )
    set_payment_account(
        actor=carrier,
        terms=PaymentTerms(
            kind="bank", name="Cobalt-paid-LLC", routing_number="021000021", account_number="55010927364718"
        ),
    )
    bargained = _load(shipper, "bargained", 2_803_00, 3_391_71)
    brokered = _load(shipper, "brokered", None, 4_655_83)
    claimed = _load(shipper, "claimed", 2_555_00, None)
    Load.objects.filter(pk=claimed.pk).update(book_now=True)
    legs = [_leg(carrier, name) for name in ("Azure", "Beryl", "Coral")]
    rook = _leg(rival, "Rook")
    pump()

    # a negotiation that goes on, another carrier beside it, and one side that asks to split the difference
    first = _offer(carrier, bargained, legs[0], 2_911_37)
    _offer(rival, bargained, rook, 2_987_43)
    counter_offer(
        actor=shipper,
        thread_id=first.thread.public_id,
        terms=posted_terms(bargained, rate_cents=2_804_13),
        on_number=1,
        load_version=bargained.version,
    )
    split = ask_split(actor=carrier, thread_id=first.thread.public_id)
    assert split.taker_splits_at is not None
    asked = f"{split.taker_splits_at:%M:%S.%f}"

    # a brokered sale: tender, the broker's own price to carriers, and the carriage below it
    tender = tender_load(
        actor=broker,
        load_id=brokered.public_id,
        terms=posted_terms(brokered, rate_cents=4_117_23),
        load_version=brokered.version,
    )
    sold = accept_offer(actor=shipper, offer_id=tender.public_id, number=1, load_version=brokered.version)
    assert isinstance(sold, Load)
    price_load(actor=broker, load_id=brokered.public_id, version=None, rate_cents=2_744_31)
    pump()
    brokered = Load.objects.prefetch_related("stops").get(pk=brokered.pk)
    below = _offer(carrier, brokered, legs[1], 2_813_57)
    booking = accept_offer(actor=broker, offer_id=below.public_id, number=1, load_version=brokered.version)
    assert isinstance(booking, Booking)

    # a claim that is cancelled
    claim = claim_load(
        actor=carrier, load_id=claimed.public_id, truck_id=legs[2].truck.public_id, leg_id=legs[2].public_id
    )
    pump()
    fell = claim.loads.get().booking
    assert fell is not None
    cancel_booking(actor=shipper, booking_id=fell.public_id, version=fell.version, reason="load_not_ready")
    pump()

    contended, drake = _contended(actors)

    match = Match.objects.filter(leg=legs[0], load=bargained).first()
    marks = [
        cents("the shipper's reserve", 3_391_71, SHIPPER),
        cents("the reserve of the brokered load", 4_655_83, SHIPPER),
        *(words(f"private notes, {name}", f"Marlin-private-{name}", SHIPPER) for name in ("bargained", "claimed")),
        words("private notes of the brokered load", "Marlin-private-brokered", SHIPPER),
        *(words(f"private notes, {name}", f"Cobalt-private-{name}", CARRIER) for name in ("Azure", "Beryl", "Coral")),
        words("the rival's private notes", "Cobalt-private-Rook", RIVAL),
        cents("an hour's own cost", 31_19, CARRIER),
        cents("an hour's own cost of delay", 47_13, CARRIER),
        Mark("driving time left", ("driving 8:37", '"drive_minutes_left":517'), frozenset({CARRIER, RIVAL})),
        cents("the carrier's offer", 2_911_37, CARRIER, SHIPPER),
        words("the carrier's note", "Note-291137", CARRIER, SHIPPER),
        cents("the shipper's answer", 2_804_13, CARRIER, SHIPPER),
        cents("the rival's offer", 2_987_43, RIVAL, SHIPPER),
        cents("what the shipper pays the broker", 4_117_23, SHIPPER, BROKER),
        cents("the broker's price to carriers", 2_744_31, BROKER, CARRIER, RIVAL, STRANGER),
        cents("what the broker pays the carrier", 2_813_57, BROKER, CARRIER),
        cents("the broker's margin", 4_117_23 - 2_813_57, BROKER),
        cents("the margin of its price", 4_117_23 - 2_744_31, BROKER),
        words("when a side asked to split", f":{asked}", CARRIER),
        words("that a side asked to split", "You asked to split the difference", CARRIER),
        words("that a side asked to split, in REST", '"asked":true', CARRIER),
        words("the routing number", "021000021"),
        words("the bank account", "5501092736"),
        words("the fingerprint of the bank account", fingerprint_of("021000021", "55010927364718")),
        words("how the bank account ends", "ending in 4718", CARRIER, BROKER, SHIPPER),
        words("whose bank account it is", "Cobalt-paid-LLC", CARRIER, BROKER, SHIPPER),
        words("the truck of the tour", "Azure-TRUCK", CARRIER),
        words("what the carrier says of the cancellation", "Cobalt-said-at-the-gate", CARRIER, BROKER),
        words("what the broker answers its carrier", "Bison-answered-its-carrier", CARRIER, BROKER),
        cents("the TONU between broker and carrier", 271_83, CARRIER, BROKER),
        words("what the shipper answers its broker", "Marlin-answered-its-broker", SHIPPER, BROKER),
        cents("the TONU between shipper and broker", 316_47, SHIPPER, BROKER),
    ]
    if match is not None:
        marks += [
            cents("the carrier's own gain", match.own_gain_cents, CARRIER),
            cents("the carrier's floor", match.own_parts["worth_from_cents"], CARRIER),
        ]
    return Market(actors, marks, [bargained, brokered, claimed, contended], [*legs, rook, drake], first.thread)


def _contended(actors: Mapping[str, Actor]) -> tuple[Load, ReturnLeg]:
    """Let a brokered sale fall through since the load was not ready: what the carrier says its broker agrees to, and
    what the broker says then its shipper disputes.
    """
    shipper, broker, carrier = (actors[who] for who in (SHIPPER, BROKER, CARRIER))
    load, leg = _load(shipper, "contended", None, None), _leg(carrier, "Drake")
    pump()
    of_sale = replace(posted_terms(load, rate_cents=3_100_00), tonu_cents=316_47)
    tender = tender_load(actor=broker, load_id=load.public_id, terms=of_sale, load_version=load.version)
    accept_offer(actor=shipper, offer_id=tender.public_id, number=1, load_version=load.version)
    load = Load.objects.prefetch_related("stops").get(pk=load.pk)
    offer = open_thread(
        actor=carrier,
        load_id=load.public_id,
        truck_id=leg.truck.public_id,
        leg_id=leg.public_id,
        terms=replace(posted_terms(load, rate_cents=2_700_00), tonu_cents=271_83),
        load_version=load.version,
    )
    booking = accept_offer(actor=broker, offer_id=offer.public_id, number=1, load_version=load.version)
    assert isinstance(booking, Booking)
    pump()
    waited = _free_time_is_over(booking)
    with patch.object(clock, "now", lambda: waited):
        note = "Cobalt-said-at-the-gate"
        cancel_booking(actor=carrier, booking_id=booking.public_id, version=None, reason="load_not_ready", note=note)
        answers = (
            (broker, Agreement.CARRIAGE, True, "Bison-answered-its-carrier"),
            (shipper, Agreement.SALE, False, "Marlin-answered-its-broker"),
        )
        for who, agreement, agrees, answer in answers:
            asked = booking.contentions.get(agreement=agreement)
            answer_contention(actor=who, contention_id=asked.public_id, version=1, agrees=agrees, answer=answer)
    pump()
    return load, leg


def _free_time_is_over(booking: Booking) -> datetime:
    arrives_at = booking.tour_stops.order_by("sequence")[0].arrives_at
    return max(arrives_at, booking.load.first_stop.opens_at) + timedelta(minutes=booking.free_minutes + 1)
