"""IAM documents as pure functions: one a purpose, least privilege, no Pulumi."""
