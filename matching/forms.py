"""Forms of matching: the question for a lane's market rate."""

from django import forms

from foundation.places.forms import PlaceField, PlaceInput
from foundation.trade.equipment import LOAD_EQUIPMENT_CHOICES

_PLACE = {"placeholder": "ZIP or City, ST"}


class RateForm(forms.Form):
    """What equipment, from where, to where; read from an address, so that it can be shared."""

    equipment = forms.ChoiceField(label="Equipment", choices=LOAD_EQUIPMENT_CHOICES, initial="V")
    origin = PlaceField(label="From", widget=PlaceInput(attrs=_PLACE))
    destination = PlaceField(label="To", widget=PlaceInput(attrs=_PLACE))
