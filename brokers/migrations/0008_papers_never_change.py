"""Refuse to change or delete what was confirmed, signed, amended or asked for; keep 371.3 records for three years."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION papers_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% never change', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER documents_never_change BEFORE UPDATE OR DELETE ON brokers_confirmationdocument
    FOR EACH ROW EXECUTE FUNCTION papers_never_change();
CREATE TRIGGER signatures_never_change BEFORE UPDATE OR DELETE ON brokers_signature
    FOR EACH ROW EXECUTE FUNCTION papers_never_change();
CREATE TRIGGER acceptances_never_change BEFORE UPDATE OR DELETE ON brokers_amendmentacceptance
    FOR EACH ROW EXECUTE FUNCTION papers_never_change();
CREATE TRIGGER record_requests_never_change BEFORE UPDATE ON brokers_recordrequest
    FOR EACH ROW EXECUTE FUNCTION papers_never_change();

CREATE FUNCTION confirmations_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- its document is made once, and it is superseded once
    IF TG_OP = 'UPDATE'
        AND (NEW.sha256 = OLD.sha256 OR OLD.sha256 = '')
        AND (NEW.superseded_at IS NOT DISTINCT FROM OLD.superseded_at OR OLD.superseded_at IS NULL)
        AND to_jsonb(NEW) - 'sha256' - 'superseded_at' = to_jsonb(OLD) - 'sha256' - 'superseded_at'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a rate confirmation never changes' USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER confirmations_never_change BEFORE UPDATE OR DELETE ON brokers_rateconfirmation
    FOR EACH ROW EXECUTE FUNCTION confirmations_never_change();

CREATE FUNCTION amendments_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ends text[] := ARRAY['status', 'version', 'closed_at', 'closed_for_id', 'closed_by_organization_id',
                         'close_reason', 'proposed_by_id'];
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.status = 'open' AND to_jsonb(NEW) - ends = to_jsonb(OLD) - ends THEN
        RETURN NEW;
    END IF;
    -- a person who is removed leaves the row without a name
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'proposed_by_id' = to_jsonb(OLD) - 'proposed_by_id' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'an amendment never changes' USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER amendments_never_change BEFORE UPDATE OR DELETE ON brokers_amendment
    FOR EACH ROW EXECUTE FUNCTION amendments_never_change();

CREATE FUNCTION records_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.keep_until <= statement_timestamp() THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'a transaction record is kept for three years' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.keep_until < OLD.keep_until OR NEW.written_at <> OLD.written_at
        OR (NEW.id, NEW.public_id, NEW.booking_id, NEW.broker_id, NEW.basis)
        IS DISTINCT FROM (OLD.id, OLD.public_id, OLD.booking_id, OLD.broker_id, OLD.basis)
    THEN
        RAISE EXCEPTION 'a transaction record keeps its identity' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER records_are_kept BEFORE UPDATE OR DELETE ON brokers_transactionrecord
    FOR EACH ROW EXECUTE FUNCTION records_are_kept();
CREATE FUNCTION record_requests_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT keep_until FROM brokers_transactionrecord WHERE id = OLD.record_id) > statement_timestamp() THEN
        RAISE EXCEPTION 'what was asked of a record is kept with it'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER record_requests_are_kept BEFORE DELETE ON brokers_recordrequest
    FOR EACH ROW EXECUTE FUNCTION record_requests_are_kept();
"""

BACKWARD = """
DROP TRIGGER record_requests_are_kept ON brokers_recordrequest;
DROP TRIGGER records_are_kept ON brokers_transactionrecord;
DROP TRIGGER amendments_never_change ON brokers_amendment;
DROP TRIGGER confirmations_never_change ON brokers_rateconfirmation;
DROP TRIGGER record_requests_never_change ON brokers_recordrequest;
DROP TRIGGER acceptances_never_change ON brokers_amendmentacceptance;
DROP TRIGGER signatures_never_change ON brokers_signature;
DROP TRIGGER documents_never_change ON brokers_confirmationdocument;
DROP FUNCTION record_requests_are_kept();
DROP FUNCTION records_are_kept();
DROP FUNCTION amendments_never_change();
DROP FUNCTION confirmations_never_change();
DROP FUNCTION papers_never_change();
"""


class Migration(migrations.Migration):
    dependencies = [("brokers", "0007_confirmations_amendments_records")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
