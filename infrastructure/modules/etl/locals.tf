locals {
  job_name         = "${var.prefix}-datasets"
  log_group_prefix = "/aws-glue/jobs/${local.job_name}"
  artifacts_arn    = "arn:${var.partition}:s3:::${var.buckets.artifacts}"
  lake_arn         = "arn:${var.partition}:s3:::${var.buckets.lake}"
  datasets_arn     = "arn:${var.partition}:s3:::${var.buckets.datasets}"

  # https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html: <prefix>/<security configuration>-role/<role>/error;
  # security configuration and role have the job's name.
  log_group_names = {
    for stream in ["error", "output"] : stream => "${local.log_group_prefix}/${local.job_name}-role/${local.job_name}/${stream}"
  }

  # Python 3.11 and Spark 3.5.6, which writes to S3 by S3A. EMRFS, of earlier versions, leaves `_$folder$` objects, and
  # Personalize would import those within a data set's folder. Without a version AWS would use the latest and upgrade the job.
  glue_version = "5.1"

  files = {
    script  = "datasets.py"
    package = "rivulet.zip"
  }

  # The key contains a hash of the content, so that a running job keeps the code it started with.
  keys = {
    for purpose, file in local.files :
    purpose => "glue/${substr(filesha256("${var.archives_directory}/${file}"), 0, 12)}/${file}"
  }
  uris = { for purpose, key in local.keys : purpose => "s3://${var.buckets.artifacts}/${key}" }
}
