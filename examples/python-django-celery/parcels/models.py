from django.db import models


class Parcel(models.Model):
    recipient = models.CharField(max_length=100)
    grams = models.PositiveIntegerField()
    # A PNG, and the dyno that drew it; nothing until a worker has.
    label = models.BinaryField(null=True)
    drawn_by = models.CharField(max_length=100, blank=True)
