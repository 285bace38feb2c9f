"""Templates that deploy the stack without the CDK: run `python -m cdk.cloudformation`."""
