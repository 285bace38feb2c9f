"""The embedded default: the AWS services that the project uses, on a laptop, through their public APIs."""
