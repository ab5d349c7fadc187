"""Custom resources whose handler runs for real: Create, Update and Delete.

moto's own model only knows Create and runs it in a container. Here the event goes where CDK's provider
framework would send it: the framework's function names the user's handler in `USER_ON_EVENT_FUNCTION_ARN`,
and that handler is run. What the framework does around it (defaults for the physical id, the wording of a
failure) is done here, as described in the documentation of aws-cdk-lib's `custom_resources.Provider`.
"""

import copy
import re
import uuid
from typing import Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.utils import get_backend
from moto.cloudformation.custom_model import CustomModel

from rehearsal.account.cloudformation.custom_resource_responses import (
    CustomResourceError,
    UnusableResponseError,
    no_response,
    response_to_answer,
    response_to_failure,
)
from rehearsal.account.functions.lambda_functions import FunctionError, LambdaRunner, NoAnswerError

_LONGEST_WAIT = 3600
"""In seconds: what `ServiceTimeout` is without a value, and at most."""


class CustomResource(CustomModel):
    """A custom resource of a stack, with what its next Update or Delete event must carry."""

    runner: LambdaRunner
    """How handlers are run; set once, when the account starts."""

    def __init__(
        self, *, account: str, region: str, stack_id: str, logical_id: str, resource_type: str
    ) -> None:
        super().__init__(region, str(uuid.uuid4()), logical_id, "")
        self.account = account
        self.stack_id = stack_id
        self.resource_type = resource_type
        self.properties: dict[str, Any] = {}
        self.no_echo = False
        """Whether the handler asked that its `Data` be shown to nobody."""
        self._request_id = ""
        """Of the last request that was answered."""

    @staticmethod
    def cloudformation_type() -> str:
        """A name of its own, so that moto does not mistake it for the type of its parent."""
        return "Custom::Rehearsed"

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,  # noqa: ARG003  # the handler names the resource
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **kwargs: Any,
    ) -> "CustomResource":
        """Run the handler's Create."""
        resource = cls(
            account=account_id,
            region=region_name,
            stack_id=kwargs["StackId"],
            logical_id=kwargs["LogicalId"],
            resource_type=kwargs["ResourceType"],
        )
        properties = cloudformation_json["Properties"]
        try:
            resource._send("Create", properties)
        except UnusableResponseError as error:
            # CloudFormation makes up a physical id, and sends a Delete for it when it rolls back.
            resource.resource_name, resource.properties = _made_up_id(resource), properties
            error.resource = resource
            raise
        return resource

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: "CustomResource",
        new_resource_name: str,  # noqa: ARG003
        cloudformation_json: dict[str, Any],
        account_id: str,  # noqa: ARG003
        region_name: str,  # noqa: ARG003
    ) -> "CustomResource":
        """Run the handler's Update.

        Returns:
            The same resource; a new one when the handler answers with another physical id. CloudFormation
            then deletes the former one, after everything else.
        """
        properties = cloudformation_json["Properties"]
        if properties["ServiceToken"] != original_resource.properties["ServiceToken"]:
            raise CustomResourceError("Modifying service token is not allowed.")
        changed = copy.copy(original_resource)
        try:
            changed._send("Update", properties)
        except CustomResourceError:
            # A rollback names what failed as the old properties: the handler may have done a part of it.
            original_resource.properties = properties
            raise
        same = changed.resource_name == original_resource.resource_name
        if same:
            original_resource.__dict__.update(changed.__dict__)
        return original_resource if same else changed

    def delete(self, account_id: str, region_name: str) -> None:  # noqa: ARG002  # moto's signature
        """Run the handler's Delete."""
        self._send("Delete", self.properties)

    def _send(self, request_type: str, properties: dict[str, Any]) -> None:
        request_id = str(uuid.uuid4())
        event: dict[str, Any] = {
            "RequestType": request_type,
            "RequestId": request_id,
            "ResponseURL": "...",
            "StackId": self.stack_id,
            "LogicalResourceId": self.logical_id,
            "ResourceType": self.resource_type,
            "ResourceProperties": _as_strings(properties),
        }
        if request_type != "Create":
            event["PhysicalResourceId"] = self.resource_name
        if request_type == "Update":
            event["OldResourceProperties"] = _as_strings(self.properties)
        handler = self._handler(properties["ServiceToken"])
        try:
            answer = self.runner.invoke(
                handler,
                event,
                account=self.account,
                region=self.region_name,
                patience=_service_timeout(properties),
            )
        except NoAnswerError as error:
            raise no_response(request_id) from error
        except FunctionError as error:
            response = response_to_failure(event, error.words, handler.rpartition(":")[2])
        else:
            response = response_to_answer(event, answer)
        response.check()
        self.resource_name = response.physical_id
        self.no_echo = bool(response.no_echo)
        self.properties = properties
        self._request_id = request_id
        self.set_data(response.data or {})

    def get_cfn_attribute(self, attribute_name: str) -> Any:
        """A value of the `Data` that the handler returned; a missing one is an error, as on AWS."""
        if attribute_name not in self.data:
            raise CustomResourceError(
                f"CustomResource attribute error: Vendor response doesn't contain {attribute_name} attribute "
                f"in object {self.stack_id}|{self.logical_id}|{self._request_id}"
            )
        return self.data[attribute_name]

    def _handler(self, service_token: str) -> str:
        try:
            framework = get_backend(self.account, self.region_name).get_function(service_token)
        except UnknownFunctionException as error:
            raise CustomResourceError(error.message) from error
        handler = framework.environment_vars.get("USER_ON_EVENT_FUNCTION_ARN")
        if handler is None:
            raise CustomResourceError(
                f"not rehearsed: {service_token} is not a function of CDK's provider framework"
            )
        return str(handler)


def _service_timeout(properties: dict[str, Any]) -> int:
    value = properties.get("ServiceTimeout", _LONGEST_WAIT)
    # A template may write a number as text.
    seconds = int(value) if re.fullmatch(r"[0-9]{1,4}", str(value)) else 0
    if not 1 <= seconds <= _LONGEST_WAIT:
        raise CustomResourceError(
            f"ServiceTimeout is {value!r}; it must be a whole number of seconds from 1 to {_LONGEST_WAIT}"
        )
    return seconds


def _made_up_id(resource: CustomResource) -> str:
    stack_name = resource.stack_id.split("/")[1]
    return f"{stack_name}-{resource.logical_id}-{uuid.uuid4().hex[:12].upper()}"


def _as_strings(value: Any) -> Any:
    # CloudFormation hands every scalar of ResourceProperties to a handler as a string.
    if isinstance(value, dict):
        return {key: _as_strings(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_strings(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
