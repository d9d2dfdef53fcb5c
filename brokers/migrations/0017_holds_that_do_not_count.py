"""Let a hold whose load was taken away by its own side not count among its carrier's holds."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("brokers", "0016_contentions_withdrawn")]
    operations = [
        migrations.AddField("claim", "spared", models.BooleanField(default=False)),
        migrations.AddConstraint(
            "claim",
            models.CheckConstraint(
                condition=models.Q(spared=False) | models.Q(status="released"), name="spared_claim_is_released"
            ),
        ),
    ]
