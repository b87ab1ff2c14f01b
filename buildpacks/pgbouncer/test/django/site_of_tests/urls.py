from django.contrib.auth.models import Group
from django.db import connection
from django.http import HttpResponse
from django.urls import path


def visit(request):
    Group.objects.create(name=f"visit {Group.objects.count() + 1}")
    port = connection.settings_dict["PORT"]
    return HttpResponse(f"{Group.objects.count()} visits, database at {port}, {request.get_host()}\n")


urlpatterns = [path("", visit)]
