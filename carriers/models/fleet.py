"""The fleet: home bases, trucks, trailers, drivers, and what a mile and an hour cost."""

from functools import partial

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from foundation.accounts.models import Organization, Person
from foundation.trade.equipment import TRUCK_EQUIPMENT_CHOICES
from foundation.trade.fields import PublicIdField
from foundation.trade.ids import new_id


class HomeBase(models.Model):
    """Where trucks come home to; an owner-operator's is his house, so others see its 3-digit ZIP area only."""

    public_id = PublicIdField(default=partial(new_id, "base"))
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="home_bases")
    name = models.CharField(max_length=80)
    city = models.CharField(max_length=80)
    state = models.CharField(max_length=2)
    zip = models.CharField(max_length=5)
    lat = models.FloatField()
    lon = models.FloatField()
    time_zone = models.CharField(max_length=64)
    archived_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "organization", Lower("name"), condition=Q(archived_at__isnull=True), name="one_home_base_per_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Driver(models.Model):
    """Somebody who drives, with a sign-in if wished."""

    public_id = PublicIdField(default=partial(new_id, "drv"))
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="drivers")
    person = models.ForeignKey(Person, models.SET_NULL, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=120)
    phone = models.CharField(max_length=32, blank=True, default="")
    hazmat_endorsed = models.BooleanField(default=False)
    archived_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "person"], condition=Q(archived_at__isnull=True), name="one_driver_per_person"
            ),
            models.UniqueConstraint(
                "organization",
                Lower("name"),
                "phone",
                condition=Q(archived_at__isnull=True),
                name="one_driver_per_name_and_phone",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Trailer(models.Model):
    """A trailer: what it may carry and how much."""

    public_id = PublicIdField(default=partial(new_id, "trl"))
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="trailers")
    number = models.CharField(max_length=40)
    equipment = models.CharField(max_length=2, choices=TRUCK_EQUIPMENT_CHOICES)
    attributes = models.PositiveIntegerField(default=0)
    weight_pounds = models.PositiveIntegerField()
    length_feet = models.PositiveIntegerField()
    pallets = models.PositiveIntegerField(default=0)
    archived_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "organization", Lower("number"), condition=Q(archived_at__isnull=True), name="one_trailer_per_number"
            )
        ]

    def __str__(self) -> str:
        return self.number


class Truck(models.Model):
    """A power unit with what it usually pulls; the terms of a leg start from these."""

    public_id = PublicIdField(default=partial(new_id, "trk"))
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="trucks")
    number = models.CharField(max_length=40)
    equipment = models.CharField(max_length=2, choices=TRUCK_EQUIPMENT_CHOICES)
    attributes = models.PositiveIntegerField(default=0)
    weight_pounds = models.PositiveIntegerField()
    length_feet = models.PositiveIntegerField()
    pallets = models.PositiveIntegerField(default=0)
    home_base = models.ForeignKey(HomeBase, models.SET_NULL, null=True, blank=True, related_name="trucks")
    usual_driver = models.ForeignKey(Driver, models.SET_NULL, null=True, blank=True, related_name="+")
    usual_trailer = models.ForeignKey(Trailer, models.SET_NULL, null=True, blank=True, related_name="+")
    external_id = models.CharField(max_length=64, blank=True, default="")
    archived_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "organization", Lower("number"), condition=Q(archived_at__isnull=True), name="one_truck_per_number"
            ),
            models.UniqueConstraint(
                fields=["organization", "external_id"], condition=~Q(external_id=""), name="one_truck_per_external_id"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class CostSetting(models.Model):
    """The carrier's own costs from a date on, in cents: a mile loaded, a mile empty, an on-duty hour, an hour late."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="cost_settings")
    valid_from = models.DateField()
    loaded_cents_per_mile = models.PositiveIntegerField()
    empty_cents_per_mile = models.PositiveIntegerField()
    hour_cents = models.PositiveIntegerField()
    delay_hour_cents = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "valid_from"], name="one_cost_setting_per_day")]
