locals {
  queue_name = "${var.name}-not-started"
  queue_arn  = "arn:${var.partition}:sqs:${var.region}:${var.account_id}:${local.queue_name}"
}
