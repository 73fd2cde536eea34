"""Names, ARNs and tags: the only place that composes them.

Every name is a pure function of (environment, kind, region, account), so that what belongs to an
environment can be found without asking a state file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from videoctl.model.regions import Region

PLATFORM: Final = "video"
"""First word of every resource name."""

TICK_PREFIX: Final = "ticks/"
"""Where delivery puts the producer's ticks in the raw bucket, apart from players' events."""

CANARY_PREFIX: Final = "canary/"
"""Where delivery puts what is of canaries in raw and session buckets, apart from the players'."""

SESSION_MEASURE: Final = "session_window"
"""Measure name of players' session windows in the sessions table."""

CANARY_MEASURE: Final = "canary"
"""Measure name of what canaries left in the sessions table; no figure of viewers counts it."""

HEALTH_FLAG_KEY: Final = "health/out-of-service.json"
"""Object in a region's ops bucket that takes the region out of service while it is there."""


ENVIRONMENT_TAG: Final = "videoctl:environment"
"""The tag that says whose a resource is."""


class BucketKind(StrEnum):
    """The buckets of one region."""

    RAW = "raw"
    SESSION = "session"
    LATE = "late"
    ARTIFACTS = "artifacts"
    OPS = "ops"


class StreamKind(StrEnum):
    """The Kinesis data streams of one region; each has a bucket and a delivery stream."""

    RAW = "raw"
    SESSION = "session"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Names:
    """Names of everything one environment has.

    Args:
        environment: name on the command line, such as `slowprod`.
        account_id: the AWS account, twelve digits; part of bucket names, which are global.

    """

    environment: str
    account_id: str

    @property
    def prefix(self) -> str:
        """What every name of this environment begins with."""
        return f"{PLATFORM}-{self.environment}"

    @property
    def stack(self) -> str:
        """The Pulumi stack."""
        return self.environment

    def bucket(self, kind: BucketKind, region: Region) -> str:
        """An S3 bucket: environment, kind and region; the account makes it unique."""
        return f"{self.prefix}-{kind}-{region}-{self.account_id}"

    def stream(self, kind: StreamKind) -> str:
        """A Kinesis data stream; the same name in each region."""
        return f"{self.prefix}-{kind}"

    def delivery_stream(self, kind: StreamKind) -> str:
        """A Data Firehose delivery stream."""
        return f"{self.prefix}-{kind}-to-s3"

    @property
    def flink_application(self) -> str:
        """The Managed Service for Apache Flink application that aggregates."""
        return f"{self.prefix}-agg"

    @property
    def flink_consumer(self) -> str:
        """The enhanced fan-out consumer of the raw stream."""
        return f"{self.prefix}-agg"

    @property
    def session_function(self) -> str:
        """The Lambda function that writes session windows to Timestream."""
        return f"{self.prefix}-kds-timestream-buf-sess"

    @property
    def session_dead_letter_queue(self) -> str:
        """The SQS queue that receives what the session function gave up on."""
        return f"{self.prefix}-kds-timestream-buf-sess-dlq"

    @property
    def replay_queue(self) -> str:
        """The SQS queue that names new raw objects to load tests."""
        return f"{self.prefix}-raw-replay"

    @property
    def timestream_database(self) -> str:
        """The Timestream database."""
        return self.prefix

    @property
    def sessions_table(self) -> str:
        """The Timestream table of session windows."""
        return "sessions"

    @property
    def grafana_workspace(self) -> str:
        """The Amazon Managed Grafana workspace."""
        return self.prefix

    @property
    def cluster(self) -> str:
        """The ECS cluster."""
        return self.prefix

    @property
    def ingest_service(self) -> str:
        """The ECS service (and task family) of http_handler with its KPL sidecar."""
        return f"{self.prefix}-http-handler"

    def repository(self, image: str) -> str:
        """An ECR repository, such as `video-slowprod/http-handler`."""
        return f"{self.prefix}/{image}"

    @property
    def load_balancer(self) -> str:
        """The Application Load Balancer, and its target group (at most 32 characters)."""
        return f"{self.prefix}-ingest"

    @property
    def accelerator(self) -> str:
        """The Global Accelerator."""
        return self.prefix

    def snowflake_topic(self, kind: BucketKind) -> str:
        """The SNS topic that tells Snowflake of new objects."""
        return f"{self.prefix}-{kind}-snowflake"

    def role(self, purpose: str, region: Region) -> str:
        """An IAM role; IAM is global, so the region is in the name (at most 64 characters)."""
        return f"{self.prefix}-{region}-{purpose}"

    def key_alias(self) -> str:
        """The alias of the region's KMS key."""
        return f"alias/{self.prefix}"

    def log_group(self, service: str, resource: str) -> str:
        """A CloudWatch Logs group, such as `/aws/kinesis-analytics/video-slowprod-agg`."""
        return f"/aws/{service}/{resource}"

    def tags(self, component: str) -> dict[str, str]:
        """Tags of every resource that can carry any."""
        return {
            ENVIRONMENT_TAG: self.environment,
            "videoctl:component": component,
            "videoctl:managed-by": "pulumi",
        }


def object_prefix(kind: StreamKind, moment: datetime) -> str:
    """Where delivery puts the objects of one arrival hour: `raw/year=2026/month=11/.../`."""
    return f"{kind}/{moment:year=%Y/month=%m/day=%d/hour=%H}/"


def replication_rule(kind: BucketKind, destination: Region) -> str:
    """The id of the rule that replicates a bucket to its pair; metrics have it as a dimension."""
    return f"{kind}-to-{destination}"


def control_bucket(account_id: str, region: Region) -> str:
    """The account's control bucket: locks and mirrored journals; outlives every environment."""
    return f"{PLATFORM}-control-{region}-{account_id}"


def arn(service: str, region: Region | str, account_id: str, resource: str) -> str:
    """An ARN in the standard partition; pass an empty region or account where AWS leaves it out."""
    return f"arn:aws:{service}:{region}:{account_id}:{resource}"


def bucket_arn(bucket: str) -> str:
    """The ARN of an S3 bucket."""
    return arn("s3", "", "", bucket)


def stream_arn(name: str, region: Region, account_id: str) -> str:
    """The ARN of a Kinesis data stream."""
    return arn("kinesis", region, account_id, f"stream/{name}")


def queue_url(name: str, region: Region, account_id: str) -> str:
    """The URL of an SQS queue."""
    return f"https://sqs.{region}.amazonaws.com/{account_id}/{name}"


def role_arn(name: str, account_id: str) -> str:
    """The ARN of an IAM role."""
    return arn("iam", "", account_id, f"role/{name}")


def arrival_hour(moment: datetime) -> str:
    """The partition of a delivered object: the UTC hour its first record arrived."""
    return f"{moment.astimezone(UTC):year=%Y/month=%m/day=%d/hour=%H/}"
