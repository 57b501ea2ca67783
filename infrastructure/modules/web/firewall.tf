# The firewall of the distribution sees the visitors' addresses. That of the API sees CloudFront's: it has the rules on
# what requests contain, and this one those on who sends them.

resource "aws_wafv2_web_acl" "this" {
  #checkov:skip=CKV_AWS_192:The firewall of the API has the rules on contents; a bucket runs nothing
  count    = length(local.firewalls)
  provider = aws.us_east_1

  name        = "${var.prefix}-pages"
  description = "Blocks addresses with too many requests, and those that AWS knows as sources of attacks"
  scope       = "CLOUDFRONT"

  default_action {
    allow {}
  }

  rule {
    name     = "requests-per-address"
    priority = 0

    action {
      block {}
    }

    statement {
      rate_based_statement {
        aggregate_key_type    = "IP"
        limit                 = var.requests_per_minute
        evaluation_window_sec = 60
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "requests-per-address"
      sampled_requests_enabled   = false # samples contain paths, and paths contain user ids
    }
  }

  rule {
    name     = "AWSManagedRulesAmazonIpReputationList"
    priority = 1

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesAmazonIpReputationList"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "AWSManagedRulesAmazonIpReputationList"
      sampled_requests_enabled   = false
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "${var.prefix}-pages"
    sampled_requests_enabled   = false
  }
}

resource "aws_cloudwatch_log_group" "waf" {
  #checkov:skip=CKV_AWS_158:The environment's key is of another region; the log has neither paths nor queries
  count    = length(local.firewalls)
  provider = aws.us_east_1

  name              = "aws-waf-logs-${var.prefix}-pages" # the prefix is required by WAF
  retention_in_days = var.log_retention_days
}

resource "aws_wafv2_web_acl_logging_configuration" "this" {
  count    = length(local.firewalls)
  provider = aws.us_east_1

  resource_arn            = aws_wafv2_web_acl.this[count.index].arn
  log_destination_configs = [aws_cloudwatch_log_group.waf[count.index].arn]

  # Paths and query strings contain user ids.
  redacted_fields {
    uri_path {}
  }

  redacted_fields {
    query_string {}
  }

  redacted_fields {
    single_header {
      name = "x-api-key"
    }
  }
}
