locals {
  topic_name     = "${var.prefix}-alarms"
  topic_arn      = "arn:${var.partition}:sns:${var.region}:${var.account_id}:${local.topic_name}"
  dashboard_name = var.prefix
  console_url    = "https://${var.region}.console.aws.amazon.com/cloudwatch/home?region=${var.region}"

  # The metrics of each function that counts the outcomes of events, generated from the contract.
  outcomes = jsondecode(file("${path.module}/generated/outcomes.json"))

  # Of all Firehose streams: rows that cannot be converted, and files that S3 refuses.
  deliveries = { events = var.delivery_stream_name, served_lists = var.served_lists_stream }

  api_dimensions = { ApiName = var.api.name, Stage = var.api.stage }
}
