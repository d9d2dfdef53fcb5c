"""A run remembers the best pair that each list left out, instead of whether it left out any."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Adds the bars; runs before it have none, and the sweep matches anew what has no run by this policy."""

    dependencies = [("matching", "0001_matches_and_policies")]

    operations = [
        migrations.RemoveField("matchrun", "is_cut_short"),
        migrations.AddField("matchrun", "own_bar_cents", models.IntegerField(null=True)),
        migrations.AddField("matchrun", "own_bar_key", models.BigIntegerField(null=True)),
        migrations.AddField("matchrun", "market_bar_cents", models.IntegerField(null=True)),
        migrations.AddField("matchrun", "market_bar_key", models.BigIntegerField(null=True)),
    ]
