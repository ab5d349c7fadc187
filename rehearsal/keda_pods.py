"""The pods of KEDA: its real operator and its real metrics adapter, while a chart's Deployments exist.

They act as their service accounts, so the chart's own RBAC rules decide. The operator makes the certificates
by itself, as in a cluster, and gives the APIService its authority. Not run are KEDA's admission webhooks.
"""

from typing import Any

from rehearsal.kubernetes_api import KubernetesApi
from rehearsal.local_pod import LocalPod, kubeconfig_of
from rehearsal.plan import Plan
from rehearsal.processes import free_port
from rehearsal.service_network import ServiceNetwork

_OPERATOR, _ADAPTER = "keda-operator", "keda-adapter"

_DEPLOYMENTS = {"keda-operator": _OPERATOR, "keda-operator-metrics-apiserver": _ADAPTER}
"""The label `app.kubernetes.io/name` of a Deployment -> the program that it runs."""

_NAMESPACE = "KEDA_CLUSTER_OBJECT_NAMESPACE"

_NAME = "app.kubernetes.io/name"


class KedaPods:
    """Runs KEDA while it is installed, in whatever namespace; `tend` is called again and again."""

    def __init__(self, plan: Plan, network: ServiceNetwork) -> None:
        """Watch for KEDA's Deployments in the plan's cluster."""
        self._api = KubernetesApi(plan)
        self._selector = f"{_NAME}%20in%20({','.join(_DEPLOYMENTS)})"
        metrics_service, external_metrics = free_port(), free_port()
        adapter_kubeconfig = str(kubeconfig_of(plan, _ADAPTER))
        self._pods = {
            _OPERATOR: LocalPod(
                plan,
                self._api,
                network,
                name=_OPERATOR,
                flags={
                    "--leader-elect": None,  # there is one only; a new one would wait for the old one's lease
                    "--metrics-bind-address": "0",
                    "--health-probe-bind-address": "0",
                    "--profiling-bind-address": None,
                    "--metrics-service-bind-address": f"127.0.0.1:{metrics_service}",
                },
                ports={9666: metrics_service, "metricsservice": metrics_service},
                namespace_variable=_NAMESPACE,
            ),
            _ADAPTER: LocalPod(
                plan,
                self._api,
                network,
                name=_ADAPTER,
                flags={
                    "--port": str(free_port()),
                    "--profiling-bind-address": None,
                    "--bind-address": "127.0.0.1",
                    "--secure-port": str(external_metrics),
                    "--lister-kubeconfig": adapter_kubeconfig,
                    "--authentication-kubeconfig": adapter_kubeconfig,
                    "--authorization-kubeconfig": adapter_kubeconfig,
                    "--metrics-service-address": f"127.0.0.1:{metrics_service}",
                    # The operator's certificate names its service, not this address.
                    "--metrics-service-grpc-authority": "keda-operator",
                },
                ports={6443: external_metrics, "https": external_metrics},
                namespace_variable=_NAMESPACE,
            ),
        }

    def tend(self) -> None:
        """Start, restart or stop the programs so that they are what the Deployments say.

        Raises:
            OSError: the API server does not answer; to be tried again.
            RehearsalError: one of them ends by itself again and again.
        """
        found: dict[str, Any] = {}
        for deployment in self._deployments():
            found[_DEPLOYMENTS[deployment["metadata"]["labels"][_NAME]]] = deployment
        for name, pod in self._pods.items():
            pod.tend(found.get(name))

    def stop(self) -> None:
        """End the programs, the adapter first."""
        for pod in reversed(self._pods.values()):
            pod.stop()

    def _deployments(self) -> list[Any]:
        answer = self._api.get(f"/apis/apps/v1/deployments?labelSelector={self._selector}")
        return answer["items"] if answer else []
