"""The ASGI servers, where their own protocols leave something unbounded that no application can reach."""
