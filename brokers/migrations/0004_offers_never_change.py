"""Refuse to change what an offer said, and to delete one."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION offers_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER offers_never_change BEFORE UPDATE OR DELETE ON brokers_offer
    FOR EACH ROW EXECUTE FUNCTION offers_never_change();
"""

BACKWARD = """
DROP TRIGGER offers_never_change ON brokers_offer;
DROP FUNCTION offers_never_change();
"""


class Migration(migrations.Migration):
    dependencies = [("brokers", "0003_threads_tours_bookings_claims")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
