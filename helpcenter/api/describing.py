"""The few shapes that the description of the API is made of (OpenAPI 3.1, JSON Schema).

In: names and words. Out: plain dictionaries.
"""

from __future__ import annotations

from typing import Any


def ref(name: str) -> dict[str, str]:
    """A reference to one of SCHEMAS."""
    return {"$ref": f"#/components/schemas/{name}"}


def record(description: str, properties: dict[str, Any]) -> dict[str, Any]:
    """An object that has all of `properties` and nothing else."""
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """One value in the query string."""
    return {"name": name, "in": "query", "description": description, "schema": schema}


def refusal(description: str) -> dict[str, Any]:
    """An answer with an Error."""
    return {"description": description, "content": {"application/json": {"schema": ref("Error")}}}
