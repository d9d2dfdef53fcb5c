"""What becomes of threads and offers, told to both sides and to the brokers that represent them, each its own copy."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from brokers.acting import organizations_of, side_organization
from brokers.facts import tell_of_reservation
from brokers.models import Offer, Thread
from brokers.offer_visibility import before_of, offer_fields
from brokers.sights import sights_of
from brokers.thread_queries import whole
from brokers.thread_visibility import thread_fields
from foundation.accounts.models import Organization
from foundation.events.services import SYSTEM, HasLabel, publish, record_audit
from foundation.rest.fields import named
from foundation.trade.money import decimal_text


def tell_made(offer: Offer, actor: HasLabel | str, *, by: Organization | None, now: datetime) -> None:
    """Publish and audit that an offer was made."""
    thread = _whole(offer.thread)
    _publish_offer("offer.made", thread, offer, now)
    changes = {"thread": thread.public_id, "number": offer.number, "rate": decimal_text(offer.rate_cents)}
    _audit("offer.made", offer.public_id, thread, actor, by, changes)


def tell_closed(
    offer: Offer, actor: HasLabel | str, *, by: Organization | None, leaves: bool = False, now: datetime
) -> None:
    """Publish and audit how an offer ended: its `status` says it; `leaves` that its closer leaves the negotiation."""
    thread = _whole(offer.thread)
    _publish_offer("offer.closed", thread, offer, now, leaves=leaves)
    changes = {"thread": thread.public_id, "number": offer.number, "reason": offer.reason}
    _audit(f"offer.{offer.status}", offer.public_id, thread, actor, by, changes)


def tell_held(offer: Offer, actor: HasLabel | str, *, by: Organization | None, now: datetime) -> None:
    """Publish and audit that an offer was accepted, and that its carrier is being checked."""
    thread = _whole(offer.thread)
    _publish_offer("offer.held", thread, offer, now)
    tell_of_reservation(thread.load, reserved=True)
    _audit("offer.held", offer.public_id, thread, actor, by, {"thread": thread.public_id, "number": offer.number})


def tell_released(offer: Offer, *, now: datetime) -> None:
    """Publish and audit that an accepted offer was not booked and stands again: its `hold` says why."""
    thread = _whole(offer.thread)
    _publish_offer("offer.released", thread, offer, now)
    tell_of_reservation(thread.load, reserved=False)
    _audit(
        "offer.released", offer.public_id, thread, SYSTEM, None, {"thread": thread.public_id, "number": offer.number}
    )


def tell_thread_closed(thread: Thread, actor: HasLabel | str, *, by: Organization | None, now: datetime) -> None:
    """Publish and audit that a thread is over: `outcome` and its sentence say why, to each side in its own words."""
    found = _whole(thread)
    closed = {"closed_for": named(_side_of(by, found, now)), "closed_by": named(by)}
    audience = {
        sight.viewer.public_id: thread_fields(found, sight, brief=True) | closed for sight in sights_of(found, now)
    }
    publish(name="thread.closed", subject=found.public_id, version=found.version, audience=audience)
    _audit(f"thread.{found.status}", found.public_id, found, actor, by, {"outcome": found.outcome})


def hearers(thread: Thread, now: datetime) -> list[Organization]:
    """Return who hears of a thread: its two sides and the brokers that may act for one of them, each once."""
    return [sight.viewer for sight in sights_of(thread, now)]


def _side_of(by: Organization | None, thread: Thread, now: datetime) -> Organization | None:
    """Return the side for which an organization acted: its own, or the one that it represents; None for nobody, and for
    a broker of both.
    """
    if by is None or by.pk in (thread.seller_id, thread.taker_id):
        return by
    sides = organizations_of(by, thread, now)
    return side_organization(thread, next(iter(sides))) if len(sides) == 1 else None


def _whole(thread: Thread) -> Thread:
    """Return a thread as it stands now, with all that a payload reads."""
    return whole(Thread.objects.filter(pk=thread.pk)).get()


def _publish_offer(name: str, thread: Thread, offer: Offer, now: datetime, **more: bool) -> None:
    stored = next(each for each in thread.offers.all() if each.pk == offer.pk)
    stored.thread = thread
    before = before_of(stored)
    audience = {each.viewer.public_id: offer_fields(stored, before, each) | more for each in sights_of(thread, now)}
    publish(name=name, subject=offer.public_id, version=stored.version, audience=audience)


def _audit(
    action: str,
    subject: str,
    thread: Thread,
    actor: HasLabel | str,
    by: Organization | None,
    changes: dict[str, Any],
) -> None:
    """Write it down for both sides and whoever acted; of another's people only the organization is named."""
    for each in _each_once([thread.seller, thread.taker, *([by] if by else [])]):
        known = by is None or each.pk == by.pk
        record_audit(
            organization_id=each.public_id,
            actor=actor if known else by.public_id if by else SYSTEM,
            action=action,
            subject=subject,
            changes=changes,
        )


def _each_once(organizations: Iterable[Organization]) -> list[Organization]:
    return list({each.pk: each for each in organizations}.values())
