"""The address of the history."""

from chat.views import MessageList
from django.urls import path

urlpatterns = [path("rooms/<str:room_name>/messages/", MessageList.as_view())]
