"""The page of standing permissions between organizations."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from foundation.accounts.access import actor_of, scope_required
from foundation.accounts.forms import AskForm, RelationshipForm, show_problems
from foundation.accounts.models import Decision, RelationshipKind
from foundation.accounts.queries import relationships_of, requests_of
from foundation.accounts.services import (
    answer_request,
    ask_for_relationship,
    end_relationship,
    keep_decisions,
    set_relationship,
    withdraw_request,
)
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid


def _page(
    request: HttpRequest, *, form: RelationshipForm | None = None, ask_form: AskForm | None = None, status: int = 200
) -> HttpResponse:
    actor = actor_of(request)
    organization = actor.organization
    standing = relationships_of(organization, clock.now())
    asked = requests_of(organization)
    context = {
        "organization": organization,
        "may_change": actor.may("organization:write"),
        "given": [each for each in standing if each.giver_id == organization.pk],
        "taken": [each for each in standing if each.taker_id == organization.pk],
        "to_decide": [each for each in asked if each.giver_id == organization.pk],
        "waiting": [each for each in asked if each.taker_id == organization.pk],
        "decisions": Decision.choices,
        "form": form or RelationshipForm(zone=organization.time_zone),
        "ask_form": ask_form or AskForm(organization=organization),
    }
    return render(request, "accounts/relationships.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("matches:read")
def relationships(request: HttpRequest) -> HttpResponse:
    """Show what the organization gives and is given; give something."""
    if request.method != "POST":
        return _page(request)
    actor = actor_of(request)
    form = RelationshipForm(request.POST, zone=actor.organization.time_zone)
    if form.is_valid():
        data = form.cleaned_data
        try:
            given = set_relationship(
                actor=actor,
                taker_public_id=data["taker"],
                kind=data["kind"],
                valid_until=form.until(),
                # nothing ticked for another kind is no word on what was kept
                keeps=data["keeps"] if data["keeps"] or data["kind"] == RelationshipKind.REPRESENTS else None,
            )
        except Invalid as error:
            show_problems(form, error)
        except Conflict as error:
            form.add_error("taker", error.sentence)
        else:
            messages.success(request, f"{given.taker}: {RelationshipKind(given.kind).label.lower()}.")
            return redirect("accounts:relationships")
    return _page(request, form=form, status=422)


@require_POST
@scope_required("organization:write")
def ask(request: HttpRequest) -> HttpResponse:
    """Ask another organization for a relationship."""
    actor = actor_of(request)
    form = AskForm(request.POST, organization=actor.organization)
    if form.is_valid():
        data = form.cleaned_data
        try:
            ask_for_relationship(actor=actor, giver_public_id=data["giver"], kind=data["kind"], message=data["message"])
        except Invalid as error:
            show_problems(form, error)
        except (Conflict, Forbidden) as error:
            form.add_error(None, error.sentence)
        else:
            messages.success(request, "Asked. They decide; you see the answer here.")
            return redirect("accounts:relationships")
    return _page(request, ask_form=form, status=422)


@require_POST
@scope_required("organization:write")
def end(request: HttpRequest, relationship_id: str) -> HttpResponse:
    """End a relationship."""
    end_relationship(actor=actor_of(request), relationship_id=relationship_id)
    messages.success(request, "Ended.")
    return redirect("accounts:relationships")


@require_POST
@scope_required("organization:write")
def keep(request: HttpRequest, relationship_id: str) -> HttpResponse:
    """Say anew which decisions stay the giver's while a broker acts for it."""
    try:
        kept = keep_decisions(
            actor=actor_of(request), relationship_id=relationship_id, keeps=request.POST.getlist("keeps")
        )
    except Invalid as error:
        messages.error(request, error.sentence)
    else:
        all_theirs = f"{kept.taker} may decide everything for you now."
        messages.success(request, f"{kept.taker}: what you keep is saved." if kept.keeps else all_theirs)
    return redirect("accounts:relationships")


@require_POST
@scope_required("organization:write")
def answer(request: HttpRequest, request_id: str) -> HttpResponse:
    """Grant or decline a request."""
    grant = request.POST.get("answer") == "grant"
    try:
        keeps = request.POST.getlist("keeps") if grant else ()
        answer_request(actor=actor_of(request), request_id=request_id, grant=grant, keeps=keeps)
    except (Conflict, Invalid) as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, "Granted." if grant else "Declined.")
    return redirect("accounts:relationships")


@require_POST
@scope_required("organization:write")
def withdraw(request: HttpRequest, request_id: str) -> HttpResponse:
    """Take a request back."""
    try:
        withdraw_request(actor=actor_of(request), request_id=request_id)
    except Conflict as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, "Your request is taken back.")
    return redirect("accounts:relationships")
