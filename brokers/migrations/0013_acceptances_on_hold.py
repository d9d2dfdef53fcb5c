"""Let an accepted offer be held while its carrier is checked."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

FORWARD = """
CREATE OR REPLACE FUNCTION offers_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.status IN ('live', 'held')
        AND (NEW.id, NEW.public_id, NEW.thread_id, NEW.number, NEW.load_version, NEW.made_for_id,
             NEW.made_by_organization_id, NEW.made_at, NEW.expires_at, NEW.linehaul_cents, NEW.fuel_surcharge_cents,
             NEW.free_minutes, NEW.detention_cents_per_hour, NEW.tonu_cents, NEW.layover_cents, NEW.payment_days,
             NEW.stop_times, NEW.notes)
        IS NOT DISTINCT FROM
            (OLD.id, OLD.public_id, OLD.thread_id, OLD.number, OLD.load_version, OLD.made_for_id,
             OLD.made_by_organization_id, OLD.made_at, OLD.expires_at, OLD.linehaul_cents, OLD.fuel_surcharge_cents,
             OLD.free_minutes, OLD.detention_cents_per_hour, OLD.tonu_cents, OLD.layover_cents, OLD.payment_days,
             OLD.stop_times, OLD.notes)
    THEN
        RETURN NEW;  -- it comes to its one end, or is held on the way there
    END IF;
    -- a person who is removed leaves the row without a name; everything else of a closed offer stays
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'made_by_id' - 'closed_by_id' = to_jsonb(OLD) - 'made_by_id' - 'closed_by_id'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'an offer never changes' USING ERRCODE = 'integrity_constraint_violation';
END
$$;
"""

BACKWARD = """
CREATE OR REPLACE FUNCTION offers_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.status = 'live'
        AND (NEW.id, NEW.public_id, NEW.thread_id, NEW.number, NEW.load_version, NEW.made_for_id,
             NEW.made_by_organization_id, NEW.made_at, NEW.expires_at, NEW.linehaul_cents, NEW.fuel_surcharge_cents,
             NEW.free_minutes, NEW.detention_cents_per_hour, NEW.tonu_cents, NEW.layover_cents, NEW.payment_days,
             NEW.stop_times, NEW.notes)
        IS NOT DISTINCT FROM
            (OLD.id, OLD.public_id, OLD.thread_id, OLD.number, OLD.load_version, OLD.made_for_id,
             OLD.made_by_organization_id, OLD.made_at, OLD.expires_at, OLD.linehaul_cents, OLD.fuel_surcharge_cents,
             OLD.free_minutes, OLD.detention_cents_per_hour, OLD.tonu_cents, OLD.layover_cents, OLD.payment_days,
             OLD.stop_times, OLD.notes)
    THEN
        RETURN NEW;  -- it comes to its one end
    END IF;
    -- a person who is removed leaves the row without a name; everything else of a closed offer stays
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'made_by_id' - 'closed_by_id' = to_jsonb(OLD) - 'made_by_id' - 'closed_by_id'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'an offer never changes' USING ERRCODE = 'integrity_constraint_violation';
END
$$;
"""

STANDING = ["live", "held"]


class Migration(migrations.Migration):
    dependencies = [("brokers", "0012_when_two_cannot_deal")]
    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.AlterField(
            model_name="offer",
            name="status",
            field=models.CharField(
                choices=[
                    ("live", "Live"),
                    ("held", "Accepted, being checked"),
                    ("countered", "Countered"),
                    ("accepted", "Accepted"),
                    ("declined", "Declined"),
                    ("withdrawn", "Withdrawn"),
                    ("expired", "Expired"),
                    ("lapsed", "Lapsed"),
                    ("superseded", "Superseded"),
                ],
                default="live",
                max_length=10,
            ),
        ),
        migrations.RemoveConstraint(model_name="offer", name="one_live_offer_per_thread"),
        migrations.RemoveConstraint(model_name="offer", name="closed_offer_says_when"),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.UniqueConstraint(
                condition=Q(status__in=STANDING), fields=("thread",), name="one_live_offer_per_thread"
            ),
        ),
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=Q(status__in=STANDING, closed_at__isnull=True)
                | (~Q(status__in=STANDING) & Q(closed_at__isnull=False)),
                name="closed_offer_says_when",
            ),
        ),
        migrations.AddField(
            model_name="claim",
            name="offer",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="holds",
                to="brokers.offer",
            ),
        ),
        migrations.AddField(
            model_name="claim", name="told", field=models.CharField(blank=True, default="", max_length=300)
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.UniqueConstraint(
                condition=Q(status="pending"), fields=("offer",), name="one_hold_per_offer"
            ),
        ),
    ]
