"""Two carriers and a shipper bargain, claim, edit and cancel in any order: what holds after each move, whatever it was.

Never two live bookings of a load nor an accepted and a lapsed state at once; no money that was agreed changes; what is
refused changes nothing; and every party hears of every event exactly once.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from django.db import transaction
from django.db.models import Q
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from backhaul.wiring import FACTS
from brokers.models import Booking, BookingStatus, Offer, OfferStatus, Thread, ThreadStatus
from brokers.services.cancelling import cancel_booking
from brokers.services.claims import claim_load
from brokers.services.offers import accept_offer, counter_offer, decline_offer, expire_due_offers, withdraw_offer
from brokers.services.threads import invite_carrier, leave_thread, open_thread
from brokers.terms import posted_terms, terms_of
from carriers.models import ReturnLeg
from foundation.accounts.actor import Actor
from foundation.accounts.models import Person, Role
from foundation.events.models import FeedEntry, Reaction
from foundation.events.relay.placing import place_batch
from foundation.trade import clock
from foundation.trade.errors import TradeError
from foundation.trade.posting import Status
from loads.models import Load
from loads.services import edit_load
from loads.terms import terms_of as load_terms_of
from tests.brokers.told import hold_that_each_fact_was_heard_once, hold_that_each_was_told_once
from tests.builders import make_actor, make_leg, make_load, make_organization, make_person, now
from tests.events.pump import MOST_ROUNDS, run_task

NOTICES = "brokers.write_notices"
OURS = ("brokers.lapse_threads", "brokers.supersede_offers", NOTICES)
WIRING = {name: tuple(task for task in tasks if task in OURS) for name, tasks in FACTS.items()}
RATES = st.sampled_from([1_900, 2_100, 2_300, 2_500])
PICK = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 5])
"""Which offer, counted from the newest."""
POUNDS = st.integers(20_000, 40_000)
TALK = ("invite", "decline", "withdraw", "leave")
CARRIERS = st.sampled_from([0, 1])
LOADS = st.sampled_from([0, 1])
STEPS = 2_000


MOVES = (
    open_thread,
    invite_carrier,
    counter_offer,
    accept_offer,
    decline_offer,
    withdraw_offer,
    leave_thread,
    claim_load,
    edit_load,
    cancel_booking,
)


class Bargaining(RuleBasedStateMachine):
    """One shipper with two loads that want the same trucks; two carriers, each with one truck on its way home."""

    later = timedelta()
    done: ClassVar[Counter[tuple[str, bool]]] = Counter()
    """How often each move was made, and how often it was refused."""

    @initialize()
    def begin(self) -> None:
        """Post the loads and the trucks; all of it is taken back in the end."""
        self._before = transaction.savepoint()
        Bargaining.later = timedelta()
        self.shipper = make_actor(make_organization("Prairie Paper"))
        self.carriers = [make_actor(make_organization(name, hauls=True)) for name in ("Ruiz", "Other")]
        opens_at = now() + timedelta(days=1)
        posted = [make_load(self.shipper.organization, opens_at=opens_at) for _ in range(2)]
        Load.objects.filter(pk__in=[load.pk for load in posted]).update(book_now=True)
        self.keys = [load.pk for load in posted]
        self.legs = [make_leg(actor.organization, hours=120, ready_at=opens_at) for actor in self.carriers]
        self.agreed: dict[str, Any] = {}
        self.leavers: dict[str, str] = {}
        self.readers: dict[str, list[Person]] = {}
        make_actor(make_organization("A stranger", hauls=True))
        for actor in (self.shipper, *self.carriers):
            company = actor.organization
            dispatcher = make_person(company, Role.DISPATCHER)
            make_person(company, Role.VIEWER)
            self.readers[company.public_id] = [actor.person, dispatcher]

    def teardown(self) -> None:
        """Look whether everybody heard of everything once, then take it all back."""
        if hasattr(self, "_before"):
            try:
                self._hear()
                hold_that_each_fact_was_heard_once()
            finally:
                transaction.savepoint_rollback(self._before)

    @rule(
        verb=st.sampled_from(["make", "make", "counter", "counter", "accept", "accept", *TALK]),
        load=LOADS,
        carrier=CARRIERS,
        which=PICK,
        by_seller=st.booleans(),
        dollars=RATES,
        stale=st.integers(0, 5),
    )
    def talk(self, verb: str, load: int, carrier: int, which: int, by_seller: bool, dollars: int, stale: int) -> None:
        """Somebody makes a move in a negotiation, or begins one."""
        if verb in ("make", "invite") or not Offer.objects.exists():
            (self._invite if verb == "invite" else self._make)(load, carrier, dollars)
        elif verb == "counter":
            self._counter(which, by_seller, dollars, stale)
        else:
            {"accept": self._accept, "decline": self._decline, "withdraw": self._withdraw, "leave": self._leave}[verb](
                which, by_seller
            )

    @rule(verb=st.sampled_from(["claim", "edit", "cancel", "cancel"]), load=LOADS, carrier=CARRIERS, pounds=POUNDS)
    def deal(self, verb: str, load: int, carrier: int, pounds: int) -> None:
        """Something happens to a load beside the negotiations."""
        if verb == "claim":
            self._claim(load, carrier)
        elif verb == "edit":
            self._edit(load, pounds)
        else:
            self._cancel(by_seller=carrier == 0)

    @rule(minutes=st.sampled_from([0, 0, 1, 29, 31]), sweeps=st.booleans())
    def wait(self, minutes: int, sweeps: bool) -> None:
        """Time goes by, or the tasks hear the news."""
        if minutes:
            self._expire(minutes, sweeps)
        else:
            self._hear()

    def _make(self, load: int, carrier: int, dollars: int) -> None:
        """A carrier makes the first offer on a load."""
        found, leg = self._load(load), self.legs[carrier]
        self._try(
            open_thread,
            actor=self.carriers[carrier],
            load_id=found.public_id,
            truck_id=leg.truck.public_id,
            leg_id=leg.public_id,
            terms=posted_terms(found, rate_cents=dollars * 100),
            load_version=found.version,
        )

    def _invite(self, load: int, carrier: int, dollars: int) -> None:
        """The shipper makes the first offer to a truck."""
        found = self._load(load)
        self._try(
            invite_carrier,
            actor=self.shipper,
            load_id=found.public_id,
            leg_id=self.legs[carrier].public_id,
            terms=posted_terms(found, rate_cents=dollars * 100),
            load_version=found.version,
        )

    def _counter(self, which: int, by_seller: bool, dollars: int, stale: int) -> None:
        """A side answers, now and then with a stale tab."""
        offer = self._offer(which)
        if offer is None:
            return
        thread = offer.thread
        last = thread.offers.order_by("number").last()
        self._try(
            counter_offer,
            actor=self._actor(thread, by_seller),
            thread_id=thread.public_id,
            terms=replace(posted_terms(thread.load, rate_cents=dollars * 100), payment_days=21),
            on_number=max(last.number - (stale == 0), 1),
            load_version=thread.load.version,
        )

    def _accept(self, which: int, by_seller: bool) -> None:
        """Somebody accepts an offer, whatever became of it."""
        offer = self._offer(which)
        if offer is not None:
            self._try(
                accept_offer,
                actor=self._actor(offer.thread, by_seller),
                offer_id=offer.public_id,
                number=offer.number,
                load_version=offer.thread.load.version,
            )

    def _decline(self, which: int, by_seller: bool) -> None:
        """Somebody declines an offer."""
        offer = self._offer(which)
        if offer is not None:
            self._try(decline_offer, actor=self._actor(offer.thread, by_seller), offer_id=offer.public_id)

    def _withdraw(self, which: int, by_seller: bool) -> None:
        """Somebody takes an offer back."""
        offer = self._offer(which)
        if offer is not None:
            self._try(withdraw_offer, actor=self._actor(offer.thread, by_seller), offer_id=offer.public_id)

    def _leave(self, which: int, by_seller: bool) -> None:
        """Somebody leaves a negotiation."""
        offer = self._offer(which)
        if offer is not None:
            actor, thread = self._actor(offer.thread, by_seller), offer.thread
            if self._try(leave_thread, actor=actor, thread_id=thread.public_id):
                self.leavers[thread.public_id] = actor.organization.public_id

    def _expire(self, minutes: int, sweeps: bool) -> None:
        """Time goes by, and perhaps the sweep comes."""
        Bargaining.later += timedelta(minutes=minutes)
        if sweeps:
            Bargaining.done["expire_due_offers", not expire_due_offers()] += 1

    def _claim(self, load: int, carrier: int) -> None:
        """A carrier claims a load at its posted rate."""
        leg = self.legs[carrier]
        self._try(
            claim_load,
            actor=self.carriers[carrier],
            load_id=self._load(load).public_id,
            truck_id=leg.truck.public_id,
            leg_id=leg.public_id,
        )

    def _edit(self, load: int, pounds: int) -> None:
        """The shipper changes its load."""
        found = self._load(load)
        self._try(
            edit_load,
            actor=self.shipper,
            load_id=found.public_id,
            version=found.version,
            terms=replace(load_terms_of(found), weight_pounds=pounds),
        )

    def _cancel(self, by_seller: bool) -> None:
        """A side cancels the booking made last."""
        booking = Booking.objects.select_related("carrier", "seller").order_by("-pk").first()
        if booking is not None:
            carrier = next(each for each in self.carriers if each.organization.pk == booking.carrier_id)
            actor = self.shipper if by_seller else carrier
            fields = {"booking_id": booking.public_id, "version": booking.version, "reason": "weather"}
            self._try(cancel_booking, actor=actor, **fields)

    def _hear(self) -> None:
        """The tasks hear the news, each message twice."""
        for _ in range(MOST_ROUNDS):
            self._tell()
            if not self._run(~Q(task=NOTICES)):
                break
        old = [
            offer
            for offer in Offer.objects.filter(status=OfferStatus.LIVE).select_related("thread__load")
            if offer.load_version != offer.thread.load.version or offer.thread.load.status != Status.OPEN
        ]
        assert old == []

    @invariant()
    def a_load_has_one_live_booking_at_most_and_is_covered_by_it(self) -> None:
        """A load is covered exactly while it has a booking."""
        booked = Counter(Booking.objects.filter(status=BookingStatus.BOOKED).values_list("load_id", flat=True))
        for load in Load.objects.filter(pk__in=getattr(self, "keys", [])):
            assert booked[load.pk] == (1 if load.status == Status.COVERED else 0)

    @invariant()
    def threads_and_their_offers_agree(self) -> None:
        """One live and one accepted offer a thread at most; only open threads have a live one, agreed ones accepted."""
        for thread in Thread.objects.prefetch_related("offers"):
            states = Counter(offer.status for offer in thread.offers.all())
            assert states[OfferStatus.LIVE] <= (1 if thread.status == ThreadStatus.OPEN else 0)
            assert states[OfferStatus.ACCEPTED] == (1 if thread.status == ThreadStatus.AGREED else 0)
            if thread.status == ThreadStatus.AGREED:
                assert states[OfferStatus.LAPSED] == 0
            assert [offer.number for offer in thread.offers.all()] == list(range(1, sum(states.values()) + 1))
            assert sum(states.values()) <= 11

    @invariant()
    def every_party_has_one_notice_and_one_mail_of_each_event(self) -> None:
        """Who is to hear of what happened up to now has been told, once, and nobody else has."""
        if hasattr(self, "readers"):
            self._tell()
            hold_that_each_was_told_once(self.readers, self.leavers)

    @invariant()
    def no_money_changes(self) -> None:
        """What an offer or a booking says once, it says for ever; a booking says what was accepted."""
        for row in (*Offer.objects.all(), *Booking.objects.select_related("offer")):
            assert self.agreed.setdefault(row.public_id, terms_of(row)) == terms_of(row)
            if isinstance(row, Booking) and row.offer is not None:
                assert terms_of(row.offer) == terms_of(row)
                assert row.offer.status == OfferStatus.ACCEPTED

    def _tell(self) -> None:
        """Let the task of notices hear what has happened, and nobody else yet."""
        while place_batch(WIRING).count:
            self._run(Q(task=NOTICES))

    def _run(self, which: Q) -> int:
        """Run the tasks that wait, then again as if no worker had lived to say that it did; return how many waited."""
        rows = list(Reaction.objects.filter(which, done_at=None).order_by("position"))
        for task in dict.fromkeys(row.task for row in rows):
            mine = [row for row in rows if row.task == task]
            for _ in range(2):
                Reaction.objects.filter(pk__in=[row.pk for row in mine]).update(done_at=None)
                run_task(task, list(dict.fromkeys(row.subject for row in mine)), mine[-1].position)
        return len(rows)

    def _load(self, which: int) -> Load:
        return Load.objects.prefetch_related("stops").get(pk=self.keys[which])

    def _offer(self, which: int) -> Offer | None:
        """Return one of the offers made so far, counted from the newest."""
        rows = list(Offer.objects.select_related("thread__load").order_by("-pk"))
        return rows[which % len(rows)] if rows else None

    def _actor(self, thread: Thread, by_seller: bool) -> Actor:
        if by_seller:
            return self.shipper
        return next(each for each in self.carriers if each.organization.pk == thread.taker_id)

    def _try(self, move: Callable[..., Any], **fields: Any) -> bool:
        """Make a move and say whether it was made; what is refused changes nothing."""
        before, refused = self._everything(), ""
        try:
            with transaction.atomic():
                move(**fields)
        except TradeError as refusal:
            refused = refusal.sentence
        Bargaining.done[move.__name__, bool(refused)] += 1
        if refused:
            assert refused.endswith("."), refused
            assert self._everything() == before, refused
        return not refused

    def _everything(self) -> list[Any]:
        rows = (Offer, Thread, Booking, Load, ReturnLeg)
        states = [list(model.objects.order_by("pk").values_list("pk", "status", "version")) for model in rows]
        return [*states, FeedEntry.objects.count()]


@pytest.fixture
def moving_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the database's clock run ahead as the machine says."""
    real = clock.now

    def ahead() -> datetime:
        return real() + Bargaining.later

    monkeypatch.setattr(clock, "now", ahead)


def _run(examples: int, steps: int, *, derandomize: bool) -> None:
    unhurried = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        Bargaining,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=unhurried,
            derandomize=derandomize,
            database=None,
        ),
    )


@pytest.mark.django_db
@pytest.mark.usefixtures("moving_clock")
def test_whatever_they_do_the_market_stays_whole() -> None:
    _run(examples=4, steps=12, derandomize=True)


@pytest.mark.soak
@pytest.mark.django_db
@pytest.mark.usefixtures("moving_clock")
def test_in_two_thousand_steps_the_market_stays_whole() -> None:
    Bargaining.done.clear()
    while Bargaining.done.total() < STEPS:
        _run(examples=10, steps=40, derandomize=False)
    for move in (*MOVES, expire_due_offers):
        assert Bargaining.done[move.__name__, False] > 0, f"{move.__name__} was always refused: {Bargaining.done}"
