"""The addresses of conversations, below `/api/v1/`."""

from django.urls import path

from conversations import views

room = "conversations/<str:room_name>/"

urlpatterns = [
    path("conversations/", views.RoomViewSet.as_view({"get": "list", "post": "create"})),
    path(room, views.RoomViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"})),
    path(f"{room}messages/", views.MessageViewSet.as_view({"get": "list", "post": "create"})),
    path(f"{room}messages/<str:message_id>/", views.MessageViewSet.as_view({"get": "retrieve"})),
    path(f"{room}delivered/", views.MarkViewSet.as_view({"post": "delivered"})),
    path(f"{room}read/", views.MarkViewSet.as_view({"post": "read"})),
    path(f"{room}receipts/", views.MarkViewSet.as_view({"get": "list"})),
    path(f"{room}changes/", views.ChangesViewSet.as_view({"get": "list"})),
    path("delivered/", views.MarkViewSet.as_view({"post": "delivered_in_rooms"})),
    path("blocks/", views.BlockViewSet.as_view({"get": "list", "post": "create"})),
    path("blocks/<str:user>/", views.BlockViewSet.as_view({"delete": "destroy"})),
    path("sync/", views.SyncViewSet.as_view({"post": "create"})),
]
