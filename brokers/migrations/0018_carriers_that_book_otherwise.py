"""Let a negotiation end because its carrier booked the load otherwise."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("brokers", "0017_holds_that_do_not_count")]
    operations = [
        migrations.AlterField(
            model_name="thread",
            name="outcome",
            field=models.CharField(
                blank=True,
                choices=[
                    ("agreed", "The two sides agreed"),
                    ("declined", "An offer was declined"),
                    ("withdrawn", "A side left"),
                    ("booked_elsewhere", "The load was booked otherwise"),
                    ("booked_by_taker", "The carrier booked the load otherwise"),
                    ("sold_elsewhere", "The load was sold to another broker"),
                    ("sold", "The load has another seller"),
                    ("load_gone", "The load left the market"),
                    ("truck_taken", "The truck was booked otherwise"),
                    ("leg_gone", "The return leg left the market"),
                    ("cannot_deal", "The two sides cannot deal here at the moment"),
                ],
                default="",
                max_length=16,
            ),
        ),
    ]
