"""The shop's pages: `python -m deployment.pages` uploads what was built, and CloudFront serves it."""
