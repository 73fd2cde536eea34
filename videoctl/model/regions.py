"""The two regions of the platform, and where each global control plane lives."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Region(StrEnum):
    """A region of the pair; the value is AWS's own name."""

    US_EAST_1 = "us-east-1"
    US_WEST_2 = "us-west-2"

    @property
    def other(self) -> Region:
        """The other region of the pair."""
        return Region.US_WEST_2 if self is Region.US_EAST_1 else Region.US_EAST_1


PRIMARY: Final = Region.US_EAST_1
SECONDARY: Final = Region.US_WEST_2

CONTROL_PLANE_REGION: Final[dict[str, Region]] = {
    "globalaccelerator": Region.US_WEST_2,
    "support": Region.US_EAST_1,
    "budgets": Region.US_EAST_1,
    "iam": Region.US_EAST_1,
}
"""Services whose API exists in one region only (aws-facts, sections 2, 7, 8).

S3's bucket configuration calls are served from every region but depend on us-east-1; they keep the
bucket's own region here, because that is where the request must be sent.
"""
