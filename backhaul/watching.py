"""What open pages may watch: loads of others, by the rule of sight that their page goes by."""

from collections.abc import Collection

from backhaul.wiring import LISTS, WATCHED
from foundation.accounts.models import Organization
from foundation.events.watching import Watching
from loads.queries import watchable


def may_watch(organization_id: str, subjects: Collection[str]) -> list[str]:
    """Return what of these an organization may watch; nothing for one that is not there any more."""
    organization = Organization.objects.filter(public_id=organization_id).first()
    return watchable(organization, subjects) if organization is not None else []


WATCHING = Watching(facts=WATCHED, may_watch=may_watch, lists=LISTS)
