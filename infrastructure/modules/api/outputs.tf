output "api_id" {
  description = "Id of the API."
  value       = aws_api_gateway_rest_api.this.id
}

output "api_name" {
  description = "Name of the API, by which its metrics are found."
  value       = aws_api_gateway_rest_api.this.name
}

output "stage_name" {
  description = "Stage that is served."
  value       = aws_api_gateway_stage.this.stage_name
}

output "url" {
  description = "Where the API answers on AWS, without a slash at the end."
  value       = aws_api_gateway_stage.this.invoke_url
}

output "api_key" {
  description = "Value of the API key, to be sent as x-api-key."
  value       = aws_api_gateway_api_key.this.value
  sensitive   = true
}
