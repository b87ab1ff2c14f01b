from django.urls import path

from parcels import views

urlpatterns = [
    path("", views.home),
    path("parcels", views.take),
    path("parcels/<int:number>/label.png", views.label),
]
