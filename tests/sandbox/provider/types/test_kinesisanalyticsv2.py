"""Flink applications: starting, resuming and versions."""

from __future__ import annotations

import copy

import boto3
import pytest

from sandbox.provider.failures import ProviderError, UnfinishedError
from tests.sandbox.provider.samples import Made, Properties, World
from tests.sandbox.provider.samples.streams import SAMPLES

pytestmark = pytest.mark.sandbox
TOKEN = "aws:kinesisanalyticsv2/application:Application"
SAMPLE = next(sample for sample in SAMPLES if sample.token == TOKEN)


@pytest.fixture
def flink(world: World):
    """A client of the sandbox's Managed Flink."""
    return boto3.client("kinesisanalyticsv2", region_name=world.provider.configuration.region)


def _update(world: World, made: Made, news: Properties) -> None:
    news, faults = world.provider.check(made.token, "sample", made.inputs, news, b"")
    assert faults == []
    made.outputs = world.provider.update(
        made.token, "sample", made.id, state=made.outputs, olds=made.inputs, news=news
    )
    made.inputs = news


def _configured(inputs: Properties, **changes: object) -> Properties:
    news = copy.deepcopy(inputs)
    news["applicationConfiguration"] |= changes
    return news


def test_an_application_that_does_not_start_stays_created(world: World, flink) -> None:
    """The error tells why it did not start and where it was left; the state keeps the resource."""
    inputs = {**SAMPLE.inputs(world), "startApplication": True}
    checked, _ = world.provider.check(TOKEN, "sample", {}, inputs, b"")
    with pytest.raises(UnfinishedError) as failure:
        world.provider.create(TOKEN, "sample", checked)
    made = Made(TOKEN, failure.value.resource_id, checked, failure.value.outputs)
    world.made.append(made)
    assert "StartApplication" in str(failure.value)
    assert "left it READY" in str(failure.value)
    detail = flink.describe_application(ApplicationName=inputs["name"])["ApplicationDetail"]
    assert detail["ApplicationARN"] == made.id
    assert world.provider.diff(TOKEN, made.outputs, checked, checked).changes != ()


def test_a_half_made_application_is_completed_without_a_new_version(world: World, flink) -> None:
    """Once it is no longer to be started, the next update finds nothing else to change."""
    inputs = {**SAMPLE.inputs(world), "startApplication": True}
    checked, _ = world.provider.check(TOKEN, "sample", {}, inputs, b"")
    with pytest.raises(UnfinishedError) as failure:
        world.provider.create(TOKEN, "sample", checked)
    made = Made(TOKEN, failure.value.resource_id, checked, failure.value.outputs)
    world.made.append(made)
    _update(world, made, {**checked, "startApplication": False})
    detail = flink.describe_application(ApplicationName=inputs["name"])["ApplicationDetail"]
    assert detail["ApplicationVersionId"] == 1
    assert world.provider.diff(TOKEN, made.outputs, made.inputs, made.inputs).changes == ()


def test_new_code_makes_a_new_version_in_place(world: World) -> None:
    """Another key of the code object is an update; the application keeps its ARN."""
    made = world.make(TOKEN, SAMPLE.inputs(world))
    code = copy.deepcopy(made.inputs["applicationConfiguration"]["applicationCodeConfiguration"])
    code["codeContent"]["s3ContentLocation"]["objectVersion"] = None
    bucket = code["codeContent"]["s3ContentLocation"]["bucketArn"].removeprefix("arn:aws:s3:::")
    region = world.provider.configuration.region
    s3 = boto3.client("s3", region_name=region)
    s3.copy_object(Bucket=bucket, Key="new.zip", CopySource=f"{bucket}/code.zip")
    code["codeContent"]["s3ContentLocation"]["fileKey"] = "new.zip"
    news = _configured(made.inputs, applicationCodeConfiguration=code)
    assert not world.provider.diff(TOKEN, made.outputs, made.inputs, news).replaces
    _update(world, made, news)
    assert made["versionId"] == 2
    location = made["applicationConfiguration"]["applicationCodeConfiguration"]["codeContent"]
    assert location["s3ContentLocation"]["fileKey"] == "new.zip"


def test_properties_and_parallelism_change_together(world: World, flink) -> None:
    """All changes of the configuration go in one update, and no group is lost."""
    made = world.make(TOKEN, SAMPLE.inputs(world))
    configuration = made.inputs["applicationConfiguration"]
    groups = [
        *configuration["environmentProperties"]["propertyGroups"],
        {"propertyGroupId": "streams", "propertyMap": {"raw": "video-dev-raw"}},
    ]
    engine = copy.deepcopy(configuration["flinkApplicationConfiguration"])
    engine["parallelismConfiguration"]["parallelism"] = 4
    news = _configured(
        made.inputs,
        environmentProperties={"propertyGroups": groups},
        flinkApplicationConfiguration=engine,
    )
    _update(world, made, news)
    assert made["versionId"] == 2
    described = flink.describe_application(ApplicationName=made["name"])["ApplicationDetail"]
    found = described["ApplicationConfigurationDescription"]
    described_groups = found["EnvironmentPropertyDescriptions"]["PropertyGroupDescriptions"]
    assert {group["PropertyGroupId"] for group in described_groups} == {
        "kinesis.analytics.flink.run.options",
        "streams",
    }
    parallelism = found["FlinkApplicationConfigurationDescription"]
    assert parallelism["ParallelismConfigurationDescription"]["Parallelism"] == 4


def test_logging_is_taken_away_and_given_back(world: World, flink) -> None:
    """Logging options are added and deleted by calls of their own."""
    made = world.make(TOKEN, SAMPLE.inputs(world))
    given = made.inputs["cloudwatchLoggingOptions"]

    def options() -> list:
        answer = flink.describe_application(ApplicationName=made["name"])
        return answer["ApplicationDetail"].get("CloudWatchLoggingOptionDescriptions", [])

    _update(world, made, {k: v for k, v in made.inputs.items() if k != "cloudwatchLoggingOptions"})
    assert options() == []
    _update(world, made, {**made.inputs, "cloudwatchLoggingOptions": given})
    assert [one["LogStreamARN"] for one in options()] == [given["logStreamArn"]]


def test_what_videoctl_starts_is_no_drift_of_the_run_configuration(world: World) -> None:
    """A refresh keeps what the program says of restoring: what was restored last is run state."""
    run = {
        "applicationRestoreConfiguration": {
            "applicationRestoreType": "RESTORE_FROM_LATEST_SNAPSHOT"
        }
    }
    made = world.make(TOKEN, _configured(SAMPLE.inputs(world), runConfiguration=run))
    found = world.provider.read(TOKEN, "sample", made.id, made.outputs, made.inputs)
    assert found is not None
    assert found[2] == made.inputs


def test_sql_applications_are_refused(world: World) -> None:
    """A block that would be dropped silently is a fault of the input, with its path."""
    news = _configured(SAMPLE.inputs(world), sqlApplicationConfiguration={"outputs": []})
    _, faults = world.provider.check(TOKEN, "sample", {}, news, b"")
    assert [path for path, _ in faults] == ["applicationConfiguration.sqlApplicationConfiguration"]


def test_code_that_is_not_there_fails_the_creation(world: World) -> None:
    """The service looks for the code object before it creates anything."""
    inputs = copy.deepcopy(SAMPLE.inputs(world))
    code = inputs["applicationConfiguration"]["applicationCodeConfiguration"]["codeContent"]
    code["s3ContentLocation"]["fileKey"] = "nowhere.zip"
    with pytest.raises(ProviderError) as failure:
        world.make(TOKEN, inputs)
    assert not isinstance(failure.value, UnfinishedError)
