"""What is derived from the models, a module per form."""
