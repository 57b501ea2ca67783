"""What every recipe learns from: interactions as columns, the hold-out, and the users and items that are left out."""
