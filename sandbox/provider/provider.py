"""The life of a resource in plain Python: check, diff, create, read, update, delete.

This is what the engine's requests come down to, without gRPC: everything that is the same for all
types (tags, previews, drift, half-made resources, imports, errors) is here.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Final

from sandbox.provider import comparison, configuration, drift, inputs, sdk
from sandbox.provider.clients import Clients
from sandbox.provider.failures import (
    ProviderError,
    UnfinishedError,
    failed,
    means_gone,
    wording,
)
from sandbox.provider.framework import Context, resource_type
from sandbox.provider.values import UNKNOWN, has_unknown

if TYPE_CHECKING:
    from sandbox.provider.framework import Properties, ResourceType

UNFINISHED: Final = "__unfinished"
"""Marks the state of a half-made resource: its next update applies all inputs again."""
_IMPORT_ID: Final = re.compile(r"^(?P<id>.+)@(?P<region>[a-z]{2}(-[a-z]+)+-\d)$")


class Provider:
    """The provider once configured. Requests may come from many threads at once."""

    def __init__(self) -> None:
        self.configuration = configuration.Configuration(region="us-east-1")
        self.clients = Clients()
        self._cancelled = threading.Event()

    def configure(self, properties: Properties) -> None:
        """Takes the configuration.

        Raises `ProviderError` for missing credentials or an account that it does not allow.
        """
        self.configuration = configuration.parse(properties)
        self.clients = Clients(self.configuration.attempts)
        self.clients.default_region = self.configuration.region
        if not self.clients.has_credentials():
            raise ProviderError("No valid credential sources found.")
        limits = self.configuration
        if limits.allowed_account_ids or limits.forbidden_account_ids:
            refusal = configuration.account_refusal(limits, self._account_id())
            if refusal:
                raise ProviderError(refusal)

    def cancel(self) -> None:
        """Ends all waits."""
        self._cancelled.set()

    def check(
        self, token: str, name: str, olds: Properties, news: Properties, seed: bytes
    ) -> tuple[Properties, list[tuple[str, str]]]:
        """The inputs with defaults filled in, and their faults as (property, reason)."""
        return inputs.checked(
            _kind(token), news, olds, region=self.configuration.region, name=name, seed=seed
        )

    def diff(
        self, token: str, state: Properties, olds: Properties, news: Properties
    ) -> comparison.Difference:
        """What an update would change: inputs, default tags, and what a creation left undone."""
        kind = _kind(token)
        found = comparison.difference(olds, news, kind.rules)
        extra = []
        if self._tags_drift(token, state, news) and not any(
            change.path.startswith("tags") for change in found.changes
        ):
            extra.append(comparison.Change("tagsAll", "update", replaces=False))
        if state.get(UNFINISHED):
            extra.append(comparison.Change(UNFINISHED, "delete", replaces=False))
        return comparison.Difference((*found.changes, *extra), found.delete_first)

    def create(
        self, token: str, name: str, news: Properties, *, timeout_seconds: float = 0
    ) -> tuple[str, Properties]:
        """Makes the resource: (id, outputs).

        Raises `ProviderError`, or `UnfinishedError` when it exists but is not complete.
        """
        kind, context = _kind(token), self._context(token, news, timeout_seconds)
        wanted = self._with_tags(token, news)
        self._account_id()  # before anything is made: ARNs are made up of it
        try:
            resource_id, outputs = kind.create(context, wanted)
        except Exception as error:
            message = failed("creating", token, name, wording(error))
            if context.unfinished is None:
                raise ProviderError(message) from error
            resource_id, outputs = context.unfinished
            state = self._outputs(kind, context, {**wanted, **outputs})
            raise UnfinishedError(message, resource_id, {**state, UNFINISHED: True}) from error
        return resource_id, self._outputs(kind, context, {**wanted, **outputs})

    def preview_create(self, token: str, news: Properties) -> Properties:
        """The outputs before the resource exists: inputs, and `UNKNOWN` for AWS's own values."""
        declared = sdk.declaration(token)
        computed = {name: UNKNOWN for name in declared.outputs if name not in declared.inputs}
        adopted = dict.fromkeys(_kind(token).rules.adopted, UNKNOWN)
        return {**computed, **adopted, **self._with_tags(token, news)}

    def update(
        self,
        token: str,
        name: str,
        resource_id: str,
        *,
        state: Properties,
        olds: Properties,
        news: Properties,
        timeout_seconds: float = 0,
    ) -> Properties:
        """Applies the differences; the new outputs."""
        kind, context = _kind(token), self._context(token, news, timeout_seconds, state)
        old = {} if state.get(UNFINISHED) else {**olds, "tagsAll": state.get("tagsAll") or {}}
        wanted = self._with_tags(token, news)
        try:
            outputs = kind.update(context, resource_id, old, wanted)
            if any(name not in news for name in olds):
                outputs |= self._fallen_back(kind, context, resource_id, news)
        except Exception as error:
            message = failed("updating", token, name, wording(error))
            raise ProviderError(message) from error
        return self._outputs(kind, context, {**_without(state, olds, news), **wanted, **outputs})

    def preview_update(
        self, token: str, state: Properties, olds: Properties, news: Properties
    ) -> Properties:
        """The outputs before an update: the old ones and the new inputs.

        They are `UNKNOWN` where an update may change what AWS computes.
        """
        volatile = dict.fromkeys(_kind(token).rules.volatile, UNKNOWN)
        return {**_without(state, olds, news), **self._with_tags(token, news), **volatile}

    def read(
        self, token: str, name: str, resource_id: str, state: Properties, olds: Properties
    ) -> tuple[str, Properties, Properties] | None:
        """What is there now: (id, outputs, inputs), None when it is gone.

        Without recorded inputs this is an import; its id may end in `@region`.
        """
        kind, region = _kind(token), None
        if not olds and (match := _IMPORT_ID.match(resource_id)):
            resource_id, region = match["id"], match["region"]
        context = self._context(token, {"region": region or olds.get("region")}, 0, state)
        try:
            hints = olds
            if not olds:
                resource_id, hints = kind.imported(context, resource_id)
            found = kind.read(context, resource_id, hints)
        except Exception as error:
            if _gone(error):
                return None
            message = failed("reading", token, name, wording(error))
            raise ProviderError(message) from error
        if found is None:
            return None
        outputs = self._outputs(kind, context, {**olds, **self._own_tags(found[1], olds)})
        current = self._inputs_now(kind, context, found[0], outputs, state=state, olds=olds)
        if state.get(UNFINISHED):
            outputs[UNFINISHED] = True
        return resource_id, outputs, current

    def delete(
        self, token: str, name: str, resource_id: str, state: Properties, timeout_seconds: float = 0
    ) -> None:
        """Removes the resource; one that is gone already counts as removed."""
        kind, context = _kind(token), self._context(token, state, timeout_seconds, state)
        try:
            kind.delete(context, resource_id, state)
        except Exception as error:
            if not _gone(error):
                message = failed("deleting", token, name, wording(error))
                raise ProviderError(message) from error

    def _fallen_back(
        self, kind: ResourceType, context: Context, resource_id: str, news: Properties
    ) -> Properties:
        """What AWS has now for inputs that the program has taken away."""
        found = kind.read(context, resource_id, news)
        return {key: value for key, value in found[1].items() if key != "tags"} if found else {}

    def _account_id(self) -> str:
        try:
            return self.clients.account_id()
        except Exception as error:
            text = f"validating provider credentials: {wording(error)}"
            raise ProviderError(text) from error

    def _context(
        self,
        token: str,
        properties: Properties,
        timeout_seconds: float,
        state: Properties | None = None,
    ) -> Context:
        region = _kind(token).rules.home_region or properties.get("region")
        return Context(
            self.clients,
            str(region or self.configuration.region),
            timeout_seconds=timeout_seconds,
            cancelled=self._cancelled,
            state=state,
        )

    def _with_tags(self, token: str, news: Properties) -> Properties:
        if "tagsAll" not in sdk.declaration(token).outputs:
            return news
        own = news.get("tags") or {}
        if has_unknown(own):
            return {**news, "tagsAll": UNKNOWN}
        return {**news, "tagsAll": {**self.configuration.default_tags, **own}}

    def _tags_drift(self, token: str, state: Properties, news: Properties) -> bool:
        wanted = self._with_tags(token, news).get("tagsAll")
        return wanted not in (None, UNKNOWN) and wanted != (state.get("tagsAll") or {})

    def _own_tags(self, outputs: Properties, olds: Properties) -> Properties:
        """Tells the resource's own tags from the default ones, and drops AWS's (`aws:`)."""
        if "tags" not in outputs:
            return outputs
        everything = {
            key: value
            for key, value in (outputs["tags"] or {}).items()
            if not key.startswith("aws:")
        }
        declared, defaults = olds.get("tags") or {}, self.configuration.default_tags
        own = {
            key: value
            for key, value in everything.items()
            if key in declared or defaults.get(key) != value
        }
        return {**outputs, "tags": own, "tagsAll": everything}

    def _inputs_now(
        self,
        kind: ResourceType,
        context: Context,
        found: Properties,
        outputs: Properties,
        *,
        state: Properties,
        olds: Properties,
    ) -> Properties:
        names = sdk.declaration(kind.token).inputs
        if "tags" in outputs:
            found = {**found, "tags": outputs["tags"]}
        known = {*kind.rules.supports, "tags"} if kind.rules.supports else names
        found = {key: value for key, value in found.items() if key in known & names}
        if olds and not any(name in state for name in outputs.keys() - names):
            state = found  # recorded without having been read: what AWS has is no drift of it
        if olds:
            return drift.refreshed(kind.rules, found, recorded=olds, state=state)
        regional = {"region": context.region} if "region" in names else {}
        return {**kind.rules.defaults, **drift.imported(found), **regional}

    def _outputs(self, kind: ResourceType, context: Context, known: Properties) -> Properties:
        declared = sdk.declaration(kind.token).outputs
        outputs = {name: known.get(name) for name in declared}
        if "region" in declared:
            outputs["region"] = context.region
        return outputs


def _kind(token: str) -> ResourceType:
    try:
        return resource_type(token)
    except KeyError:
        raise ProviderError(f"unrecognized resource type (Check): {token}") from None


def _gone(error: Exception) -> bool:
    from botocore.exceptions import ClientError  # noqa: PLC0415 - start-up time

    return isinstance(error, ClientError) and means_gone(error)


def _without(state: Properties, olds: Properties, news: Properties) -> Properties:
    """The recorded outputs without the inputs that the program has taken away."""
    gone = {UNFINISHED, *(olds.keys() - news.keys())}
    return {key: value for key, value in state.items() if key not in gone}
