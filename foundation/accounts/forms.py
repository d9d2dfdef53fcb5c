"""Forms of accounts; the rules themselves stand with the services."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpRequest

from foundation.accounts.models import Decision, Organization, Person, RelationshipKind, Role
from foundation.accounts.terms import US_TIME_ZONES, OrganizationTerms, terms_of
from foundation.trade.errors import Invalid

ROLE_HINTS: dict[str, str] = {
    Role.OWNER: "Owner: everything, also people, keys and cost settings",
    Role.DISPATCHER: "Dispatcher: posts, bargains and books",
    Role.VIEWER: "Viewer: sees what the organization sees, changes nothing",
    Role.DRIVER: "Driver: sees their own tours, without money",
}
SCOPE_LABELS: dict[str, str] = {
    "loads:read": "Read loads",
    "loads:write": "Post and change loads",
    "legs:read": "Read return legs",
    "legs:write": "Post and change return legs",
    "trucks:read": "Read trucks, trailers and drivers",
    "trucks:write": "Change trucks, trailers and drivers",
    "matches:read": "Read matches",
    "offers:read": "Read threads and offers",
    "bookings:read": "Read claims and bookings",
    "tours:read": "Read tours",
    "matches:write": "Dismiss and snooze matches",
    "events:read": "Read the feed of events",
    "offers:write": "Make and answer offers",
    "bookings:write": "Book and cancel",
    "costs:write": "Change cost settings",
}


def show_problems(form: forms.BaseForm, error: Invalid) -> None:
    """Put a service's sentences beside the fields they speak of; what has no field stands above the form."""
    for problem in error.problems:
        field = problem.field if problem.field in form.fields else None
        form.add_error(field, forms.ValidationError(problem.sentence, code=problem.code))


class SignUpExtras(forms.Form):
    """What sign-up asks beyond address and password; allauth builds its form on this one."""

    full_name = forms.CharField(
        label="Your name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name", "placeholder": ""})
    )
    field_order = ("full_name", "email", "password1", "password2")

    def signup(self, request: HttpRequest, user: Person) -> None:
        """Store the name."""
        user.full_name = " ".join(self.cleaned_data["full_name"].split())
        user.save(update_fields=["full_name"])


class ProfileForm(forms.ModelForm[Person]):
    """A person's own name and phone."""

    class Meta:
        model = Person
        fields = ("full_name", "phone")
        labels = {"full_name": "Your name", "phone": "Phone"}
        widgets = {
            "full_name": forms.TextInput(attrs={"autocomplete": "name"}),
            "phone": forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
        }


class OrganizationForm(forms.Form):
    """What an organization says of itself."""

    name = forms.CharField(
        label="Company name", max_length=200, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    ships = forms.BooleanField(label="Ships freight: we post loads", required=False)
    hauls = forms.BooleanField(label="Hauls freight: we have trucks that come home empty", required=False)
    brokers = forms.BooleanField(label="Brokers freight: we bring loads and trucks together", required=False)
    usdot_number = forms.CharField(
        label="USDOT number",
        required=False,
        max_length=40,
        help_text="Digits only, as on your registration. Needed to haul.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    mc_number = forms.CharField(
        label="MC number",
        required=False,
        max_length=40,
        help_text="If you have one.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scac = forms.CharField(
        label="SCAC",
        required=False,
        max_length=40,
        help_text="2 to 4 letters, if you have one.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=US_TIME_ZONES,
        initial="America/Chicago",
        help_text="Of your office. Stops always show their own local time.",
    )
    contact_name = forms.CharField(label="Contact for business", required=False, max_length=200)
    contact_phone = forms.CharField(
        label="Phone", required=False, max_length=60, widget=forms.TextInput(attrs={"inputmode": "tel"})
    )
    contact_email = forms.CharField(
        label="E-mail", required=False, max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    hides_name = forms.BooleanField(
        label="Hide our name on the market until a thread is open",
        required=False,
        help_text="Others then see what you ship or haul, not who you are.",
    )
    shows_margin = forms.BooleanField(
        label="Show our margin openly to the parties of each load that we sell",
        required=False,
        help_text="Shipper and carrier then read it with the booking; else on a logged request only (49 CFR 371.3).",
    )
    accepts_revocation = forms.BooleanField(
        label="I understand: we are not verified until you have verified us again", required=False
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, organization: Organization | None = None, **kwargs: Any) -> None:
        if organization is not None:
            kwargs["initial"] = terms_of(organization).values() | {"version": organization.version}
        super().__init__(*args, **kwargs)
        zone = organization.time_zone if organization else ""
        if zone and zone not in dict(US_TIME_ZONES):
            self.fields["time_zone"].choices = [*US_TIME_ZONES, (zone, zone)]  # type: ignore[attr-defined]
        if organization is None:
            self.fields["time_zone"].widget.attrs["data-browser-zone"] = ""

    def terms(self) -> OrganizationTerms:
        """Return what was entered."""
        values = {
            name: value for name, value in self.cleaned_data.items() if name not in {"accepts_revocation", "version"}
        }
        return OrganizationTerms(**values)


class InvitationForm(forms.Form):
    """Invite a colleague."""

    email = forms.CharField(
        label="E-mail of your colleague", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    role = forms.ChoiceField(label="Role", choices=list(ROLE_HINTS.items()), initial=Role.DISPATCHER)


def _end_of_day(day: Any, zone: str) -> datetime | None:
    """Return the instant at which a day ends in a time zone."""
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=ZoneInfo(zone)).astimezone(UTC)


class _UntilForm(forms.Form):
    """A form with a last day of validity, read in the organization's time zone."""

    until_field = "valid_until"

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def until(self) -> datetime | None:
        """Return the end of the chosen day; None for no end."""
        return _end_of_day(self.cleaned_data[self.until_field], self.zone)


class RelationshipForm(_UntilForm):
    """Give a relationship to another organization."""

    kind = forms.ChoiceField(label="What you give", choices=RelationshipKind.choices)
    taker = forms.CharField(
        label="To which company",
        max_length=60,
        help_text="Its USDOT number, or its organization id (org_…).",
        error_messages={"required": "Name the company by its USDOT number or its organization id."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    valid_until = forms.DateField(
        label="Last day",
        required=False,
        help_text="Empty: until you end it.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    keeps = forms.MultipleChoiceField(
        label="You keep for yourself",
        choices=Decision.choices,
        required=False,
        help_text="Where a broker may act for you: decisions that stay yours alone.",
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )


class AskForm(forms.Form):
    """Ask another organization for a relationship."""

    kind = forms.ChoiceField(label="What you ask for", choices=())
    giver = forms.CharField(
        label="Which company",
        max_length=60,
        help_text="Its USDOT number, or its organization id (org_…).",
        error_messages={"required": "Name the company by its USDOT number or its organization id."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    message = forms.CharField(
        label="A word to them", required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "prefix": "ask"})
        choices = [(RelationshipKind.PARTNER, "To be their partner: see what they post to partners")]
        if organization.brokers:
            choices.insert(0, (RelationshipKind.REPRESENTS, "To act for them as their broker"))
        self.fields["kind"].choices = choices  # type: ignore[attr-defined]


class CodeForm(forms.Form):
    """Enter the code that the federal contact got."""

    code = forms.CharField(
        label="The code from the mail",
        max_length=20,
        help_text="Eight digits.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )


class KeyForm(_UntilForm):
    """Make an API key."""

    until_field = "expires_at"
    name = forms.CharField(label="Which program will use it", max_length=80, help_text="Such as: our TMS.")
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        choices=list(SCOPE_LABELS.items()),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    expires_at = forms.DateField(
        label="Last day", required=False, help_text="Empty: no end.", widget=forms.DateInput(attrs={"type": "date"})
    )
