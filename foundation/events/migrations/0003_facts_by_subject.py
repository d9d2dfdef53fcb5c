"""Facts are found by their subject: a task asks what was told of one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0002_audit_is_append_only")]

    operations = [
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["subject", "name"], name="event_by_subject"),
        ),
    ]
