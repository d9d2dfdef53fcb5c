"""Let who said what money hangs on withdraw it, as long as the other side has not answered."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FUNCTION = """
CREATE OR REPLACE FUNCTION contentions_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ends text[] := ARRAY[{ends}];
    people text[] := ARRAY[{people}];
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.status = 'open' AND to_jsonb(NEW) - ends = to_jsonb(OLD) - ends THEN
        RETURN NEW;
    END IF;
    -- a person who is removed leaves the row without a name
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - people = to_jsonb(OLD) - people THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a contention never changes' USING ERRCODE = 'integrity_constraint_violation';
END
$$;
"""
ENDS = "'status', 'version', 'closed_at', 'answered_by_organization_id', 'answered_by_id', 'answer'"
WITHDRAWAL = "'withdrawn_by_organization_id', 'withdrawn_by_id', 'withdrawn_because'"
BEFORE = FUNCTION.format(ends=ENDS, people="'answered_by_id'")
AFTER = FUNCTION.format(ends=f"{ENDS}, {WITHDRAWAL}", people="'answered_by_id', 'withdrawn_by_id'")
STATUSES = [
    ("open", "Waits for an answer"),
    ("agreed", "Agreed"),
    ("disputed", "Disputed"),
    ("unanswered", "Not answered"),
    ("withdrawn", "Withdrawn"),
]
GONE = django.db.models.deletion.SET_NULL
KEPT = django.db.models.deletion.PROTECT
WITHDRAWN = models.Q(status="withdrawn", withdrawn_by_organization__isnull=False)
NOT_WITHDRAWN = ~models.Q(status="withdrawn") & models.Q(withdrawn_by_organization__isnull=True)


class Migration(migrations.Migration):
    dependencies = [
        ("brokers", "0015_who_is_on_a_tour_stays"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AlterField(
            "contention", "status", models.CharField(choices=STATUSES, default="open", max_length=10)
        ),
        migrations.AddField(
            "contention", "withdrawn_because", models.CharField(blank=True, default="", max_length=500)
        ),
        migrations.AddField(
            "contention",
            "withdrawn_by",
            models.ForeignKey(blank=True, null=True, on_delete=GONE, related_name="+", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            "contention",
            "withdrawn_by_organization",
            models.ForeignKey(blank=True, null=True, on_delete=KEPT, related_name="+", to="accounts.organization"),
        ),
        migrations.AddConstraint(
            "contention",
            models.CheckConstraint(condition=WITHDRAWN | NOT_WITHDRAWN, name="withdrawn_contention_says_by_whom"),
        ),
        migrations.RunSQL(AFTER, BEFORE),
    ]
