"""Addresses of papers in the API: rate confirmations, amendments, transaction records."""

from django.urls import URLPattern, URLResolver, path

from brokers.api.amendments import AmendmentViewSet, BookingAmendmentViewSet
from brokers.api.confirmations import ConfirmationViewSet, DocumentView
from brokers.api.contentions import ContentionViewSet
from brokers.api.records import BookingRecordViewSet, RecordViewSet

_PAPER = "rate-confirmations/<str:public_id>"
_CONTENTION = "contentions/<str:public_id>"
_AMENDMENT = "amendments/<str:public_id>"

paper_urlpatterns: list[URLPattern | URLResolver] = [
    path("rate-confirmations", ConfirmationViewSet.as_view({"get": "list"}), name="api-confirmation-list"),
    path(_PAPER, ConfirmationViewSet.as_view({"get": "retrieve"}), name="api-confirmation-detail"),
    path(f"{_PAPER}/document", DocumentView.as_view(), name="api-confirmation-document"),
    path(f"{_PAPER}/signature", ConfirmationViewSet.as_view({"post": "signature"}), name="api-confirmation-signature"),
    path(
        f"{_PAPER}/verification",
        ConfirmationViewSet.as_view({"post": "verification"}),
        name="api-confirmation-verification",
    ),
    path(
        "bookings/<str:public_id>/amendments",
        BookingAmendmentViewSet.as_view({"post": "create"}),
        name="api-booking-amendments",
    ),
    path("amendments", AmendmentViewSet.as_view({"get": "list"}), name="api-amendment-list"),
    path(_AMENDMENT, AmendmentViewSet.as_view({"get": "retrieve"}), name="api-amendment-detail"),
    path(f"{_AMENDMENT}/acceptance", AmendmentViewSet.as_view({"post": "acceptance"}), name="api-amendment-acceptance"),
    path(f"{_AMENDMENT}/decline", AmendmentViewSet.as_view({"post": "decline"}), name="api-amendment-decline"),
    path(f"{_AMENDMENT}/withdrawal", AmendmentViewSet.as_view({"post": "withdrawal"}), name="api-amendment-withdrawal"),
    path(
        "bookings/<str:public_id>/record-requests",
        BookingRecordViewSet.as_view({"post": "create"}),
        name="api-booking-record-requests",
    ),
    path("contentions", ContentionViewSet.as_view({"get": "list"}), name="api-contention-list"),
    path(_CONTENTION, ContentionViewSet.as_view({"get": "retrieve"}), name="api-contention-detail"),
    path(f"{_CONTENTION}/agreement", ContentionViewSet.as_view({"post": "agreement"}), name="api-contention-agreement"),
    path(f"{_CONTENTION}/dispute", ContentionViewSet.as_view({"post": "dispute"}), name="api-contention-dispute"),
    path(
        f"{_CONTENTION}/withdrawal",
        ContentionViewSet.as_view({"post": "withdrawal"}),
        name="api-contention-withdrawal",
    ),
    path("transaction-records", RecordViewSet.as_view({"get": "list"}), name="api-record-list"),
    path(
        "transaction-records/<str:public_id>",
        RecordViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="api-record-detail",
    ),
]
