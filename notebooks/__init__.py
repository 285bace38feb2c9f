"""Notebooks, and the few modules that they share; run in an environment of their own (`make notebook`)."""
