"""Grants as confluent's access rules and back."""

from __future__ import annotations

from typing import Any

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it re-exports by plain import
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from deploy.kafka.state import Grant

_OPERATIONS = {operation.name.title().replace("_", ""): operation for operation in AclOperation}
_RESOURCES = {resource.name.lower().replace("_", " "): resource for resource in ResourceType}

_ANY: Any = None  # what confluent takes for "any text", though its annotations want a text

EVERY_ONE = AclBindingFilter(
    ResourceType.ANY, _ANY, ResourcePatternType.ANY, _ANY, _ANY, AclOperation.ANY, AclPermissionType.ANY
)
"""A filter that every rule passes."""


def binding(grant: Grant) -> AclBinding:
    """The rule that says this grant."""
    return AclBinding(
        _RESOURCES[grant.resource],
        grant.name,
        ResourcePatternType.PREFIXED if grant.prefixed else ResourcePatternType.LITERAL,
        f"User:{grant.user}",
        grant.host,
        _OPERATIONS[grant.operation],
        AclPermissionType.DENY if grant.denies else AclPermissionType.ALLOW,
    )


def matching(grant: Grant) -> AclBindingFilter:
    """The filter that this one rule passes and no other."""
    rule = binding(grant)
    return AclBindingFilter(
        rule.restype,
        rule.name,
        rule.resource_pattern_type,
        rule.principal,
        rule.host,
        rule.operation,
        rule.permission_type,
    )


def grant(rule: AclBinding) -> Grant:
    """What a rule on the broker says; its principal has to be a user (`User:…`)."""
    resource, operation = ResourceType(rule.restype), AclOperation(rule.operation)
    return Grant(
        user=rule.principal.removeprefix("User:"),
        operation=operation.name.title().replace("_", ""),
        resource=resource.name.lower().replace("_", " "),
        name=rule.name,
        prefixed=rule.resource_pattern_type is ResourcePatternType.PREFIXED,
        denies=rule.permission_type is AclPermissionType.DENY,
        host=rule.host,
    )
