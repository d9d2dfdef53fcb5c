"""The page of an organization's verification: what the federal registry says, the code, the operator's decisions."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from foundation.accounts.access import actor_of, scope_required
from foundation.accounts.federal.sources import asks_registry
from foundation.accounts.federal.standing import masked, refusal
from foundation.accounts.forms import CodeForm, show_problems
from foundation.accounts.models import Organization
from foundation.accounts.queries import holder_of_number, live_code_of, record_of, verifications_of
from foundation.accounts.services import ask_record, enter_code, send_code
from foundation.trade import clock
from foundation.trade.errors import Conflict, Invalid
from foundation.trade.money import dollars


def _page(request: HttpRequest, *, form: CodeForm | None = None, status: int = 200) -> HttpResponse:
    organization = Organization.objects.get(pk=actor_of(request).organization.pk)
    now = clock.now()
    record = record_of(organization)
    context = {
        "organization": organization,
        "record": record,
        "is_fresh": record is not None and record.is_fresh(now),
        "asks_registry": asks_registry(organization.market),
        "is_taken": not organization.is_verified and holder_of_number(organization) is not None,
        "refusal": refusal(organization, record, now),
        "masked": masked(record.email) if record else "",
        "bipd": dollars(record.bipd_on_file_cents) if record and record.bipd_on_file_cents else "",
        "bond": dollars(record.bond_on_file_cents) if record and record.bond_on_file_cents else "",
        "code": live_code_of(organization, now),
        "now": now,
        "form": form or CodeForm(),
        "may_change": actor_of(request).may("organization:write"),
        "verifications": verifications_of(organization),
    }
    return render(request, "accounts/verification.html", context, status=status)


@never_cache
@require_GET
@scope_required("matches:read")
def overview(request: HttpRequest) -> HttpResponse:
    """Show what the registry says of the organization and how it is verified."""
    return _page(request)


@require_POST
@scope_required("organization:write")
def look_up(request: HttpRequest) -> HttpResponse:
    """Have the registry asked; the answer comes by itself."""
    try:
        asked = ask_record(actor=actor_of(request))
    except Conflict as error:
        messages.error(request, error.sentence)
    else:
        words = "We ask the federal registry. The answer appears here by itself." if asked else "We asked just now."
        messages.info(request, words)
    return redirect("accounts:verification")


@require_POST
@scope_required("organization:write")
def send(request: HttpRequest) -> HttpResponse:
    """Send a code to the contact of the federal record."""
    try:
        code = send_code(actor=actor_of(request))
    except Conflict as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, f"The code is on its way to {code.sent_to}.")
    return redirect("accounts:verification")


@require_POST
@scope_required("organization:write")
def enter(request: HttpRequest) -> HttpResponse:
    """Enter the code."""
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    try:
        organization = enter_code(actor=actor_of(request), text=form.cleaned_data["code"])
    except Invalid as error:
        show_problems(form, error)
        return _page(request, form=form, status=422)
    except Conflict as error:
        if error.code != "already_verified":  # a second click on the button that verified it
            messages.error(request, error.sentence)
        return redirect("accounts:verification")
    messages.success(request, f"{organization.name} is verified. Welcome to the market.")
    return redirect("accounts:verification")
