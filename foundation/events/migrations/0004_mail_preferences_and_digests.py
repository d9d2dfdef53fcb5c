"""What people want by mail, and the digests in which the less urgent news come together."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0003_facts_by_subject")]

    operations = [
        migrations.CreateModel(
            name="Digest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organization_id", models.CharField(db_collation="C", max_length=40)),
                ("person_id", models.CharField(db_collation="C", max_length=40)),
                ("due_at", models.DateTimeField()),
                (
                    "mail",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="events.mail",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DigestItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(db_collation="C", max_length=120)),
                ("organization_id", models.CharField(db_collation="C", max_length=40)),
                ("person_id", models.CharField(db_collation="C", max_length=40)),
                ("recipient", models.EmailField(max_length=254)),
                ("time_zone", models.CharField(max_length=64)),
                ("kind", models.CharField(max_length=40)),
                ("text", models.CharField(max_length=300)),
                ("url", models.CharField(blank=True, default="", max_length=300)),
                ("due_at", models.DateTimeField()),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("told_at", models.DateTimeField(blank=True, null=True)),
                (
                    "digest",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="items",
                        to="events.digest",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MailPreference",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organization_id", models.CharField(db_collation="C", max_length=40)),
                ("person_id", models.CharField(db_collation="C", max_length=40)),
                ("deliveries", models.JSONField(default=dict)),
                (
                    "period",
                    models.CharField(
                        choices=[("hour", "Every hour"), ("day", "Once a day")], default="day", max_length=4
                    ),
                ),
                ("hour", models.PositiveSmallIntegerField(default=7)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization_id", "person_id"), name="one_mail_preference_per_person_and_organization"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("hour__lte", 23)), name="digest_hour_is_an_hour_of_the_day"
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="digest",
            constraint=models.UniqueConstraint(
                fields=("organization_id", "person_id", "due_at"), name="one_digest_per_person_and_period"
            ),
        ),
        migrations.AddIndex(
            model_name="digestitem",
            index=models.Index(
                condition=models.Q(("told_at__isnull", True)), fields=["due_at"], name="digest_item_due"
            ),
        ),
        migrations.AddIndex(
            model_name="digestitem",
            index=models.Index(fields=["created_at"], name="digest_item_by_age"),
        ),
        migrations.AddConstraint(
            model_name="digestitem",
            constraint=models.UniqueConstraint(
                fields=("organization_id", "person_id", "key"), name="one_digest_item_per_cause_and_person"
            ),
        ),
    ]
