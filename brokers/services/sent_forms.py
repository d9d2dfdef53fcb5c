"""First offers by page: a form that is sent twice opens one thread, as a double click is meant."""

from brokers.bargain_rules import completed
from brokers.models import Offer, Thread
from brokers.terms import BargainTerms, terms_of
from brokers.thread_queries import offers_in, thread_by_form
from foundation.accounts.actor import Actor
from loads.models import Load


def sent_before(
    actor: Actor, load_id: str, form_token: str, terms: BargainTerms, *, truck_id: str = "", leg_id: str = ""
) -> Offer | None:
    """Return the first offer that a form made of the same terms for the same truck; None where it made none.

    Somebody who goes back and changes a form means another offer: that is not answered with the first one.
    """
    thread = thread_by_form(actor.organization, load_id, form_token)
    if thread is None:
        return None
    first = offers_in(thread)[0]
    truck, leg = (None if each is None else each.public_id for each in (thread.truck, thread.leg))
    is_same = truck_id in ("", truck) and leg_id == (leg or "") and completed(terms, thread.load) == terms_of(first)
    return first if is_same else None


def unused(form_token: str, load: Load) -> str:
    """Return the token of a form for a thread on a locked load: "" where it has opened one on it already."""
    is_used = form_token and Thread.objects.filter(load=load, form_token=form_token).exists()
    return "" if is_used else form_token
