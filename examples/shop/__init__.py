"""A small shop with the browser tracker, to click through beside the live counters."""
