"""Where a resource stands: environment, account, region, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from videoctl.model.names import Names, arn
from videoctl.model.regions import Region

LOG_RETENTION_DAYS: Final = 30
PROTECTED_LOG_RETENTION_DAYS: Final = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One region of one environment.

    Attributes:
        names: names and tags of the environment.
        region: where the resources are made.
        protected: whether the environment is.
        lifts_protection: on its way out: nothing refuses to be deleted.

    """

    names: Names
    region: Region
    protected: bool
    lifts_protection: bool = False

    @property
    def refuses_deletion(self) -> bool:
        """Whether what holds data, and what players reach, refuses to be deleted."""
        return self.protected and not self.lifts_protection

    @property
    def account_id(self) -> str:
        """The AWS account, twelve digits."""
        return self.names.account_id

    @property
    def log_retention_days(self) -> int:
        """How long CloudWatch Logs keeps what is written here."""
        return PROTECTED_LOG_RETENTION_DAYS if self.protected else LOG_RETENTION_DAYS

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this account and region."""
        return arn(service, self.region, self.account_id, resource)

    def tags(self, component: str, name: str) -> dict[str, str]:
        """Tags of one resource; `Name` is unique in the environment and region."""
        return {**self.names.tags(component), "Name": name}
