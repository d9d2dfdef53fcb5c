"""Routes of the desk, of network plans and of proposals."""

from django.urls import path

from brokers.views import desk, plans, proposals

app_name = "brokers"

urlpatterns = [
    path("desk/", desk.desk_page, name="desk"),
    path("desk/rows/", desk.desk_rows, name="desk_rows"),
    path("desk/matches/<str:match_id>/decision/", desk.decision, name="decision"),
    path("desk/matches/<str:match_id>/decide/", desk.decide, name="decide"),
    path("desk/plans/", plans.plans_page, name="plans"),
    path("desk/plans/<str:plan_id>/", plans.plan_page, name="plan"),
    path("desk/plans/<str:plan_id>/progress/", plans.progress, name="plan_progress"),
    path("desk/plans/<str:plan_id>/cancel/", plans.cancel, name="cancel_plan"),
    path("desk/plans/<str:plan_id>/lines.csv", plans.lines_csv, name="plan_csv"),
    path("desk/plans/<str:plan_id>/lines/<str:line_id>/", plans.line_page, name="plan_line"),
    path("desk/plans/<str:plan_id>/lines/<str:line_id>/propose/", plans.propose, name="propose"),
    path("proposals/", proposals.proposals_page, name="proposals"),
    path("proposals/waiting/", proposals.waiting, name="proposals_waiting"),
    path("proposals/about/<str:posting_id>/", proposals.about, name="proposals_about"),
    path("proposals/<str:proposal_id>/", proposals.proposal_page, name="proposal"),
    path("proposals/<str:proposal_id>/answer/", proposals.answer, name="answer_proposal"),
    path("proposals/<str:proposal_id>/withdraw/", proposals.withdraw, name="withdraw_proposal"),
]
