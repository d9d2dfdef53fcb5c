"""Routes of the desk, of network plans, of proposals and of bargains."""

from django.urls import path

from brokers.bargain_urls import urlpatterns as bargain_patterns
from brokers.paper_urls import urlpatterns as paper_patterns
from brokers.views import desk, fairness, plans, proposals

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
    path("bargain/loads/<str:load_id>/benchmark/", fairness.load_benchmark, name="load_benchmark"),
    path("threads/<str:thread_id>/benchmark/", fairness.thread_benchmark, name="thread_benchmark"),
    path("threads/<str:thread_id>/split/", fairness.split, name="split"),
    path("proposals/", proposals.proposals_page, name="proposals"),
    path("proposals/waiting/", proposals.waiting, name="proposals_waiting"),
    path("proposals/about/<str:posting_id>/", proposals.about, name="proposals_about"),
    path("proposals/<str:proposal_id>/", proposals.proposal_page, name="proposal"),
    path("proposals/<str:proposal_id>/answer/", proposals.answer, name="answer_proposal"),
    path("proposals/<str:proposal_id>/withdraw/", proposals.withdraw, name="withdraw_proposal"),
    *bargain_patterns,
    *paper_patterns,
]
