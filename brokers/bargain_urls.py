"""Routes of negotiations, claims, bookings and tours."""

from django.urls import path

from brokers.views import answers, bookings, bundles, claims, offers, selling, threads, tours, trust, vehicles

urlpatterns = [
    path("bargain/loads/<str:load_id>/", claims.bargain, name="bargain"),
    path("bargain/loads/<str:load_id>/standing/", claims.standing, name="load_standing"),
    path("bargain/loads/<str:load_id>/check/", vehicles.check, name="check_truck"),
    path("bargain/loads/<str:load_id>/claim/", claims.claim, name="claim_load"),
    path("bargain/loads/<str:load_id>/backhauls/", bundles.load_backhauls, name="load_backhauls"),
    path("bargain/loads/<str:load_id>/round-trip/", bundles.round_trip, name="round_trip"),
    path("bargain/loads/<str:load_id>/next-best/", bundles.next_best, name="next_best"),
    path("bargain/loads/<str:load_id>/offer/", offers.new_offer, name="new_offer"),
    path("bargain/loads/<str:load_id>/invitation/", offers.invite, name="invite"),
    path("bargain/loads/<str:load_id>/tender/", selling.tender, name="tender"),
    path("threads/", threads.threads_page, name="threads"),
    path("threads/waiting/", threads.waiting, name="threads_waiting"),
    path("threads/<str:thread_id>/", threads.thread_page, name="thread"),
    path("threads/<str:thread_id>/standing/", threads.standing, name="thread_standing"),
    path("threads/<str:thread_id>/carrier/", trust.thread_carrier, name="thread_carrier"),
    path("threads/<str:thread_id>/counter/", offers.counter, name="counter"),
    path("threads/<str:thread_id>/accept/", answers.accept, name="accept_offer"),
    path("threads/<str:thread_id>/decline/", answers.decline, name="decline_offer"),
    path("threads/<str:thread_id>/withdraw/", answers.withdraw, name="withdraw_offer"),
    path("threads/<str:thread_id>/leave/", threads.leave, name="leave_thread"),
    path("claims/", claims.claims_page, name="claims"),
    path("claims/<str:claim_id>/", claims.claim_page, name="claim"),
    path("claims/<str:claim_id>/backhauls/", bundles.claim_backhauls, name="claim_backhauls"),
    path("bookings/", bookings.bookings_page, name="bookings"),
    path("bookings/<str:booking_id>/", bookings.booking_page, name="booking"),
    path("bookings/<str:booking_id>/carrier/", trust.booking_carrier, name="booking_carrier"),
    path("bookings/<str:booking_id>/backhauls/", bundles.booking_backhauls, name="booking_backhauls"),
    path("bookings/<str:booking_id>/cancellation/", bookings.cancel, name="cancel_booking"),
    path("trust/", trust.own, name="own_trust"),
    path("tours/", tours.tours_page, name="tours"),
    path("tours/<str:tour_id>/", tours.tour_page, name="tour"),
]
