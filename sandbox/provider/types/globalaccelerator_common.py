"""What accelerators, listeners and endpoint groups share: the region of their API, deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sandbox.provider.framework import Context

HOME_REGION: Final = "us-west-2"
"""The API lives here alone, whatever the provider's region is."""


def deployed(context: Context, arn: str) -> dict[str, Any]:
    """Waits until the accelerator's last change has reached the edge; the accelerator."""
    client = context.client("globalaccelerator")

    def probe() -> dict[str, Any] | None:
        accelerator = client.describe_accelerator(AcceleratorArn=arn)["Accelerator"]
        return dict(accelerator) if accelerator["Status"] == "DEPLOYED" else None

    return context.wait(probe, until=f"accelerator {arn} to be deployed", timeout_seconds=1800)


def accelerator_of(arn: str) -> str:
    """The accelerator's ARN in the ARN of its listener or endpoint group."""
    return arn.partition("/listener/")[0]
