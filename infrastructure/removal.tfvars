# After an environment's own variables, this releases what it protects, before terraform destroy.
deletion_protected = false
training_schedule  = null
