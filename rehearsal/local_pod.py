"""A stand-in for the kubelet of one pod: its container's program runs here as a process.

While its Deployment exists and wants a pod, the program runs with the arguments, the environment and the
secrets of the container, and with its service account's token; when the Deployment goes, it goes. Only what
means another thing on this machine is replaced: addresses to listen on, and paths.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rehearsal.errors import RehearsalError
from rehearsal.kubeconfig import write_kubeconfig
from rehearsal.kubernetes_api import KubernetesApi
from rehearsal.plan import Plan
from rehearsal.processes import Server
from rehearsal.projected_secret import ProjectedSecret
from rehearsal.projected_token import API_SERVER_AUDIENCE, ProjectedToken
from rehearsal.service_network import Endpoint, ServiceNetwork

_MOST_RESTARTS = 5
"""How often the program may end by itself before the rehearsal is given up."""


class LocalPod:
    """Runs the pod of one Deployment; `tend` is called again and again."""

    def __init__(
        self,
        plan: Plan,
        api: KubernetesApi,
        network: ServiceNetwork,
        *,
        name: str,
        flags: Mapping[str, str | None],
        ports: Mapping[int | str, int],
        namespace_variable: str,
    ) -> None:
        """Describe the pod; nothing runs yet.

        Args:
            plan: has the program, under the pod's name.
            api: a client of the plan's cluster.
            network: makes the pod known to services.
            name: of the program, of its log and of its files.
            flags: values that replace those of the container's flags; a flag without a value is left out.
            ports: container port, by number or name -> the port on loopback that the program listens on.
            namespace_variable: tells the program its namespace, which it would read from a file in /var/run.
        """
        self._plan = plan
        self._network = network
        self._name = name
        self._flags = flags
        self._ports = ports
        self._namespace_variable = namespace_variable
        self._api = api
        self._folder = plan.directory / name
        self._folder.mkdir(exist_ok=True)
        self._template: str | None = None
        self._projections: list[tuple[ProjectedSecret, bool]] = []
        self._token: ProjectedToken | None = None
        self._server: Server | None = None
        self._restarts = 0

    def tend(self, deployment: Any | None) -> None:
        """Start, restart or stop the program so that it is what its Deployment says; None: there is none.

        Raises:
            OSError: the API server does not answer; to be tried again.
            RehearsalError: the container has what a rehearsal does not know, or ends again and again.
        """
        if deployment is None or deployment["spec"].get("replicas", 1) == 0:
            self.stop()
            return
        template = deployment["spec"]["template"]
        if self._template != (wanted := json.dumps(template, sort_keys=True)):
            self.stop()
            self._prepare(deployment["metadata"]["namespace"], template["spec"])
            self._template = wanted
        if self._token:
            self._token.tend()
        there = [secret.tend() or optional for secret, optional in self._projections]
        if self._server and self._server.exit_status() is not None:
            self._restarts += 1
            if self._restarts > _MOST_RESTARTS:
                self._server.raise_if_ended()
            self._end()
        if self._server is None and all(there):  # a kubelet, too, waits for what is not optional
            self._start(deployment["metadata"]["namespace"], template)

    def stop(self) -> None:
        """End the program; nothing of it is kept but its log. Safe to call twice."""
        self._end()
        self._template = None

    def _end(self) -> None:
        self._network.detach(self._name)
        if self._server:
            self._server.stop()
            self._server = None

    def _prepare(self, namespace: str, pod: Any) -> None:
        mounted = {mount["name"] for mount in _container(pod).get("volumeMounts", ())}
        self._projections = [
            (
                ProjectedSecret(
                    self._api,
                    namespace=namespace,
                    name=volume["secret"]["secretName"],
                    path=self._folder / volume["name"],
                ),
                volume["secret"].get("optional", False),
            )
            for volume in pod.get("volumes", ())
            if volume["name"] in mounted and "secret" in volume
        ]
        token = self._folder / "token"
        self._token = ProjectedToken(
            self._api,
            namespace=namespace,
            service_account=pod["serviceAccountName"],
            path=token,
            audience=API_SERVER_AUDIENCE,
        )
        write_kubeconfig(self._plan, kubeconfig_of(self._plan, self._name), user=self._name, token_file=token)

    def _start(self, namespace: str, template: Any) -> None:
        container = _container(template["spec"])
        self._server = Server(
            name=self._name,
            command=[str(self._plan.binaries[self._name]), *self._arguments(container)],
            log=self._plan.log(self._name),
            environment={
                **self._plan.aws_environment(),
                # Neither the rehearsal's credentials nor the user's are the pod's.
                "AWS_ACCESS_KEY_ID": "",
                "AWS_SECRET_ACCESS_KEY": "",
                "AWS_SESSION_TOKEN": "",
                self._namespace_variable: namespace,
                **self._environment(namespace, container),
                "KUBECONFIG": str(kubeconfig_of(self._plan, self._name)),
            },
        )
        labels = template["metadata"].get("labels", {})
        self._network.attach(self._name, Endpoint(namespace=namespace, labels=labels, ports=self._ports))

    def _arguments(self, container: Any) -> list[str]:
        folders = {
            mount["mountPath"]: str(self._folder / mount["name"])
            for mount in container.get("volumeMounts", ())
        }
        kept = [
            _with_local_paths(argument, folders)
            for argument in container.get("args", ())
            if argument.split("=", 1)[0] not in self._flags
        ]
        return [*kept, *(f"{flag}={value}" for flag, value in self._flags.items() if value is not None)]

    def _environment(self, namespace: str, container: Any) -> dict[str, str]:
        fields = {"metadata.namespace": namespace, "metadata.name": f"{self._name}-rehearsal"}
        found: dict[str, str] = {}
        for variable in container.get("env", ()):
            field = variable.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
            if "valueFrom" in variable and field not in fields:
                source = variable["valueFrom"]
                raise RehearsalError(
                    f"not rehearsed: the variable {variable['name']} of {self._name}, from {source}"
                )
            found[variable["name"]] = fields[field] if field else variable.get("value", "")
        return found


def kubeconfig_of(plan: Plan, name: str) -> Path:
    """Where the kubeconfig of a pod's service account lies."""
    return plan.directory / name / "kubeconfig"


def _container(pod: Any) -> Any:
    container, *_ = pod["containers"]
    return container


def _with_local_paths(argument: str, folders: Mapping[str, str]) -> str:
    flag, equals, value = argument.partition("=")
    for mounted, local in folders.items():
        if value == mounted or value.startswith(f"{mounted}/"):
            return f"{flag}{equals}{local}{value.removeprefix(mounted)}"
    return argument
