"""Engine: the usual handler, enriching each event."""

from functools import partial

from benchmarks.stream_engine import run
from benchmarks.stream_usual import engine

if __name__ == "__main__":
    run(partial(engine, is_enriching=True))
