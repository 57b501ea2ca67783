# The access log, in us-east-1 as CloudFront requires, into the environment's bucket for access logs.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html

resource "aws_cloudwatch_log_delivery_source" "this" {
  count    = length(local.logs)
  provider = aws.us_east_1

  name         = "${var.prefix}-pages"
  log_type     = "ACCESS_LOGS"
  resource_arn = aws_cloudfront_distribution.this.arn
}

resource "aws_cloudwatch_log_delivery_destination" "this" {
  count    = length(local.logs)
  provider = aws.us_east_1

  name          = "${var.prefix}-pages"
  output_format = "json"

  delivery_destination_configuration {
    destination_resource_arn = local.logs[count.index]
  }
}

resource "aws_cloudwatch_log_delivery" "this" {
  count    = length(local.logs)
  provider = aws.us_east_1

  delivery_source_name     = aws_cloudwatch_log_delivery_source.this[count.index].name
  delivery_destination_arn = aws_cloudwatch_log_delivery_destination.this[count.index].arn
  record_fields            = local.log_fields
}
