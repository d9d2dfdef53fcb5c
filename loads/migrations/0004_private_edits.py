"""Edits that only the owner reads make no version: they are counted beside it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("loads", "0003_terms_before_a_sale")]

    operations = [
        migrations.AddField(
            model_name="load",
            name="private_edits",
            field=models.PositiveIntegerField(default=0),
        ),
    ]
