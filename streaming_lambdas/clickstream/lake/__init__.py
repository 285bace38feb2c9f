"""The lake: generations of hours, the catalog, compaction, garbage, and statements over them."""
