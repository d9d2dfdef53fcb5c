"""Mails: how one goes out, and what of it is kept."""

import re

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction

from foundation.events.models import Mail
from foundation.events.reactions import Settle
from foundation.trade import clock

SIGN_IN = "sign_in"  # mails whose links let somebody in
PREFERENCES_URL = "/accounts/notices/"  # where somebody says what comes by mail
TO_PAGE = "page"  # MAIL_DELIVERY of the demo: mails are shown on a page; only sign-in mails go further

_LINK = re.compile(r"https?://\S+", re.IGNORECASE)
_CODE = re.compile(r"^[ \t]*[A-Z0-9]{3,}(-[A-Z0-9]{3,})*[ \t\r]*$", re.MULTILINE)


def without_links(text: str) -> str:
    """Return a text with its links, and codes that stand alone on a line, taken out."""
    return _CODE.sub("[code removed]", _LINK.sub("[link removed]", text))


def deliver(mail: Mail | None, subject: str, settle: Settle) -> None:
    """Send a mail and mark it as sent; once more after a crash between the two. A mail that was pruned is settled."""
    fresh = mail is not None and mail.sent_at is None
    # On the demo's page a sign-in mail has lost its links, so it goes where the operator has all mail go: to a file.
    if mail and fresh and (settings.MAIL_DELIVERY != TO_PAGE or mail.kind == SIGN_IN):
        headers = {"Message-ID": _message_id(mail)}
        if mail.kind != SIGN_IN:
            headers["List-Unsubscribe"] = f"<{settings.BASE_URL}{PREFERENCES_URL}>"
        message = EmailMultiAlternatives(mail.subject, mail.text, to=[mail.recipient], headers=headers)
        if mail.html:
            message.attach_alternative(mail.html, "text/html")
        if mail.attachment is not None:
            kept = mail.attachment
            message.attach(kept.name, bytes(kept.body), kept.content_type)
        message.send()
    with transaction.atomic():
        if mail and fresh:
            mail.sent_at = clock.now()
            if mail.kind == SIGN_IN:
                mail.text, mail.html = without_links(mail.text), ""
            mail.save(update_fields=["sent_at", "text", "html"])
        settle(subject)


def _message_id(mail: Mail) -> str:
    """Return an id that a repeated mail shares with the first, so that mailboxes can tell."""
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip("> ") or "localhost"
    return f"<{mail.public_id}@{domain}>"
