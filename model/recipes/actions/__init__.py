"""Next best action: the action that a user is most likely to take."""
