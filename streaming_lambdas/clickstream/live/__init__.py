"""The live numbers: what a batch adds to a minute, the pages that hold it, and their readers."""
