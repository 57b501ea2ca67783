# The page for an address that no page has, which CloudFront answers itself.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/generating-http-responses.html

resource "aws_cloudfront_function" "missing" {
  name    = "${var.prefix}-missing"
  comment = "Answers an address of ${var.prefix} that no page has"
  runtime = "cloudfront-js-2.0"
  code    = local.missing_code
}

locals {
  # The addresses of the pages, the start page's twice: CloudFront's documentation leaves open which of them a function gets.
  page_paths = ["/", "/index.html", "/reference.html"]

  # Those of the response headers policy, in case CloudFront does not add them to the answer of a function.
  missing_headers = {
    "cache-control"             = "no-cache"
    "content-security-policy"   = local.content_security_policy
    "content-type"              = "text/html; charset=utf-8"
    "referrer-policy"           = "strict-origin-when-cross-origin"
    "strict-transport-security" = "max-age=63072000"
    "x-content-type-options"    = "nosniff"
    "x-frame-options"           = "DENY"
  }

  missing_code = templatefile("${path.module}/missing.js.tftpl", {
    pages   = jsonencode(local.page_paths)
    page    = jsonencode(file("${path.module}/missing.html"))
    headers = jsonencode({ for name, value in local.missing_headers : name => { value = value } })
  })
}
