"""The forms of a transaction record: what its broker enters, and a party's reason for asking."""

from typing import Any

from django import forms

from brokers.models import TransactionRecord
from brokers.services.record_requests import EARNED, ENTERED, LONGEST_REASON
from foundation.trade.form_fields import DollarsField


class RecordForm(forms.Form):
    """What the law asks for and a booking does not know."""

    freight_bill_number = forms.CharField(label="BOL or freight bill number", max_length=64, required=False)
    carrier_address = forms.CharField(label="Address of the carrier", max_length=400, required=False)
    compensation_cents = DollarsField(label="Your compensation", required=False)
    compensation_paid_by = forms.CharField(label="Paid by", max_length=120, required=False)
    other_services = forms.CharField(label="Other services, if any", max_length=500, required=False)
    other_services_cents = DollarsField(label="Pay for them", required=False)
    other_services_paid_by = forms.CharField(label="Who paid for them", max_length=120, required=False)
    collected_cents = DollarsField(label="Freight charges collected", required=False)
    collected_on = forms.DateField(label="Collected on", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    carrier_paid_on = forms.DateField(
        label="Carrier paid on", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1)

    def __init__(self, data: Any = None, *, record: TransactionRecord) -> None:
        names = ENTERED if record.basis == TransactionRecord.Basis.SALE else (*ENTERED, *EARNED)
        initial = {name: getattr(record, name) for name in names} | {"version": record.version}
        super().__init__(data, initial=initial)
        self.names = names
        for name in EARNED:
            if name not in names:
                del self.fields[name]

    def entries(self) -> dict[str, Any]:
        """Return what was entered, by column."""
        found = {name: self.cleaned_data[name] for name in self.names}
        return found | {"other_services_cents": found["other_services_cents"] or 0}


class RecordRequestForm(forms.Form):
    """Why a party asks for the record."""

    reason = forms.CharField(
        label="Why you ask", max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The broker reads it. Your request is logged.",
        error_messages={"required": "Say why you ask: the broker reads it."},
    )  # fmt: skip
