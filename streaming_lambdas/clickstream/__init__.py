"""The pure library of the clickstream data lake."""
