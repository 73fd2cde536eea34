"""The one place that makes boto3 clients: profile, retries, timeouts, endpoint, account guard."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from videoctl import __version__
from videoctl.aws.client import AwsClient
from videoctl.aws.errors import Call, translate
from videoctl.aws.sts import StsGateway
from videoctl.errors import RefusedError
from videoctl.model.regions import CONTROL_PLANE_REGION, PRIMARY, Region

CONNECT_TIMEOUT_SECONDS: Final = 5
READ_TIMEOUT_SECONDS: Final = 30
MAX_ATTEMPTS: Final = 4
"""Attempts of one call, the first included; what is longer is the executor's to wait for."""

POOL_CONNECTIONS: Final = 20
"""At least as many as an observation's threads."""

READING_PREFIXES: Final = ("Describe", "Get", "Head", "List")
"""Operations that change nothing; every other one makes sure of the account first."""


@dataclass(frozen=True, kw_only=True)
class AwsSettings:
    """How AWS is reached.

    Attributes:
        account_id: the account that is meant; writes to another one are refused.
        profile: the profile to use; None: the usual chain.
        endpoint_url: another endpoint than AWS's own.
        environment: AWS_* variables of the target, which win over this process's.

    """

    account_id: str
    profile: str | None = None
    endpoint_url: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


class AwsSession:
    """Makes clients, one a service and region, and guards the account."""

    def __init__(self, settings: AwsSettings) -> None:
        self._settings = settings
        self._making = threading.Lock()
        self._asking = threading.Lock()
        self._clients: dict[tuple[str, Region], AwsClient] = {}
        self._session: Any = None
        self._verified = False

    @property
    def account_id(self) -> str:
        """The account that is meant."""
        return self._settings.account_id

    def client(self, service: str, region: Region) -> AwsClient:
        """The client of `service`, in its control plane's region where it has only one."""
        actual = CONTROL_PLANE_REGION.get(service, region)
        with self._making:
            known = self._clients.get((service, actual))
            if known is None:
                known = AwsClient(self._make(service, actual), service, actual)
                self._clients[(service, actual)] = known
        return known

    def caller_account_id(self, region: Region) -> str:
        """The account STS of `region` names for the credentials in use."""
        return StsGateway(self.client("sts", region)).account_id()

    def verify_account(self, region: Region) -> None:
        """Make sure, once, that the credentials belong to the account that is meant.

        Raises:
            RefusedError: `account-mismatch`; nothing was changed.

        """
        with self._asking:
            if self._verified:
                return
            seen = self.caller_account_id(region)
            if seen != self._settings.account_id:
                raise RefusedError(
                    f"the credentials belong to account {seen}, the target is"
                    f" {self._settings.account_id}",
                    hint="use the target's profile, or correct account_id in videoctl.toml",
                    code="account-mismatch",
                )
            self._verified = True

    def _make(self, service: str, region: Region) -> Any:
        if self._session is None:
            self._session = self._make_session()
        client = self._session.client(
            service,
            region_name=region.value,
            endpoint_url=self._settings.endpoint_url,
            config=Config(
                retries={"mode": "standard", "total_max_attempts": MAX_ATTEMPTS},
                connect_timeout=CONNECT_TIMEOUT_SECONDS,
                read_timeout=READ_TIMEOUT_SECONDS,
                max_pool_connections=POOL_CONNECTIONS,
                user_agent_extra=f"videoctl/{__version__}",
            ),
        )

        def guard(model: Any, **_: Any) -> None:
            if not model.name.startswith(READING_PREFIXES):
                self.verify_account(region)

        client.meta.events.register("before-call", guard)
        return client

    def _make_session(self) -> Any:
        variables = self._settings.environment
        try:
            return boto3.session.Session(
                profile_name=self._settings.profile,
                aws_access_key_id=variables.get("AWS_ACCESS_KEY_ID"),
                aws_secret_access_key=variables.get("AWS_SECRET_ACCESS_KEY"),
                aws_session_token=variables.get("AWS_SESSION_TOKEN"),
            )
        except BotoCoreError as error:
            call = Call(service="sts", operation="GetCallerIdentity", region=PRIMARY)
            raise translate(error, call) from error
