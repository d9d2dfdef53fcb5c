"""The form by which a booking is cancelled."""

from collections.abc import Collection
from typing import Any

from django import forms

from brokers.models import CancelReason


class CancelForm(forms.Form):
    """Why a booking falls through; `version` names the booking that was read, `sold` that its broker cancels it."""

    reason = forms.ChoiceField(
        label="Why",
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
        error_messages={
            "required": "Say why: the other side reads it.",
            "invalid_choice": "Choose one of the reasons.",
        },
    )
    note = forms.CharField(
        label="In your words",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The other side reads this too.",
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)

    def __init__(self, data: Any = None, *, reasons: Collection[str], version: int, sold: bool = False) -> None:
        super().__init__(data, initial={"version": version})
        if sold:
            self.fields["note"].help_text = "The carrier and the shipper both read this."
        reason = self.fields["reason"]
        assert isinstance(reason, forms.ChoiceField)
        reason.choices = [(value, words) for value, words in CancelReason.choices if value in reasons]
