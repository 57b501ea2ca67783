output "function_name" {
  description = "Name of the function."
  value       = module.function.name
}

output "alarm_names" {
  description = "Names of the alarms: the canary's, and those of its function."
  value       = concat(values(module.alarms.alarms)[*].alarm_name, module.function.alarm_names)
}
