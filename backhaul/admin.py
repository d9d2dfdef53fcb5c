"""The operator's admin: off unless ADMIN_ENABLED, read-only, for superusers with a second factor."""

from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.apps import apps
from django.conf import settings
from django.contrib.admin import AdminSite, ModelAdmin
from django.db.models import Field, Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

ROOMS = ("events", "accounts", "places", "loads", "carriers", "matching", "brokers")
# Hashes of secrets, and the texts of mails, whose links may let somebody in.
NEVER_SHOWN = frozenset({"password", "secret_hash", "token_hash", "code_hash", "contact_hash", "text", "html"})


class OperatorSite(AdminSite):
    """An admin that lets in superusers who signed in with a second factor, and nobody else."""

    site_header = site_title = "Backhaul, read-only"
    index_title = "Tables"
    site_url = "/"

    def has_permission(self, request: HttpRequest) -> bool:
        """Say whether somebody may look: allauth asks whoever has a second factor for it at every sign-in."""
        person: Any = request.user
        return bool(person.is_active and person.is_superuser and is_mfa_enabled(person))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send strangers to our sign-in, and superusers without a second factor to where they set one up."""
        return redirect("mfa_index" if request.user.is_authenticated else settings.LOGIN_URL)


class ReadOnly(ModelAdmin[Model]):
    """A table to look at."""

    list_per_page = 50
    show_full_result_count = False
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse."""
        return False

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Return every column that may be shown."""
        return [field.name for field in _shown(self.model)]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Return the first columns."""
        return [field.name for field in _shown(self.model)][:8]


def _shown(model: type[Model]) -> list[Field[Any, Any]]:
    return [field for field in model._meta.concrete_fields if field.name not in NEVER_SHOWN]


def operator_site() -> OperatorSite:
    """Return the admin with every table of every room."""
    site = OperatorSite(name="admin")
    for room in ROOMS:
        for model in apps.get_app_config(room).get_models():
            site.register(model, ReadOnly)
    return site
