"""What is generated for pages."""
