"""What a claim is sent with beside its truck: the rate and version that were read, and the form's own token."""

from typing import Any

from django import forms

from foundation.trade.ids import new_id
from loads.models import Load


class ClaimForm(forms.Form):
    """The hidden part of "book now": a stale page is refused, a double click makes one claim."""

    load_version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)
    rate_cents = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)
    form_token = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def __init__(self, data: Any = None, *, load: Load) -> None:
        initial = {"load_version": load.version, "rate_cents": load.rate_cents or 0, "form_token": new_id("form")}
        super().__init__(data, initial=initial)
