"""Pages of tours: a carrier's, and for a driver his own, without money, on a phone."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from brokers.booking_queries import tour_for, tours_for
from brokers.booking_rows import tour_row
from brokers.models import Booking
from foundation.accounts.access import actor_of, scope_required
from foundation.accounts.models import Role
from foundation.trade import clock

TOURS_ON_A_PAGE = 30


@never_cache
@require_safe
@scope_required("tours:read")
def tours_page(request: HttpRequest) -> HttpResponse:
    """List the tours that the reader may see, those that begin last in front."""
    actor, now = actor_of(request), clock.now()
    page = Paginator(tours_for(actor), TOURS_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [tour_row(each, now) for each in page],
        "is_driver": actor.role == Role.DRIVER,
        "viewer": actor.organization,
    }
    return render(request, "brokers/tours.html", context)


@never_cache
@require_safe
@scope_required("tours:read")
def tour_page(request: HttpRequest, tour_id: str) -> HttpResponse:
    """Show one tour, stop by stop in driving order."""
    actor, now = actor_of(request), clock.now()
    tour = tour_for(actor, tour_id)
    row = tour_row(tour, now)
    is_driver = actor.role == Role.DRIVER
    opened = None
    if not is_driver:
        booking = Booking.objects.filter(tour=tour, opened_leg__isnull=False).select_related("opened_leg").first()
        opened = booking.opened_leg if booking else None
    context = {"tour": tour, "row": row, "stops": row.stops, "is_driver": is_driver, "opened_leg": opened}
    return render(request, "brokers/tour.html", context)
