"""Ways in from the internet that `airflow.values` would open beside `airflow.ingress`."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from settings.airflow.access import ALB_SCHEME
from settings.faults import Fault, Path, render_path

_INTERNAL: Final[Mapping[str, str]] = {
    "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
    "service.beta.kubernetes.io/aws-load-balancer-internal": "true",
}
"""Annotations of a Service, either of which keeps its load balancer inside the VPC. Without them the cloud
provider of EKS makes one that faces the internet.

https://docs.aws.amazon.com/eks/latest/userguide/network-load-balancing.html
"""


def opening_faults(values: Mapping[str, Any], *, public: bool) -> Iterator[Fault]:
    """Load balancers of a user's values that would face the internet; paths begin at the top of the values.

    Args:
        values: what the user wrote.
        public: whether `airflow.ingress.public` lets it.
    """
    if public:
        return
    for component, ingress in _mappings(values.get("ingress")):
        annotations = ingress.get("annotations")
        if isinstance(annotations, Mapping) and annotations.get(ALB_SCHEME) == "internet-facing":
            yield Fault(
                "opens Airflow to the internet, but airflow.ingress.public is false",
                "write internal, or airflow.ingress with public: true",
                ("ingress", component, "annotations", ALB_SCHEME),
            )
    for at, service in _services(values, ()):
        if service.get("type") == "LoadBalancer" and not _internal(service):
            wanted = next(f'{key}: "{value}"' for key, value in _INTERNAL.items())
            yield Fault(
                "makes a load balancer that faces the internet, but airflow.ingress.public is false",
                f"write airflow.ingress, or the annotation {wanted} in {render_path(at)}.annotations",
                (*at, "type"),
            )


def _services(values: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Each Service that values describe: those of PostgreSQL's chart lie deeper than those of components."""
    for key, section in _mappings(values):
        if key == "service":
            yield (*path, key), section
        else:
            yield from _services(section, (*path, key))


def _internal(service: Mapping[str, Any]) -> bool:
    annotations = service.get("annotations")
    written = annotations if isinstance(annotations, Mapping) else {}
    return any(str(written.get(key)).lower() == value for key, value in _INTERNAL.items())


def _mappings(values: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, value in values.items() if isinstance(values, Mapping) else ():
        if isinstance(value, Mapping):
            yield key, value
