"""What somebody has made by hand, with the AWS API, helm and kubectl, before there was a deployment."""

import subprocess

from rehearsal.helm import helm_command
from rehearsal.rehearsal import Rehearsal


def install_driver(rehearsal: Rehearsal, *options: str) -> None:
    """Install the driver's chart by hand, as a release of its usual name.

    Args:
        rehearsal: where.
        options: further ones of `helm install`.
    """
    chart = rehearsal.charts[0]
    source = [str(chart.archive)] if chart.archive else [chart.name, "--repo", chart.repository]
    helm = helm_command(rehearsal.settings.cluster.version, directory=rehearsal.plan.directory)
    kubeconfig = ["--kubeconfig", str(rehearsal.plan.kubeconfig)]
    subprocess.run(
        [helm, "install", chart.name, *source, "--namespace", "kube-system", *kubeconfig, *options],
        check=True,
        capture_output=True,
    )
