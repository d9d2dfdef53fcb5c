"""A run remembers the way of its own posting, so that runs of the other side need not ask the road for it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds the stretches; runs without them ask the road."""

    dependencies = [("matching", "0002_bars_of_lists")]

    operations = [migrations.AddField("matchrun", "stretches", models.JSONField(default=list))]
