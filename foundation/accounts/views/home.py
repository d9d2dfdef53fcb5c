"""The start page, the switcher, the person's own profile."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from foundation.accounts.access import actor_of
from foundation.accounts.forms import ProfileForm
from foundation.accounts.middleware import SESSION_KEY
from foundation.accounts.models import Role
from foundation.accounts.services import remove_member, switch_organization


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Lead everybody to where their day begins."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    actor = request.actor  # type: ignore[attr-defined]
    if actor is None:
        return redirect("accounts:set_up")
    if actor.role == Role.DRIVER:
        return redirect("/tours/")
    organization = actor.organization
    if organization.brokers:
        return redirect("/desk/")
    return redirect("/loads/" if organization.ships else "/legs/")


@require_POST
@login_required
def switch(request: HttpRequest) -> HttpResponse:
    """Go on working for another of the person's organizations."""
    membership = switch_organization(
        person=request.user,  # type: ignore[arg-type]
        organization_public_id=request.POST.get("organization", ""),
    )
    request.session[SESSION_KEY] = membership.organization.public_id
    messages.info(request, f"You now work for {membership.organization.name}.")
    return redirect("accounts:home")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Show a person's own name, phone, memberships and ways to sign in."""
    form = ProfileForm(request.POST if request.method == "POST" else None, instance=request.user)  # type: ignore[arg-type]
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("accounts:profile")
    status = 422 if form.errors else 200
    return render(request, "accounts/profile.html", {"form": form}, status=status)


@require_POST
@login_required
def leave(request: HttpRequest) -> HttpResponse:
    """Leave the organization that the session works for."""
    actor = actor_of(request)
    assert actor.person is not None
    remove_member(actor=actor, person_public_id=actor.person.public_id)
    messages.success(request, f"You have left {actor.organization.name}.")
    return redirect("accounts:home")
