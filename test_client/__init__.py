"""Producers for trying the pipeline: a seeded traffic simulator, senders, and import of logs."""
