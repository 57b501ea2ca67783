"""Answers: trained models with all that is known now, for one question or a file of them."""
