"""Keep where a carrier is paid, by fingerprint and last four digits."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_open_margins")]
    operations = [
        migrations.CreateModel(
            name="PaymentAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("bank", "To our own bank account"),
                            ("factor", "To a factoring company, by notice of assignment"),
                        ],
                        max_length=6,
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("last_four", models.CharField(blank=True, default="", max_length=4)),
                ("fingerprint", models.CharField(blank=True, default="", editable=False, max_length=64)),
                ("set_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payment_accounts",
                        to="accounts.organization",
                    ),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(condition=~Q(fingerprint=""), fields=["fingerprint"], name="account_by_fingerprint"),
                    models.Index(fields=["organization", "-set_at"], name="account_by_organization"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(ended_at__isnull=True),
                        fields=("organization",),
                        name="one_payment_account_per_organization",
                    ),
                    models.CheckConstraint(
                        condition=Q(kind="bank") & ~Q(fingerprint="") | Q(kind="factor", fingerprint="", last_four=""),
                        name="bank_account_has_a_fingerprint_and_a_factor_none",
                    ),
                    models.CheckConstraint(
                        condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("set_at")),
                        name="payment_account_ends_after_it_is_set",
                    ),
                ],
            },
        )
    ]
