"""The one account of a sandbox, and how AWS clients reach it."""

from __future__ import annotations

ACCOUNT_ID = "000000000000"
DEFAULT_REGION = "us-east-1"
ACCESS_KEY_ID = "sandbox"
SECRET_ACCESS_KEY = "sandbox"  # noqa: S105 - no secret: nothing checks it, clients want one


def client_environment(endpoint_url: str, region: str = DEFAULT_REGION) -> dict[str, str]:
    """AWS_* variables that make any AWS SDK talk to this sandbox."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Timestream's cells are one endpoint here; discovered ones would be asked for by TLS.
        "AWS_ENABLE_ENDPOINT_DISCOVERY": "false",
    }
