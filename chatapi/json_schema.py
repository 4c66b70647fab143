"""The generator's OpenAPI 3.0 schemas as JSON Schema, which AsyncAPI and validators of today read."""

from typing import Any

CONST = "x-const"
"""How a field that always has one value is marked: OpenAPI 3.0 has no `const`, an enum would become a component."""
_DROPPED = {"readOnly", "writeOnly", "discriminator", "x-spec-enum-id", "nullable", "example", CONST}


def as_json_schema(schema: Any) -> Any:
    """A copy of `schema` in which null is a type and a constant is `const`."""
    if isinstance(schema, list):
        return [as_json_schema(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    # The names of `properties` are data, whatever they are called.
    plain = {
        name: _each(value) if name == "properties" else as_json_schema(value)
        for name, value in schema.items()
        if name not in _DROPPED
    }
    if CONST in schema:
        plain["const"] = schema[CONST]
    return _or_null(plain) if schema.get("nullable") is True else plain


def _each(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: as_json_schema(schema) for name, schema in properties.items()}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    if "type" not in schema:
        about = {name: schema.pop(name) for name in ("title", "description") if name in schema}
        inner = schema["allOf"][0] if list(schema) == ["allOf"] and len(schema["allOf"]) == 1 else schema
        return {"oneOf": [inner, {"type": "null"}]} | about
    if "enum" in schema and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    return schema | {"type": [schema["type"], "null"]}


def with_enums(schema: Any) -> Any:
    """Turns marked constants into enums of one value, in place, for OpenAPI 3.0."""
    for entry in schema if isinstance(schema, list) else schema.values() if isinstance(schema, dict) else ():
        with_enums(entry)
    if isinstance(schema, dict) and CONST in schema:
        schema["enum"] = [schema.pop(CONST)]
    return schema
