"""Address arithmetic of a region's VPC."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from videoctl.model.regions import Region

_ZONE_LETTERS: Final = "abc"
_QUARTER_BITS: Final = 2


def availability_zones(region: Region, count: int) -> tuple[str, ...]:
    """The first `count` availability zones of a region, such as `us-east-1a`."""
    return tuple(f"{region}{letter}" for letter in _ZONE_LETTERS[:count])


def private_subnet_cidrs(vpc_cidr: str, count: int) -> tuple[str, ...]:
    """One quarter of the VPC a private subnet; the rest stays free for later subnets.

    Args:
        vpc_cidr: the VPC's block, such as `10.40.0.0/16`; host bits are ignored.
        count: subnets wanted, at most 3.

    """
    quarters = IPv4Network(vpc_cidr, strict=False).subnets(prefixlen_diff=_QUARTER_BITS)
    return tuple(str(block) for block, _ in zip(quarters, range(count), strict=False))
