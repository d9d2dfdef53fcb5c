"""Pages of an organization's people and invitations."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from foundation.accounts.access import actor_of, scope_required
from foundation.accounts.forms import ROLE_HINTS, InvitationForm, show_problems
from foundation.accounts.middleware import SESSION_KEY
from foundation.accounts.models import Role
from foundation.accounts.queries import members_of, pending_invitations_of
from foundation.accounts.services import (
    accept_invitation,
    change_role,
    find_invitation,
    invite_colleague,
    remove_member,
    revoke_invitation,
)
from foundation.trade import clock
from foundation.trade.errors import Conflict, Forbidden, Invalid


@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("people:manage")
def people(request: HttpRequest) -> HttpResponse:
    """List the people and the open invitations; invite a colleague."""
    actor = actor_of(request)
    form = InvitationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            invitation = invite_colleague(actor=actor, **form.cleaned_data)
        except Invalid as error:
            show_problems(form, error)
        except (Conflict, Forbidden) as error:
            form.add_error(None, error.sentence)
        else:
            messages.success(request, f"We mailed an invitation to {invitation.email}. It is good for 7 days.")
            return redirect("accounts:people")
    context = {
        "form": form,
        "members": members_of(actor.organization),
        "invitations": pending_invitations_of(actor.organization, clock.now()),
        "roles": Role.choices,
        "role_hints": list(ROLE_HINTS.values()),
    }
    return render(request, "accounts/people.html", context, status=422 if form.errors else 200)


@require_POST
@scope_required("people:manage")
def role(request: HttpRequest, person_id: str) -> HttpResponse:
    """Give a colleague another role."""
    try:
        membership = change_role(actor=actor_of(request), person_public_id=person_id, role=request.POST.get("role", ""))
    except (Conflict, Invalid) as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, f"{membership.person} is now {membership.get_role_display().lower()}.")
    return redirect("accounts:people")


@require_POST
@scope_required("people:manage")
def remove(request: HttpRequest, person_id: str) -> HttpResponse:
    """Remove a colleague."""
    try:
        remove_member(actor=actor_of(request), person_public_id=person_id)
    except Conflict as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, "Removed. They see nothing of this organization any more.")
    return redirect("accounts:people")


@require_POST
@scope_required("people:manage")
def take_back(request: HttpRequest, invitation_id: str) -> HttpResponse:
    """Take an invitation back."""
    try:
        revoke_invitation(actor=actor_of(request), invitation_id=invitation_id)
    except Conflict as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, "The invitation is taken back.")
    return redirect("accounts:people")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation to whoever holds its mail; accept it as the invited person."""
    found = find_invitation(token=token)
    if request.method == "POST" and request.user.is_authenticated:
        membership = accept_invitation(person=request.user, token=token)
        request.session[SESSION_KEY] = membership.organization.public_id
        messages.success(request, f"Welcome to {membership.organization.name}.")
        return redirect("accounts:home")
    context = {
        "invitation": found,
        "is_for_me": request.user.is_authenticated and request.user.email.lower() == found.email.lower(),
    }
    return render(request, "accounts/invitation.html", context)
