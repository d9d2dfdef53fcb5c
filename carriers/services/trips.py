"""Writes of headhauls: a trip out opens the return leg that follows from it."""

from django.db import transaction

from carriers.models import ReturnLeg, Trip
from carriers.queries import leg_by_form
from carriers.road import way
from carriers.rules import check_trip
from carriers.services.legs import check_external_id, insert, judge, keep, prepare, require_hauling
from carriers.terms import LegTerms, TripTerms
from foundation.accounts.actor import Actor
from foundation.trade.errors import Invalid
from foundation.trade.rules import Problems


def post_trip(
    *,
    actor: Actor,
    terms: TripTerms,
    leg: LegTerms,
    external_id: str = "",
    draft: bool = False,
    form_token: str = "",
) -> Trip:
    """Enter a headhaul, which opens the truck's return leg at its planned empty time and place, in one transaction.

    `leg` says where and when the truck empties and must be home. The same form sent twice gives the first trip. Raises
    as `post_leg` does.
    """
    require_hauling(actor, draft=draft)
    sent_before = leg_by_form(actor.organization, form_token)
    if sent_before is not None and sent_before.trip is not None:
        return sent_before.trip
    problems = Problems()
    known = bool(terms.origin.zip and leg.empty.zip)
    check_trip(terms, leg, way(terms.origin, leg.empty) if known else None, problems)
    try:
        prepared = prepare(actor.organization, leg)
        judge(prepared, draft=draft)
    except Invalid as refusal:
        problems.found.extend(refusal.problems)
    problems.settle()
    check_external_id(external_id)

    def write() -> ReturnLeg:
        with transaction.atomic():
            trip = Trip.objects.create(
                organization=actor.organization,
                truck=prepared.chosen.truck,
                from_city=terms.origin.city,
                from_state=terms.origin.state,
                from_zip=terms.origin.zip or "",
                to_city=leg.empty.city,
                to_state=leg.empty.state,
                to_zip=leg.empty.zip or "",
                departs_at=terms.departs_at,
                empties_at=leg.ready_at,
                reference=terms.reference,
            )
            return insert(
                actor,
                prepared,
                external_id=external_id,
                form_token=form_token,
                draft=draft,
                trip=trip,
            )

    row = keep(actor.organization, prepared, external_id=external_id, form_token=form_token, write=write)
    assert row.trip is not None
    return row.trip
