from django.db import connection, transaction
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST
from lxml import etree

from parcels.models import Parcel
from parcels.tasks import draw_label


@require_GET
def home(request):
    database = connection.settings_dict
    facts = {
        "parcels": Parcel.objects.order_by("id"),
        "database": f"{database['HOST']}:{database['PORT']}",
        "address": request.build_absolute_uri("/"),
    }
    return render(request, "parcels.html", facts)


@require_POST
def take(request):
    """Takes a parcel, told in XML; a worker draws its label."""
    try:
        told = etree.fromstring(request.body, etree.XMLParser(resolve_entities=False))
        recipient, grams = told.findtext("recipient"), int(told.findtext("grams"))
    except (etree.XMLSyntaxError, TypeError, ValueError) as error:
        return HttpResponseBadRequest(f"{error}\n", content_type="text/plain")
    parcel = Parcel.objects.create(recipient=recipient, grams=grams)
    transaction.on_commit(lambda: draw_label.delay(parcel.pk))
    return HttpResponse(f"{parcel.pk}\n", content_type="text/plain", status=201)


@require_GET
def label(request, number):
    parcel = get_object_or_404(Parcel, pk=number)
    if not parcel.label:
        raise Http404("The label is not drawn yet.")
    return HttpResponse(bytes(parcel.label), content_type="image/png")
