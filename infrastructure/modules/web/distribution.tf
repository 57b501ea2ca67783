resource "aws_cloudfront_origin_access_control" "pages" {
  name                              = "${var.prefix}-pages"
  description                       = "Signs the requests of ${var.prefix} to the bucket of the pages"
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_distribution" "this" {
  #checkov:skip=CKV_AWS_68:The firewall is a setting of the environment; production requires it
  #checkov:skip=CKV2_AWS_47:The firewall has the group with the Log4j rules, which only count in bodies of data; no function runs Java
  #checkov:skip=CKV_AWS_86:The access log has its own resources, with chosen fields: those of the older log contain user ids
  #checkov:skip=CKV_AWS_174:AWS fixes the minimum of its own certificate; with a certificate of one's own it is TLS 1.2
  #checkov:skip=CKV2_AWS_42:A certificate of one's own needs a domain; it is a setting of the environment
  #checkov:skip=CKV_AWS_310:The pages are in one bucket and the API in one region, as the whole environment is
  #checkov:skip=CKV_AWS_374:The pages are for visitors of every country
  comment             = var.prefix
  enabled             = true
  is_ipv6_enabled     = true
  http_version        = "http2and3"
  price_class         = var.price_class
  aliases             = var.aliases
  default_root_object = "index.html"
  web_acl_id          = one(aws_wafv2_web_acl.this[*].arn)
  wait_for_deployment = !var.emulated # the laptop has one edge location, and the provider waits half a minute for it

  origin {
    origin_id                = "pages"
    domain_name              = aws_s3_bucket.pages.bucket_regional_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.pages.id
  }

  origin {
    origin_id   = "api"
    domain_name = var.api.domain_name
    origin_path = var.api.path

    # A header of the same name that a visitor sends is replaced. Pages and visitors never see the key.
    custom_header {
      name  = "x-api-key"
      value = local.api_key
    }

    custom_origin_config {
      http_port              = var.api.http_port
      https_port             = 443
      origin_protocol_policy = var.api.is_https ? "https-only" : "http-only"
      origin_ssl_protocols   = ["TLSv1.2"]
      origin_read_timeout    = 30 # API Gateway answers after 29 s
    }
  }

  # The pages, and what no other behaviour matches: a path below the stage that is not listed has no page.
  default_cache_behavior {
    target_origin_id           = "pages"
    viewer_protocol_policy     = var.emulated ? "allow-all" : "redirect-to-https"
    allowed_methods            = local.methods.read
    cached_methods             = local.methods.read
    compress                   = true
    cache_policy_id            = local.managed_policies.caching_optimized
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id

    function_association {
      event_type   = "viewer-request"
      function_arn = aws_cloudfront_function.missing.arn
    }
  }

  dynamic "ordered_cache_behavior" {
    for_each = local.api_paths

    content {
      path_pattern               = ordered_cache_behavior.key
      target_origin_id           = "api"
      viewer_protocol_policy     = var.emulated ? "allow-all" : "https-only" # a redirected POST would lose its body
      allowed_methods            = ordered_cache_behavior.value
      cached_methods             = local.methods.read
      compress                   = true
      cache_policy_id            = local.managed_policies.caching_disabled
      origin_request_policy_id   = local.managed_policies.all_viewer_except_host_header
      response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  # With CloudFront's own certificate AWS sets the minimum to TLSv1, whatever is written here.
  # https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ViewerCertificate.html
  viewer_certificate {
    cloudfront_default_certificate = var.certificate_arn == null
    acm_certificate_arn            = var.certificate_arn
    ssl_support_method             = var.certificate_arn == null ? null : "sni-only"
    minimum_protocol_version       = var.certificate_arn == null ? "TLSv1" : "TLSv1.2_2021"
  }
}

resource "aws_cloudfront_response_headers_policy" "this" {
  #checkov:skip=CKV_AWS_259:Other hosts of the domain are not this project's, so that neither they nor the browsers' list are named
  name    = var.prefix
  comment = "Headers that protect the pages of ${var.prefix} and their visitors"

  security_headers_config {
    content_security_policy {
      content_security_policy = local.content_security_policy
      override                = true
    }

    content_type_options {
      override = true
    }

    frame_options {
      frame_option = "DENY"
      override     = true
    }

    referrer_policy {
      referrer_policy = "strict-origin-when-cross-origin"
      override        = true
    }

    # Two years, without subdomains, of which others may be none of this project's.
    strict_transport_security {
      access_control_max_age_sec = 63072000
      include_subdomains         = false
      preload                    = false
      override                   = true
    }
  }

  # It names what the origin runs.
  remove_headers_config {
    items {
      header = "Server"
    }
  }

  custom_headers_config {
    items {
      header   = "Cross-Origin-Opener-Policy"
      value    = "same-origin"
      override = true
    }

    items {
      header   = "Cross-Origin-Resource-Policy"
      value    = "same-origin"
      override = true
    }

    items {
      header   = "Permissions-Policy"
      value    = join(", ", [for feature in local.denied_features : "${feature}=()"])
      override = true
    }
  }
}
