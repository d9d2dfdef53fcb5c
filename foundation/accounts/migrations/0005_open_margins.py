"""Let a broker choose to show its margin openly."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_verification_codes")]
    operations = [
        migrations.AddField(model_name="organization", name="shows_margin", field=models.BooleanField(default=False))
    ]
