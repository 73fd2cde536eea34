"""Tests of making, changing and describing Flink applications."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.services.calling import Caller
from tests.sandbox.services.flink_doubles import (
    NAME,
    OPTIONS,
    RecordingRunner,
    creation,
    detail,
    operation,
    refused,
    started,
)


def test_a_new_application_is_ready(flink: Caller) -> None:
    """Version 1, READY, with the service's defaults filled in and the code's size."""
    flink("CreateApplication", **creation())
    found = detail(flink)
    assert found["ApplicationStatus"] == "READY"
    assert found["ApplicationVersionId"] == 1
    assert found["ApplicationARN"] == (
        "arn:aws:kinesisanalytics:us-east-1:000000000000:application/agg"
    )
    described = found["ApplicationConfigurationDescription"]
    blocks = described["FlinkApplicationConfigurationDescription"]
    assert blocks["CheckpointConfigurationDescription"]["CheckpointInterval"] == 60_000
    assert blocks["ParallelismConfigurationDescription"]["CurrentParallelism"] == 1
    content = described["ApplicationCodeConfigurationDescription"]["CodeContentDescription"]
    assert content["CodeSize"] > 0
    assert content["S3ApplicationCodeLocationDescription"]["FileKey"] == "agg.zip"


def test_the_code_object_must_exist(flink: Caller) -> None:
    """CreateApplication says which key of which bucket it could not get."""
    flink.host.services.objects = {}
    error = refused(flink, "CreateApplication", **creation())
    assert error.code == "InvalidArgumentException"
    assert "unable to get the specified fileKey: agg.zip in the specified bucket: artifacts" in (
        error.message
    )


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"RuntimeEnvironment": "SQL-1_0"}, "UnsupportedOperationException", "SQL applications"),
        ({"RuntimeEnvironment": "FLINK-1_13"}, "UnsupportedOperationException", "is deprecated"),
        (
            {"ServiceExecutionRole": "arn:aws:iam::111111111111:role/flink"},
            "InvalidArgumentException",
            "should belong to account '000000000000'",
        ),
        (
            {
                "CloudWatchLoggingOptions": [
                    {"LogStreamARN": "arn:aws:logs:us-east-1:0:log-group:g"}
                ]
            },
            "InvalidArgumentException",
            "CloudWatch log stream ARN",
        ),
        ({"ApplicationName": "a b"}, "ValidationException", "regular expression pattern"),
    ],
)
def test_wrong_applications_are_refused(
    flink: Caller, changes: dict[str, Any], code: str, message: str
) -> None:
    """What the service refuses is refused, in its words."""
    error = refused(flink, "CreateApplication", **creation(**changes))
    assert (error.code, message in error.message) == (code, True)


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        (
            {
                "FlinkApplicationConfiguration": {
                    "CheckpointConfiguration": {
                        "ConfigurationType": "DEFAULT",
                        "CheckpointInterval": 1000,
                    }
                }
            },
            "custom values for the checkpoint configuration",
        ),
        (
            {
                "FlinkApplicationConfiguration": {
                    "ParallelismConfiguration": {
                        "ConfigurationType": "CUSTOM",
                        "ParallelismPerKPU": 9,
                    }
                }
            },
            "supported limit 8",
        ),
        (
            {
                "FlinkApplicationConfiguration": {
                    "ParallelismConfiguration": {"ConfigurationType": "CUSTOM", "Parallelism": 65}
                }
            },
            "65 KPUs",
        ),
        (
            {
                "EnvironmentProperties": {
                    "PropertyGroups": [
                        {"PropertyGroupId": "a", "PropertyMap": {"k": "v"}},
                        {"PropertyGroupId": "a", "PropertyMap": {"k": "v"}},
                    ]
                }
            },
            "duplicate PropertyGroupId : 'a'",
        ),
        (
            {
                "ApplicationCodeConfiguration": {
                    "CodeContentType": "ZIPFILE",
                    "CodeContent": {"TextContent": "x"},
                }
            },
            "ZIPFILE code content type",
        ),
    ],
)
def test_wrong_configurations_are_refused(
    flink: Caller, configuration: dict[str, Any], message: str
) -> None:
    """Each rule of the configuration holds at creation."""
    error = refused(flink, "CreateApplication", **creation(configuration=configuration))
    assert message in error.message


def test_an_update_of_a_ready_application(flink: Caller) -> None:
    """READY stays READY, the version counts up, the operation is done."""
    flink("CreateApplication", **creation())
    change = {
        "FlinkApplicationConfigurationUpdate": {
            "ParallelismConfigurationUpdate": {
                "ConfigurationTypeUpdate": "CUSTOM",
                "ParallelismUpdate": 4,
            }
        }
    }
    answer = flink(
        "UpdateApplication",
        ApplicationName=NAME,
        ConditionalToken=detail(flink)["ConditionalToken"],
        ApplicationConfigurationUpdate=change,
    )
    assert operation(flink, answer["OperationId"])["OperationStatus"] == "SUCCESSFUL"
    found = detail(flink)
    assert (found["ApplicationStatus"], found["ApplicationVersionId"]) == ("READY", 2)
    described = found["ApplicationConfigurationDescription"]
    parallelism = described["FlinkApplicationConfigurationDescription"][
        "ParallelismConfigurationDescription"
    ]
    assert parallelism["Parallelism"] == 4
    groups = described["EnvironmentPropertyDescriptions"]["PropertyGroupDescriptions"]
    assert groups[0]["PropertyMap"] == OPTIONS


def test_a_stale_update_is_refused(flink: Caller) -> None:
    """An old token, an old version, or neither: nothing is changed."""
    flink("CreateApplication", **creation())
    old = detail(flink)["ConditionalToken"]
    update = {
        "ApplicationName": NAME,
        "ServiceExecutionRoleUpdate": creation()["ServiceExecutionRole"],
    }
    flink("UpdateApplication", **update, ConditionalToken=old)
    for stale in ({"ConditionalToken": old}, {"CurrentApplicationVersionId": 1}):
        error = refused(flink, "UpdateApplication", **update, **stale)
        assert error.code == "ConcurrentModificationException"
    assert refused(flink, "UpdateApplication", **update).code == "InvalidArgumentException"
    assert detail(flink)["ApplicationVersionId"] == 2


def test_an_update_needs_the_new_code_object(flink: Caller) -> None:
    """New code that is not in S3 is refused, and the old version stays."""
    flink("CreateApplication", **creation())
    location = {"S3ContentLocationUpdate": {"FileKeyUpdate": "new.zip"}}
    change = {"ApplicationCodeConfigurationUpdate": {"CodeContentUpdate": location}}
    error = refused(
        flink,
        "UpdateApplication",
        ApplicationName=NAME,
        CurrentApplicationVersionId=1,
        ApplicationConfigurationUpdate=change,
    )
    assert "fileKey: new.zip" in error.message
    assert detail(flink)["ApplicationVersionId"] == 1


def test_logging_network_and_tags(flink: Caller) -> None:
    """Each attachment makes a version of its own; tags do not."""
    flink("CreateApplication", **creation())
    arn = detail(flink)["ApplicationARN"]
    stream = "arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:s"
    added = flink(
        "AddApplicationCloudWatchLoggingOption",
        ApplicationName=NAME,
        CurrentApplicationVersionId=1,
        CloudWatchLoggingOption={"LogStreamARN": stream},
    )
    (option,) = added["CloudWatchLoggingOptionDescriptions"]
    network = flink(
        "AddApplicationVpcConfiguration",
        ApplicationName=NAME,
        CurrentApplicationVersionId=2,
        VpcConfiguration={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    )["VpcConfigurationDescription"]
    assert network["VpcId"] == "vpc-1"
    flink(
        "DeleteApplicationCloudWatchLoggingOption",
        ApplicationName=NAME,
        CurrentApplicationVersionId=3,
        CloudWatchLoggingOptionId=option["CloudWatchLoggingOptionId"],
    )
    flink(
        "DeleteApplicationVpcConfiguration",
        ApplicationName=NAME,
        CurrentApplicationVersionId=4,
        VpcConfigurationId=network["VpcConfigurationId"],
    )
    flink("TagResource", ResourceARN=arn, Tags=[{"Key": "a", "Value": "b"}])
    flink("UntagResource", ResourceARN=arn, TagKeys=["videoctl:component"])
    assert flink("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    assert detail(flink)["ApplicationVersionId"] == 5
    versions = flink("ListApplicationVersions", ApplicationName=NAME)["ApplicationVersionSummaries"]
    assert [one["ApplicationVersionId"] for one in versions] == [5, 4, 3, 2, 1]
    third = flink("DescribeApplicationVersion", ApplicationName=NAME, ApplicationVersionId=3)
    assert (
        "VpcConfigurationDescriptions"
        in (third["ApplicationVersionDetail"]["ApplicationConfigurationDescription"])
    )


def test_the_maintenance_window_moves(flink: Caller) -> None:
    """Eight hours from the start given; the default depends on the region."""
    flink("CreateApplication", **creation())
    window = detail(flink)["ApplicationMaintenanceConfigurationDescription"]
    assert window["ApplicationMaintenanceWindowStartTime"] == "03:00"
    answer = flink(
        "UpdateApplicationMaintenanceConfiguration",
        ApplicationName=NAME,
        ApplicationMaintenanceConfigurationUpdate={
            "ApplicationMaintenanceWindowStartTimeUpdate": "20:30"
        },
    )
    window = answer["ApplicationMaintenanceConfigurationDescription"]
    assert window["ApplicationMaintenanceWindowEndTime"] == "04:30"


def test_lists_come_in_pages(flink: Caller) -> None:
    """Limit and NextToken walk through applications and operations."""
    for number in range(3):
        flink("CreateApplication", **creation(ApplicationName=f"app-{number}"))
    first = flink("ListApplications", Limit=2)
    second = flink("ListApplications", Limit=2, NextToken=first["NextToken"])
    names = [
        one["ApplicationName"]
        for answer in (first, second)
        for one in answer["ApplicationSummaries"]
    ]
    assert names == ["app-0", "app-1", "app-2"]
    assert second["NextToken"] is None
    error = refused(flink, "ListApplications", NextToken="nothing")
    assert error.code == "InvalidArgumentException"


def test_operations_are_listed_by_name_and_status(flink: Caller, runner: RecordingRunner) -> None:
    """ListApplicationOperations filters, the latest first."""
    started(flink)
    flink("StopApplication", ApplicationName=NAME)
    flink.settle()
    every = flink("ListApplicationOperations", ApplicationName=NAME)["ApplicationOperationInfoList"]
    assert [one["Operation"] for one in every] == ["StopApplication", "StartApplication"]
    starts = flink("ListApplicationOperations", ApplicationName=NAME, Operation="StartApplication")
    assert len(starts["ApplicationOperationInfoList"]) == 1
    failed = flink("ListApplicationOperations", ApplicationName=NAME, OperationStatus="FAILED")
    assert not failed["ApplicationOperationInfoList"]
