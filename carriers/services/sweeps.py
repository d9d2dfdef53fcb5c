"""What happens to return legs with time: they leave the market, and their owners are asked whether they still stand."""

from django.db import transaction

from carriers.facts import tell
from carriers.models import ReturnLeg
from carriers.services.legs import NOUN
from foundation.accounts.models import Organization
from foundation.events.services import notify, publish, queue_mail
from foundation.trade import clock
from foundation.trade.life_cycle import expire_due, to_be_asked

SYSTEM = "system"


def expire_due_legs() -> int:
    """Take every leg off the market that cannot be home in time or is unconfirmed for 48 h; return how many."""
    return expire_due(ReturnLeg, now=clock.now(), noun=NOUN, fact=lambda row: tell("leg.expired", row, SYSTEM))


def ask_confirmation() -> int:
    """Ask the owners of legs unconfirmed for 12 h to confirm them, once a period: one notice and one mail to each
    owner.

    Returns how many legs were asked for. Safe to run twice: asking marks the legs in the same transaction.
    """
    asked = 0
    for owner_id in list(to_be_asked(ReturnLeg, now=clock.now()).values_list("organization", flat=True).distinct()):
        with transaction.atomic():
            now = clock.now()
            rows = list(
                to_be_asked(ReturnLeg, now=now)
                .filter(organization=owner_id)
                .select_for_update(skip_locked=True, of=("self",))
                .order_by("id")
            )
            if rows:
                ReturnLeg.objects.filter(pk__in=[row.pk for row in rows]).update(confirmation_asked_at=now)
                _ask(Organization.objects.get(pk=owner_id), [row.public_id for row in rows])
                asked += len(rows)
    return asked


def _ask(owner: Organization, leg_ids: list[str]) -> None:
    count = len(leg_ids)
    those = "1 return leg waits" if count == 1 else f"{count} return legs wait"
    event = publish(
        name="leg.confirmation_asked",
        subject=owner.public_id,
        audience={owner.public_id: {"count": count, "legs": leg_ids[:200]}},
    )
    url = "/legs/?confirm=1"
    notify(event=event, organization_id=owner.public_id, text=f"{those} for your confirmation.", url=url)
    if owner.contact_email:
        queue_mail(
            organization_id=owner.public_id,
            to=owner.contact_email,
            subject=f"{those} for your confirmation",
            text=(
                f"{those} for your confirmation on Backhaul.\n\n"
                "A truck that nobody has confirmed for 24 hours is ranked last; after 48 hours it leaves the market.\n"
                f"Confirm or withdraw under Return legs: {url}\n"
            ),
            kind="confirmation",
            event=event,
        )
