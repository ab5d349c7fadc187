"""The stack that puts Airflow on the shared volumes: keys, KEDA, roles, the chart, alarms."""

from pathlib import Path

import yaml
from aws_cdk import CfnOutput, Stack, Stage, Tags
from aws_cdk import Environment as Target
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable

from airflow_efs.airflow_keys import FERNET_CHARACTERS, AirflowKey, AirflowKeys
from airflow_efs.airflow_release import AirflowRelease
from airflow_efs.airflow_role import AirflowRole
from airflow_efs.file_system_monitoring import FileSystemMonitoring
from airflow_efs.keda import Keda
from airflow_efs.kept_namespace import KeptNamespace
from airflow_efs.log_bucket_permissions import log_bucket_statements
from settings import Environment
from settings.airflow import Airflow
from settings.airflow.keda import KEDA_RELEASE
from settings.airflow.roles import Component, components_with_a_role, role_name, service_account
from settings.airflow.values import airflow_values
from stacks.acknowledged_airflow_findings import airflow_findings
from stacks.acknowledged_findings import acknowledge
from stacks.efs_storage_stack import EfsStorageStack, environment_tags


class AirflowStack(Stack):
    """Airflow, its keys, KEDA, roles and alarms, on the volumes of an ``EfsStorageStack``.

    It applies what it applies by that stack's kubectl handler, so it has no function of its own, and is
    deployed after it and deleted before it.

    The values of the chart are also a file in the cloud assembly, ``AirflowStack-ENVIRONMENT.values.yaml``.

    Args:
        scope: An app, or a stage of a pipeline.
        construct_id: ``AirflowStack``.
        environment: The validated environment.
        airflow: Its settings of Airflow.
        storage: The stack with the file system and the classes.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        airflow: Airflow,
        storage: EfsStorageStack,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=f"AirflowStack-{environment.name}",
            env=Target(account=environment.account, region=environment.region),
            description=f"Apache Airflow on the EKS cluster {environment.cluster.name}",
        )
        self._environment = environment
        self._airflow = airflow
        self._cluster = storage.cluster
        self.add_stack_dependency(
            storage, "its class makes the volume of the logs, its handler applies the chart"
        )
        self._namespace = KeptNamespace(self, "Namespace", cluster=self._cluster, name=airflow.namespace)
        before: list[IDependable] = [self._namespace, *self._build_keys(), *self._build_keda()]
        before += [self._build_role(component) for component in components_with_a_role(airflow)]
        self._values = airflow_values(environment)
        if airflow.install == "chart":
            self._build_release(before)
        self._build_monitoring(storage.file_system_id)
        self._write_values()
        self._add_outputs()
        for key, value in environment_tags(environment).items():
            Tags.of(self).add(key, value)
        acknowledge(self, airflow_findings(environment, airflow))

    def _build_keys(self) -> list[IDependable]:
        settings = self._airflow.secrets
        if settings.store is None:
            return []
        keys = AirflowKeys(
            self,
            "Keys",
            cluster=self._cluster,
            depends_on=[self._namespace],
            keys=[
                AirflowKey(
                    name="fernet-key", secret=settings.fernet_key, characters=FERNET_CHARACTERS, suffix="="
                ),
                AirflowKey(name="api-secret-key", secret=settings.api_secret_key),
                AirflowKey(name="jwt-secret", secret=settings.jwt_secret),
            ],
            prefix=f"airflow-efs/{self._environment.name}",
            generate=settings.source == "generated",
            namespace=self._airflow.namespace,
            store=settings.store.name,
            store_kind=settings.store.kind,
            refresh_minutes=settings.store.refresh_minutes,
        )
        return [keys]

    def _build_keda(self) -> list[IDependable]:
        settings = self._airflow.keda
        if settings.install == "existing":
            return []
        keda = Keda(
            self,
            "Keda",
            cluster=self._cluster,
            namespace=settings.namespace,
            release=KEDA_RELEASE,
            chart_version=settings.chart.version,
            chart_repository=settings.chart.repository,
        )
        return [keda]

    def _build_role(self, component: Component) -> AirflowRole:
        permissions = self._airflow.permissions
        return AirflowRole(
            self,
            f"Role-{component}",
            identity=permissions.identity,
            cluster_name=self._environment.cluster.name,
            oidc_issuer=self._environment.cluster.oidc_issuer,
            namespace=self._airflow.namespace,
            service_account=service_account(self._airflow, component),
            role_name=role_name(self._environment.name, component),
            statements=self._log_statements(write=component != "api-server"),
            managed_policy_arns=permissions.task_policies if component == "worker" else (),
        )

    def _log_statements(self, *, write: bool) -> list[iam.PolicyStatement]:
        remote = self._airflow.permissions.remote_logging
        if remote is None:
            return []
        return log_bucket_statements(
            partition=self._environment.partition, bucket=remote.bucket, prefix=remote.prefix, write=write
        )

    def _build_release(self, before: list[IDependable]) -> None:
        AirflowRelease(
            self,
            "Release",
            cluster=self._cluster,
            depends_on=before,
            namespace=self._airflow.namespace,
            release=self._airflow.release,
            chart_version=self._airflow.chart.version,
            chart_repository=self._airflow.chart.repository,
            values=self._values,
        )

    def _build_monitoring(self, file_system_id: str) -> None:
        settings = self._airflow.monitoring
        if settings is None:
            return
        FileSystemMonitoring(
            self,
            "Monitoring",
            file_system_id=file_system_id,
            name=f"airflow-efs-{self._environment.name}",
            bursting=self._environment.file_system.throughput == "bursting",
            topic_arn=settings.topic_arn,
            io_limit_percent=settings.io_limit_percent,
            throughput_percent=settings.throughput_percent,
            burst_credits_gib=settings.burst_credits_gib,
        )

    def _write_values(self) -> None:
        stage = Stage.of(self)
        assert stage is not None  # noqa: S101 - every stack is in an app; narrows the type
        file = Path(stage.outdir) / f"{self.stack_name}.values.yaml"
        file.write_text(yaml.safe_dump(self._values, sort_keys=False, allow_unicode=True), encoding="utf-8")

    def _add_outputs(self) -> None:
        outputs = {
            "AirflowNamespace": self._airflow.namespace,
            "AirflowRelease": self._airflow.release,
            "AirflowChartVersion": self._airflow.chart.version,
            "LogsClaim": self._airflow.logs_claim,
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
