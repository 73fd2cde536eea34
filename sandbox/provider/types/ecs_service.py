"""ECS: services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.provider.framework import (
    ResourceType,
    changed,
    key_value_tags,
    resource,
    tags_from_pairs,
)
from sandbox.provider.mapping import Codec, Field, to_members, to_properties
from sandbox.provider.types.ecs import update_tags

if TYPE_CHECKING:
    from sandbox.provider.framework import Context, Properties

_SWITCH: Final = Codec(lambda on: "ENABLED" if on else "DISABLED", lambda text: text == "ENABLED")
_CHANGEABLE: Final = (
    Field("taskDefinition", "taskDefinition"),
    Field("desiredCount", "desiredCount"),
    Field("platformVersion", "platformVersion"),
    Field("healthCheckGracePeriodSeconds", "healthCheckGracePeriodSeconds"),
    Field("enableExecuteCommand", "enableExecuteCommand"),
    Field("enableEcsManagedTags", "enableECSManagedTags"),
    Field("propagateTags", "propagateTags"),
    Field("availabilityZoneRebalancing", "availabilityZoneRebalancing"),
    Field(
        "networkConfiguration",
        "networkConfiguration.awsvpcConfiguration",
        fields=(
            Field("subnets", "subnets"),
            Field("securityGroups", "securityGroups"),
            Field("assignPublicIp", "assignPublicIp", codec=_SWITCH),
        ),
    ),
    Field(
        "loadBalancers",
        "loadBalancers",
        many=True,
        fields=(
            Field("targetGroupArn", "targetGroupArn"),
            Field("containerName", "containerName"),
            Field("containerPort", "containerPort"),
        ),
    ),
    Field("deploymentMaximumPercent", "deploymentConfiguration.maximumPercent"),
    Field("deploymentMinimumHealthyPercent", "deploymentConfiguration.minimumHealthyPercent"),
    Field(
        "deploymentCircuitBreaker",
        "deploymentConfiguration.deploymentCircuitBreaker",
        fields=(Field("enable", "enable"), Field("rollback", "rollback")),
    ),
    Field(
        "capacityProviderStrategies",
        "capacityProviderStrategy",
        many=True,
        fields=(
            Field("capacityProvider", "capacityProvider"),
            Field("base", "base"),
            Field("weight", "weight"),
        ),
    ),
)
_FIXED: Final = (
    Field("name", "serviceName"),
    Field("launchType", "launchType"),
    Field("schedulingStrategy", "schedulingStrategy"),
    Field("deploymentController", "deploymentController", fields=(Field("type", "type"),)),
)
_SERVICE: Final = (*_CHANGEABLE, *_FIXED)
_SETTABLE: Final = tuple(field.property for field in _CHANGEABLE)


@resource(
    "aws:ecs/service:Service",
    replace_on=("cluster", "name", "launchType", "schedulingStrategy", "deploymentController"),
    named="name",
    defaults={
        "deploymentMaximumPercent": 200,
        "deploymentMinimumHealthyPercent": 100,
        "enableEcsManagedTags": False,
        "enableExecuteCommand": False,
        "schedulingStrategy": "REPLICA",
        "sigintRollback": False,
        "waitForSteadyState": False,
    },
    unordered=(
        "networkConfiguration.subnets",
        "networkConfiguration.securityGroups",
        "loadBalancers",
        "capacityProviderStrategies",
    ),
    adopted=(
        "availabilityZoneRebalancing",
        "cluster",
        "deploymentConfiguration",
        "deploymentController",
        "iamRole",
        "launchType",
        "platformVersion",
        "triggers",
    ),
    supports=(
        "cluster",
        "forceDelete",
        "forceNewDeployment",
        "triggers",
        "waitForSteadyState",
        *(field.property for field in _SERVICE),
    ),
)
class Service(ResourceType):
    """A service. Its id is its ARN; imports are asked for as CLUSTER/SERVICE."""

    def validate(self, inputs: Properties) -> list[tuple[str, str]]:
        """A task definition, and one way to get capacity."""
        if "taskDefinition" not in inputs:
            return [("taskDefinition", 'Missing required argument "taskDefinition"')]
        if "launchType" in inputs and inputs.get("capacityProviderStrategies"):
            return [("launchType", '"capacityProviderStrategies": conflicts with launchType')]
        return []

    def imported(self, context: Context, resource_id: str) -> tuple[str, Properties]:
        """The ARN of that service."""
        cluster, _, name = resource_id.removeprefix("service/").rpartition("/")
        return context.arn("ecs", f"service/{cluster}/{name}"), {}

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Makes the service; waits for its tasks only where the program asks for it."""
        ecs = context.client("ecs")
        terms = to_members(_SERVICE, inputs)
        if inputs.get("cluster"):
            terms["cluster"] = inputs["cluster"]
        if inputs.get("tagsAll"):
            terms["tags"] = key_value_tags(inputs["tagsAll"], "key", "value")
        service = context.retry(
            lambda: ecs.create_service(**terms),
            # The listener that ties the target group to a load balancer is made at the same time.
            on=("InvalidParameterException",),
            containing="does not have an associated load balancer",
            timeout_seconds=120,
        )["service"]
        arn = service["serviceArn"]
        outputs = _outputs(service)
        context.made(arn, outputs)
        if inputs["waitForSteadyState"]:
            self._steady(context, arn)
        return arn, outputs

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """The service; one that drains or is INACTIVE is gone."""
        service = self._service(context, resource_id)
        if service is None or service["status"] != "ACTIVE":
            return None
        outputs = _outputs(service)
        outputs["tags"] = tags_from_pairs(service.get("tags", []), "key", "value")
        for name in ("taskDefinition", "cluster"):
            # A name or FAMILY:REVISION stays as the program wrote it; AWS tells ARNs.
            if "/" not in inputs.get(name, "/"):
                outputs[name] = outputs[name].rpartition("/")[2]
        return outputs, outputs

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """What `UpdateService` takes, sent where it differs; a new deployment where forced."""
        ecs = context.client("ecs")
        differing = {name: new.get(name) for name in _SETTABLE if old.get(name) != new.get(name)}
        if any(name.startswith("deployment") for name in differing):
            whole = [name for name in _SETTABLE if name.startswith("deployment")]
            differing |= {name: new.get(name) for name in whole}
        terms = to_members(_CHANGEABLE, differing)
        if "loadBalancers" in differing:
            terms.setdefault("loadBalancers", [])
        if new.get("forceNewDeployment") and (terms or changed(old, new, "triggers")):
            terms["forceNewDeployment"] = True
        outputs: Properties = {}
        if terms:
            service = ecs.update_service(
                cluster=_cluster(resource_id), service=resource_id, **terms
            )["service"]
            outputs = _outputs(service)
        update_tags(context, resource_id, old, new)
        if terms and new["waitForSteadyState"]:
            self._steady(context, resource_id)
        return outputs

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Scales to zero, removes the service and waits until its tasks have drained."""
        ecs, cluster = context.client("ecs"), _cluster(resource_id)
        service = self._service(context, resource_id)
        if service is None or service["status"] == "INACTIVE":
            return
        if service["status"] == "ACTIVE" and service["desiredCount"]:
            ecs.update_service(cluster=cluster, service=resource_id, desiredCount=0)
        force = bool(outputs.get("forceDelete"))
        ecs.delete_service(cluster=cluster, service=resource_id, force=force)

        def drained() -> bool | None:
            found = self._service(context, resource_id)
            return True if found is None or found["status"] == "INACTIVE" else None

        context.wait(drained, until=f"service {resource_id} to drain", timeout_seconds=1200)

    def _steady(self, context: Context, arn: str) -> None:
        def probe() -> bool | None:
            service = self._service(context, arn) or {"deployments": [], "desiredCount": -1}
            done = len(service["deployments"]) == 1
            return True if done and service["runningCount"] == service["desiredCount"] else None

        context.wait(probe, until=f"service {arn} to be stable", timeout_seconds=1200)

    def _service(self, context: Context, arn: str) -> dict[str, Any] | None:
        found = context.client("ecs").describe_services(
            cluster=_cluster(arn), services=[arn], include=["TAGS"]
        )["services"]
        return dict(found[0]) if found else None


def _cluster(arn: str) -> str:
    return arn.split("/")[-2]


def _outputs(service: dict[str, Any]) -> Properties:
    return {
        **to_properties(_SERVICE, service),
        "arn": service["serviceArn"],
        "cluster": service["clusterArn"],
    }
