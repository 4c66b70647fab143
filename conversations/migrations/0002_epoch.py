from django.db import migrations

from chatapi import ids


def begin_history(apps, schema_editor):
    apps.get_model("conversations", "Epoch").objects.create(value=ids.uuid7())


def forget_history(apps, schema_editor):
    apps.get_model("conversations", "Epoch").objects.all().delete()


class Migration(migrations.Migration):
    """A new database is a new history."""

    dependencies = [("conversations", "0001_initial")]

    operations = [migrations.RunPython(begin_history, forget_history)]
