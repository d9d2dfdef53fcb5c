"""Routes of papers: rate confirmations, amendments, transaction records."""

from django.urls import path

from brokers.views import amendments, confirmations, contentions, records

_PAPER = "rate-confirmations/<str:confirmation_id>/"

urlpatterns = [
    path("bookings/<str:booking_id>/papers/", confirmations.booking_papers, name="booking_papers"),
    path("bookings/<str:booking_id>/amend/<str:subject>/", amendments.amend, name="amend_booking"),
    path("bookings/<str:booking_id>/record/", records.booking_record, name="booking_record"),
    path("rate-confirmations/", confirmations.confirmations_page, name="confirmations"),
    path(_PAPER, confirmations.confirmation_page, name="confirmation"),
    path(f"{_PAPER}document.pdf", confirmations.document, name="confirmation_document"),
    path(f"{_PAPER}sign/", confirmations.sign, name="sign_confirmation"),
    path(f"{_PAPER}verify/", confirmations.verify, name="verify_confirmation"),
    path("amendments/<str:amendment_id>/", amendments.amendment_page, name="amendment"),
    path("amendments/<str:amendment_id>/answer/", amendments.answer, name="answer_amendment"),
    path("contentions/<str:contention_id>/answer/", contentions.answer, name="answer_contention"),
    path("contentions/<str:contention_id>/withdrawal/", contentions.withdraw, name="withdraw_contention"),
    path("transaction-records/", records.records_page, name="records"),
    path("transaction-records/<str:record_id>/", records.record_page, name="record"),
]
