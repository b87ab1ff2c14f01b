# Tasks find their queue by it, in every process that loads Django.
from parcels.celery import app as celery_app

__all__ = ["celery_app"]
