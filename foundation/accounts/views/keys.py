"""The page of API keys."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from foundation.accounts.access import actor_of, scope_required
from foundation.accounts.forms import KeyForm, show_problems
from foundation.accounts.queries import keys_of
from foundation.accounts.services import create_key, revoke_key
from foundation.trade import clock
from foundation.trade.errors import Conflict, Invalid


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("keys:manage")
def keys(request: HttpRequest) -> HttpResponse:
    """List keys; make one and show it this one time."""
    actor = actor_of(request)
    made, text = None, ""
    initial = {"name": request.GET.get("name", "")[:80], "scopes": request.GET.getlist("scope")}
    form = KeyForm(
        request.POST if request.method == "POST" else None, zone=actor.organization.time_zone, initial=initial
    )
    if request.method == "POST" and form.is_valid():
        try:
            made, text = create_key(
                actor=actor,
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                expires_at=form.until(),
            )
        except Invalid as error:
            show_problems(form, error)
        except Conflict as error:
            form.add_error("name", error.sentence)
    now = clock.now()
    context = {
        "form": form if made is None else KeyForm(zone=actor.organization.time_zone),
        "made": made,
        "key_text": text,
        "keys": [(key, key.is_active(now)) for key in keys_of(actor.organization)],
    }
    return render(request, "accounts/keys.html", context, status=422 if form.errors else 200)


@require_POST
@scope_required("keys:manage")
def revoke(request: HttpRequest, key_id: str) -> HttpResponse:
    """Stop a key at once."""
    revoke_key(actor=actor_of(request), key_id=key_id)
    messages.success(request, "The key is revoked and works no longer.")
    return redirect("accounts:keys")
