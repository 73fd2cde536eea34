"""Samples of Amazon Managed Grafana resources."""

from __future__ import annotations

import json

from tests.sandbox.provider.samples import Sample, unique

ROLE = "arn:aws:iam::000000000000:role/grafana"
KEY_ARN = "arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000"

SAMPLES = [
    Sample(
        "aws:grafana/workspace:Workspace",
        lambda _: {
            "name": unique("workspace"),
            "accountAccessType": "CURRENT_ACCOUNT",
            "authenticationProviders": ["AWS_SSO"],
            "permissionType": "CUSTOMER_MANAGED",
            "roleArn": ROLE,
            "dataSources": ["TIMESTREAM", "CLOUDWATCH"],
            "grafanaVersion": "10.4",
            "configuration": json.dumps({"unifiedAlerting": {"enabled": True}}),
            "description": "one",
            "tags": {"Name": "grafana"},
        },
        changes={
            "roleArn": f"{ROLE}-2",
            "dataSources": ["CLOUDWATCH"],
            "configuration": json.dumps({"unifiedAlerting": {"enabled": False}}),
            "description": "two",
            "tags": {"Name": "changed"},
        },
        replacements={"authenticationProviders": ["SAML"], "kmsKeyId": KEY_ARN},
        absent=frozenset(
            {
                "kmsKeyId",
                "networkAccessControl",
                "organizationRoleName",
                "samlConfigurationStatus",
                "stackSetName",
                "vpcConfiguration",
            }
        ),
    ),
]
