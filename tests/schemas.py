"""
The JSON schemas of C{docs/schema}, for tests of whatever prints JSON.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

_FOLDER = Path(__file__).resolve().parent.parent / "docs" / "schema"


@cache
def _registry() -> Any:
    return Registry().with_resources(
        (path.name, Resource.from_contents(json.loads(path.read_text(encoding="utf-8"))))
        for path in sorted(_FOLDER.glob("*.json"))
    )


def check(name: str, form: object) -> None:
    """
    @param name: The file of the schema.

    @raise jsonschema.ValidationError: C{form} is not as the schema says.
    """
    schema = _registry()[name].contents
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema, registry=_registry()).validate(form)
