"""Whether `airflow` fits the rest of its environment."""

from collections.abc import Iterator

from settings.airflow import Airflow
from settings.airflow.claims import airflow_claim_faults
from settings.airflow.guards import guard_faults
from settings.airflow.openings import opening_faults
from settings.airflow.values import made_values
from settings.airflow.workers import DEFAULT_QUEUE
from settings.environment_fields import EnvironmentFields
from settings.faults import Fault
from settings.value_at import ABSENT, value_at
from settings.versions import (
    AIRFLOW_CHART_NEEDS_HELM,
    AIRFLOW_CHART_NEEDS_KUBERNETES,
    CLUSTER_VERSIONS,
    HELM_OF_LAYERS,
    kubectl_layer_for,
)


def airflow_faults(environment: EnvironmentFields) -> Iterator[Fault]:
    """What is wrong with `airflow` in this environment; paths begin with `airflow` or `cluster`."""
    airflow = environment.airflow
    if airflow is None:
        return
    yield from _version_faults(environment, airflow)
    yield from _class_faults(environment, airflow)
    yield from airflow_claim_faults(environment, airflow)
    yield from _account_faults(environment, airflow)
    yield from _queue_faults(airflow)
    made = made_values(environment, airflow)
    efs_classes = {one.name for one in environment.storage_classes}
    public = airflow.ingress is not None and airflow.ingress.public
    for fault in (
        *guard_faults(airflow.values, made, efs_classes),
        *opening_faults(airflow.values, public=public),
    ):
        yield Fault(fault.problem, fault.cure, ("airflow", "values", *fault.at), fault.subject)


def _version_faults(environment: EnvironmentFields, airflow: Airflow) -> Iterator[Fault]:
    version = environment.cluster.version
    if _numbers(version) < AIRFLOW_CHART_NEEDS_KUBERNETES:
        oldest = _text(AIRFLOW_CHART_NEEDS_KUBERNETES)
        yield Fault(
            f"is too old for chart airflow {airflow.chart.version}, which needs Kubernetes {oldest}",
            f'upgrade the cluster to "{oldest}" or later, or remove airflow',
            ("cluster", "version"),
        )
        return
    layer = kubectl_layer_for(version)
    if airflow.install == "chart" and HELM_OF_LAYERS[layer] < AIRFLOW_CHART_NEEDS_HELM:
        fit = next(
            one
            for one in CLUSTER_VERSIONS
            if HELM_OF_LAYERS[kubectl_layer_for(one)] >= AIRFLOW_CHART_NEEDS_HELM
        )
        yield Fault(
            f"gets kubectl layer v{layer} with Helm {_text(HELM_OF_LAYERS[layer])}, but chart airflow "
            f"{airflow.chart.version} needs Helm {_text(AIRFLOW_CHART_NEEDS_HELM)}",
            f'upgrade the cluster to "{fit}" or later, or write airflow.install: values '
            "and install the chart with a Helm of your own",
            ("cluster", "version"),
        )


def _class_faults(environment: EnvironmentFields, airflow: Airflow) -> Iterator[Fault]:
    classes = {one.name: one for one in environment.storage_classes}
    name = airflow.logs.storage_class
    if name is not None and name not in classes:
        known = f"write one of {', '.join(classes)}" if classes else "define the class in storage_classes"
        yield Fault("is not a class of this file", known, ("airflow", "logs", "storage_class"))
    if name in classes:
        for fault in classes[name].volume_path_faults((airflow.namespace, airflow.logs_claim)):
            yield Fault(
                f"{fault.problem} for the claim {airflow.logs_claim}",
                "shorten airflow.namespace, airflow.release, or the paths of the class",
                ("airflow", "logs", "storage_class"),
            )
    for part in ("database", "broker"):
        bundled = getattr(airflow, part).bundled
        if bundled is not None and bundled.storage_class in classes:
            yield Fault(
                "is a class of EFS, and a database or a queue belongs on block storage",
                "write a class such as one of the EBS CSI driver",
                ("airflow", part, "bundled", "storage_class"),
            )


def _queue_faults(airflow: Airflow) -> Iterator[Fault]:
    """Tasks that name no queue go into one, and would wait in it for ever where no worker takes from it."""
    at = ("config", "operators", "default_queue")
    said = value_at(airflow.values, at)
    queue = DEFAULT_QUEUE if said is ABSENT else said
    workers = airflow.workers
    served = {*workers.queues, *(one for each in workers.sets for one in each.queues)}
    if queue in served:
        return
    if said is ABSENT:
        yield Fault(
            f"leaves out {queue}, the queue of every task that names none",
            f"add {queue} here or to the queues of a set, "
            "or name another queue in airflow.values.config.operators.default_queue",
            ("airflow", "workers", "queues"),
            "",
        )
    else:
        yield Fault(
            "is the queue of every task that names none, and no set of workers serves it",
            f"write one of {', '.join(sorted(served))}, or add it to airflow.workers.queues",
            ("airflow", "values", *at),
        )


def _account_faults(environment: EnvironmentFields, airflow: Airflow) -> Iterator[Fault]:
    for index, arn in enumerate(airflow.permissions.task_policies):
        _, partition, _, _, account, _ = arn.split(":", 5)
        if partition != environment.partition or account not in ("aws", environment.account):
            yield Fault(
                f"is not of account {environment.account} in partition {environment.partition}",
                "name a policy of this account, or one of AWS",
                ("airflow", "permissions", "task_policies", index),
            )
    topic = airflow.monitoring.topic_arn if airflow.monitoring else None
    if topic is not None and topic.split(":")[1:4] != [environment.partition, "sns", environment.region]:
        yield Fault(
            f"is not a topic of {environment.region}, where the alarms are",
            f"name a topic of {environment.region}",
            ("airflow", "monitoring", "topic_arn"),
        )


def _numbers(version: str) -> tuple[int, int]:
    major, minor = version.split(".")
    return int(major), int(minor)


def _text(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
