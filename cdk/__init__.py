"""The infrastructure, as one CDK application: run `python -m cdk.app`."""
