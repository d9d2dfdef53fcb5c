"""Keep where a truck leaves from on its way out."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("brokers", "0013_acceptances_on_hold")]
    operations = [
        migrations.AddField(model_name="tour", name="start", field=models.JSONField(blank=True, null=True)),
    ]
