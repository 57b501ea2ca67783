locals {
  state_machine_name = "${var.prefix}-train"
  state_machine_arn  = "arn:${var.partition}:states:${var.region}:${var.account_id}:stateMachine:${local.state_machine_name}"
  log_group_name     = "/aws/vendedlogs/states/${local.state_machine_name}"
  personalize_arn    = "arn:${var.partition}:personalize:${var.region}:${var.account_id}"
  personalize_role   = "${var.prefix}-personalize"
  datasets_arn       = "arn:${var.partition}:s3:::${var.buckets.datasets}"
  records_arn        = "arn:${var.partition}:s3:::${var.buckets.records}"
  execution_arn      = "arn:${var.partition}:states:${var.region}:${var.account_id}:execution:${local.state_machine_name}:*"
  answers_arn        = "arn:${var.partition}:dynamodb:${var.region}:${var.account_id}:table/${var.answers_table}"
  locks_arn          = "arn:${var.partition}:dynamodb:${var.region}:${var.account_id}:table/${var.locks_table}"
  glue_job_arn       = "arn:${var.partition}:glue:${var.region}:${var.account_id}:job/${var.glue_job_name}"
  parameter_arn      = "arn:${var.partition}:ssm:${var.region}:${var.account_id}:parameter${var.tracking_id_parameter}"
  filters_arn        = "arn:${var.partition}:ssm:${var.region}:${var.account_id}:parameter${var.filters_parameter}"

  # Composed from names, so that the policies and the definition are known at plan.
  personalize_role_arn = "arn:${var.partition}:iam::${var.account_id}:role/${local.personalize_role}"

  declaration = jsondecode(file(var.solutions_file))
  schemas     = { for name in local.declaration.datasets : name => file("${var.schemas_directory}/${name}.avsc") }

  filters = [
    for name, filter in lookup(local.declaration, "filters", {}) : {
      declared   = name
      name       = "${var.prefix}-${name}-${substr(sha256(filter.expression), 0, 8)}"
      expression = filter.expression
      # A parameter in a list takes strings, one that is compared takes a number.
      lists      = flatten(regexall("(?i)\\bIN\\s*\\(\\s*\\$(\\w+)\\s*\\)", filter.expression))
      parameters = distinct(flatten(regexall("\\$(\\w+)", filter.expression)))
    }
  ]

  # Columns by the datasets' names in filter expressions, in lower case since keywords are accepted in any.
  declared_columns = { for name in local.declaration.datasets : lower(name) => jsondecode(local.schemas[name]).fields[*].name }
  filter_columns = merge(local.declared_columns, {
    currentuser = lookup(local.declared_columns, "users", [])
    currentitem = lookup(local.declared_columns, "items", [])
  })

  # Clauses of each filter without its strings; deployment.check parses the whole grammar.
  filter_clauses = { for filter in local.filters : filter.declared => split("|", replace(filter.expression, "/\"(\\\\.|[^\"\\\\])*\"/", "\"\"")) }

  malformed_filters = [
    for name, clauses in local.filter_clauses : name
    if !alltrue([for clause in clauses : can(regex("(?is)^\\s*(INCLUDE|EXCLUDE)\\s+(ItemID|UserID|ActionID)\\s+WHERE\\s+\\S", clause))])
  ]

  unknown_filter_columns = flatten([
    for name, clauses in local.filter_clauses : [
      for column in flatten([for clause in clauses : regexall("[A-Za-z_][A-Za-z0-9_]*\\s*\\.\\s*[A-Za-z_][A-Za-z0-9_]*", clause)]) : "${column} of ${name}"
      if !contains(lookup(local.filter_columns, lower(trimspace(split(".", column)[0])), []), trimspace(split(".", column)[1])) && !can(regex("(?i)^interactions\\s*\\.\\s*event_type$", column))
    ]
  ])

  # With the environment and a hash in its name: https://docs.aws.amazon.com/personalize/latest/dg/API_CreateFilter.html
  unacceptable_filters = [
    for filter in local.filters : filter.declared
    if !can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$", filter.name)) || length(filter.expression) > 2500
  ]

  published_filters = jsonencode([
    for filter in local.filters : {
      name       = filter.declared
      arn        = "${local.personalize_arn}:filter/${filter.name}"
      parameters = { for parameter in filter.parameters : parameter => contains(filter.lists, parameter) ? "text" : "number" }
      of_user    = can(regex("(?i)\\b(Interactions|CurrentUser)\\.", filter.expression))
    }
  ])

  configuration = {
    dataset_group = var.prefix
    event_tracker = var.prefix
    judge         = local.declaration.judge

    filters = [
      for filter in local.filters : {
        name       = filter.name
        arn        = "${local.personalize_arn}:filter/${filter.name}"
        expression = filter.expression
      }
    ]

    datasets = [
      for name in local.declaration.datasets : {
        type   = upper(name)
        name   = "${var.prefix}-${name}"
        folder = name
        # A schema is immutable; the name contains a hash of the content, so that a change creates a new schema.
        schema_name = "${var.prefix}-${name}-${substr(sha256(local.schemas[name]), 0, 8)}"
        schema      = local.schemas[name]
      }
    ]

    solutions = [
      for name, solution in local.declaration.solutions : {
        name            = "${var.prefix}-${name}"
        recipe_arn      = "arn:${var.partition}:personalize:::recipe/${solution.recipe}"
        solution_config = solution.solution_config
        tags            = [for key, value in try(solution.tags, {}) : { TagKey = key, TagValue = value }]
        campaign = !contains(keys(var.campaigns), name) ? null : merge(solution.campaign, {
          for setting, value in var.campaigns[name] : setting => value if value != null
        })
      }
    ]
  }

  tags = [
    for key, value in merge(var.tags, { ManagedBy = local.state_machine_name }) : { TagKey = key, TagValue = value }
  ]

  # Named resources that the workflow creates. The name of an import job consists of data set and run, and is too short for the
  # prefix as well.
  declared_arns = concat(
    [
      "${local.personalize_arn}:campaign/${var.prefix}-*",
      "${local.personalize_arn}:dataset-group/${var.prefix}",
      "${local.personalize_arn}:dataset/${var.prefix}/*",
      "${local.personalize_arn}:filter/${var.prefix}-*",
      "${local.personalize_arn}:schema/${var.prefix}-*",
      "${local.personalize_arn}:solution/${var.prefix}-*",
    ],
    [for name in local.declaration.datasets : "${local.personalize_arn}:dataset-import-job/${name}-*"],
  )

  # The interval grows with the execution's age, up to eleven minutes more: a history has at most 25,000 events, and four solutions
  # that are polled each minute would fill it in less than half of the execution's timeout.
  # https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
  wait_seconds = "{% $poll_seconds + $min([660, $floor(($millis() - $toMillis($states.context.Execution.StartTime)) / 40000)]) %}"

  # Errors that a retry after seconds may solve. An error without a model, such as throttling or an internal error of
  # Personalize, has the name of the SDK's base exception: Personalize.PersonalizeException. Errors that the definition
  # catches, such as S3.NoSuchKeyException, have other names and are not retried.
  transient_errors = {
    dynamodb    = ["DynamoDB.AmazonDynamoDBException", "DynamoDB.InternalServerErrorException", "DynamoDB.SdkClientException"]
    glue        = ["Glue.AWSGlueException", "Glue.InternalServiceException", "Glue.OperationTimeoutException", "Glue.SdkClientException"]
    lambda      = ["Lambda.AWSLambdaException", "Lambda.SdkClientException", "Lambda.ServiceException", "Lambda.TooManyRequestsException"]
    personalize = ["Personalize.PersonalizeException", "Personalize.SdkClientException"]
    s3          = ["S3.S3Exception", "S3.SdkClientException"]
    sfn         = ["Sfn.SdkClientException", "Sfn.SfnException"]
    ssm         = ["Ssm.InternalServerErrorException", "Ssm.SdkClientException", "Ssm.SsmException", "Ssm.TooManyUpdatesException"]
  }

  # Six attempts with backoff from 2 s take about two minutes.
  transient_retry = {
    for service, errors in local.transient_errors : service => {
      ErrorEquals     = errors
      IntervalSeconds = 2
      MaxAttempts     = 6
      BackoffRate     = 2
      JitterStrategy  = "FULL"
    }
  }

  # Limits on concurrent trainings and updates of resources in use end with other work: on AWS about 40 minutes.
  retries = {
    for service, retry in local.transient_retry : service => concat([retry], lookup({
      glue = [{
        ErrorEquals     = ["Glue.ConcurrentRunsExceededException", "Glue.ResourceNumberLimitExceededException"]
        IntervalSeconds = 30
        MaxAttempts     = 10
        BackoffRate     = 1.5
      }]
      personalize = [{
        ErrorEquals     = ["Personalize.LimitExceededException", "Personalize.ResourceInUseException"]
        IntervalSeconds = var.poll_seconds
        MaxAttempts     = 8
        BackoffRate     = 1.5
        MaxDelaySeconds = 10 * var.poll_seconds
      }]
    }, service, []))
  }

  definition = templatefile("${path.module}/state-machines/train.asl.json.tftpl", {
    partition              = var.partition
    region                 = var.region
    account_id             = var.account_id
    prefix                 = var.prefix
    poll_seconds           = var.poll_seconds
    training_days          = jsonencode(var.training_days)
    is_popular_served      = jsonencode(contains(keys(var.campaigns), "popular"))
    wait_seconds           = local.wait_seconds
    tags                   = jsonencode(local.tags)
    configuration          = jsonencode(local.configuration)
    dynamodb_retry         = jsonencode(local.retries.dynamodb)
    glue_retry             = jsonencode(local.retries.glue)
    lambda_retry           = jsonencode(local.retries.lambda)
    personalize_retry      = jsonencode(local.retries.personalize)
    s3_retry               = jsonencode(local.retries.s3)
    sfn_retry              = jsonencode(local.retries.sfn)
    ssm_retry              = jsonencode(local.retries.ssm)
    sagemaker              = var.sagemaker == null ? "{}" : jsonencode(var.sagemaker)
    key_arn                = var.sagemaker == null ? "" : var.key_arn # unknown before the key is created
    personalize_role_arn   = local.personalize_role_arn
    glue_job_name          = var.glue_job_name
    locks_table            = var.locks_table
    answers_table          = var.answers_table
    lake_uri               = "s3://${var.buckets.lake}/raw/"
    datasets_uri           = "s3://${var.buckets.datasets}/"
    datasets_bucket        = var.buckets.datasets
    tracking_id_parameter  = var.tracking_id_parameter
    filters_parameter      = var.filters_parameter
    published_filters      = jsonencode(local.published_filters)
    records_bucket         = var.buckets.records
    recommend_function_arn = var.recommend_function_arn
    judge_function_arn     = var.judge_function_arn
  })
}
