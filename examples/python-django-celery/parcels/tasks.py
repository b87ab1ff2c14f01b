import io
import os

from celery import shared_task
from django.conf import settings
from PIL import Image, ImageDraw, ImageFont

from parcels.models import Parcel

SIZE = (320, 96)
# Where heroku/apt puts it; elsewhere it is wherever the system has its fonts.
FONT = settings.BASE_DIR / ".apt/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


@shared_task
def draw_label(number):
    parcel = Parcel.objects.get(pk=number)
    image = Image.new("RGB", SIZE, "white")
    font = ImageFont.truetype(str(FONT) if FONT.exists() else FONT.name, 24)
    ImageDraw.Draw(image).multiline_text((16, 16), f"{parcel.recipient}\n{parcel.grams} g", "black", font)
    png = io.BytesIO()
    image.save(png, "PNG")
    parcel.label = png.getvalue()
    parcel.drawn_by = os.environ.get("DYNO", "this machine")
    parcel.save()
