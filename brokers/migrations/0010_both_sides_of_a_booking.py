"""Keep with a booking and a claimed load what was said of who stood on both sides."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("brokers", "0009_lane_of_a_thread")]
    operations = [
        migrations.AddField(
            model_name="booking", name="both_sides", field=models.TextField(blank=True, default="", editable=False)
        ),
        migrations.AddField(
            model_name="claimedload", name="both_sides", field=models.TextField(blank=True, default="", editable=False)
        ),
    ]
