locals {
  bucket_name = "${var.prefix}-${var.account_id}-pages"
  bucket_arn  = "arn:${var.partition}:s3:::${local.bucket_name}"

  name     = "distribution" # of the key and of its usage plan
  protocol = var.emulated ? "http" : "https"
  domain   = try(var.aliases[0], aws_cloudfront_distribution.this.domain_name)

  # CloudFront has three sets of methods only. The API refuses those of the third that a route does not have.
  # https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_AllowedMethods.html
  methods = {
    read  = ["GET", "HEAD"]
    write = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
  }

  # What the API serves through the distribution: patterns of paths below the stage, with the smallest set of methods.
  # No pattern overlaps another, so that their order is without effect; "*" matches slashes, too.
  api_paths = {
    for pattern, methods in {
      "categories"        = "read"
      "events"            = "write"
      "executions/*"      = "read"
      "health"            = "read"
      "popular"           = "read"
      "products"          = "read"
      "products/*"        = "read"
      "recommendations"   = "write"
      "recommendations/*" = "read"
      "rerank"            = "write"
      "similar-items/*"   = "read"
      "users/*"           = "read"
    } : "/${var.api.stage_name}/${pattern}" => local.methods[methods]
  }

  # Policies that AWS manages, which have the same ids in every account.
  # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
  # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
  managed_policies = {
    caching_disabled              = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    caching_optimized             = "658327ea-f89d-4fab-a63d-7e88639e58f6"
    all_viewer_except_host_header = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
  }

  # A page may load files of this origin, send requests to it, and nothing else: no script or style in the markup, no
  # frame, no form, and no text that becomes markup or script.
  content_security_policy = join("; ", concat(
    [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "font-src 'self'",
      "img-src 'self' data:",
      "manifest-src 'self'",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ],
    var.emulated ? [] : ["upgrade-insecure-requests"],
  ))

  # What the pages have no use for.
  denied_features = ["accelerometer", "browsing-topics", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer", "microphone", "payment", "usb"]

  firewalls = var.firewall ? ["this"] : []
  logs      = var.log_bucket_arn[*]

  # Of a request neither its path nor its query, which contain user ids, but the pattern that its path matched; nor the
  # visitor's address.
  # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
  log_fields = [
    "date",
    "time",
    "x-edge-location",
    "x-edge-request-id",
    "cache-behavior-path-pattern",
    "cs-method",
    "sc-status",
    "sc-bytes",
    "cs-bytes",
    "time-taken",
    "time-to-first-byte",
    "x-edge-result-type",
    "x-edge-response-result-type",
    "x-edge-detailed-result-type",
    "cs-protocol",
    "cs-protocol-version",
    "ssl-protocol",
    "ssl-cipher",
    "sc-content-type",
    "c-country",
  ]
}
