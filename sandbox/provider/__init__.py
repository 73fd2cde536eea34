"""The provider stand-in: a Pulumi resource provider for package `aws` on top of botocore."""
