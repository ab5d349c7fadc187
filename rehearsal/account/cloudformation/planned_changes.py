"""What a change set lists: resources that are added, changed, replaced and removed.

moto lists differences of the text, and no replacement. Here the new template is evaluated against what
exists, with a placeholder where a value will only be known afterwards, so that what refers to a replaced
resource is listed too; `cdk diff` and `cdk deploy --require-approval` show that.
"""

from collections.abc import Iterator
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import Change, Stack
from moto.core.exceptions import ServiceException

from rehearsal.account.cloudformation.not_rehearsed import refuse_template
from rehearsal.account.cloudformation.replacement import changed_properties, recreation
from rehearsal.account.cloudformation.stack_resources import Made, StackResources
from rehearsal.account.cloudformation.stack_tags import tag_property, with_stack_tags
from rehearsal.account.cloudformation.template_forms import as_taken
from rehearsal.account.cloudformation.template_order import creation_order, references
from rehearsal.account.cloudformation.template_rules import check_rules

_LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""CloudFormation's own placeholder."""


class PlannedChange(Change):
    """One entry of a change set, with the members of the API's ResourceChange in moto's spelling."""

    def __init__(self, action: str, name: str, kind: str, made: Made | None = None) -> None:
        super().__init__(action, name, kind)
        self.physical_resource_id = made.physical_id if made else None
        self.replacement: str | None = None
        self.policy_action: str | None = None
        self.scope: list[str] = []
        self.details: list[dict[str, Any]] = []


class _Later:
    """A resource whose values will be known when it is made."""

    physical_resource_id = _LATER

    def get_cfn_attribute(self, attribute_name: str) -> str:  # noqa: ARG002  # moto's signature
        return _LATER


def planned_changes(
    stack: Stack,
    resources: StackResources,
    template: dict[str, Any],
    parameters: dict[str, Any],
    tags: dict[str, str],
) -> list[PlannedChange]:
    """What applying a template would do.

    Args:
        stack: what it would be applied to.
        resources: what exists of it.
        template: the new template.
        parameters: the new values of its parameters.
        tags: the new tags of the stack.

    Raises:
        ValidationError: the template has what cannot be made, or is not rehearsed.
    """
    future = _future_map(stack, resources, template, parameters)
    conditions = future.lazy_condition_map
    wanted = {
        name: body
        for name, body in template["Resources"].items()
        if "Condition" not in body or conditions[body["Condition"]]
    }
    check_rules(template, lambda value: parsing.clean_json(value, future))
    taken = {name: as_taken(body, conditions) for name, body in wanted.items()}
    refuse_template(template, taken, stack.region_name)
    if left_out := sorted({*references(list(taken.values()))} & template["Resources"].keys() - wanted.keys()):
        raise ValidationError(
            message=f"Template format error: Unresolved resource dependencies [{', '.join(left_out)}] in the "
            "Resources block of the template"
        )
    changes = []
    for name in creation_order(wanted):
        made, body = resources.made.get(name), wanted[name]
        if made is None:
            changes.append(PlannedChange("Add", name, body["Type"]))
            future._parsed_resources[name] = _Later()
        elif change := _modification(name, made, body, future, tags):
            changes.append(change)
            if change.replacement != "False":
                future._parsed_resources[name] = _Later()
    for name in reversed(creation_order({name: made.body for name, made in resources.made.items()})):
        if name not in wanted:
            made = resources.made[name]
            change = PlannedChange("Remove", name, made.kind, made)
            change.policy_action = _policy(made.body.get("DeletionPolicy"))
            changes.append(change)
    return changes


def _future_map(
    stack: Stack, resources: StackResources, template: dict[str, Any], parameters: dict[str, Any]
) -> parsing.ResourceMap:
    future = parsing.ResourceMap(
        stack.stack_id,
        stack.name,
        parameters or stack.resource_map.input_parameters,
        stack.tags,
        stack.region_name,
        stack.account_id,
        template,
        stack.resource_map.cross_stack_resources,
    )
    future.load_mapping()
    future.load_parameters()
    future.load_conditions()
    # moto makes a resource that its map names when something asks for it: name none.
    future._resource_json_map = {}
    for name in template["Resources"]:
        future._parsed_resources[name] = _Later()
    for name, made in resources.made.items():
        future._parsed_resources[name] = made.resource
    return future


def _modification(
    name: str, made: Made, body: dict[str, Any], future: parsing.ResourceMap, tags: dict[str, str]
) -> PlannedChange | None:
    region = future._region_name
    taken = as_taken(body.get("Properties", {}), future.lazy_condition_map)
    properties = {key: _value(value, future) for key, value in taken.items()}
    properties = {key: value for key, value in properties.items() if value is not None}
    properties = with_stack_tags(made.kind, properties, tags, region)
    tagging = tag_property(made.kind, region)
    former = made.resolved["Properties"]
    change = PlannedChange("Modify", name, made.kind, made)
    change.replacement = "False"
    for key in changed_properties(former, properties):
        need = recreation(made.kind, key, former, properties, region)
        later = _LATER in str(properties.get(key))
        target = {"Attribute": "Properties", "Name": key} if key != tagging else {"Attribute": "Tags"}
        change.details.append(
            {
                "Target": {**target, "RequiresRecreation": need},
                "Evaluation": "Dynamic" if later else "Static",
                "ChangeSource": "ResourceReference" if later else "DirectModification",
                "CausingEntity": next(_causes(body["Properties"][key], future), None) if later else None,
            }
        )
        if need == "Always" and not later:
            change.replacement = "True"
        elif need != "Never" and change.replacement == "False":
            change.replacement = "Conditional"
    change.scope += dict.fromkeys(detail["Target"]["Attribute"] for detail in change.details)
    for attribute in ("Metadata", "DeletionPolicy", "UpdateReplacePolicy"):
        if made.body.get(attribute) != body.get(attribute):
            change.scope.append(attribute)
    if change.replacement != "False":
        change.policy_action = f"ReplaceAnd{_policy(body.get('UpdateReplacePolicy'))}"
    return change if change.scope else None


def _policy(value: str | None) -> str:
    return "Retain" if value in ("Retain", "RetainExceptOnCreate") else "Delete"


def _value(value: Any, future: parsing.ResourceMap) -> Any:
    try:
        return parsing.clean_json(value, future)
    except (IndexError, KeyError, ServiceException):
        return _LATER  # it takes a part of something that is not known yet


def _causes(value: Any, future: parsing.ResourceMap) -> Iterator[str]:
    for name in references(value):
        if isinstance(future._parsed_resources.get(name), _Later):
            yield name
