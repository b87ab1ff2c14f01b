import os
import platform

from django.http import JsonResponse
from django.shortcuts import render


def home(request):
    facts = {
        "address": request.build_absolute_uri("/"),
        "dyno": os.environ.get("DYNO", "this machine"),
        "python": platform.python_version(),
    }
    return render(request, "home.html", facts)


def healthz(request):
    return JsonResponse({"ok": True})
