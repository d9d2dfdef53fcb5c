"""A person's own choice of what comes by mail from the organization that the session works for."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from foundation.accounts.access import actor_of, scope_required
from foundation.accounts.mail_wishes import MailWishesForm
from foundation.events.digests import save_wishes, wishes_of


@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("events:read")
def preferences(request: HttpRequest) -> HttpResponse:
    """Show and store which news come by mail, at once or in a digest."""
    actor = actor_of(request)
    assert actor.person is not None
    organization, person_id = actor.organization, actor.person.public_id
    form = MailWishesForm(
        role=actor.role,
        wish=wishes_of(organization.public_id, [person_id]).get(person_id),
        time_zone=organization.time_zone,
        data=request.POST if request.method == "POST" else None,
    )
    if request.method == "POST" and form.is_valid():
        save_wishes(
            organization_id=organization.public_id,
            person_id=person_id,
            deliveries=form.deliveries(),
            period=form.cleaned_data["period"],
            hour=form.chosen_hour(),
        )
        messages.success(request, "Saved. The bell goes on to show everything.")
        return redirect("accounts:notices")
    context = {"form": form, "address": actor.person.email, "confirmed": actor.email_confirmed}
    return render(request, "accounts/notices.html", context, status=422 if form.errors else 200)
