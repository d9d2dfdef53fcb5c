"""The form field that takes a place in words and gives a `Place`, with suggestions while one types."""

from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils.html import format_html
from django.utils.safestring import SafeString

from foundation.places.place import Place, PlaceNotFound
from foundation.places.queries import find_place


class PlaceInput(forms.TextInput):
    """A text input with a list of suggestions below it; without JavaScript it is plain text."""

    class Media:
        js = ("js/places.js",)

    def format_value(self, value: Any) -> str | None:
        """Show a place by its name, and what was typed as it was typed."""
        if isinstance(value, Place):
            return f"{value.lat},{value.lon}" if value.precision == "coordinates" else value.name
        text: str | None = super().format_value(value)
        return text

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """Return the input and its empty list of suggestions."""
        list_id = f"{(attrs or {}).get('id') or name}_places"
        combobox = {
            "role": "combobox",
            "autocomplete": "off",
            "spellcheck": "false",
            "aria-autocomplete": "list",
            "aria-expanded": "false",
            "aria-controls": list_id,
            "hx-get": reverse_lazy("places:suggestions"),
            "hx-trigger": "input changed delay:120ms",
            "hx-target": f"#{list_id}",
            "hx-swap": "innerHTML",
            "hx-sync": "this:replace",
            "hx-params": name,
            "data-places": "",
        }
        control = super().render(name, value, {**combobox, **(attrs or {})}, renderer)
        listbox = '<ul class="place-options list-group" id="{}" role="listbox" aria-label="Places" hidden></ul>'
        return format_html("{}" + listbox, control, list_id)


class PlaceField(forms.CharField):
    """A place by ZIP code, "City, ST" or coordinates; the cleaned value is a `Place`, or None where it may be empty."""

    widget = PlaceInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 200)
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        """Return the place. Raises a ValidationError with the gazetteer's sentence."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return find_place(text)
        except PlaceNotFound as refusal:
            raise forms.ValidationError(refusal.sentence, code=refusal.code) from refusal
