"""Routes of accounts; allauth's own stand beside them in `account_urlpatterns`."""

from allauth.account import views as allauth_views
from django.db import transaction
from django.urls import URLPattern, URLResolver, include, path

from foundation.accounts.api import PaymentAccountViewSet
from foundation.accounts.relationships_api import RelationshipViewSet
from foundation.accounts.views import home, keys, notices, organization, payment, people, relationships, verification

app_name = "accounts"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("accounts/profile/", home.profile, name="profile"),
    path("accounts/notices/", notices.preferences, name="notices"),
    path("organization/", organization.overview, name="organization"),
    path("organization/edit/", organization.edit, name="organization_edit"),
    path("organization/new/", organization.set_up, name="set_up"),
    path("organization/switch/", home.switch, name="switch"),
    path("organization/leave/", home.leave, name="leave"),
    path("organization/verification/", verification.overview, name="verification"),
    path("organization/verification/record/", verification.look_up, name="verification_record"),
    path("organization/verification/code/", verification.send, name="verification_code"),
    path("organization/verification/entry/", verification.enter, name="verification_entry"),
    path("organization/payment/", payment.payment, name="payment"),
    path("organization/people/", people.people, name="people"),
    path("organization/people/<str:person_id>/role/", people.role, name="role"),
    path("organization/people/<str:person_id>/removal/", people.remove, name="remove"),
    path("organization/people/invitations/<str:invitation_id>/revocation/", people.take_back, name="take_back"),
    path("organization/invitations/<str:token>/", people.invitation, name="invitation"),
    path("organization/relationships/", relationships.relationships, name="relationships"),
    path("organization/relationships/requests/", relationships.ask, name="ask"),
    path("organization/relationships/requests/<str:request_id>/answer/", relationships.answer, name="answer"),
    path("organization/relationships/requests/<str:request_id>/withdrawal/", relationships.withdraw, name="unask"),
    path("organization/relationships/<str:relationship_id>/kept/", relationships.keep, name="keep"),
    path("organization/relationships/<str:relationship_id>/end/", relationships.end, name="end_relationship"),
    path("organization/keys/", keys.keys, name="keys"),
    path("organization/keys/<str:key_id>/revocation/", keys.revoke, name="revoke_key"),
]

account_urlpatterns: list[URLPattern | URLResolver] = [
    # In one transaction: a person without the mail that confirms the address would be stuck.
    path("accounts/signup/", transaction.atomic(allauth_views.signup), name="account_signup"),
    path("accounts/", include("allauth.urls")),
]

api_urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "payment-account",
        PaymentAccountViewSet.as_view({"get": "retrieve", "put": "update"}),
        name="api-payment-account",
    ),
    path("relationships", RelationshipViewSet.as_view({"get": "list"}), name="api-relationship-list"),
    path(
        "relationships/<str:public_id>",
        RelationshipViewSet.as_view({"get": "retrieve"}),
        name="api-relationship-detail",
    ),
]
