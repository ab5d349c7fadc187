"""Rules of a security group that a stack makes, changes and takes away, of every source that EC2 knows.

moto makes those for IPv4 blocks and for groups, drops those for IPv6 blocks, and stops at prefix lists.
"""

from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupIngress

from rehearsal.account.tags import tags_of

_RULES = "SecurityGroupIngress"


def install() -> None:
    """Replace what moto does with rules in a template."""
    create = SecurityGroup.create_from_cloudformation_json.__func__  # type: ignore[attr-defined]

    def create_with_rules(
        cls: type[SecurityGroup],
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **kwargs: Any,
    ) -> SecurityGroup:
        properties = dict(cloudformation_json["Properties"])
        rules = properties.pop(_RULES, [])
        bare = {**cloudformation_json, "Properties": properties}
        group: SecurityGroup = create(cls, resource_name, bare, account_id, region_name, **kwargs)
        try:
            for rule in rules:
                _authorize(group, rule, account_id, region_name)
        except Exception:  # a rollback deletes what was made, and this is not known yet to have been
            ec2_backends[account_id][region_name].delete_security_group(group_id=group.id)
            raise
        return group

    SecurityGroup.create_from_cloudformation_json = classmethod(create_with_rules)  # type: ignore
    SecurityGroup.update_from_cloudformation_json = classmethod(_update_group)  # type: ignore
    SecurityGroupIngress.create_from_cloudformation_json = classmethod(_create_rule)  # type: ignore
    SecurityGroupIngress.delete = _delete_rule  # type: ignore[attr-defined]


def _update_group(
    cls: type[SecurityGroup],  # noqa: ARG001
    original_resource: SecurityGroup,
    new_resource_name: str,  # noqa: ARG001
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
) -> SecurityGroup:
    ec2 = ec2_backends[account_id][region_name]
    group, properties = original_resource, cloudformation_json["Properties"]
    former: dict[str, Any] = group.declared_properties  # type: ignore[attr-defined]
    for rule in former.get(_RULES, []):
        _revoke(group, rule, account_id, region_name)
    for rule in properties.get(_RULES, []):
        _authorize(group, rule, account_id, region_name)
    tags = tags_of(properties)
    gone = [tag["Key"] for tag in former.get("Tags", []) if tag["Key"] not in tags]
    ec2.delete_tags([group.id], dict.fromkeys(gone, ""))
    ec2.create_tags([group.id], tags)
    return group


def _create_rule(
    cls: type[SecurityGroupIngress],
    resource_name: str,  # noqa: ARG001
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
    **kwargs: Any,  # noqa: ARG001
) -> SecurityGroupIngress:
    rule = cloudformation_json["Properties"]
    ec2 = ec2_backends[account_id][region_name]
    (group,) = ec2.describe_security_groups(group_ids=[rule["GroupId"]])
    _authorize(group, rule, account_id, region_name)
    return cls(group, rule)


def _delete_rule(self: SecurityGroupIngress, account_id: str, region_name: str) -> None:
    _revoke(self.security_group, self.properties, account_id, region_name)


def _authorize(group: SecurityGroup, rule: dict[str, Any], account_id: str, region_name: str) -> None:
    ec2 = ec2_backends[account_id][region_name]
    ec2.authorize_security_group_ingress(group.id, vpc_id=group.vpc_id, **_arguments(rule))


def _revoke(group: SecurityGroup, rule: dict[str, Any], account_id: str, region_name: str) -> None:
    ec2 = ec2_backends[account_id][region_name]
    ec2.revoke_security_group_ingress(group.id, vpc_id=group.vpc_id, **_arguments(rule))


def _arguments(rule: dict[str, Any]) -> dict[str, Any]:
    described = {"Description": rule["Description"]} if "Description" in rule else {}
    blocks = [{key: rule[key], **described} for key in ("CidrIp", "CidrIpv6") if key in rule]
    arguments: dict[str, Any] = {
        "ip_protocol": rule["IpProtocol"],
        "from_port": rule.get("FromPort"),
        "to_port": rule.get("ToPort"),
        "ip_ranges": blocks,
    }
    if "SourceSecurityGroupId" in rule:
        arguments["source_groups"] = [{"GroupId": rule["SourceSecurityGroupId"], **described}]
    if "SourcePrefixListId" in rule:
        arguments["prefix_list_ids"] = [{"PrefixListId": rule["SourcePrefixListId"], **described}]
    return arguments
