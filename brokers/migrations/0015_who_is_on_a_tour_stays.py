"""Keep trucks, drivers and trailers in service until their planned tours have ended."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION unit_on_a_tour_stays_in_service() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_away boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT 1 FROM brokers_tour WHERE %I = $1 AND status = ''planned'' AND ends_at > $2)',
        TG_ARGV[0]
    ) INTO is_away USING NEW.id, NEW.archived_at;
    IF is_away THEN
        RAISE EXCEPTION 'it is on a planned tour that has not ended'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'unit_on_a_tour_stays_in_service';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER truck_on_a_tour_stays_in_service BEFORE UPDATE OF archived_at ON carriers_truck
    FOR EACH ROW WHEN (OLD.archived_at IS NULL AND NEW.archived_at IS NOT NULL)
    EXECUTE FUNCTION unit_on_a_tour_stays_in_service('truck_id');
CREATE TRIGGER driver_on_a_tour_stays_in_service BEFORE UPDATE OF archived_at ON carriers_driver
    FOR EACH ROW WHEN (OLD.archived_at IS NULL AND NEW.archived_at IS NOT NULL)
    EXECUTE FUNCTION unit_on_a_tour_stays_in_service('driver_id');
CREATE TRIGGER trailer_on_a_tour_stays_in_service BEFORE UPDATE OF archived_at ON carriers_trailer
    FOR EACH ROW WHEN (OLD.archived_at IS NULL AND NEW.archived_at IS NOT NULL)
    EXECUTE FUNCTION unit_on_a_tour_stays_in_service('trailer_id');
"""

BACKWARD = """
DROP TRIGGER truck_on_a_tour_stays_in_service ON carriers_truck;
DROP TRIGGER driver_on_a_tour_stays_in_service ON carriers_driver;
DROP TRIGGER trailer_on_a_tour_stays_in_service ON carriers_trailer;
DROP FUNCTION unit_on_a_tour_stays_in_service();
"""


class Migration(migrations.Migration):
    dependencies = [("brokers", "0014_start_of_a_tour"), ("carriers", "0003_what_is_free_part_way")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
