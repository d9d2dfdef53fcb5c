"""Keep what one side says of a cancellation apart from what is owed, until the other side has answered."""

import functools

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import foundation.trade.fields
import foundation.trade.ids

FORWARD = """
CREATE FUNCTION contentions_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ends text[] := ARRAY['status', 'version', 'closed_at', 'answered_by_organization_id', 'answered_by_id', 'answer'];
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.status = 'open' AND to_jsonb(NEW) - ends = to_jsonb(OLD) - ends THEN
        RETURN NEW;
    END IF;
    -- a person who is removed leaves the row without a name
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'answered_by_id' = to_jsonb(OLD) - 'answered_by_id' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a contention never changes' USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER contentions_never_change BEFORE UPDATE OR DELETE ON brokers_contention
    FOR EACH ROW EXECUTE FUNCTION contentions_never_change();
"""

BACKWARD = """
DROP TRIGGER contentions_never_change ON brokers_contention;
DROP FUNCTION contentions_never_change();
"""

REASONS = [
    ("load_not_ready", "The load is not ready or was cancelled by the customer"),
    ("rate_or_terms", "Terms were not kept"),
    ("truck_broke_down", "The truck broke down"),
    ("driver_out_of_hours", "The driver is out of hours or ill"),
    ("no_show", "The truck did not come"),
    ("weather", "Weather or a closed road"),
    ("mistake", "Booked by mistake"),
    ("other", "Another reason"),
]
STATUSES = [
    ("open", "Waits for an answer"),
    ("agreed", "Agreed"),
    ("disputed", "Disputed"),
    ("unanswered", "Not answered"),
]
KEPT = django.db.models.deletion.PROTECT


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_open_margins"),
        ("brokers", "0010_both_sides_of_a_booking"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField("transactionrecord", "contentions", models.JSONField(blank=True, default=list)),
        migrations.AddField(
            "transactionrecord", "fell_through_because", models.CharField(blank=True, default="", max_length=20)
        ),
        migrations.AddField(
            "transactionrecord", "fell_through_for", models.CharField(blank=True, default="", max_length=120)
        ),
        migrations.AddField(
            "transactionrecord", "fell_through_note", models.CharField(blank=True, default="", max_length=500)
        ),
        migrations.CreateModel(
            name="Contention",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    foundation.trade.fields.PublicIdField(
                        default=functools.partial(foundation.trade.ids.new_id, "cont")
                    ),
                ),
                (
                    "agreement",
                    models.CharField(choices=[("carriage", "Carriage"), ("sale", "Sale")], max_length=8),
                ),
                ("reason", models.CharField(choices=REASONS, max_length=20)),
                ("note", models.CharField(blank=True, default="", max_length=500)),
                ("tonu_cents", models.PositiveIntegerField(default=0)),
                ("deadhead_cents", models.PositiveIntegerField(default=0)),
                ("deadhead_miles", models.FloatField(default=0)),
                ("status", models.CharField(choices=STATUSES, default="open", max_length=10)),
                ("version", models.PositiveIntegerField(default=1)),
                ("made_at", models.DateTimeField()),
                ("answer_by", models.DateTimeField()),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("answer", models.CharField(blank=True, default="", max_length=500)),
                (
                    "answered_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "answered_by_organization",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=KEPT, related_name="+", to="accounts.organization"
                    ),
                ),
                ("asked", models.ForeignKey(on_delete=KEPT, related_name="+", to="accounts.organization")),
                ("booking", models.ForeignKey(on_delete=KEPT, related_name="contentions", to="brokers.booking")),
                ("claimant", models.ForeignKey(on_delete=KEPT, related_name="+", to="accounts.organization")),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(status="open"), fields=["answer_by"], name="contention_due")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("booking", "agreement"), name="one_contention_per_agreement"),
                    models.CheckConstraint(
                        condition=~models.Q(claimant=models.F("asked")), name="nobody_contends_with_itself"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(tonu_cents__gt=0) | models.Q(deadhead_cents__gt=0),
                        name="contention_is_about_money",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(reason__in=["load_not_ready", "no_show"]), name="contention_is_about_a_word"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(status="open", closed_at__isnull=True)
                        | (~models.Q(status="open") & models.Q(closed_at__isnull=False)),
                        name="closed_contention_says_when",
                    ),
                    models.CheckConstraint(
                        condition=~models.Q(status="disputed") | ~models.Q(answer=""), name="dispute_has_a_reason"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(answer_by__gt=models.F("made_at")), name="contention_leaves_time_to_answer"
                    ),
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
