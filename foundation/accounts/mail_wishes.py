"""What a person's role has by mail until the person says otherwise, and the form in which it says so."""

from typing import Any

from django import forms

from foundation.accounts.models import Role
from foundation.events.models import Delivery, MailPreference, Period
from foundation.events.models.preferences import DEFAULT_HOUR
from foundation.trade.news import WORDING, NewsKind


def default_delivery(role: str, kind: str) -> str:
    """Return how a role has a kind of news: owners and dispatchers at once what waits for an answer, the rest in the
    digest; viewers and drivers by the bell alone.
    """
    if role not in (Role.OWNER, Role.DISPATCHER):
        return Delivery.NONE
    return Delivery.AT_ONCE if WORDING[NewsKind(kind)].waits else Delivery.DIGEST


class MailWishesForm(forms.Form):
    """One choice for each kind of news, and when the digest comes."""

    period = forms.ChoiceField(label="The digest comes", choices=Period.choices)
    hour = forms.TypedChoiceField(
        label="At", choices=[(hour, f"{hour:02}:00") for hour in range(24)], coerce=int, required=False
    )

    def __init__(self, *, role: str, wish: MailPreference | None, time_zone: str, data: Any = None) -> None:
        """Show what the person said, or else what its role has."""
        initial: dict[str, Any] = {
            "period": wish.period if wish else Period.DAY,
            "hour": wish.hour if wish else DEFAULT_HOUR,
        }
        super().__init__(data, initial=initial)
        self.fields["hour"].help_text = f"For a digest once a day, in your organization's time ({time_zone})."
        for kind, words in WORDING.items():
            said = wish.deliveries.get(kind) if wish else None
            self.fields[kind.value] = forms.ChoiceField(
                label=words.label,
                help_text=words.hint,
                choices=Delivery.choices,
                initial=said or default_delivery(role, kind),
            )

    @property
    def kinds(self) -> list[forms.BoundField]:
        """The choices by kind, in the order of the page."""
        return [self[kind.value] for kind in WORDING]

    def deliveries(self) -> dict[str, str]:
        """Return what was chosen for each kind."""
        return {kind.value: self.cleaned_data[kind.value] for kind in WORDING}

    def chosen_hour(self) -> int:
        """Return the hour of a daily digest; an hourly one keeps the hour that it had."""
        hour = self.cleaned_data["hour"]
        return int(self.initial["hour"] if hour in ("", None) else hour)
