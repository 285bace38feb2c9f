# Every output of the template under its name in Terraform's spelling.
output "stream_name" {
  value = aws_cloudformation_stack.clickstream.outputs["StreamName"]
}

output "failure_bucket_name" {
  value = aws_cloudformation_stack.clickstream.outputs["FailureBucketName"]
}

output "bucket_name" {
  value = aws_cloudformation_stack.clickstream.outputs["BucketName"]
}

output "database_name" {
  value = aws_cloudformation_stack.clickstream.outputs["DatabaseName"]
}

output "workgroup_name" {
  value = aws_cloudformation_stack.clickstream.outputs["WorkgroupName"]
}

output "ledger_table_name" {
  value = aws_cloudformation_stack.clickstream.outputs["LedgerTableName"]
}

output "counters_table_name" {
  value = aws_cloudformation_stack.clickstream.outputs["CountersTableName"]
}

output "page_metrics_table_name" {
  value = aws_cloudformation_stack.clickstream.outputs["PageMetricsTableName"]
}

output "session_metrics_table_name" {
  value = aws_cloudformation_stack.clickstream.outputs["SessionMetricsTableName"]
}

output "traffic_states_table_name" {
  value = aws_cloudformation_stack.clickstream.outputs["TrafficStatesTableName"]
}

output "anomalies_table_name" {
  value = aws_cloudformation_stack.clickstream.outputs["AnomaliesTableName"]
}

output "process_events_function_name" {
  value = aws_cloudformation_stack.clickstream.outputs["ProcessEventsFunctionName"]
}

output "detect_anomalies_function_name" {
  value = aws_cloudformation_stack.clickstream.outputs["DetectAnomaliesFunctionName"]
}

output "detect_traffic_anomalies_function_name" {
  value = aws_cloudformation_stack.clickstream.outputs["DetectTrafficAnomaliesFunctionName"]
}

output "topic_arn" {
  value = aws_cloudformation_stack.clickstream.outputs["TopicArn"]
}

output "job_name" {
  value = aws_cloudformation_stack.clickstream.outputs["JobName"]
}

output "state_machine_arn" {
  value = aws_cloudformation_stack.clickstream.outputs["StateMachineArn"]
}

output "dashboard_name" {
  value = aws_cloudformation_stack.clickstream.outputs["DashboardName"]
}

output "dashboard_url" {
  value = aws_cloudformation_stack.clickstream.outputs["DashboardUrl"]
}

output "file_shape" {
  value = aws_cloudformation_stack.clickstream.outputs["FileShape"]
}

output "landing_retention_days" {
  value = aws_cloudformation_stack.clickstream.outputs["LandingRetentionDays"]
}

output "raw_events_retention_days" {
  value = aws_cloudformation_stack.clickstream.outputs["RawEventsRetentionDays"]
}

output "sessions_retention_days" {
  value = aws_cloudformation_stack.clickstream.outputs["SessionsRetentionDays"]
}

output "report_retention_days" {
  value = aws_cloudformation_stack.clickstream.outputs["ReportRetentionDays"]
}

output "report_suppress_below" {
  value = aws_cloudformation_stack.clickstream.outputs["ReportSuppressBelow"]
}

output "session_gap_minutes" {
  value = aws_cloudformation_stack.clickstream.outputs["SessionGapMinutes"]
}

output "session_cuts" {
  value = aws_cloudformation_stack.clickstream.outputs["SessionCuts"]
}

output "collector_url" {
  value = aws_cloudformation_stack.clickstream.outputs["CollectorUrl"]
}

output "collect_events_function_name" {
  value = aws_cloudformation_stack.clickstream.outputs["CollectEventsFunctionName"]
}

output "masked_tables" {
  value = aws_cloudformation_stack.clickstream.outputs["MaskedTables"]
}
