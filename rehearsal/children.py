"""How a rehearsal starts programs: apart from the user's accounts and clusters, and never outliving it."""

import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)

_THE_USERS = ("AWS_", "CDK_", "ETCD", "HELM_", "KUBE")

_NO_SETTINGS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Nothing in ~/.aws is read; moto makes sessions of its own when it is imported."""


def leads_elsewhere(variable: str) -> bool:
    """Whether a variable of this name leads a program to the user's own account, cluster or settings."""
    return variable.startswith(_THE_USERS)


def clean_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables that a program of a rehearsal may have.

    With the others csi-provisioner, for one, would work in the user's cluster: it takes KUBECONFIG before its
    own flag.

    Args:
        environment: those of a process. Default: of this one.
    """
    kept = {name: value for name, value in environment.items() if not leads_elsewhere(name)}
    return kept | _NO_SETTINGS


def die_with_parent() -> None:
    """For `preexec_fn`: the kernel ends the child when its parent dies, even by SIGKILL.

    Only prctl runs here, between fork and exec.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def kill_group(process: "subprocess.Popen[str]") -> None:
    """End a process that leads a group of its own, and all that it has started there."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
