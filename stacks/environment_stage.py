"""The stacks of one environment: the same for a direct deployment and for a stage of a pipeline."""

from aws_cdk import Environment as Target
from aws_cdk import Stage
from constructs import Construct

from settings import Environment
from stacks.airflow_stack import AirflowStack
from stacks.efs_storage_stack import EfsStorageStack


def add_environment_stacks(scope: Construct, environment: Environment) -> None:
    """Add every stack that an environment is made of; the pipeline is no part of what it deploys.

    Args:
        scope: An app, for ``cdk deploy``, or a stage of a pipeline.
        environment: The validated environment.
    """
    storage = EfsStorageStack(scope, "EfsStorageStack", environment=environment)
    if environment.airflow is not None:
        AirflowStack(
            scope, "AirflowStack", environment=environment, airflow=environment.airflow, storage=storage
        )


class EnvironmentStage(Stage):
    """One environment, deployed by a pipeline.

    Its stacks have the physical names that they have in a direct deployment, so that a pipeline takes over
    what was deployed by hand, and the other way round.

    Args:
        scope: The pipeline's stack.
        environment: The validated environment; its name is the construct's id and the name of the
            pipeline's stage.
    """

    def __init__(self, scope: Construct, *, environment: Environment) -> None:
        super().__init__(
            scope, environment.name, env=Target(account=environment.account, region=environment.region)
        )
        add_environment_stacks(self, environment)
