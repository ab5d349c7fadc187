"""What stands before and after the deployment of an environment by a pipeline.

Three stages of the pipeline for each environment: a review of what would change, an approval that is skipped
when the review finds no risk, and the deployment between checks. The decision is a condition of CodePipeline
(V2) on a variable of the review, so no step and no function has the right to approve anything.

https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-conditions.html
"""

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import pipelines

from settings import Environment

APPROVAL = "APPROVAL"
"""The variable of a review: whether a person has to approve."""
NOT_NEEDED = "not-needed"
"""Its one value that skips the approval; every other one, an empty one too, asks for it."""
NEEDED = "needed"
"""Its other value."""
CHANGES = "CHANGES"
"""The variable of a review that identifies the differences a person approves: their SHA-256."""


class ReleaseGates:
    """The steps around one environment.

    Args:
        pipeline: CDK's pipeline, not built yet.
        source: What the pipeline takes this project from.
        environment: The environment that is deployed.
        qualifier: The qualifier of ``cdk bootstrap``, which is part of the names of its roles.
        stage_path: Path of the stage's construct, with which the CDK CLI selects its stacks.
        cli_version: Version of the CDK CLI that reviews.
        set_up: What a build step has that runs ``make setup``: the project's Python, and a cache.
        topic: Hears that a change waits for approval.
    """

    def __init__(
        self,
        *,
        pipeline: pipelines.CodePipeline,
        source: pipelines.IFileSetProducer,
        environment: Environment,
        qualifier: str,
        stage_path: str,
        cli_version: str,
        set_up: codebuild.BuildSpec,
        topic: sns.ITopic,
    ) -> None:
        self._pipeline = pipeline
        self._source = source
        self._environment = environment
        # Notices come from a server, and would make the same differences look like others.
        self._diff = f"cdk --app . --no-notices diff '{stage_path}/*' --method template"
        self._install_cli = f"npm install --global aws-cdk@{cli_version}"
        self._set_up = set_up
        self._topic = topic
        account, region = environment.account, environment.region
        self._lookup_role = (
            f"arn:{environment.partition}:iam::{account}:role/cdk-{qualifier}-lookup-role-{account}-{region}"
        )
        self._review = self._build_review()
        # Once each: CDK knows the step by these very tokens.
        self._reviewed = self._review.exported_variable(APPROVAL)
        self._reviewed_changes = self._review.exported_variable(CHANGES)

    @property
    def _asks_always(self) -> bool:
        return self._environment.delivery.approval == "always"

    @property
    def review_stage(self) -> str:
        """Name of the pipeline's stage that reviews."""
        return f"{self._environment.name}-review"

    @property
    def approval_stage(self) -> str:
        """Name of the pipeline's stage that waits for a person."""
        return f"{self._environment.name}-approval"

    def add_before(self) -> None:
        """Add the stages of review and approval; the stage of the environment comes next."""
        self._pipeline.add_wave(self.review_stage, pre=[self._review])
        approval = pipelines.ManualApprovalStep(
            "Approve",
            comment=f"Deploy to {self._environment.name}? What would change is in the artefact and in the "
            f"log of the step Changes of the stage {self.review_stage}.",
            notification_topic=self._topic,
        )
        self._pipeline.add_wave(self.approval_stage, pre=[approval])

    def entry_of_approval(self) -> dict[str, object] | None:
        """The condition, in a template's words, under which a person is asked; None: always."""
        if self._asks_always:
            return None
        rule = {
            "Name": "ApprovalIsNeeded",
            "RuleTypeId": {"Category": "Rule", "Owner": "AWS", "Provider": "VariableCheck", "Version": "1"},
            "Configuration": {
                "Variable": self._reviewed,
                "Operator": "NE",
                "Value": NOT_NEEDED,
            },
        }
        return {"Conditions": [{"Result": "SKIP", "Rules": [rule]}]}

    def checks_before(self) -> list[pipelines.Step]:
        """The steps that come first in the environment's stage."""
        steps: list[pipelines.Step] = [self._build_confirmation()]
        if self._environment.delivery.role_arn:
            # Status 5 is warnings only.
            command = f"airflow-efs doctor {self._environment.name} || [ $? -eq 5 ]"
            steps.append(self._as_delivery_role("Doctor", command))
        return steps

    def checks_after(self) -> list[pipelines.Step]:
        """The steps that come last in the environment's stage."""
        if not self._environment.delivery.role_arn:
            return []
        return [self._as_delivery_role("Prove", f"airflow-efs prove {self._environment.name}")]

    def _build_review(self) -> pipelines.CodeBuildStep:
        return pipelines.CodeBuildStep(
            "Changes",
            input=self._pipeline.cloud_assembly_file_set,
            install_commands=[self._install_cli],
            commands=[
                "mkdir review",
                f"{self._diff} > review/diff.txt 2>&1 || {{ cat review/diff.txt; exit 1; }}",
                "cat review/diff.txt",
                *self._ask(APPROVAL, into="review/"),
                self._identify(CHANGES, "review/diff.txt"),
                f"export {APPROVAL} {CHANGES}",
                f'echo "approval: ${APPROVAL}" | tee review/approval.txt',
            ],
            primary_output_directory="review",
            role_policy_statements=[self._may_assume(self._lookup_role)],
        )

    def _build_confirmation(self) -> pipelines.CodeBuildStep:
        """Ask again: only in this stage can no other execution change the environment meanwhile."""
        refusal = (
            f"{self._environment.name} has changed since its review, and the change now needs an approval: "
            "release it again."
        )
        # A person has approved what the review showed, and nothing else.
        approved = '[ "$NOW_CHANGES" = "$REVIEWED_CHANGES" ]'
        known = {"REVIEWED_CHANGES": self._reviewed_changes}
        if not self._asks_always:
            approved = f'[ "$REVIEWED" = {NEEDED} ] && {approved}'
            known["REVIEWED"] = self._reviewed
        return pipelines.CodeBuildStep(
            "Confirm",
            input=self._pipeline.cloud_assembly_file_set,
            install_commands=[self._install_cli],
            env=known,
            commands=[
                f"{self._diff} > now.txt 2>&1 || {{ cat now.txt; exit 1; }}",
                "cat now.txt",
                *self._ask("NOW", into="now-"),
                self._identify("NOW_CHANGES", "now.txt"),
                f'[ "$NOW" = {NOT_NEEDED} ] || {{ {approved}; }} || {{ echo "{refusal}"; exit 1; }}',
            ],
            role_policy_statements=[self._may_assume(self._lookup_role)],
        )

    @staticmethod
    def _identify(variable: str, file: str) -> str:
        """The command that sets a variable to the digest of a file."""
        return f"{variable}=$(sha256sum < {file} | cut -c 1-64)"

    def _ask(self, variable: str, *, into: str) -> list[str]:
        """Commands that set a variable; a comparison that fails for another reason counts as a risk."""
        compare = [
            f"{self._diff} --fail-on {kind} > {into}{kind}.txt 2>&1" for kind in ("destructive", "broadening")
        ]
        return [
            f"if {compare[0]}; then {variable}={NOT_NEEDED}; else {variable}={NEEDED}; fi",
            f"{compare[1]} || {variable}={NEEDED}",
        ]

    def _as_delivery_role(self, name: str, command: str) -> pipelines.CodeBuildStep:
        role = self._environment.delivery.role_arn
        assert role  # noqa: S101  # its callers look
        # CodeBuild hands out the credentials of the project's role as ECS does.
        profile = f"'[profile delivery]' 'role_arn = {role}' 'credential_source = EcsContainer'"
        return pipelines.CodeBuildStep(
            name,
            input=self._source,
            install_commands=[
                "make setup",
                "mkdir -p ~/.aws",
                f"printf '%s\\n' {profile} > ~/.aws/config",
            ],
            commands=["export PATH=$PWD/.venv/bin:$PATH AWS_PROFILE=delivery", command],
            partial_build_spec=self._set_up,
            role_policy_statements=[self._may_assume(role)],
        )

    @staticmethod
    def _may_assume(role: str) -> iam.PolicyStatement:
        return iam.PolicyStatement(actions=["sts:AssumeRole"], resources=[role])
