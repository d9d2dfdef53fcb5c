"""Pages of an organization's own details."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from foundation.accounts.access import actor_of, member_required, scope_required
from foundation.accounts.forms import OrganizationForm, show_problems
from foundation.accounts.middleware import SESSION_KEY
from foundation.accounts.models import Organization, Person
from foundation.accounts.queries import verifications_of
from foundation.accounts.services import create_organization, update_organization
from foundation.trade.errors import Invalid, Stale


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest) -> HttpResponse:
    """Set up an organization; the person becomes its owner."""
    person = request.user
    assert isinstance(person, Person)
    initial = {"contact_name": person.full_name, "contact_phone": person.phone, "contact_email": person.email}
    form = OrganizationForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            organization = create_organization(person=person, terms=form.terms())
        except Invalid as error:
            show_problems(form, error)
        else:
            request.session[SESSION_KEY] = organization.public_id
            messages.success(request, f"{organization.name} is set up.")
            return redirect("accounts:home")
    context = {"form": form, "first": not request.memberships}  # type: ignore[attr-defined]
    return render(request, "accounts/set_up.html", context, status=422 if form.errors else 200)


@require_GET
@member_required
def overview(request: HttpRequest) -> HttpResponse:
    """Show the organization's details and whether it is verified."""
    organization = actor_of(request).organization
    context = {"organization": organization, "verifications": verifications_of(organization)}
    return render(request, "accounts/organization.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("organization:write")
def edit(request: HttpRequest) -> HttpResponse:
    """Change the organization's details; a stale form shows what stands now beside what was typed."""
    actor = actor_of(request)
    if request.method != "POST":
        return _edit_page(request, OrganizationForm(organization=actor.organization))
    form = OrganizationForm(request.POST, organization=actor.organization)
    if not form.is_valid():
        return _edit_page(request, form, status=422)
    try:
        update_organization(
            actor=actor,
            version=form.cleaned_data["version"] or 0,
            terms=form.terms(),
            accepts_revocation=form.cleaned_data["accepts_revocation"],
        )
    except Stale as error:
        form.add_error(None, error.sentence)
        current = Organization.objects.get(pk=actor.organization.pk)
        return _edit_page(request, form, status=412, current=current)
    except Invalid as error:
        show_problems(form, error)
        return _edit_page(request, form, status=422)
    messages.success(request, "Saved.")
    return redirect("accounts:organization")


def _edit_page(
    request: HttpRequest, form: OrganizationForm, *, status: int = 200, current: Organization | None = None
) -> HttpResponse:
    differences = []
    if current is not None:
        stands = OrganizationForm(organization=current)
        for field in form.visible_fields():
            now, entered = _shown(stands[field.name].value()), _shown(field.value())
            if now != entered and field.name != "accepts_revocation":
                differences.append((field.label, now, entered))
        # Saving again is then on the version that has been compared.
        form.data = request.POST.copy()
        form.data["version"] = str(current.version)
    context = {
        "form": form,
        "differences": differences,
        "asks_revocation": "accepts_revocation" in form.errors,
        "organization": current or actor_of(request).organization,
    }
    return render(request, "accounts/organization_edit.html", context, status=status)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value or "")
