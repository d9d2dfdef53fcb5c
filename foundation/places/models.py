"""Tables of places: the ZIP codes, and addresses that a geocoder has answered."""

from django.db import models


class ZipCode(models.Model):
    """One ZIP code of the 48 states and DC with the centre of its area, filled once from the gazetteer."""

    zip = models.CharField(max_length=5, primary_key=True)
    city = models.CharField(max_length=80)
    state = models.CharField(max_length=2)
    county = models.CharField(max_length=80, blank=True)
    lat = models.FloatField()
    lon = models.FloatField()
    time_zone = models.CharField(max_length=64)
    population_rank = models.PositiveIntegerField(
        null=True, help_text="Size rank of the city that the ZIP code belongs to; 1 is the largest."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="zip_code_lies_in_the_48_states",
                condition=models.Q(lat__range=(24, 50), lon__range=(-125, -66)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.city}, {self.state} {self.zip}"


class GeocodedAddress(models.Model):
    """What a geocoder answered for a street address, kept so that it is asked once and works while it is away."""

    query = models.CharField(max_length=300, unique=True)
    geocoder = models.CharField(max_length=120)
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    answered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="geocoded_address_has_both_coordinates_or_none",
                condition=models.Q(lat__isnull=True, lon__isnull=True) | models.Q(lat__isnull=False, lon__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.query
