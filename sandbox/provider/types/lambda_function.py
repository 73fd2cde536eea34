"""Lambda functions."""

from __future__ import annotations

from typing import Any, Final

from sandbox.provider.framework import (
    Context,
    Properties,
    ResourceType,
    changed,
    resource,
    tag_changes,
)
from sandbox.provider.mapping import (
    Codec,
    Field,
    Table,
    declared,
    rules_of,
    to_members,
    to_properties,
    with_defaults,
)
from sandbox.provider.values import Asset
from sandbox.provider.waits import await_absence, await_status

_UNRESERVED: Final = -1
_LATEST: Final = "$LATEST"
_CONFIGURATION: Final[Table] = (
    Field("role", "Role"),
    Field("runtime", "Runtime"),
    Field("handler", "Handler"),
    Field("description", "Description"),
    Field("memorySize", "MemorySize", default=128),
    Field("timeout", "Timeout", default=3),
    Field("environment", "Environment", fields=(Field("variables", "Variables"),)),
    Field("kmsKeyArn", "KMSKeyArn"),
    Field("deadLetterConfig", "DeadLetterConfig", fields=(Field("targetArn", "TargetArn"),)),
    Field(
        "layers",
        "Layers",
        codec=Codec(list, lambda layers: [layer["Arn"] for layer in layers]),
    ),
    Field("tracingConfig", "TracingConfig", adopted=True, fields=(Field("mode", "Mode"),)),
    Field("ephemeralStorage", "EphemeralStorage", adopted=True, fields=(Field("size", "Size"),)),
    Field(
        "loggingConfig",
        "LoggingConfig",
        adopted=True,
        fields=(
            Field("logFormat", "LogFormat"),
            Field("applicationLogLevel", "ApplicationLogLevel", adopted=True),
            Field("logGroup", "LogGroup", adopted=True),
            Field("systemLogLevel", "SystemLogLevel", adopted=True),
        ),
    ),
    Field(
        "imageConfig",
        "ImageConfig",
        fields=(
            Field("commands", "Command"),
            Field("entryPoints", "EntryPoint"),
            Field("workingDirectory", "WorkingDirectory"),
        ),
    ),
    Field(
        "vpcConfig",
        "VpcConfig",
        fields=(
            Field("ipv6AllowedForDualStack", "Ipv6AllowedForDualStack", default=False),
            Field("securityGroupIds", "SecurityGroupIds", unordered=True),
            Field("subnetIds", "SubnetIds", unordered=True),
            Field("vpcId", "VpcId", computed=True),
        ),
    ),
)
_CLEARED: Final = {
    "Description": "",
    "Environment": {"Variables": {}},
    "KMSKeyArn": "",
    "DeadLetterConfig": {"TargetArn": ""},
    "Layers": [],
    "ImageConfig": {},
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
}
"""What takes a setting away: UpdateFunctionConfiguration keeps what it is not given."""
_FUNCTION: Final[Table] = (
    *_CONFIGURATION,
    Field("name", "FunctionName"),
    Field("architectures", "Architectures", adopted=True),
    Field("packageType", "PackageType", default="Zip"),
    Field("codeSha256", "CodeSha256", adopted=True),
)
_LOCATION: Final[Table] = (
    Field("s3Bucket", "S3Bucket"),
    Field("s3Key", "S3Key"),
    Field("s3ObjectVersion", "S3ObjectVersion"),
    Field("imageUri", "ImageUri"),
    Field("sourceKmsKeyArn", "SourceKMSKeyArn"),
)
_CODE: Final = (
    "code",
    "codeSha256",
    "sourceCodeHash",
    "architectures",
    *(field.property for field in _LOCATION),
)
_RULES: Final = rules_of(_FUNCTION)


@resource(
    "aws:lambda/function:Function",
    named="name",
    replace_on=("name", "packageType"),
    supports=(
        *_CODE,
        *(field.property for field in _FUNCTION),
        "publish",
        "reservedConcurrentExecutions",
    ),
    volatile=("lastModified", "codeSha256", "sourceCodeSize", "version", "qualifiedArn"),
    **{
        **_RULES,
        "defaults": {**_RULES["defaults"], "reservedConcurrentExecutions": _UNRESERVED},
        "adopted": (*_RULES["adopted"], "sourceCodeHash"),
    },
)
class Function(ResourceType):
    """A function from a zip in S3, an archive of the program, or an image; its id is its name."""

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """Creates, waits until the function may be invoked, then reserves concurrency."""
        functions, name = context.client("lambda"), inputs["name"]
        functions.create_function(
            **to_members(_FUNCTION, _sent(inputs)),
            Code=_code(inputs),
            Publish=bool(inputs.get("publish")),
            Tags=inputs.get("tagsAll") or {},
        )
        context.made(name, {"arn": context.arn("lambda", f"function:{name}")})
        configuration = _ready(context, name)
        reserved = inputs.get("reservedConcurrentExecutions", _UNRESERVED)
        if reserved != _UNRESERVED:
            _reserve(functions, name, reserved)
        return name, _outputs(context, configuration, inputs)

    def read(
        self, context: Context, resource_id: str, inputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """Configuration, code location, concurrency and tags in one call."""
        answer = context.client("lambda").get_function(FunctionName=resource_id)
        outputs = _outputs(context, answer["Configuration"], inputs)
        outputs["tags"] = answer.get("Tags", {})
        reserved = answer.get("Concurrency", {}).get("ReservedConcurrentExecutions", _UNRESERVED)
        outputs["reservedConcurrentExecutions"] = reserved
        kept = {name: inputs[name] for name in (*_CODE, "publish") if name in inputs}
        seen = {**declared(_FUNCTION, outputs, inputs), "reservedConcurrentExecutions": reserved}
        return {**seen, **{name: inputs[name] for name in kept}}, {**kept, **outputs}

    def update(
        self, context: Context, resource_id: str, old: Properties, new: Properties
    ) -> Properties:
        """Code, configuration, concurrency and tags, each in its own call and only if changed."""
        functions = context.client("lambda")
        _configure(context, resource_id, old, new)
        if changed(old, new, *_CODE):
            functions.update_function_code(
                FunctionName=resource_id,
                **_code(new),
                **({"Architectures": new["architectures"]} if new.get("architectures") else {}),
                Publish=bool(new.get("publish")),
            )
        configuration = _ready(context, resource_id)
        if changed(old, new, "reservedConcurrentExecutions"):
            _reserve(functions, resource_id, new.get("reservedConcurrentExecutions", _UNRESERVED))
        added, removed = tag_changes(old, new)
        if added:
            functions.tag_resource(Resource=configuration["FunctionArn"], Tags=added)
        if removed:
            functions.untag_resource(Resource=configuration["FunctionArn"], TagKeys=removed)
        return _outputs(context, configuration, new)

    def delete(self, context: Context, resource_id: str, outputs: Properties) -> None:
        """Deletes all versions."""
        del outputs
        functions = context.client("lambda")
        functions.delete_function(FunctionName=resource_id)
        await_absence(
            context,
            f"function {resource_id}",
            lambda: functions.get_function_configuration(FunctionName=resource_id),
        )


def _sent(inputs: Properties) -> Properties:
    """The inputs without what Lambda computes from others."""
    filled = with_defaults(_FUNCTION, inputs)
    filled.pop("codeSha256", None)
    return filled


def _code(inputs: Properties) -> dict[str, Any]:
    """Where the code is, or the code itself."""
    code = inputs.get("code")
    if isinstance(code, Asset):
        return {"ZipFile": code.read_bytes()}
    return to_members(_LOCATION, inputs)


def _configure(context: Context, name: str, old: Properties, new: Properties) -> None:
    before, after = (
        to_members(_CONFIGURATION, with_defaults(_CONFIGURATION, props)) for props in (old, new)
    )
    if before == after and old:
        return
    gone = {name: _CLEARED[name] for name in before.keys() - after.keys() if name in _CLEARED}
    context.client("lambda").update_function_configuration(FunctionName=name, **gone, **after)
    _ready(context, name)


def _ready(context: Context, name: str) -> dict[str, Any]:
    """The configuration once the function is active and its last update has taken effect."""
    functions = context.client("lambda")

    def probe() -> tuple[str, dict[str, Any]]:
        found = functions.get_function_configuration(FunctionName=name)
        status = f"{found.get('State')}/{found.get('LastUpdateStatus')}"
        reason = found.get("StateReason") or found.get("LastUpdateStatusReason")
        return (f"{status} ({reason})" if "Failed" in status else status), dict(found)

    return await_status(
        context,
        f"function {name}",
        probe,
        wanted=("Active/Successful",),
        passing=("Pending/InProgress", "Pending/Successful", "Active/InProgress"),
    )


def _reserve(functions: Any, name: str, executions: int) -> None:
    if executions == _UNRESERVED:
        functions.delete_function_concurrency(FunctionName=name)
    else:
        functions.put_function_concurrency(
            FunctionName=name, ReservedConcurrentExecutions=executions
        )


def _outputs(context: Context, configuration: dict[str, Any], inputs: Properties) -> Properties:
    arn = configuration["FunctionArn"]
    version = _published(context, configuration) if inputs.get("publish") else _LATEST
    settings = {
        **configuration,
        "ImageConfig": configuration.get("ImageConfigResponse", {}).get("ImageConfig"),
    }
    for name, member in (("VpcConfig", "VpcId"), ("Environment", "Variables")):
        if not (settings.get(name) or {}).get(member):
            settings.pop(name, None)  # Lambda may tell an empty one
    invocation = f"arn:{context.partition}:apigateway:{context.region}:lambda:path"
    return {
        **to_properties(_FUNCTION, settings),
        "arn": arn,
        "invokeArn": f"{invocation}/2015-03-31/functions/{arn}/invocations",
        "qualifiedArn": f"{arn}:{version}",
        "qualifiedInvokeArn": f"{invocation}/2015-03-31/functions/{arn}:{version}/invocations",
        "responseStreamingInvokeArn": (
            f"{invocation}/2021-11-15/functions/{arn}/response-streaming-invocations"
        ),
        "lastModified": configuration["LastModified"],
        "signingJobArn": configuration.get("SigningJobArn", ""),
        "signingProfileVersionArn": configuration.get("SigningProfileVersionArn", ""),
        "sourceCodeHash": inputs.get("sourceCodeHash") or configuration["CodeSha256"],
        "sourceCodeSize": configuration["CodeSize"],
        "version": version,
    }


def _published(context: Context, configuration: dict[str, Any]) -> str:
    """The newest published version."""
    pages = (
        context.client("lambda")
        .get_paginator("list_versions_by_function")
        .paginate(FunctionName=configuration["FunctionName"])
    )
    versions = [one["Version"] for page in pages for one in page["Versions"]]
    return max((one for one in versions if one != _LATEST), key=int, default=_LATEST)
