"""Why a replay ends early."""


class ApiUnavailableError(ConnectionError):
    """The API confirmed nothing within the time limit; the events can be sent again safely."""


class ApiAccessError(PermissionError):
    """The API rejects every request because the URL or the key is wrong."""
