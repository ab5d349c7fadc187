"""The approval actions: a person is told on a topic, and says yes or no."""

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.pipeline.roles import Roles, Session
from rehearsal.pipeline.step_failed import StepFailedError


def ask_for_approval(
    configuration: Mapping[str, str],
    *,
    session: Session,
    roles: Roles,
    sns: Any,
    approve: Callable[[str], bool],
) -> None:
    """Ask a person; nobody gets a message from the topic.

    Args:
        configuration: the action's.
        session: the action's role.
        roles: decides what it may.
        sns: a client that may do everything.
        approve: gets the comment, and says yes or no.

    Raises:
        StepFailedError: the person said no, or the role may not publish to the topic.
    """
    if topic := configuration.get("NotificationArn"):
        _require_publication(topic, session=session, roles=roles, sns=sns)
    if not approve(configuration.get("CustomData", "")):
        raise StepFailedError("rejected")


def _require_publication(topic: str, *, session: Session, roles: Roles, sns: Any) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html"""
    try:
        key = sns.get_topic_attributes(TopicArn=topic)["Attributes"].get("KmsMasterKeyId", "")
    except sns.exceptions.NotFoundException as error:
        raise StepFailedError(f"there is no topic {topic}") from error
    roles.require(session, "sns:Publish", topic)
    # The key of AWS itself, alias/aws/sns, is every publisher's.
    if key.startswith("arn:"):
        for call in ("kms:GenerateDataKey", "kms:Decrypt"):
            roles.require(session, call, key, {"kms:ViaService": f"sns.{session.region}.amazonaws.com"})
