"""Who wants which news how, and the digests: lines that wait for a person's hour, then one mail that tells them all."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string

from foundation.events.mails import PREFERENCES_URL
from foundation.events.models import Delivery, Digest, DigestItem, MailPreference, Period
from foundation.events.models.preferences import DEFAULT_HOUR
from foundation.events.services import queue_mail
from foundation.trade import clock
from foundation.trade.windows import instant_words, local

MOST_LINES = 200
"""A digest tells so many at most; what is more comes with the next one."""


def wishes_of(organization_id: str, person_ids: list[str]) -> dict[str, MailPreference]:
    """Return what these people want by mail from an organization; who never said is missing."""
    rows = MailPreference.objects.filter(organization_id=organization_id, person_id__in=person_ids)
    return {row.person_id: row for row in rows}


def delivery_of(wish: MailPreference | None, kind: str, default: str) -> str:
    """Return how a person wants a kind of news: as it said, else by its role's default."""
    said = wish.deliveries.get(kind) if wish is not None else None
    return said if said in Delivery.values else default


def next_digest(wish: MailPreference | None, time_zone: str, after: datetime) -> datetime:
    """Return when a person's next digest is due, strictly after an instant: the next full hour, or the next local hour.

    An hour that the change to daylight saving time skips comes an hour later on that day.
    """
    here = local(after, time_zone)
    if wish is not None and wish.period == Period.HOUR:
        return (after.astimezone(UTC) + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    hour = wish.hour if wish is not None else DEFAULT_HOUR
    wall = here.replace(hour=hour, minute=0, second=0, microsecond=0, tzinfo=None, fold=0)
    zone = ZoneInfo(time_zone)
    for day in range(3):
        due = (wall + timedelta(days=day)).replace(tzinfo=zone).astimezone(UTC)
        if due > after:
            return due
    raise AssertionError("an hour of the day comes every day")


def put_in_digest(
    *,
    key: str,
    organization_id: str,
    person_id: str,
    recipient: str,
    time_zone: str,
    kind: str,
    text: str,
    url: str,
    wish: MailPreference | None,
    now: datetime,
) -> None:
    """Keep a line for a person's next digest; the same cause (`key`) never gives a second one."""
    item = DigestItem(
        key=key,
        organization_id=organization_id,
        person_id=person_id,
        recipient=recipient,
        time_zone=time_zone,
        kind=kind,
        text=text[:300],
        url=url,
        due_at=next_digest(wish, time_zone, now),
    )
    DigestItem.objects.bulk_create([item], ignore_conflicts=True)


def save_wishes(
    *, organization_id: str, person_id: str, deliveries: Mapping[str, str], period: str, hour: int
) -> MailPreference:
    """Store what a person wants; what waits for a digest moves to its new hour, or is dropped where no mail is wanted.

    Raises `ValueError` for an unknown delivery or period, or an hour that no day has.
    """
    if not set(deliveries.values()) <= set(Delivery.values) or period not in Period.values or not 0 <= hour <= 23:
        raise ValueError("These are no wishes for mail")
    with transaction.atomic():
        wish, _ = MailPreference.objects.update_or_create(
            organization_id=organization_id,
            person_id=person_id,
            defaults={"deliveries": dict(deliveries), "period": period, "hour": hour},
        )
        unwanted = [kind for kind, delivery in deliveries.items() if delivery == Delivery.NONE]
        waiting = _waiting(organization_id, person_id)
        waiting.filter(kind__in=unwanted).delete()
        now = clock.now()
        for item in waiting.select_for_update().order_by("pk"):
            item.due_at = next_digest(wish, item.time_zone, now)
            item.save(update_fields=["due_at"])
    return wish


def forget_reader(*, organization_id: str, person_id: str) -> None:
    """Drop a person's wishes and what waits for a digest: they work for the organization no more."""
    with transaction.atomic():
        MailPreference.objects.filter(organization_id=organization_id, person_id=person_id).delete()
        _waiting(organization_id, person_id).delete()


def send_due() -> int:
    """Put every digest that is due into the outbox, one mail a person, organization and period; return how many."""
    due = DigestItem.objects.filter(told_at__isnull=True, due_at__lte=clock.now())
    readers = list(due.order_by().values_list("organization_id", "person_id").distinct())
    return sum(_send(organization_id, person_id) for organization_id, person_id in sorted(readers))


def _send(organization_id: str, person_id: str) -> bool:
    with transaction.atomic():
        now = clock.now()
        waiting = _waiting(organization_id, person_id).filter(due_at__lte=now)
        # Locked, so that of two runs at once one tells a line and the other finds it told.
        items = list(waiting.select_for_update().order_by("due_at", "pk")[:MOST_LINES])
        if not items:
            return False
        last = items[-1]
        digest, is_first = Digest.objects.get_or_create(
            organization_id=organization_id, person_id=person_id, due_at=last.due_at
        )
        if not is_first:
            # The period's mail has gone out while these were being written: they come with the next one.
            wish = wishes_of(organization_id, [person_id]).get(person_id)
            later = next_digest(wish, last.time_zone, now)
            DigestItem.objects.filter(pk__in=[item.pk for item in items]).update(due_at=later)
            return False
        subject, text, html = _written(items)
        digest.mail = queue_mail(
            organization_id=organization_id, to=last.recipient, subject=subject, text=text, html=html, kind="digest"
        )
        digest.save(update_fields=["mail"])
        DigestItem.objects.filter(pk__in=[item.pk for item in items]).update(digest=digest, told_at=now)
    return True


def _written(items: list[DigestItem]) -> tuple[str, str, str]:
    """Return subject, text and HTML of a digest."""
    count = len(items)
    subject = "Backhaul: 1 piece of news" if count == 1 else f"Backhaul: {count} pieces of news"
    lines = [
        {"at": instant_words(item.created_at, item.time_zone), "text": item.text, "url": item.url} for item in items
    ]
    context = {
        "lines": lines,
        "subject": subject,
        "base_url": settings.BASE_URL,
        "preferences_url": f"{settings.BASE_URL}{PREFERENCES_URL}",
    }
    text = render_to_string("events/mail/digest.txt", context)
    return subject, text, render_to_string("events/mail/digest.html", context)


def _waiting(organization_id: str, person_id: str) -> QuerySet[DigestItem]:
    return DigestItem.objects.filter(organization_id=organization_id, person_id=person_id, told_at__isnull=True)
