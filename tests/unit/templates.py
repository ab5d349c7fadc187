"""Ways to look at a synthesised template."""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from aws_cdk.assertions import Template

Resource = Mapping[str, Any]
Resources = Mapping[str, Resource]


@lru_cache(maxsize=16)  # most tests look at a template that others looked at before
def resources(template: Template) -> Resources:
    """All resources by logical id."""
    found: Resources = template.to_json().get("Resources", {})
    return found


def of_type(template: Template, kind: str) -> Resources:
    """The resources of one type by logical id."""
    return {key: value for key, value in resources(template).items() if value["Type"] == kind}


def manifest(resource: Resource) -> Mapping[str, Any]:
    """The one Kubernetes object of a custom resource; what is only known later reads as its logical id."""
    (found,) = manifests(resource)
    return found


def manifests(resource: Resource) -> list[Mapping[str, Any]]:
    """The Kubernetes objects of a custom resource; what is only known later reads as its logical id."""
    found = json.loads(_text(resource["Properties"]["Manifest"]))
    assert isinstance(found, list)
    return found


def chart_values(resource: Resource) -> Mapping[str, Any]:
    """The values of a Helm chart; what is only known later reads as its logical id."""
    found = json.loads(_text(resource["Properties"]["Values"]))
    assert isinstance(found, dict)
    return found


def storage_classes(template: Template) -> Resources:
    """The Helm charts that hold a StorageClass each, by logical id."""
    charts = of_type(template, "Custom::AWSCDK-EKS-HelmChart")
    return {key: chart for key, chart in charts.items() if "storageClass" in chart_values(chart)}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    parts = value["Fn::Join"][1]
    return "".join(part if isinstance(part, str) else next(references(part), "") for part in parts)


def only(resources: Resources) -> Mapping[str, Any]:
    """The one resource there is."""
    assert len(resources) == 1, f"wanted one resource, found {sorted(resources)}"
    return next(iter(resources.values()))


def references(value: object) -> Iterator[str]:
    """Logical ids that a part of a template refers to by Ref, GetAtt or DependsOn."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "Ref":
                yield inner
            elif key == "Fn::GetAtt":
                yield inner[0]
            elif key == "DependsOn":
                yield from [inner] if isinstance(inner, str) else inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def waits_for(resources: Resources, logical_id: str) -> set[str]:
    """Everything that CloudFormation makes before this resource, directly or by way of others."""
    seen: set[str] = set()
    ahead = [logical_id]
    while ahead:
        for found in references(resources[ahead.pop()]):
            if found in resources and found not in seen:
                seen.add(found)
                ahead.append(found)
    return seen
