"""How allauth acts in this house: mails go through the outbox, links name our address, sign-out ends live streams."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from foundation.accounts.models import Person
from foundation.events.services import end_streams, queue_mail


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth's adapter."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Queue a mail in the transaction of its cause; nothing is sent while a request waits."""
        message = self.render_mail(template_prefix, email, {"base_url": settings.BASE_URL, "email": email} | context)
        with transaction.atomic():
            queue_mail(organization_id=None, to=email, subject=message.subject, text=message.body, kind="sign_in")

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Return the link of a reset mail; its host is ours whatever the request's Host header said."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return f"{settings.BASE_URL}{path.replace('UID-KEY', key)}"

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """Return the link of a confirmation mail; its host is ours whatever the request's Host header said."""
        return f"{settings.BASE_URL}{reverse('account_confirm_email', args=[emailconfirmation.key])}"

    def logout(self, request: HttpRequest) -> None:
        """Sign out and end the person's live streams."""
        person = request.user
        super().logout(request)
        if isinstance(person, Person):
            end_streams(person_id=person.public_id)

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """Set a password; sessions elsewhere end with the old one, and so do live streams."""
        super().set_password(user, password)
        if isinstance(user, Person):
            end_streams(person_id=user.public_id)
