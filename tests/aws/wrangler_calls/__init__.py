"""Calls of unmodified awswrangler and boto3, one after the other in one lake; each asserts its effect."""
