"""Serving: trained models, kept up to date, answer single requests and batch jobs."""
