"""A stand-in for the kubelet of one pod: the EFS CSI driver's controller.

No node runs in a rehearsal, so the Deployment that the chart makes would stay pending. While it exists, the
driver and the provisioner run here as processes, with the arguments that the chart gave their containers;
when it goes, they go. In AWS the driver is what its service account's Pod Identity association or annotation
says, by a projected token; it has no other credentials.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass

from rehearsal.kubernetes_api import KubernetesApi
from rehearsal.plan import Plan
from rehearsal.processes import Server
from rehearsal.projected_token import POD_IDENTITY_AUDIENCE, STS_AUDIENCE, ProjectedToken

_DEPLOYMENT = "/apis/apps/v1/namespaces/kube-system/deployments/efs-csi-controller"

_PROVISIONER_FLAGS = (
    "--extra-create-metadata",
    "--feature-gates",
    "--kube-api-burst",
    "--kube-api-qps",
    "--retry-interval-max",
    "--retry-interval-start",
    "--timeout",
    "--v",
    "--volume-name-prefix",
    "--volume-name-uuid-length",
    "--worker-threads",
)
"""The flags of the chart's provisioner container that mean the same here; election and sockets do not."""

_MOST_RESTARTS = 5
"""How often a process of the pod may end by itself before the rehearsal is given up."""

_DRIVER_FLAGS = ("--delete-access-point-root-dir", "--tags", "--v")
"""The same for the driver's container."""


@dataclass(frozen=True)
class _Arguments:
    template: str
    """The pod's template: whatever changes in it makes new pods, as `kubectl rollout restart` does."""
    service_account: str
    driver: tuple[str, ...]
    provisioner: tuple[str, ...]


class DriverPod:
    """Runs the driver's controller while its Deployment exists; `tend` is called again and again."""

    def __init__(self, plan: Plan, *, region: str) -> None:
        """Watch for the Deployment in the plan's cluster; `region` is the driver's."""
        self._plan = plan
        self._region = region
        self._api = KubernetesApi(plan)
        self._token: ProjectedToken | None = None
        self._running: tuple[_Arguments, list[Server]] | None = None
        self._restarts = 0

    def tend(self) -> None:
        """Start, restart or stop the processes so that they are what the Deployment says.

        Raises:
            RehearsalError: one of them ends by itself again and again.
        """
        wanted = self._wanted()
        if self._running:
            arguments, servers = self._running
            ended = [server for server in servers if server.exit_status() is not None]
            if wanted == arguments and not ended:
                if self._token:
                    self._token.tend()
                return
            if ended:
                self._restarts += 1
                if self._restarts > _MOST_RESTARTS:
                    ended[0].raise_if_ended()
            self.stop()
        if wanted:
            self._running = (wanted, self._start(wanted))

    def stop(self) -> None:
        """End the processes, the provisioner first."""
        if self._running:
            for server in reversed(self._running[1]):
                server.stop()
            self._running = None

    def _wanted(self) -> _Arguments | None:
        deployment = self._api.get(_DEPLOYMENT)
        if deployment is None:
            return None
        template = deployment["spec"]["template"]
        pod = template["spec"]
        containers = {container["name"]: container.get("args", []) for container in pod["containers"]}
        return _Arguments(
            template=json.dumps(template, sort_keys=True),
            service_account=pod["serviceAccountName"],
            driver=_only(containers.get("efs-plugin", []), _DRIVER_FLAGS),
            provisioner=_only(containers.get("csi-provisioner", []), _PROVISIONER_FLAGS),
        )

    def _start(self, arguments: _Arguments) -> list[Server]:
        plan = self._plan
        socket = plan.directory / "csi.sock"
        socket.unlink(missing_ok=True)
        static_files = plan.directory / "efs-utils"
        static_files.mkdir(exist_ok=True)
        driver = Server(
            name="aws-efs-csi-driver",
            command=_with_private_etc(
                [
                    str(plan.binaries["aws-efs-csi-driver"]),
                    f"--endpoint=unix://{socket}",
                    f"--efs-utils-static-files-path={static_files}",
                    f"--efs-utils-config-dir-path={static_files}",
                    "--logtostderr",
                    *arguments.driver,
                ],
                scratch=str(static_files),
            ),
            log=plan.log("aws-efs-csi-driver"),
            environment=self._driver_environment(arguments.service_account),
        )
        driver.wait_until(socket.exists, seconds=30)
        provisioner = Server(
            name="csi-provisioner",
            command=[
                str(plan.binaries["csi-provisioner"]),
                f"--csi-address={socket}",
                f"--kubeconfig={plan.directory / 'driver.kubeconfig'}",
                *arguments.provisioner,
            ],
            log=plan.log("csi-provisioner"),
            # What a pod is given by the downward API; events and leases go to this namespace.
            environment={"NAMESPACE": "kube-system", "POD_NAME": "efs-csi-controller-rehearsal"},
        )
        return [driver, provisioner]

    def _driver_environment(self, service_account: str) -> Mapping[str, str]:
        plan = self._plan
        return {
            **plan.aws_environment(),
            **plan.proxy_environment(),
            **self._identity(service_account),
            "AWS_REGION": self._region,
            "CSI_NODE_NAME": "rehearsal",
            "ECS_CONTAINER_METADATA_URI_V4": f"http://127.0.0.1:{plan.task_metadata_port}",
        }

    def _identity(self, service_account: str) -> Mapping[str, str]:
        # What EKS's webhook adds to a new pod, by an association of its service account or else by its
        # annotation. An empty variable is none: neither the rehearsal's credentials nor the user's may stand
        # in for the role.
        nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": ""}
        associated = self._is_associated(service_account)
        path = self._plan.directory / "driver-token"
        token = ProjectedToken(
            self._api,
            namespace="kube-system",
            service_account=service_account,
            path=path,
            audience=POD_IDENTITY_AUDIENCE if associated else STS_AUDIENCE,
        )
        if associated:
            token.tend()
            self._token = token
            return {
                **nobody,
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": self._plan.pod_identity_url,
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(path),
            }
        role_arn = token.role_arn()
        if role_arn is None:
            self._token = None
            return nobody
        token.tend()
        self._token = token
        return {
            **nobody,
            "AWS_ROLE_ARN": role_arn,
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(path),
            "AWS_STS_REGIONAL_ENDPOINTS": "regional",
        }

    def _is_associated(self, service_account: str) -> bool:
        try:
            told = json.loads(self._plan.pod_identity_webhook.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return False  # nobody has made an association yet
        return {"namespace": "kube-system", "serviceAccount": service_account} in told["identities"]


def _only(arguments: list[str], flags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(argument for argument in arguments if argument.split("=", 1)[0] in flags)


_PRIVATE_ETC = """
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work"
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" /etc
mkdir -p /etc/amazon
shift
exec setpriv --pdeathsig KILL -- "$@"
"""


def _with_private_etc(command: list[str], *, scratch: str) -> list[str]:
    # The driver insists on writing to /etc/amazon/efs. In a mount namespace of its own it writes to memory,
    # without root, and nothing stays behind. `setpriv`, because a new user namespace clears the signal that
    # ends the process with its parent.
    if not (shutil.which("unshare") and shutil.which("setpriv")):
        return command
    private = ["unshare", "--user", "--map-root-user", "--mount", "--", "sh", "-c", _PRIVATE_ETC, "sh"]
    return [*private, scratch, *command]
