"""Keep the agreed stops of what is booked on a return leg that is shared."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("carriers", "0003_what_is_free_part_way"),
        ("loads", "0001_loads_and_stops"),
        ("matching", "0007_rescoring"),
    ]

    operations = [
        migrations.CreateModel(
            name="OnBoard",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("stop_sequence", models.PositiveSmallIntegerField()),
                ("opens_at", models.DateTimeField()),
                ("closes_at", models.DateTimeField()),
                (
                    "leg",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="on_board",
                        to="carriers.returnleg",
                    ),
                ),
                (
                    "load",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="loads.load"),
                ),
            ],
            options={"ordering": ["leg", "position"]},
        ),
        migrations.AddConstraint(
            model_name="onboard",
            constraint=models.UniqueConstraint(fields=("leg", "position"), name="one_stop_per_place_on_board"),
        ),
    ]
