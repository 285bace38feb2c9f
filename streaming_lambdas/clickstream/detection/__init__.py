"""Sessions, the rules they break, the model of traffic, and alerts."""
