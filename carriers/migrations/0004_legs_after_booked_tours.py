"""Keep beside a return leg when its truck is on the booked tour that leaves it where the leg begins."""

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("carriers", "0003_what_is_free_part_way")]

    operations = [
        migrations.AddField(
            model_name="returnleg",
            name="tour_ends_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="returnleg",
            name="tour_starts_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="returnleg",
            index=models.Index(
                fields=["truck", "tour_ends_at"], condition=Q(tour_ends_at__isnull=False), name="leg_after_a_tour"
            ),
        ),
        migrations.AddConstraint(
            model_name="returnleg",
            constraint=models.CheckConstraint(
                condition=Q(tour_starts_at__isnull=True, tour_ends_at__isnull=True)
                | Q(tour_starts_at__isnull=False, tour_ends_at__gt=F("tour_starts_at")),
                name="leg_follows_a_tour_that_starts_before_it_ends",
            ),
        ),
    ]
