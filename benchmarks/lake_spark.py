"""Engine: Spark DataFrames on one core of this machine: dropDuplicates, then the same order in ranges."""

import sys
from pathlib import Path

from pyspark.sql import SparkSession

SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "8",
    "spark.driver.memory": "3g",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.files.maxPartitionBytes": "64m",
}
ORDER = ("event_type", "event_time")


def main(landing: Path, out: Path) -> None:
    """Read, deduplicate, sort and write; waits for the JVM, so that its CPU time counts."""
    builder = SparkSession.builder.master("local[1]").config("spark.local.dir", str(out.with_name("spill")))
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    rows = spark.read.parquet(str(landing)).dropDuplicates(["event_id"])
    rows.repartitionByRange(4, *ORDER).sortWithinPartitions(*ORDER).write.mode("append").parquet(str(out))
    jvm = spark.sparkContext._gateway.proc  # noqa: SLF001  pyspark has no public way to wait for its JVM
    spark.stop()
    jvm.stdin.close()
    jvm.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
