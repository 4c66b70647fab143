"""Rooms, their members, their messages."""

from typing import ClassVar

from django.contrib.auth.models import User
from django.db import models


class Room(models.Model):
    """A room."""

    name = models.CharField(max_length=64, unique=True)
    members = models.ManyToManyField(User)

    def __str__(self) -> str:
        return self.name


class Message(models.Model):
    """A message."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE)
    sender = models.ForeignKey(User, on_delete=models.CASCADE)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["room", "-id"], name="chat_message_room")]

    def __str__(self) -> str:
        return self.text
