"""Pages of amendments: proposing a change, reading what would change before and after, answering it."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from brokers.bargain_rows import Change, changes_between
from brokers.booking_queries import booking_for
from brokers.booking_visibility import SHIPPER, version_for
from brokers.forms.amendments import AmendmentForm
from brokers.forms.terms import NEEDS_CONFIRMATION
from brokers.models import Amendment, AmendmentStatus, Booking, BookingStatus
from brokers.papers.amending import changes_freight, load_before, sides_of, subjects_for, terms_before, terms_of_change
from brokers.papers.amendment_queries import amendment_of, answers_for, may_act, waits_for
from brokers.papers.stop_details import is_of_stop
from brokers.papers.words import SUBJECT_WORDS
from brokers.services.amendments import (
    accept_amendment,
    decline_amendment,
    propose_amendment,
    withdraw_amendment,
)
from foundation.accounts.access import actor_of, is_fragment, scope_required
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from loads.models import Load

_KEPT = "What you typed is kept: see below what it would change of what stands now, then send it."
_LOAD_WORDS = {
    "weight_pounds": ("Weight", " lb"),
    "length_feet": ("Length", " ft"),
    "pallets": ("Pallets", ""),
    "commodity": ("Commodity", ""),
    "temperature_min_f": ("Lowest temperature", " °F"),
    "temperature_max_f": ("Highest temperature", " °F"),
    "reference": ("Reference", ""),
    "notes": ("Notes", ""),
    "instructions": ("For the driver", ""),
}
_STOP_WORDS = {"facility": "facility", "address": "street address", "instructions": "instructions"}


def changes_of(amendment: Amendment) -> list[Change]:
    """Return what an amendment changes, field by field, times in each stop's own zone."""
    before, after = terms_of_change(amendment)
    load = amendment.booking.load
    changed = amendment.load_changes
    names = [*(name for name in _LOAD_WORDS if name in changed), *sorted(name for name in changed if is_of_stop(name))]
    of_load = [_load_change(name, changed[name][0], changed[name][1], load) for name in names]
    return changes_between(before, after, list(load.stops.all())) + of_load


def _load_change(name: str, old: Any, new: Any, load: Load) -> Change:
    """Return how a field of the load changes, in words; one of a stop is named with its town."""
    if not is_of_stop(name):
        label, unit = _LOAD_WORDS[name]
        return Change(name, label, _plain(old, unit), _plain(new, unit))
    _, sequence, field = name.split(".")
    stop = next((each for each in load.stops.all() if each.sequence == int(sequence)), None)
    where = f"{stop.get_kind_display()} in {stop.city}" if stop else f"Stop {int(sequence) + 1}"
    return Change(name, f"{where}: {_STOP_WORDS[field]}", _plain(old, ""), _plain(new, ""))


def _typed(booking: Booking, subject: str, form: AmendmentForm) -> list[Change]:
    """Return what a form would change of the booking as it stands now."""
    before, after = terms_before(booking, subject, booking.load), form.terms()
    if subject == Amendment.Subject.FREIGHT:
        after = replace(before, stop_times=after.stop_times)
    elif not form.freight:
        after = replace(after, stop_times=before.stop_times)
    stood = load_before(booking.load)
    return changes_between(before, after, list(booking.load.stops.all())) + [
        _load_change(name, stood[name], new, booking.load)
        for name, new in form.load_changes().items()
        if new != stood[name]
    ]


def _plain(value: Any, unit: str) -> str:
    if value is None or value == "":
        return "none"
    return f"{value:,}{unit}" if isinstance(value, int) else f"{value}{unit}"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("bookings:write")
def amend(request: HttpRequest, booking_id: str, subject: str) -> HttpResponse:
    """Propose a change of a booking."""
    actor, now = actor_of(request), clock.now()
    booking = booking_for(actor.organization, booking_id, now)
    if subject not in SUBJECT_WORDS or not any(
        may_act(actor, side, subject, now) for side in sides_of(booking, subject)
    ):
        raise NotFound("There is nothing of this kind to change here.")
    if booking.status != BookingStatus.BOOKED:
        messages.info(request, "This booking fell through, so there is nothing left to change.")
        return HttpResponseRedirect(reverse("brokers:booking", args=[booking_id]))
    freight = changes_freight(booking, subject)
    is_shipper = actor.organization.pk == booking.shipper_id
    version = version_for(booking, SHIPPER) if is_shipper else booking.version
    form = AmendmentForm(
        request.POST if request.method == "POST" else None,
        load=booking.load,
        terms=terms_before(booking, subject, booking.load),
        subject=subject,
        freight=freight,
        booking_version=version,
    )
    if request.method != "POST" or not form.is_valid():
        return _form_page(request, booking, subject, form, 200 if request.method != "POST" else 422)
    terms = form.terms()
    try:
        row = propose_amendment(
            actor=actor,
            booking_id=booking_id,
            subject=subject,
            terms=None if subject == Amendment.Subject.FREIGHT else replace(terms, stop_times=()),
            stop_times=terms.stop_times if freight else (),
            load_changes=form.load_changes(),
            reason=form.cleaned_data["reason"].replace("\r\n", "\n"),
            booking_version=form.cleaned_data["booking_version"],
            expires_in_minutes=form.cleaned_data["expires_in_minutes"],
            confirmed=request.POST.get("confirmed") == "yes",
        )
    except Invalid as error:
        form.show(error)
        return _form_page(request, booking, subject, form, 422)
    except Conflict as error:
        form.add_error(None, f"{error.sentence} {_KEPT}" if isinstance(error, Stale) else error.sentence)
        if isinstance(error, Stale):
            form.look_again(booking_version=version)
        return _form_page(request, booking, subject, form, 409, is_stale=isinstance(error, Stale))
    accepted = row.status == AmendmentStatus.ACCEPTED
    messages.success(request, "Changed." if accepted else "Proposed. The other side has been told and has to accept.")
    return HttpResponseRedirect(reverse("brokers:amendment", args=[row.public_id]))


def _form_page(
    request: HttpRequest, booking: Booking, subject: str, form: AmendmentForm, status: int, *, is_stale: bool = False
) -> HttpResponse:
    viewer = actor_of(request).organization
    others = [side for side in sides_of(booking, subject) if side.pk != viewer.pk]
    context = {
        "booking": booking,
        "load": booking.load,
        "form": form,
        "would_change": _typed(booking, subject, form) if is_stale else [],
        "title": SUBJECT_WORDS[subject],
        "subject": subject,
        "others": others,
        "also": [(each, SUBJECT_WORDS[each]) for each in subjects_for(booking, viewer) if each != subject],
    }
    return render(request, "brokers/amend.html", context, status=status)


@never_cache
@require_safe
@scope_required("bookings:read")
def amendment_page(request: HttpRequest, amendment_id: str) -> HttpResponse:
    """Show one amendment: what changes, who said yes, who is waited for."""
    return _show(request, amendment_id)


def _show(
    request: HttpRequest, amendment_id: str, *, error: str = "", asks_to_confirm: str = "", status: int = 200
) -> HttpResponse:
    actor, now = actor_of(request), clock.now()
    row = amendment_of(actor.organization, amendment_id)
    is_open = row.status == AmendmentStatus.OPEN and row.expires_at > now
    may_write = actor.may("bookings:write") and row.booking.status == BookingStatus.BOOKED
    context = {
        "amendment": row,
        "booking": row.booking,
        "load": row.booking.load,
        "title": SUBJECT_WORDS[row.subject],
        "changes": changes_of(row),
        "before_words": "Before" if row.status == AmendmentStatus.ACCEPTED else "Now" if is_open else "As it stayed",
        "after_words": "Since then" if row.status == AmendmentStatus.ACCEPTED else "Then" if is_open else "Proposed",
        "acceptances": list(row.acceptances.all()),
        "waits_for": waits_for(row) if is_open else [],
        "answers_for": answers_for(actor, row, now) if may_write else [],
        "may_withdraw": may_write and is_open and may_act(actor, row.proposed_for, row.subject, now),
        "is_open": is_open,
        "error": error,
        "asks_to_confirm": asks_to_confirm,
        "typed_reason": request.POST.get("reason", "")[:300],
        "viewer": actor.organization,
        "zone": actor.organization.time_zone,
        "now": now,
    }
    fragment = is_fragment(request)
    template = "brokers/_amendment.html" if fragment else "brokers/amendment.html"
    return render(request, template, context, status=status)


@require_POST
@scope_required("bookings:write")
def answer(request: HttpRequest, amendment_id: str) -> HttpResponse:
    """Accept, decline or withdraw an amendment."""
    actor, said = actor_of(request), request.POST.get("answer", "")
    reason, version = request.POST.get("reason", ""), request.POST.get("version", "")
    try:
        if said == "accept":
            seen = int(version) if version.isdecimal() and len(version) < 9 else None
            confirmed = request.POST.get("confirmed") == "yes"
            row = accept_amendment(actor=actor, amendment_id=amendment_id, version=seen, confirmed=confirmed)
            words = "Accepted. The booking has changed; a new rate confirmation follows."
            messages.success(request, words if row.status == "accepted" else "Accepted. It waits for the other side.")
        elif said == "decline":
            decline_amendment(actor=actor, amendment_id=amendment_id, reason=reason)
            messages.success(request, "Declined. All stays as it was.")
        elif said == "withdraw":
            withdraw_amendment(actor=actor, amendment_id=amendment_id, reason=reason)
            messages.success(request, "Withdrawn. All stays as it was.")
        else:
            return _show(request, amendment_id, error="Accept, decline or withdraw it.", status=422)
    except (Conflict, Forbidden, Invalid) as error:
        if isinstance(error, Invalid) and any(each.code == NEEDS_CONFIRMATION for each in error.problems):
            return _show(request, amendment_id, asks_to_confirm=error.sentence, status=422)
        status = 422 if isinstance(error, Invalid) else 403 if isinstance(error, Forbidden) else 409
        return _show(request, amendment_id, error=error.sentence, status=status)
    return HttpResponseRedirect(reverse("brokers:amendment", args=[amendment_id]))
