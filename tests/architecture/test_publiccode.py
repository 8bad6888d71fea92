"""`publiccode.yml` is valid by the standard (version 0.5, https://yml.publiccode.tools) and agrees with the project."""

import re
import tomllib
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from tests.architecture.tree import ROOT

Json = dict[str, Any]
DATE = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
TEXTS = {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1}
CATEGORIES = {"business-process-management", "communications", "customer-service-and-support", "workflow-management"}
"""Those of the standard's list that are used here."""
SCOPES = {"finance-and-economic-development", "foreign-affairs", "local-authorities"}


def closed(required: Json, optional: Json | None = None) -> Json:
    """An object with these members and no others."""
    members = required | (optional or {})
    return {"type": "object", "properties": members, "required": list(required), "additionalProperties": False}


def each(names: tuple[str, ...], kind: Json) -> Json:
    """Members of one kind."""
    return dict.fromkeys(names, kind)


DESCRIPTION = closed(
    {
        "shortDescription": {"type": "string", "maxLength": 150, "pattern": r"^[^\n]+$"},
        "longDescription": {"type": "string", "minLength": 500, "maxLength": 10_000},
        "features": TEXTS,
    },
    {"localisedName": {"type": "string"}, "documentation": {"type": "string"}, "screenshots": TEXTS},
)
DEPENDENCY = closed({"name": {"type": "string"}}, each(("version", "versionMin", "versionMax"), {"type": "string"}))
PERSON = closed({"name": {"type": "string"}}, each(("email", "phone", "affiliation"), {"type": "string"}))
CONTRACTOR = closed({"name": {"type": "string"}, "until": DATE}, each(("email", "website"), {"type": "string"}))
MAINTENANCE = {
    "type": "object",
    "properties": {
        "type": {"enum": ["internal", "contract", "community", "none"]},
        "contacts": {"type": "array", "items": PERSON, "minItems": 1},
        "contractors": {"type": "array", "items": CONTRACTOR, "minItems": 1},
    },
    "required": ["type"],
    "additionalProperties": False,
    "allOf": [
        {"if": {"properties": {"type": {"enum": kinds}}}, "then": {"required": [asked]}}
        for kinds, asked in ((["internal", "community"], "contacts"), (["contract"], "contractors"))
    ],
}
PLATFORMS = each(("spid", "cie", "anpr", "pagopa", "io"), {"type": "boolean"})
CONFORMS = each(("lineeGuidaDesign", "modelloInteroperabilita", "misureMinimeSicurezza", "gdpr"), {"type": "boolean"})
SCHEMA = closed(
    {
        "publiccodeYmlVersion": {"const": "0.5"},
        "name": {"type": "string", "minLength": 1},
        "url": {"type": "string", "pattern": r"^https://[^\s/]+/\S+$"},
        "platforms": TEXTS,
        "categories": {"type": "array", "items": {"enum": sorted(CATEGORIES)}, "minItems": 1},
        "developmentStatus": {"enum": ["concept", "development", "beta", "stable", "obsolete"]},
        "softwareType": {
            "enum": [
                *(f"standalone/{kind}" for kind in ("mobile", "iot", "desktop", "web", "backend", "other")),
                *("addon", "library", "configurationFiles"),
            ]
        },
        "description": {
            "type": "object",
            "propertyNames": {"pattern": r"^[a-z]{2,3}(-\w+)*$"},
            "additionalProperties": DESCRIPTION,
            "minProperties": 1,
        },
        "legal": closed({"license": {"type": "string"}}, {"mainCopyrightOwner": {"type": "string"}}),
        "maintenance": MAINTENANCE,
        "localisation": closed({"localisationReady": {"type": "boolean"}, "availableLanguages": TEXTS}),
    },
    {
        "softwareVersion": {"type": "string", "minLength": 1},
        "releaseDate": DATE,
        "landingURL": {"type": "string", "pattern": "^https://"},
        "intendedAudience": closed(
            {},
            {
                "countries": {"type": "array", "items": {"type": "string", "pattern": "^[A-Z]{2}$"}},
                "scope": {"type": "array", "items": {"enum": sorted(SCOPES)}},
            },
        ),
        "dependsOn": closed({}, each(("open", "proprietary"), {"type": "array", "items": DEPENDENCY})),
        "IT": closed(
            {"countryExtensionVersion": {"const": "1.0"}},
            {"conforme": closed({}, CONFORMS), "piattaforme": closed({}, PLATFORMS)},
        ),
    },
)


class Plain(yaml.SafeLoader):
    """Dates stay text, as the standard has them."""


Plain.yaml_implicit_resolvers = {
    first: [one for one in ways if one[0] != "tag:yaml.org,2002:timestamp"]
    for first, ways in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def written() -> Json:
    found: Json = yaml.load((ROOT / "publiccode.yml").read_text(encoding="utf-8"), Loader=Plain)
    return found


def faults(document: Json) -> list[str]:
    validator = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
    return sorted(f"{error.json_path}: {error.validator}" for error in validator.iter_errors(document))


def released() -> tuple[str, str] | None:
    """Number and day of the newest release that the changelog tells of."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(r"^## \[?(\d+\.\d+\.\d+)\]? - (\d{4}-\d{2}-\d{2})$", text, re.MULTILINE)
    return (found[1], found[2]) if found else None


def test_it_is_valid_by_the_standard() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert faults(written()) == []


def test_it_agrees_with_the_project_on_name_licence_and_python() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    document = written()
    assert document["name"].lower() == project["name"]
    assert document["legal"]["license"] == project["license"]
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2")
    needs = {one["name"]: one for one in document["dependsOn"]["open"]}
    assert f">={needs['Python']['versionMin']}" == project["requires-python"]


def test_it_tells_of_a_release_exactly_when_the_changelog_does() -> None:
    document, newest = written(), released()
    told = (document.get("softwareVersion"), document.get("releaseDate"))
    assert told == (newest or ("dev", None))


BROKEN: dict[str, tuple[str, Callable[[Json], object]]] = {
    "no url": ("$: required", lambda document: document.pop("url")),
    "an unknown member": ("$: additionalProperties", lambda document: document.update(publicUrl="x")),
    "a wrong type": ("$.softwareType: enum", lambda document: document.update(softwareType="standalone")),
    "a long line": (
        "$.description.it.shortDescription: maxLength",
        lambda document: document["description"]["it"].update(shortDescription="x" * 151),
    ),
    "nobody to ask": ("$.maintenance: required", lambda document: document["maintenance"].update(type="internal")),
    "a day that is none": ("$.releaseDate: pattern", lambda document: document.update(releaseDate="1 May 2026")),
    "small letters": (
        "$.intendedAudience.countries[0]: pattern",
        lambda document: document["intendedAudience"].update(countries=["it"]),
    ),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_document_that_breaks_the_standard_is_found(how: str) -> None:
    document = deepcopy(written())
    fault, break_ = BROKEN[how]
    break_(document)
    assert faults(document) == [fault]
