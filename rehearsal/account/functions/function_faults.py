"""Faults of the functions of a deployment: their time is up, helm stops half-way, a repository is silent."""

import json
import logging
import time
import urllib.error
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rehearsal.errors import RehearsalError
from rehearsal.fault_box import FaultBox
from rehearsal.faults import CHART_REPOSITORY_SILENT, HELM_HALF_WAY, LAMBDA_TIMEOUT
from rehearsal.kubernetes_api import KubernetesApi

_log = logging.getLogger(__name__)

SHORT_LIMIT = 0.5
"""Seconds of a function whose time is up: too few for kubectl or helm to have begun."""

_ADMISSION = "/apis/admissionregistration.k8s.io/v1"
_DEPLOYMENTS = "/apis/apps/v1/namespaces/kube-system/deployments?dryRun=All"
_POLICY = "rehearsal-helm-half-way"
_WORDS = "refused by the fault helm-half-way"
_PATIENCE = 10.0


class FunctionFaults:
    """Asked by the runner of functions around each invocation."""

    def __init__(self, box: FaultBox, api: KubernetesApi, *, through_the_proxy: Mapping[str, str]) -> None:
        """Look for faults in a box.

        Args:
            box: the rehearsal's faults.
            api: the cluster in which helm is to fail.
            through_the_proxy: the variables with which a function reaches every host by the rehearsal's own
                proxy, the only one that can keep silent.
        """
        self._box = box
        self._api = api
        self._through_the_proxy = through_the_proxy

    def environment(self) -> Mapping[str, str]:
        """Variables that a function gets besides its own."""
        return self._through_the_proxy if self._box.standing(CHART_REPOSITORY_SILENT) else {}

    def limit(self, timeout: float) -> float:
        """The seconds that an invocation gets, of those that its function has."""
        return min(timeout, SHORT_LIMIT) if self._box.strike(LAMBDA_TIMEOUT) else timeout

    @contextmanager
    def around(self, event: Mapping[str, Any]) -> Iterator[None]:
        """The time of an invocation, in which the cluster may refuse a part of a chart."""
        helm = event.get("ResourceType") == "Custom::AWSCDK-EKS-HelmChart"
        if not (helm and event.get("RequestType") != "Delete" and self._box.standing(HELM_HALF_WAY)):
            yield
            return
        try:
            with refused_deployments(self._api, release=event["ResourceProperties"]["Release"]):
                yield
        except Exception as error:
            # A chart without Deployments cannot stop half-way: the fault waits for one that has them.
            if _WORDS in str(error):
                self._box.strike(HELM_HALF_WAY)
            raise


@contextmanager
def refused_deployments(api: KubernetesApi, *, release: str) -> Iterator[None]:
    """A time in which the API server refuses the Deployments of a helm release, and nothing else.

    Helm makes Deployments after accounts, roles and daemon sets: it fails half-way, by itself.

    Raises:
        RehearsalError: the API server does not begin to refuse them.
    """
    policy = {
        "metadata": {"name": _POLICY},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": ["apps"],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["deployments"],
                    }
                ]
            },
            "validations": [
                {
                    "expression": "!has(object.metadata.annotations) || "
                    "!('meta.helm.sh/release-name' in object.metadata.annotations) || "
                    f"object.metadata.annotations['meta.helm.sh/release-name'] != {json.dumps(release)}",
                    "message": _WORDS,
                }
            ],
        },
    }
    binding = {
        "metadata": {"name": _POLICY},
        "spec": {"policyName": _POLICY, "validationActions": ["Deny"]},
    }
    parts = (("validatingadmissionpolicies", policy), ("validatingadmissionpolicybindings", binding))
    try:
        for kind, body in parts:
            api.ensure(f"{_ADMISSION}/{kind}", body)
        _await_refusal(api, release)
        yield
    finally:
        for kind, _ in reversed(parts):
            api.delete(f"{_ADMISSION}/{kind}/{_POLICY}")


def _await_refusal(api: KubernetesApi, release: str) -> None:
    # A policy holds when the API server has heard of it, a moment after it was made.
    container = {"name": "probe", "image": "probe"}
    labels = {"app": "rehearsal-probe"}
    probe = {
        "metadata": {"name": "rehearsal-probe", "annotations": {"meta.helm.sh/release-name": release}},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            api.create(_DEPLOYMENTS, probe)
        except urllib.error.HTTPError as error:
            if error.code in (403, 422):
                return
            raise
        time.sleep(0.1)
    raise RehearsalError("the fault helm-half-way cannot be made: the API server refuses nothing")
