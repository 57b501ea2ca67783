locals {
  firewalls = var.firewall ? ["this"] : []

  # Rule groups that AWS manages, in order of evaluation, with the rules that only count.
  # https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
  managed_rule_groups = [
    { name = "AWSManagedRulesAmazonIpReputationList", counted = [] },
    { name = "AWSManagedRulesKnownBadInputsRuleSet", counted = ["JavaDeserializationRCE_BODY", "Log4JRCE_BODY", "ReactJSRCE_BODY"] },
    {
      name = "AWSManagedRulesCommonRuleSet"
      counted = [
        "CrossSiteScripting_BODY",
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "NoUserAgent_HEADER",
        "SizeRestrictions_BODY",
      ]
    },
  ]

  # Labels of the counted rules, which block outside the routes of data. SizeRestrictions_BODY blocks nowhere: 8 KB are
  # less than a batch of events and than 500 items to rank, and the functions limit the body themselves.
  blocking_labels = [
    for label in [
      "core-rule-set:CrossSiteScripting_Body",
      "core-rule-set:EC2MetaDataSSRF_Body",
      "core-rule-set:GenericLFI_Body",
      "core-rule-set:GenericRFI_Body",
      "core-rule-set:NoUserAgent_Header",
      "known-bad-inputs:JavaDeserializationRCE_Body",
      "known-bad-inputs:Log4JRCE_Body",
      "known-bad-inputs:ReactJSRCE_Body",
    ] : "awswaf:managed:aws:${label}"
  ]

  # The path as WAF sees it: with the stage, or without it at a domain of its own. The gateway decodes a path, and ignores
  # a slash at its end.
  path_transformations = ["URL_DECODE", "NORMALIZE_PATH"]

  data_paths = "^(/${local.stage_name})?(${join("|", sort(distinct([for route in local.routes : route.path if route.data_body])))})/?$"

  page_paths = "^(/${local.stage_name})?(${join("|", sort(distinct([for route in local.routes : route.path if route.credential == "query"])))})/?$"

  # What the stage's throttling lets through in a window: an address alone may use all of it.
  rate_window_seconds  = 60
  requests_per_address = var.throttling.requests_per_second * local.rate_window_seconds + var.throttling.burst
}

resource "aws_wafv2_web_acl" "this" {
  count = length(local.firewalls)

  name        = var.prefix
  description = "Blocks known attacks and addresses with too many requests"
  scope       = "REGIONAL"

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
        limit                 = local.requests_per_address
        evaluation_window_sec = local.rate_window_seconds
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "requests-per-address"
      sampled_requests_enabled   = false # samples contain paths, and paths contain user ids
    }
  }

  # Everyone can read the key of a page, and usage plans do not count there.
  rule {
    name     = "requests-of-pages-per-address"
    priority = 1

    action {
      block {}
    }

    statement {
      rate_based_statement {
        aggregate_key_type    = "IP"
        limit                 = var.page_limits.requests_per_minute
        evaluation_window_sec = local.rate_window_seconds

        scope_down_statement {
          regex_match_statement {
            regex_string = local.page_paths

            field_to_match {
              uri_path {}
            }

            dynamic "text_transformation" {
              for_each = local.path_transformations

              content {
                priority = text_transformation.key
                type     = text_transformation.value
              }
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "requests-of-pages-per-address"
      sampled_requests_enabled   = false # samples contain queries, and the query of a page its key
    }
  }

  dynamic "rule" {
    for_each = local.managed_rule_groups

    content {
      name     = rule.value.name
      priority = rule.key + 2

      override_action {
        none {}
      }

      statement {
        managed_rule_group_statement {
          vendor_name = "AWS"
          name        = rule.value.name

          dynamic "rule_action_override" {
            for_each = rule.value.counted

            content {
              name = rule_action_override.value

              action_to_use {
                count {}
              }
            }
          }
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = rule.value.name
        sampled_requests_enabled   = false
      }
    }
  }

  # One title with markup must not block a batch of 500 events, nor a producer without a User-Agent.
  rule {
    name     = "suspicious-without-data"
    priority = length(local.managed_rule_groups) + 2

    action {
      block {}
    }

    statement {
      and_statement {
        statement {
          or_statement {
            dynamic "statement" {
              for_each = local.blocking_labels

              content {
                label_match_statement {
                  scope = "LABEL"
                  key   = statement.value
                }
              }
            }
          }
        }

        statement {
          not_statement {
            statement {
              regex_match_statement {
                regex_string = local.data_paths

                field_to_match {
                  uri_path {}
                }

                dynamic "text_transformation" {
                  for_each = local.path_transformations

                  content {
                    priority = text_transformation.key
                    type     = text_transformation.value
                  }
                }
              }
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "suspicious-without-data"
      sampled_requests_enabled   = false
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = var.prefix
    sampled_requests_enabled   = false
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  count = length(local.firewalls)

  resource_arn = aws_api_gateway_stage.this.arn
  web_acl_arn  = aws_wafv2_web_acl.this[count.index].arn
}

resource "aws_cloudwatch_log_group" "waf" {
  count = length(local.firewalls)

  name              = local.waf_log_group
  retention_in_days = var.log_retention_days
  kms_key_id        = var.key_arn
}

resource "aws_wafv2_web_acl_logging_configuration" "this" {
  count = length(local.firewalls)

  resource_arn            = aws_wafv2_web_acl.this[count.index].arn
  log_destination_configs = [aws_cloudwatch_log_group.waf[count.index].arn]

  redacted_fields {
    single_header {
      name = "x-api-key"
    }
  }

  # Paths and query strings contain user ids, and the query of a page its key.
  redacted_fields {
    uri_path {}
  }

  redacted_fields {
    query_string {}
  }
}
