locals {
  arn            = "arn:${var.partition}:lambda:${var.region}:${var.account_id}:function:${var.name}"
  log_group_name = "/aws/lambda/${var.name}"
  log_group_arn  = "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:${local.log_group_name}"
  queue_name     = "${var.name}-failed"
  queue_seconds  = 14 * 86400 # the maximum of SQS
  queue_arn      = "arn:${var.partition}:sqs:${var.region}:${var.account_id}:${local.queue_name}"

  deferred_name = "${var.name}-${try(var.deferred.suffix, "deferred")}"
  deferred_arn  = "arn:${var.partition}:sqs:${var.region}:${var.account_id}:${local.deferred_name}"

  streams      = var.stream[*]
  asynchronous = var.asynchronous[*]
  deferred     = var.deferred[*]
}
