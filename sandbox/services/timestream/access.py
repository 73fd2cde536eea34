"""Whether the account may use Timestream for LiveAnalytics at all.

AWS closed it to new customers on 2025-06-20: an account that never used it is answered with the
error below on every call, DescribeEndpoints included.
"""

from __future__ import annotations

import os
from typing import Final

from sandbox.protocol.errors import ServiceError

VARIABLE: Final = "SANDBOX_TIMESTREAM_ACCESS"
"""Environment variable of the server: `closed` makes this an account that came too late."""
MESSAGE: Final = (
    "Only existing Timestream for LiveAnalytics customers can access the service. "
    "Reach out to AWS support, for more information."
)


def closed() -> ServiceError:
    """What a new customer is told; the code is that of an ordinary denial."""
    return ServiceError("AccessDeniedException", MESSAGE)


def check() -> None:
    """Raise when this account is a new customer."""
    if os.environ.get(VARIABLE, "open") == "closed":
        raise closed()
