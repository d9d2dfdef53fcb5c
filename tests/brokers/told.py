"""Who is to be told of what in negotiations over carriage, said apart from the code that tells it; and what was told.

Read off the rows of offers, threads and bookings as they stand, so that it holds at any moment whatever led there:
each has exactly one notice under each bell, and each of its readers exactly one mail or one line of a digest.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from brokers.models import Booking, BookingStatus, Offer, OfferStatus, Thread, ThreadOutcome, ThreadStatus
from foundation.accounts.models import Organization, Person
from foundation.events.models import DigestItem, Event, FeedEntry, Mail, Notice
from foundation.trade.news import NewsKind

Told = tuple[str, str, str]
"""What was told to whom: a fact's name, its subject, and the organization's id."""

AT_ONCE = frozenset({NewsKind.OFFER, NewsKind.CANCELLATION})
"""What comes by a mail of its own; all else of a negotiation waits for the digest."""


def to_be_told(leavers: Mapping[str, str]) -> dict[Told, NewsKind]:
    """Return what has to stand under which bell by now, and of which kind it is; `leavers` holds which organization
    left which thread, by their ids.
    """
    return {
        (name, subject, organization.public_id): kind
        for name, subject, organization, kind in (*_of_offers(), *_of_threads(leavers), *_of_bookings())
    }


def hold_that_each_was_told_once(readers: Mapping[str, Sequence[Person]], leavers: Mapping[str, str]) -> None:
    """Hold bells, mails and digests against what has to be told; `readers` are each organization's, by its id."""
    expected = to_be_told(leavers)
    notices = Counter(Notice.objects.values_list("event__name", "event__subject", "organization_id"))
    assert notices == Counter(expected.keys()), _differ(notices, Counter(expected.keys()))
    persons = [(told, kind, person) for told, kind in expected.items() for person in readers[told[2]]]
    mails = Counter(
        Mail.objects.filter(event__isnull=False).values_list(
            "event__name", "event__subject", "organization_id", "recipient"
        )
    )
    wanted = Counter((*told, person.email) for told, kind, person in persons if kind in AT_ONCE)
    assert mails == wanted, _differ(mails, wanted)
    facts = {each.public_id: (each.name, each.subject) for each in Event.objects.filter(name__in=_names(expected))}
    rows = DigestItem.objects.values_list("key", "organization_id", "person_id")
    lines = Counter((*facts[key], organization, person) for key, organization, person in rows)
    wanted = Counter((*told, person.public_id) for told, kind, person in persons if kind not in AT_ONCE)
    assert lines == wanted, _differ(lines, wanted)


def hold_that_each_fact_was_heard_once() -> None:
    """Hold the feeds of both sides against what became of offers, threads and bookings; nobody else has heard of it."""
    for offer in Offer.objects.select_related("thread__seller", "thread__taker"):
        sides = (offer.thread.seller, offer.thread.taker)
        _heard("offer.made", offer.public_id, sides, 1)
        _heard("offer.closed", offer.public_id, sides, int(offer.status != OfferStatus.LIVE))
    for thread in Thread.objects.select_related("seller", "taker"):
        over = int(thread.status != ThreadStatus.OPEN)
        _heard("thread.closed", thread.public_id, (thread.seller, thread.taker), over)
    for booking in Booking.objects.select_related("shipper", "carrier"):
        parties = (booking.shipper, booking.carrier)
        _heard("booking.made", booking.public_id, parties, 1)
        _heard("booking.cancelled", booking.public_id, parties, int(booking.status == BookingStatus.CANCELLED))


def _heard(name: str, subject: str, hearers: Sequence[Organization], count: int) -> None:
    rows = FeedEntry.objects.filter(event__name=name, event__subject=subject)
    heard = Counter(rows.values_list("organization_id", flat=True))
    assert heard == Counter({each.public_id: count for each in hearers} if count else {}), (name, subject, heard)


def _of_offers() -> Iterator[tuple[str, str, Organization, NewsKind]]:
    """An offer is told to whom it was made; how it ended to who did not end it, unless what follows tells it, as where
    its closer left the negotiation with it.
    """
    for offer in Offer.objects.select_related("thread__seller", "thread__taker"):
        sides = (offer.thread.seller, offer.thread.taker)
        for side in sides:
            if side.pk != offer.made_for_id:
                yield "offer.made", offer.public_id, side, NewsKind.OFFER
            ended = offer.status in (
                OfferStatus.DECLINED, OfferStatus.WITHDRAWN, OfferStatus.EXPIRED, OfferStatus.SUPERSEDED
            )  # fmt: skip
            left = offer.thread.outcome == ThreadOutcome.WITHDRAWN and offer.thread.closed_at == offer.closed_at
            if ended and not left and side.pk != offer.closed_by_organization_id:
                yield "offer.closed", offer.public_id, side, NewsKind.ENDED


def _of_threads(leavers: Mapping[str, str]) -> Iterator[tuple[str, str, Organization, NewsKind]]:
    """That a thread is over is told to both sides, unless its declined offer or its booking tells it, and to who did
    not leave it.
    """
    told_otherwise = ("", ThreadOutcome.DECLINED, ThreadOutcome.AGREED, ThreadOutcome.BOOKED_BY_TAKER)
    for thread in Thread.objects.select_related("seller", "taker").exclude(outcome__in=told_otherwise):
        for side in (thread.seller, thread.taker):
            if side.public_id != leavers.get(thread.public_id):
                yield "thread.closed", thread.public_id, side, NewsKind.ENDED


def _of_bookings() -> Iterator[tuple[str, str, Organization, NewsKind]]:
    """A booking and its end are told to both parties; who cancelled it has no need to be waited for."""
    for booking in Booking.objects.select_related("shipper", "carrier"):
        for party in (booking.shipper, booking.carrier):
            yield "booking.made", booking.public_id, party, NewsKind.BOOKING
            if booking.status == BookingStatus.CANCELLED:
                own = party.pk == booking.cancelled_for_id
                yield "booking.cancelled", booking.public_id, party, NewsKind.BOOKING if own else NewsKind.CANCELLATION


def _names(expected: Mapping[Told, NewsKind]) -> set[str]:
    return {name for name, _, _ in expected}


def _differ(found: Counter[tuple[str, ...]], wanted: Counter[tuple[str, ...]]) -> str:
    return f"told too often: {dict(found - wanted)}; not told: {dict(wanted - found)}"
