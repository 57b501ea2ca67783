locals {
  artifacts_arn = "arn:${var.partition}:s3:::${var.buckets.artifacts}"
  lake_arn      = "arn:${var.partition}:s3:::${var.buckets.lake}"
  datasets_arn  = "arn:${var.partition}:s3:::${var.buckets.datasets}"

  # Python 3.11 and Spark 3.5.6, which writes to S3 by S3A. EMRFS, of earlier versions, leaves `_$folder$` objects, and
  # Personalize would import those within a data set's folder. Without a version AWS would use the latest and upgrade the job.
  glue_version = "5.1"

  purposes = {
    datasets = {
      description = "Builds the recommender's data sets from the lake"
      writes_to   = "${local.datasets_arn}/*"
      bucket      = local.datasets_arn
      arguments   = { "--interaction_types" = join(",", var.interaction_types) } # the state machine passes the rest
    }
    curate = {
      description = "Curates the lake: one row per event, visits, exposures, conversions, and days of users and items"
      writes_to   = "${local.lake_arn}/curated/*"
      bucket      = local.lake_arn
      arguments = merge(
        {
          "--lake"    = "s3://${var.buckets.lake}/raw/"
          "--curated" = "s3://${var.buckets.lake}/curated/"
          "--start"   = var.curated_start
        },
        { for currency in var.currency[*] : "--currency" => currency },
      )
    }
  }

  jobs = {
    for purpose, job in local.purposes : purpose => merge(job, {
      name             = "${var.prefix}-${purpose}"
      log_group_prefix = "/aws-glue/jobs/${var.prefix}-${purpose}"
    })
  }

  # https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html: <prefix>/<security configuration>-role/<role>/error;
  # security configuration and role have the job's name.
  log_group_names = merge([
    for purpose, job in local.jobs : {
      for stream in ["error", "output"] : "${purpose}-${stream}" => "${job.log_group_prefix}/${job.name}-role/${job.name}/${stream}"
    }
  ]...)

  files = {
    datasets = "datasets.py"
    curate   = "curate.py"
    package  = "rivulet.zip"
  }

  # The key contains a hash of the content, so that a running job keeps the code it started with.
  keys = {
    for part, file in local.files :
    part => "glue/${substr(filesha256("${var.archives_directory}/${file}"), 0, 12)}/${file}"
  }
  uris = { for part, key in local.keys : part => "s3://${var.buckets.artifacts}/${key}" }
}
