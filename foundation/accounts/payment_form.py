"""The form of where a carrier is paid."""

from typing import Any

from django import forms

from foundation.accounts.models import PaymentKind
from foundation.accounts.services import PaymentTerms


class _NeverShown(forms.TextInput):
    """A field for digits whose value is never written back into a page."""

    def __init__(self) -> None:
        super().__init__(attrs={"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"})

    def format_value(self, value: Any) -> None:
        """Return nothing, whatever was typed."""
        return


class PaymentForm(forms.Form):
    """A bank account with its numbers, or the name of a factoring company."""

    kind = forms.ChoiceField(
        label="How you are paid", choices=PaymentKind.choices, initial=PaymentKind.BANK, widget=forms.RadioSelect
    )
    name = forms.CharField(
        label="Name on the account, or of the factoring company",
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    routing_number = forms.CharField(
        label="Routing number", required=False, max_length=40, widget=_NeverShown, help_text="Nine digits."
    )
    account_number = forms.CharField(
        label="Account number",
        required=False,
        max_length=60,
        widget=_NeverShown,
        help_text="Kept as a fingerprint and its last four digits: nobody can read it again, you neither.",
    )

    def terms(self) -> PaymentTerms:
        """Return what was entered."""
        return PaymentTerms(**self.cleaned_data)
