"""Load balancers that values would open to the internet."""

from typing import Any

import pytest

from settings.airflow.openings import opening_faults
from settings.faults import render_path
from tests.unit.airflow_environments import environment

SCHEME = "alb.ingress.kubernetes.io/scheme"
INGRESS: dict[str, Any] = {"host": "airflow.example.com", "class_name": "alb", "tls_secret": "airflow-tls"}


def said(values: dict[str, Any], *, public: bool = False) -> list[str]:
    return [f"{render_path(one.at)}: {one.problem}" for one in opening_faults(values, public=public)]


@pytest.mark.parametrize("component", ["apiServer", "flower"])
def test_an_ingress_does_not_face_the_internet_by_an_annotation(component: str) -> None:
    values = {"ingress": {component: {"annotations": {SCHEME: "internet-facing"}}}}
    (line,) = said(values)
    assert line.startswith(f"ingress.{component}.annotations")
    assert said(values, public=True) == []


@pytest.mark.parametrize("component", ["apiServer", "flower", "redis"])
def test_a_service_does_not_face_the_internet(component: str) -> None:
    values = {component: {"service": {"type": "LoadBalancer"}}}
    (line,) = said(values)
    assert line.startswith(f"{component}.service.type: makes a load balancer that faces the internet")


def test_the_service_of_the_bundled_database_does_not_face_the_internet() -> None:
    service = {"type": "LoadBalancer"}
    (line,) = said({"postgresql": {"primary": {"service": service}}})
    assert line.startswith("postgresql.primary.service.type: makes a load balancer that faces the internet")
    inside = {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"}
    assert said({"postgresql": {"primary": {"service": {**service, "annotations": inside}}}}) == []


@pytest.mark.parametrize(
    ("annotation", "value"),
    [("aws-load-balancer-scheme", "internal"), ("aws-load-balancer-internal", "true")],
)
def test_a_load_balancer_inside_the_vpc_is_accepted(annotation: str, value: str) -> None:
    service = {"type": "LoadBalancer", "annotations": {f"service.beta.kubernetes.io/{annotation}": value}}
    assert said({"apiServer": {"service": service}}) == []


def test_an_environment_with_such_values_is_refused() -> None:
    values = {"ingress": {"apiServer": {"annotations": {SCHEME: "internet-facing"}}}}
    with pytest.raises(ValueError, match="opens Airflow to the internet"):
        environment({"ingress": INGRESS, "values": values})
    assert environment({"ingress": {**INGRESS, "public": True}, "values": values}).airflow is not None
