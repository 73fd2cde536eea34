"""The engine's requests over gRPC: Pulumi's `ResourceProvider` service around `Provider`.

It speaks the protocol itself instead of using `pulumi.provider.experimental.server`, because that
server cannot say that a resource is half made, does not pass on the old inputs that a comparison
needs, wraps every error in "Unexpected <class ...>", and takes 0.7 s to import.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.provider import configuration, sdk
from sandbox.provider.failures import ProviderError, UnfinishedError
from sandbox.provider.values import from_struct, to_struct

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.provider.comparison import Change, Difference
    from sandbox.provider.provider import Provider

_KINDS: Final = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


def _answering(method: Callable[..., Any]) -> Callable[..., Any]:
    """Turns a failure into the status the engine understands."""

    @functools.wraps(method)
    def answer(self: Any, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except UnfinishedError as error:
            context.set_trailing_metadata((("grpc-status-details-bin", _half_made(error)),))
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except ProviderError as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))

    return answer


def _half_made(error: UnfinishedError) -> bytes:
    detail = provider_pb2.ErrorResourceInitFailed(
        id=error.resource_id, properties=to_struct(error.outputs), reasons=[str(error)]
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
    status.details.add().Pack(detail)
    return bytes(status.SerializeToString())


class ProviderService(provider_pb2_grpc.ResourceProviderServicer):
    """One provider process's service. Requests run on the gRPC server's threads."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - protocol
        """The engine's greeting: this provider takes neither secrets nor outputs nor resources."""
        return provider_pb2.ProviderHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - protocol
        """The version of pulumi_aws that this provider stands in for."""
        return plugin_pb2.PluginInfo(version=sdk.sdk_version())

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - protocol
        """The least schema that `import` asks for: the package and its version."""
        schema = {"name": "aws", "version": sdk.sdk_version(), "resources": {}}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - protocol
        """Refuses configuration that this provider would ignore."""
        news = from_struct(request.news)
        return _checked(news, configuration.faults(news))

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - protocol
        """No change of configuration needs another provider, as with the real one."""
        same = from_struct(request.olds) == from_struct(request.news)
        response = provider_pb2.DiffResponse
        return response(changes=response.DIFF_NONE if same else response.DIFF_SOME)

    @_answering
    def Configure(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - protocol
        """Takes region, guards and default tags; refuses an account that is not allowed."""
        self._provider.configure(from_struct(request.args))
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    @_answering
    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - protocol
        """No data sources: the stacks compute what they need."""
        raise ProviderError(f"the sandbox's provider has no function {request.tok}")

    @_answering
    def Check(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - protocol
        """Inputs with defaults, and their faults."""
        olds, news = from_struct(request.olds), from_struct(request.news)
        inputs, faults = self._provider.check(
            _token(request), _name(request), olds, news, request.randomSeed
        )
        return _checked(inputs, faults)

    @_answering
    def Diff(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - protocol
        """What an update would change, path by path."""
        found = self._provider.diff(
            _token(request),
            from_struct(request.olds),
            from_struct(request.old_inputs),
            from_struct(request.news),
        )
        return _diff_response(found)

    @_answering
    def Create(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - protocol
        """Makes a resource, or says what is known of it before."""
        token, news = _token(request), from_struct(request.properties)
        if request.preview:
            outputs = self._provider.preview_create(token, news)
            return provider_pb2.CreateResponse(properties=to_struct(outputs))
        resource_id, outputs = self._provider.create(
            token, _name(request), news, timeout_seconds=request.timeout
        )
        return provider_pb2.CreateResponse(id=resource_id, properties=to_struct(outputs))

    @_answering
    def Read(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - protocol
        """What is there now; an empty id for a resource that is gone."""
        found = self._provider.read(
            _token(request),
            _name(request),
            request.id,
            from_struct(request.properties),
            from_struct(request.inputs),
        )
        if found is None:
            return provider_pb2.ReadResponse()
        resource_id, outputs, inputs = found
        return provider_pb2.ReadResponse(
            id=resource_id, properties=to_struct(outputs), inputs=to_struct(inputs)
        )

    @_answering
    def Update(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - protocol
        """Changes a resource in place, or says what would be known of it after."""
        token = _token(request)
        state, olds = from_struct(request.olds), from_struct(request.old_inputs)
        news = from_struct(request.news)
        if request.preview:
            outputs = self._provider.preview_update(token, state, olds, news)
        else:
            outputs = self._provider.update(
                token,
                _name(request),
                request.id,
                state=state,
                olds=olds,
                news=news,
                timeout_seconds=request.timeout,
            )
        return provider_pb2.UpdateResponse(properties=to_struct(outputs))

    @_answering
    def Delete(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - protocol
        """Removes a resource."""
        state = from_struct(request.properties)
        self._provider.delete(_token(request), _name(request), request.id, state, request.timeout)
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - protocol
        """Ends all waits, so that the requests under way answer."""
        self._provider.cancel()
        return empty_pb2.Empty()


def _token(request: Any) -> str:
    return str(request.urn).split("::")[2].rpartition("$")[2]


def _name(request: Any) -> str:
    return str(request.urn).split("::", maxsplit=3)[3]


def _checked(inputs: dict[str, Any], faults: list[tuple[str, str]]) -> Any:
    failures = [provider_pb2.CheckFailure(property=name, reason=reason) for name, reason in faults]
    return provider_pb2.CheckResponse(inputs=to_struct(inputs), failures=failures)


def _diff_response(found: Difference) -> Any:
    response = provider_pb2.DiffResponse
    return response(
        changes=response.DIFF_SOME if found.changes else response.DIFF_NONE,
        diffs=sorted({_top(change) for change in found.changes}),
        replaces=sorted({_top(change) for change in found.changes if change.replaces}),
        deleteBeforeReplace=found.delete_first,
        hasDetailedDiff=True,
        detailedDiff={
            change.path: provider_pb2.PropertyDiff(
                kind=_KINDS[change.kind, change.replaces], inputDiff=True
            )
            for change in found.changes
        },
    )


def _top(change: Change) -> str:
    return change.path.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]
