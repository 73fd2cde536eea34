"""The only users of boto3: one thin gateway a service."""
