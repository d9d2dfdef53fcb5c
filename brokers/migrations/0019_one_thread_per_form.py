"""Name the one form that opened a thread, so that a double click opens one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("brokers", "0018_carriers_that_book_otherwise")]
    operations = [
        migrations.AddField(
            model_name="thread",
            name="form_token",
            field=models.CharField(blank=True, default="", editable=False, max_length=40),
        ),
        migrations.AddConstraint(
            model_name="thread",
            constraint=models.UniqueConstraint(
                condition=models.Q(("form_token", ""), _negated=True),
                fields=("load", "form_token"),
                name="one_thread_per_form",
            ),
        ),
    ]
