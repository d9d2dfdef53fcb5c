"""Pages of transaction records (49 CFR 371.3): a broker's own, and a party's request for one."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from brokers.booking_queries import booking_for
from brokers.forms.records import RecordForm, RecordRequestForm
from brokers.papers.record_queries import (
    own_record_of_booking,
    record_of,
    records_of,
    records_to_ask_for,
    requests_of,
    requests_to,
)
from brokers.services.record_requests import ask_for_record, complete_record
from foundation.accounts.access import actor_of, scope_required
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid, NotFound

RECORDS_ON_A_PAGE = 40


@never_cache
@require_safe
@scope_required("bookings:read")
def records_page(request: HttpRequest) -> HttpResponse:
    """List the records that the organization keeps as a broker."""
    viewer = actor_of(request).organization
    page = Paginator(records_of(viewer), RECORDS_ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "brokers/records.html", {"page": page, "zone": viewer.time_zone})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("bookings:read")
def record_page(request: HttpRequest, record_id: str) -> HttpResponse:
    """Show a broker its own record, with the margin and who asked for it; take what it enters."""
    actor = actor_of(request)
    record = record_of(actor.organization, record_id)
    form = RecordForm(request.POST if request.method == "POST" else None, record=record)
    status = 200
    if request.method == "POST":
        actor.require("bookings:write")
        status = 422
        if form.is_valid():
            try:
                complete_record(
                    actor=actor,
                    record_id=record_id,
                    version=form.cleaned_data["version"],
                    entries=form.entries(),
                )
            except Invalid as error:
                for problem in error.problems:
                    form.add_error(problem.field if problem.field in form.fields else None, problem.sentence)
            except Conflict as error:
                form.add_error(None, error.sentence)
                status = 409
            else:
                messages.success(request, "Saved.")
                return HttpResponseRedirect(reverse("brokers:record", args=[record_id]))
    context = {
        "record": record,
        "form": form,
        "requests": requests_to(record),
        "may_write": actor.may("bookings:write"),
        "zone": actor.organization.time_zone,
    }
    return render(request, "brokers/record.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("bookings:read")
def booking_record(request: HttpRequest, booking_id: str) -> HttpResponse:
    """Let a party of a brokered load ask for its record, and read what it was given."""
    actor, now = actor_of(request), clock.now()
    viewer = actor.organization
    own = own_record_of_booking(viewer, booking_id)
    if own is not None:
        return HttpResponseRedirect(reverse("brokers:record", args=[own.public_id]))
    booking = booking_for(viewer, booking_id, now)
    brokers = [record.broker for record in records_to_ask_for(viewer, booking_id)]
    if not brokers:
        raise NotFound("There is no transaction record of this booking for you to ask for.")
    form = RecordRequestForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            reason = form.cleaned_data["reason"].replace("\r\n", "\n")
            try:
                ask_for_record(actor=actor, booking_id=booking_id, reason=reason)
            except Invalid as error:
                form.add_error("reason", error.sentence)
            except Forbidden as error:
                form.add_error(None, error.sentence)
                status = 403
            else:
                messages.success(request, "Here it is. Your request is logged, and the broker knows of it.")
                return HttpResponseRedirect(reverse("brokers:booking_record", args=[booking_id]))
        else:
            actor.require("bookings:write")
    context = {
        "booking": booking,
        "load": booking.load,
        "brokers": brokers,
        "form": form,
        "requests": requests_of(viewer, booking_id),
        "may_write": actor.may("bookings:write"),
        "zone": viewer.time_zone,
    }
    return render(request, "brokers/booking_record.html", context, status=status)
