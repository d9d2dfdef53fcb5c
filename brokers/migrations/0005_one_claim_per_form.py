"""Name the one form that made a claim, so that a double click makes one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("brokers", "0004_offers_never_change")]
    operations = [
        migrations.AddField(
            model_name="claim",
            name="form_token",
            field=models.CharField(blank=True, default="", editable=False, max_length=40),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.UniqueConstraint(
                condition=models.Q(("form_token", ""), _negated=True),
                fields=("carrier", "form_token"),
                name="one_claim_per_form",
            ),
        ),
    ]
