"""HTTP requests of trackers → records for the stream: formats, consent, clocks, packing."""
