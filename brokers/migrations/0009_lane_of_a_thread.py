"""Keep with a thread the lane that it was about."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("brokers", "0008_papers_never_change")]
    operations = [
        migrations.AddField(
            model_name="thread", name="lane", field=models.CharField(blank=True, default="", max_length=200)
        )
    ]
