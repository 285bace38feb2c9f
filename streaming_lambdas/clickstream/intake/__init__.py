"""Records → rows: envelopes, the contract of an event, what follows from it, and the files rows are kept in."""
