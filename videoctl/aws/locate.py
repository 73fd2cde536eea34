"""Finds what an interrupted update may have made, so that it is imported and not made twice.

A resource whose creation was interrupted is in AWS or is not, and the engine's state cannot tell.
Each function here looks for the resource with the recorded inputs, by its name, or by its `Name`
tag where AWS gives random ids, and answers with the id Pulumi imports it by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from videoctl.aws.locate_compute import COMPUTE
from videoctl.aws.locate_data import DATA
from videoctl.aws.locate_network import NETWORK
from videoctl.errors import FailedError
from videoctl.model.regions import Region

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from videoctl.aws.locate_lookup import Finder
    from videoctl.aws.session import AwsSession

PUT_AGAIN: Final = frozenset(
    {
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketNotification:BucketNotification",
        "aws:s3/bucketObjectv2:BucketObjectv2",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:sqs/queuePolicy:QueuePolicy",
    }
)
"""Settings of another resource: making one again puts the same setting, so none is looked for."""

FINDERS: Final[dict[str, Finder]] = {**NETWORK, **COMPUTE, **DATA}
"""How each type that cannot simply be made again is found."""


class Locator:
    """Looks resources up in AWS.

    Args:
        session: makes the clients.

    """

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def __call__(self, type_token: str, inputs: Mapping[str, Any], region: str) -> str | None:
        """The import id of the resource with these inputs; None when there is none.

        Args:
            type_token: Pulumi's type, such as `aws:ec2/vpc:Vpc`.
            inputs: as the engine recorded them, camelCase.
            region: where the resource is; any for global ones.

        Raises:
            FailedError: `resource-ambiguous`, or a type nobody taught it to find.

        """
        if type_token in PUT_AGAIN:
            return None
        finder = FINDERS.get(type_token)
        if finder is None:
            raise FailedError(
                f"an interrupted update may have made a {type_token}; videoctl cannot look for it",
                hint="look for it in the AWS console, and remove it",
                code="resource-unknown",
            )
        found = sorted(set(finder(self._session, inputs, Region(region))))
        if len(found) > 1:
            raise FailedError(
                f"{len(found)} resources fit one interrupted {type_token}: {', '.join(found)}",
                hint="remove those that are not used, then run the same command again",
                code="resource-ambiguous",
            )
        return found[0] if found else None
