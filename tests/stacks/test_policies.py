"""IAM documents: what recorded programs grant, and the language itself."""

from __future__ import annotations

import json
from typing import Any

from stacks.policies import roles
from stacks.policies.document import Statement, document, trust
from stacks.policies.keys import environment_key, use_key
from stacks.policies.resources import queue, tls_only_bucket
from stacks.policies.streams import subscribe
from videoctl.model.regions import Region

EAST = Region.US_EAST_1
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
POLICY_PROPERTIES = ("policy", "assumeRolePolicy")
ACTIONS_WITHOUT_RESOURCE = {
    "cloudwatch:GetMetricData", "cloudwatch:ListMetrics", "ecr:GetAuthorizationToken",
    "timestream:CancelQuery", "timestream:DescribeEndpoints", "timestream:ListDatabases",
    "timestream:SelectValues",
}  # fmt: skip
"""Actions for which AWS knows no narrower resource than `*`."""


def policies(recording: Any) -> list[tuple[Any, dict[str, Any]]]:
    """Every policy statement in a program, with the resource that carries it."""
    found = []
    for one in recording.custom:
        for key in POLICY_PROPERTIES:
            if key in one.inputs and not one.type.endswith(":LifecyclePolicy"):
                statements = json.loads(one.inputs[key])["Statement"]
                found += [(one, statement) for statement in statements]
    return found


def everything(recordings: Any, richest: Any) -> list[tuple[Any, dict[str, Any]]]:
    """The statements of all shipped programs and of the richest one."""
    return [pair for recording in (*recordings.values(), richest) for pair in policies(recording)]


def test_every_kind_of_policy_is_looked_at(recordings: Any, richest: Any) -> None:
    """Roles, keys, buckets, queues, topics and endpoints all have policies, and are seen here."""
    kinds = {one.type.rpartition(":")[2] for one, _ in everything(recordings, richest)}
    assert kinds == {
        "BucketPolicy", "Key", "QueuePolicy", "Role", "RolePolicy", "TopicPolicy", "VpcEndpoint",
    }  # fmt: skip


def test_no_policy_allows_every_action(recordings: Any, richest: Any) -> None:
    """Nobody may do everything, not even within one service."""
    for one, statement in everything(recordings, richest):
        assert "NotAction" not in statement
        for action in statement["Action"]:
            assert action != "*", one.urn
            assert statement["Effect"] == "Deny" or not action.endswith(":*"), (one.urn, action)


def test_star_resources_stand_only_where_aws_demands_them(recordings: Any, richest: Any) -> None:
    """A role's `*` resource goes with actions that know no other; a key policy means its key."""
    for one, statement in everything(recordings, richest):
        if "*" in statement.get("Resource", []) and not one.type.endswith(":Key"):
            assert set(statement["Action"]) <= ACTIONS_WITHOUT_RESOURCE, one.urn


def test_nothing_is_open_to_everybody(recordings: Any, richest: Any) -> None:
    """Principal `*` only denies, or stands on an endpoint inside the VPC."""
    for one, statement in everything(recordings, richest):
        if statement.get("Principal") == "*":
            assert statement["Effect"] == "Deny" or one.type.endswith(":VpcEndpoint"), one.urn


def test_services_act_only_for_this_account(recordings: Any, richest: Any) -> None:
    """S3 may use topics, queues and keys only on behalf of this account's buckets."""
    for one, statement in everything(recordings, richest):
        is_s3 = statement.get("Principal") == {"Service": "s3.amazonaws.com"}
        if is_s3 and statement["Action"] != ["sts:AssumeRole"]:
            account = statement["Condition"]["StringEquals"]["aws:SourceAccount"]
            assert account == "123456789012", one.urn


def test_statement_names_are_unique_in_their_document(recordings: Any, richest: Any) -> None:
    """IAM refuses a document in which two statements have the same Sid."""
    for recording in (*recordings.values(), richest):
        sids: dict[str, list[str]] = {}
        for one, statement in policies(recording):
            key = f"{one.urn}{'assume' if 'sts:AssumeRole' in statement['Action'] else ''}"
            sids.setdefault(key, []).append(statement["Sid"])
        for key, names in sids.items():
            assert len(names) == len(set(names)), key
            assert all(name.isalnum() for name in names), key


def test_role_policies_fit_into_a_role(richest: Any) -> None:
    """A role's inline policies hold 10,240 characters together."""
    for policy in richest.all("RolePolicy"):
        assert len(policy.inputs["policy"]) <= 10_240, policy.urn


def test_keys_are_used_through_one_service_of_one_region(recordings: Any, richest: Any) -> None:
    """Roles cannot decrypt anything by calling KMS themselves."""
    seen = 0
    for one, statement in everything(recordings, richest):
        uses_key = any(action.startswith("kms:") for action in statement["Action"])
        if uses_key and one.type.endswith(":RolePolicy"):
            seen += 1
            assert "kms:ViaService" in statement["Condition"]["StringEquals"], one.urn
            assert all(arn.startswith("arn:aws:kms:") for arn in statement["Resource"]), one.urn
    assert seen


def test_a_document_leaves_out_what_is_empty() -> None:
    """A role's statement has no principal and no condition; the text is always the same."""
    statement = Statement(sid="Read", actions=("s3:GetObject",), resources=("arn:aws:s3:::b/*",))
    assert json.loads(document(statement)) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Read",
                "Effect": "Allow",
                "Action": ["s3:GetObject"],
                "Resource": ["arn:aws:s3:::b/*"],
            }
        ],
    }


def test_trust_names_the_account_where_the_service_tells_it() -> None:
    """A confused deputy of another account is kept out; services that say nothing are let in."""
    (bound,) = json.loads(trust("firehose.amazonaws.com", account_id="1"))["Statement"]
    (free,) = json.loads(trust("lambda.amazonaws.com"))["Statement"]
    assert bound["Condition"] == {"StringEquals": {"aws:SourceAccount": "1"}}
    assert "Condition" not in free
    assert free["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert "Resource" not in free


def test_plain_http_and_old_tls_are_denied() -> None:
    """Both conditions deny every action on the bucket and on its objects."""
    statements = json.loads(tls_only_bucket("b"))["Statement"]
    assert [one["Condition"] for one in statements] == [
        {"Bool": {"aws:SecureTransport": "false"}},
        {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
    ]
    for one in statements:
        assert (one["Effect"], one["Principal"]) == ("Deny", "*")
        assert one["Resource"] == ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]


def test_a_queue_takes_events_of_its_buckets_alone() -> None:
    """Without event buckets nobody is allowed by the queue itself."""
    (deny,) = json.loads(queue("arn:q", account_id="1"))["Statement"]
    assert deny["Effect"] == "Deny"
    _, allow = json.loads(queue("arn:q", event_buckets=("b",), account_id="1"))["Statement"]
    assert allow["Condition"] == {
        "ArnEquals": {"aws:SourceArn": "arn:aws:s3:::b"},
        "StringEquals": {"aws:SourceAccount": "1"},
    }


def test_the_key_serves_the_log_groups_of_its_environment() -> None:
    """CloudWatch Logs may use the key only for groups with the environment's prefix."""
    policy = json.loads(environment_key("123456789012", EAST, "/aws/*/video-dev*"))
    logs = policy["Statement"][1]
    assert logs["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    assert logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"] == (
        "arn:aws:logs:us-east-1:123456789012:log-group:/aws/*/video-dev*"
    )


def test_use_of_a_key_names_service_and_region() -> None:
    """The condition joins both to the service's endpoint."""
    statement = use_key("Use", KEY, via="s3", region=Region.US_WEST_2, actions=("kms:Encrypt",))
    assert statement.conditions == {
        "StringEquals": {"kms:ViaService": "s3.us-west-2.amazonaws.com"}
    }


def test_a_consumer_is_named_whenever_it_was_registered() -> None:
    """A fan-out consumer's ARN ends in a time nobody knows beforehand."""
    assert subscribe("arn:s", "agg").resources == ("arn:s/consumer/agg:*",)


def test_images_of_another_registry_need_no_ecr_permission() -> None:
    """Without ECR repositories the execution role may only write logs."""
    (only,) = json.loads(roles.ingest_execution(repository_arns=(), log_group_arn="arn:g"))[
        "Statement"
    ]
    assert only["Sid"] == "WriteLogs"
    assert only["Resource"] == ["arn:g:*"]


def test_flink_finds_log_groups_of_its_region_only() -> None:
    """DescribeLogGroups is narrowed to the region's and account's log groups."""
    text = roles.flink(
        roles.Place(region=EAST, key_arn=KEY),
        raw_stream_arn="arn:raw",
        consumer_name="agg",
        result_stream_arns=("arn:session", "arn:late"),
        code_object_arn="arn:aws:s3:::b/k",
        log_group_arn="arn:aws:logs:us-east-1:123456789012:log-group:/aws/x",
    )
    by_sid = {one["Sid"]: one for one in json.loads(text)["Statement"]}
    assert by_sid["FindLogGroups"]["Resource"] == [
        "arn:aws:logs:us-east-1:123456789012:log-group:*"
    ]
    assert by_sid["WriteStreams"]["Resource"] == ["arn:session", "arn:late"]
    assert by_sid["ReadStreams"]["Resource"] == ["arn:raw"]


def test_grafana_reads_the_sessions_of_its_environment_alone(richest: Any) -> None:
    """Its role selects from both regions' sessions tables, and writes nothing anywhere."""
    mine = [
        one
        for one in richest.all("RolePolicy")
        if one.inputs["role"] == "video-longestname1-us-east-1-grafana"
    ]
    statements = [
        statement for one in mine for statement in json.loads(one.inputs["policy"])["Statement"]
    ]
    tables = {
        f"arn:aws:timestream:{region}:123456789012:database/video-longestname1/table/sessions"
        for region in ("us-east-1", "us-west-2")
    }
    databases = {table.partition("/table/")[0] for table in tables}
    read = {arn for one in statements for arn in one["Resource"] if arn != "*"}
    assert read == tables | databases
    verbs = {action.partition(":")[2] for statement in statements for action in statement["Action"]}
    assert all(verb.startswith(("Select", "List", "Describe", "Get", "Cancel")) for verb in verbs)


def test_tasks_can_tell_a_missing_flag_from_a_refusal(richest: Any) -> None:
    """Role and endpoint both let the task read the flag and see that there is none."""
    role = json.loads(richest.one("us-east-1-ingest-ingest-task-policy").inputs["policy"])
    endpoint = json.loads(richest.one("us-east-1-network-endpoint-s3").inputs["policy"])
    for policy in (role, endpoint):
        by_sid = {one["Sid"]: one for one in policy["Statement"]}
        (flag,) = by_sid["ReadHealthFlag"]["Resource"]
        bucket = "arn:aws:s3:::video-longestname1-ops-us-east-1-123456789012"
        assert flag == f"{bucket}/health/out-of-service.json"
        assert by_sid["SeeNoHealthFlag"]["Resource"] == [bucket]
