"""Asking owners whether their postings still stand: once a period, one notice and one mail to each owner."""

from typing import Any

from django.conf import settings
from django.db import transaction

from foundation.accounts.models import Membership, Organization, Role
from foundation.events.models import Event
from foundation.events.services import notify, publish, queue_mail
from foundation.trade import clock
from foundation.trade.life_cycle import to_be_asked
from foundation.trade.posting import Posting

MOST_IDS = 200


def ask_owners(model: type[Posting], *, fact: str, one: str, many: str, page: str) -> int:
    """Ask for every posting of a kind that has been unconfirmed for 12 h; return how many were asked about.

    `fact` is published to each owner ("load.confirmation_asked"), `one` and `many` are the words for the postings,
    `page` is the path where they are confirmed. Safe to run twice: asking marks the rows in the same transaction.
    """
    asked = 0
    waiting: Any = to_be_asked(model, now=clock.now())  # every concrete posting has an organization and a public id
    for owner_id in list(waiting.values_list("organization", flat=True).distinct()):
        with transaction.atomic():
            now = clock.now()
            due: Any = to_be_asked(model, now=now)
            rows = list(
                due.filter(organization=owner_id)
                .select_for_update(skip_locked=True, of=("self",))
                .order_by("id")
                .values_list("pk", "public_id")
            )
            if rows:
                model._default_manager.filter(pk__in=[pk for pk, _ in rows]).update(confirmation_asked_at=now)
                owner = Organization.objects.get(pk=owner_id)
                those = f"1 {one} waits" if len(rows) == 1 else f"{len(rows)} {many} wait"
                seen = {"count": len(rows), "ids": [public_id for _, public_id in rows[:MOST_IDS]]}
                event = publish(name=fact, subject=owner.public_id, audience={owner.public_id: seen})
                _tell(owner, event, those, many, page)
                asked += len(rows)
    return asked


def _tell(owner: Organization, event: Event, those: str, many: str, page: str) -> None:
    notify(event=event, organization_id=owner.public_id, text=f"{those} for your confirmation.", url=page)
    for address in _addresses(owner):
        queue_mail(
            organization_id=owner.public_id,
            to=address,
            subject=f"{those} for your confirmation",
            text=(
                f"{those} for your confirmation on Backhaul:\n\n{settings.BASE_URL}{page}\n\n"
                f"What nobody has confirmed for 24 hours is ranked last; after 48 hours it leaves the market. "
                f"Confirm the {many} that still stand and withdraw the others.\n"
            ),
            kind="confirmation",
            event=event,
        )


def _addresses(owner: Organization) -> list[str]:
    """Return where the organization reads its mail: its contact's address, else its owners'."""
    if owner.contact_email:
        return [owner.contact_email]
    owners = Membership.objects.filter(organization=owner, role=Role.OWNER, person__is_active=True)
    return list(owners.order_by("pk").values_list("person__email", flat=True))
