"""The embedded default: the AWS services that the project uses, on a laptop, through their public APIs.

`python -m local_aws up` starts three parts that belong together, and `eval "$(python -m local_aws up)"` points a
shell at them: an AWS emulator (`emulator`, stock ministack), an Athena endpoint (`athena`), and a runner of the
Kinesis event source mappings (`event_source`). `server` is the process that holds them, `background` and
`server_record` find and stop it, `deploy` runs the real CDK against it. All state is below `.local_aws/`.

The runner follows the documented rules of the service: order within a shard, parents before children, batches by
count, window and payload, partial responses, retries, record age, splitting, on-failure destinations, checkpoints.
It differs on purpose in these points:

- A batch also closes when the shard's tip is reached and nothing came for 0.3 s, so nobody waits for the window.
- `--arrival-times from-partition-key`: functions are told the arrival time at the end of the partition key
  (`…@<epoch milliseconds>`), so that a day that is simulated in a minute spans real hours in the lake.
- Mappings run whatever their state says; the emulator's own poller is switched off where it is on.
- One batch per shard at a time (no parallelization factor); no event filters, no tumbling windows (`status` tells).
- Given-up records wait for their destination as long as it is away; the service would drop them.
"""
