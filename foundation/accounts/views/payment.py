"""The page that says where a carrier is paid: for its owners alone; a number that was typed is never shown again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from foundation.accounts.access import actor_of, scope_required
from foundation.accounts.forms import show_problems
from foundation.accounts.payment_form import PaymentForm
from foundation.accounts.queries import payment_account_of
from foundation.accounts.services import set_payment_account
from foundation.trade.errors import Conflict, Invalid


@never_cache
@sensitive_post_parameters("routing_number", "account_number")
@sensitive_variables("form")
@require_http_methods(["GET", "HEAD", "POST"])
@scope_required("organization:write")
def payment(request: HttpRequest) -> HttpResponse:
    """Show where the carrier is paid, by name and last four digits; enter or change it."""
    actor = actor_of(request)
    form = PaymentForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                set_payment_account(actor=actor, terms=form.terms())
            except Invalid as error:
                show_problems(form, error)
            except Conflict as error:
                form.add_error(None, error.sentence)
                status = 409
            else:
                messages.success(request, "Saved. Every owner has a mail about it.")
                return redirect("accounts:payment")
    context = {"form": form, "account": payment_account_of(actor.organization), "organization": actor.organization}
    return render(request, "accounts/payment.html", context, status=status)
