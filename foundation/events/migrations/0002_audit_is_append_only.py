"""Refuse to change or delete what the audit holds."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.position IS NULL
        AND (NEW.id, NEW.public_id, NEW.organization_id, NEW.actor, NEW.action, NEW.subject, NEW.changes, NEW.created_at)
        IS NOT DISTINCT FROM
            (OLD.id, OLD.public_id, OLD.organization_id, OLD.actor, OLD.action, OLD.subject, OLD.changes, OLD.created_at)
    THEN
        RETURN NEW;  -- the relay puts the entry into its chain, once
    END IF;
    RAISE EXCEPTION 'the audit is append-only' USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON events_auditentry
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
"""

BACKWARD = """
DROP TRIGGER audit_is_append_only ON events_auditentry;
DROP FUNCTION audit_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0001_facts_audit_mails_notices")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
