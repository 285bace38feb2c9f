variable "environment" {
  description = "Names the stream, the tables and everything else; dev is deleted with its data, the others are not."
  type        = string
  default     = "dev"

  validation {
    condition     = contains(["dev", "staging", "production"], var.environment)
    error_message = "One of dev, staging, production is needed."
  }
}

variable "stream_shard_count" {
  description = "Shards of the stream; one takes 1 MB and 1,000 records a second."
  type        = number
  default     = 2

  validation {
    condition     = var.stream_shard_count >= 1 && var.stream_shard_count <= 500 && floor(var.stream_shard_count) == var.stream_shard_count
    error_message = "A whole number from 1 to 500 is needed."
  }
}

variable "lambda_memory_size" {
  description = "MB of each function, a multiple of 64; less than 1024 is raised to 1024, which a full batch needs."
  type        = number
  default     = 256

  validation {
    condition     = var.lambda_memory_size >= 128 && var.lambda_memory_size <= 10240 && var.lambda_memory_size % 64 == 0
    error_message = "A multiple of 64 from 128 to 10240 is needed."
  }
}

variable "data_retention_days" {
  description = "Days until live counters and session metrics leave DynamoDB."
  type        = number
  default     = 30

  validation {
    condition     = var.data_retention_days >= 1 && var.data_retention_days <= 3650 && floor(var.data_retention_days) == var.data_retention_days
    error_message = "A whole number from 1 to 3650 is needed."
  }
}

variable "asset_bucket" {
  description = "Bucket that `make publish` filled; empty for clickstream-assets-<account>-<region>."
  type        = string
  default     = ""
}

variable "asset_prefix" {
  description = "Start of the names of its objects."
  type        = string
  default     = "clickstream/"
}

variable "stack_name" {
  description = "Name of the CloudFormation stack; empty for clickstream-<environment>."
  type        = string
  default     = ""
}

variable "template_file" {
  description = "The root template; empty for the one that `make template` wrote in this repository."
  type        = string
  default     = ""
}
