# The published template, kept by Terraform: it creates, updates and deletes one CloudFormation stack.
locals {
  template_file = var.template_file != "" ? var.template_file : "${path.module}/../../out/cloudformation/cloudformation.yaml"
}

resource "aws_cloudformation_stack" "clickstream" {
  name          = var.stack_name != "" ? var.stack_name : "clickstream-${var.environment}"
  template_body = file(local.template_file)
  capabilities  = ["CAPABILITY_IAM"]

  parameters = {
    Environment       = var.environment
    StreamShardCount  = var.stream_shard_count
    LambdaMemorySize  = var.lambda_memory_size
    DataRetentionDays = var.data_retention_days
    AssetBucket       = var.asset_bucket
    AssetPrefix       = var.asset_prefix
  }

  timeouts {
    create = "60m"
    update = "60m"
    delete = "60m"
  }
}
