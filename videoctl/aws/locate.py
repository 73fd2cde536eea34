"""Finds what an interrupted update may have made, so that it is taken over and not made twice.

Most ids follow from names. Here are the types whose id AWS chooses: each is looked for by its
`Name` tag, which is unique in the environment and region, or by what AWS allows only once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from videoctl.aws.errors import NotFound
from videoctl.aws.locate_network import NETWORK
from videoctl.aws.locate_services import SERVICES
from videoctl.aws.locate_tags import TAGS, Site
from videoctl.errors import FailedError
from videoctl.model.regions import PRIMARY, Region

if TYPE_CHECKING:
    from collections.abc import Mapping

    from videoctl.aws.locate_lookup import Finder
    from videoctl.aws.session import AwsSession

FINDERS: Final[dict[str, Finder]] = {**NETWORK, **SERVICES}
"""How each type is found."""


class Locator:
    """Looks resources up in AWS.

    Args:
        session: makes the clients.

    """

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def locate(self, type_token: str, inputs: Mapping[str, Any], region: str | None) -> str | None:
        """The id of the resource with these inputs; None when there is none.

        Args:
            type_token: Pulumi's type, such as `aws:ec2/vpc:Vpc`.
            inputs: as the engine recorded them, camelCase.
            region: where it is; None for global services.

        Raises:
            FailedError: `resource-ambiguous`, or `resource-unknown`: nobody taught it that type.
            VideoctlError: AWS could not be asked; absence is never guessed.

        """
        finder = FINDERS.get(type_token)
        if finder is None:
            raise FailedError(
                f"an interrupted update may have made a {type_token}; videoctl cannot look for it",
                hint="look for it in the AWS console, and remove it",
                code="resource-unknown",
            )
        found = sorted(set(finder(self._session, inputs, Region(region or PRIMARY))))
        if len(found) > 1:
            raise FailedError(
                f"{len(found)} resources fit one interrupted {type_token}: {', '.join(found)}",
                hint="remove those that are not used, then run the same command again",
                code="resource-ambiguous",
            )
        return found[0] if found else None

    def tags(
        self, type_token: str, identifier: str, outputs: Mapping[str, Any], region: str | None
    ) -> Mapping[str, str] | None:
        """The tags of a resource; None when its kind has none, or there is no such resource.

        Args:
            type_token: Pulumi's type.
            identifier: its id, as the AWS provider records it.
            outputs: what is known of it, camelCase: its inputs at least.
            region: where it is; None for global services.

        Raises:
            VideoctlError: AWS could not be asked.

        """
        reader = TAGS.get(type_token)
        if reader is None:
            return None
        site = Site(Region(region or PRIMARY), self._session.account_id)
        try:
            return reader(self._session, site, identifier, outputs)
        except NotFound:
            return None
