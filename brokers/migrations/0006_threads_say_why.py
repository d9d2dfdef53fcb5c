"""Let a closed thread say why it ended."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("brokers", "0005_one_claim_per_form")]
    operations = [
        migrations.AddField(
            model_name="thread",
            name="outcome",
            field=models.CharField(
                blank=True,
                choices=[
                    ("agreed", "The two sides agreed"),
                    ("declined", "An offer was declined"),
                    ("withdrawn", "A side left"),
                    ("booked_elsewhere", "The load was booked otherwise"),
                    ("sold_elsewhere", "The load was sold to another broker"),
                    ("sold", "The load has another seller"),
                    ("load_gone", "The load left the market"),
                    ("truck_taken", "The truck was booked otherwise"),
                    ("leg_gone", "The return leg left the market"),
                ],
                default="",
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="thread",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", ""), ("status", "open")),
                    models.Q(
                        models.Q(("status", "open"), _negated=True),
                        models.Q(("outcome", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="closed_thread_says_why",
            ),
        ),
    ]
