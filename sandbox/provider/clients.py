"""botocore clients, made once a (service, region) and shared by all requests."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Final

from sandbox.provider.failures import note_service

if TYPE_CHECKING:
    import botocore.session

_CONNECTIONS_PER_CLIENT: Final = 32
_DEFAULT_ATTEMPTS: Final = 25
_CONNECTION_ATTEMPTS: Final = 3


class Clients:
    """Clients with endpoint and credentials from the AWS_* variables. Safe to share by threads.

    `attempts` is how often a call is made before its throttling or server error is given back;
    None leaves it to AWS_MAX_ATTEMPTS, and to the real provider's 25 without it.
    """

    def __init__(self, attempts: int | None = None) -> None:
        self._attempts = attempts
        self._clients: dict[tuple[str, str], Any] = {}
        self._session: botocore.session.Session | None = None
        self._account_id: str | None = None
        self._lock = threading.RLock()
        self.default_region = "us-east-1"

    def get(self, service: str, region: str) -> Any:
        """The client of a service (botocore's name) in a region."""
        client = self._clients.get((service, region))
        if client is not None:
            return client
        with self._lock:  # a botocore session makes clients for one thread at a time
            client = self._clients.get((service, region))
            if client is None:
                client = self._make(service, region)
                self._clients[service, region] = client
        return client

    def account_id(self) -> str:
        """The account of the credentials, asked once from STS."""
        if self._account_id is None:
            with self._lock:
                if self._account_id is None:
                    identity = self.get("sts", self.default_region).get_caller_identity()
                    self._account_id = str(identity["Account"])
        return self._account_id

    def has_credentials(self) -> bool:
        """Whether any credentials were found."""
        with self._lock:
            return self._botocore().get_credentials() is not None

    def _botocore(self) -> botocore.session.Session:
        if self._session is None:
            import botocore.session  # noqa: PLC0415 - start-up time

            self._session = botocore.session.get_session()
        return self._session

    def _make(self, service: str, region: str) -> Any:
        from botocore.config import Config  # noqa: PLC0415 - start-up time

        session = self._botocore()
        attempts = self._attempts or session.get_config_variable("max_attempts") or 0
        config = Config(
            max_pool_connections=_CONNECTIONS_PER_CLIENT,
            retries={
                "mode": "standard",
                "total_max_attempts": int(attempts) or _DEFAULT_ATTEMPTS,
            },
        )
        # Named outright, an endpoint is used as it is; found through the variables, botocore would
        # still discover Timestream's cells, and reach them by TLS only.
        client = session.create_client(
            service,
            region_name=region,
            endpoint_url=os.environ.get("AWS_ENDPOINT_URL") or None,
            config=config,
        )
        client.meta.events.register("after-call", note_service)
        client.meta.events.register_first("needs-retry", _give_up_on_unreachable)
        return client


def _give_up_on_unreachable(attempts: int, caught_exception: Exception | None, **_: Any) -> None:
    """Ends the retries of a call that nobody answers: an endpoint that is down is no throttling."""
    from botocore.exceptions import EndpointConnectionError  # noqa: PLC0415 - start-up time

    if isinstance(caught_exception, EndpointConnectionError) and attempts >= _CONNECTION_ATTEMPTS:
        raise caught_exception
