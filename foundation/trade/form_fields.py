"""Form fields that read what dispatchers type: "38,000 lb", "$1,250"; the rules stand with the services."""

import re
from typing import Any

from django import forms

from foundation.trade.money import cents_from_text, decimal_text


class CountField(forms.CharField):
    """A whole number as people type it, with thousands and perhaps its unit; cleans to an int, or None when empty."""

    def __init__(self, *, unit: str = "", **kwargs: Any) -> None:
        self.unit = unit
        kwargs.setdefault("max_length", 20)
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        """Return the number; raises a ValidationError that shows how to write it."""
        text = super().clean(value).strip().lower()
        if not text:
            return None
        digits = re.sub(r"[,\s]", "", text.removesuffix(self.unit.lower()) if self.unit else text).replace("−", "-")
        if not re.fullmatch(r"-?[0-9]{1,9}(\.0*)?", digits):
            raise forms.ValidationError(f"“{text}” is not a whole number. Write it like 38000.", code="not_a_number")
        return int(digits.split(".")[0])


class DollarsField(forms.CharField):
    """An amount in dollars as people type it; cleans to cents, or None when empty."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 20)
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Show stored cents as dollars, and what was typed as it was typed."""
        return decimal_text(value).removesuffix(".00") if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        """Return the cents; raises a ValidationError that shows how to write it."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return cents_from_text(text)
        except ValueError as error:
            raise forms.ValidationError(str(error), code="not_an_amount") from None
