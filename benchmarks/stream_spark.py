"""Engine: PySpark Structured Streaming on one core: a stream of files, each batch → Parquet, counters, sessions."""

import os
import tempfile
import time
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from benchmarks.stream_duckdb import COLUMNS
from benchmarks.stream_engine import Answer, Measured, counted, run

_TYPES = {"VARCHAR": "string", "JSON": "string", "TIMESTAMP": "timestamp", "DECIMAL(18,2)": "decimal(18,2)"}
SCHEMA = ", ".join(f"{name} {_TYPES[kind]}" for name, kind in COLUMNS.items())
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "1",
    "spark.driver.memory": "2g",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.compression.codec": "zstd",
}


def engine(folder: Path, rounds: int) -> Measured:
    """The same batch `rounds` + 1 times as a stream of files; CPU seconds of this process and of the JVM."""
    builder = SparkSession.builder.master("local[1]")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    try:
        with tempfile.TemporaryDirectory() as out:
            return _streamed(spark, folder.resolve() / "events.ndjson", Path(out), rounds)
    finally:
        spark.stop()


def _streamed(spark: SparkSession, source: Path, out: Path, rounds: int) -> Measured:
    (out / "in").mkdir()
    for number in range(rounds + 1):
        (out / "in" / f"{number}.json").symlink_to(source)
    seconds: list[float] = []
    answers: list[Answer] = []
    jvm = spark.sparkContext._gateway.jvm.java.lang.ProcessHandle.current().pid()  # noqa: SLF001  py4j

    def batch(frame: DataFrame, _number: int) -> None:
        start = _cpu_s(jvm)
        answers.append(_batch(frame, out))
        seconds.append(_cpu_s(jvm) - start)

    stream = spark.readStream.schema(SCHEMA).option("maxFilesPerTrigger", 1).json(f"file://{out}/in").writeStream
    query = stream.foreachBatch(batch).option("checkpointLocation", f"{out}/state").trigger(availableNow=True).start()
    query.awaitTermination()
    return Measured(answers[-1], tuple(seconds[1:]))


def _batch(frame: DataFrame, out: Path) -> Answer:
    events = frame.withColumn("page_path", f.regexp_extract("page_url", "://[^/]*([^?#]*)", 1)).persist()
    minute = f.date_format("timestamp", "yyyy-MM-dd'T'HH:mm").alias("minute")
    counters = events.groupBy(minute, "event_type", "page_path").count().persist()
    sessions = events.groupBy("session_id").agg(f.count("*"), f.min("timestamp"), f.max("timestamp"))
    events.write.mode("overwrite").parquet(f"{out}/events")
    answer = Answer(
        rows=events.count(),
        types=counted(_rows(counters.groupBy("minute", "event_type").agg(f.sum("count")))),
        pages=counted(_rows(counters.where("event_type = 'page_view'").groupBy("minute").agg(f.sum("count")))),
        sessions=counted((row[0], row[1]) for row in sessions.collect()),
    )
    events.unpersist()
    counters.unpersist()
    return answer


def _rows(frame: DataFrame) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in frame.collect()]


def _cpu_s(pid: int) -> float:
    """CPU seconds of this process and of the JVM, which has its own."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + time.process_time()


if __name__ == "__main__":
    run(engine)
