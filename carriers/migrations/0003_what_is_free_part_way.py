"""Keep how much more of a return leg is free on some stretch than all the way."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("carriers", "0002_what_partial_loads_take")]

    operations = [
        migrations.AddField(
            model_name="returnleg",
            name="part_way_length_feet",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="returnleg",
            name="part_way_pallets",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="returnleg",
            name="part_way_weight_pounds",
            field=models.PositiveIntegerField(default=0),
        ),
    ]
