"""Which signatures have been used, so that a request that was overheard cannot be sent a second time."""

from __future__ import annotations

from model.engine.personalize import limits
from model.engine.personalize.errors import InvalidSignatureError, RequestExpiredError

KEPT_BYTES = 16  # of each signature; two that share these come by chance once in 2**64
NEVER = 0.0


class UsedSignatures:
    """Remembers every accepted signature for as long as its date lets it be used.

    A signature says its second and no more, so a client that asks the same question twice in one second sends the same
    signature twice. Such twins arrive together; later, or where a change is asked for, the second one is a replay.

    Parameters
    ----------
    since : int
        Epoch seconds; signatures from before are refused, as nobody remembers which of them have been used.
    """

    def __init__(self, since: int) -> None:
        self._floor = since
        # Until when each may be used again, by the second it was made in.
        self._by_moment: dict[int, dict[bytes, float]] = {}
        self._count = 0

    def use(self, moment: int, signature: bytes, now: float, *, once: bool) -> None:
        """Note that a valid signature is used.

        Parameters
        ----------
        moment : int
            Epoch seconds at which it was made.
        now : float
            Epoch seconds.
        once : bool
            Whether there can be no twin.

        Raises
        ------
        InvalidSignatureError
            It has been used before.
        RequestExpiredError
            It is from a time that is not remembered.
        """
        if moment < self._floor:
            raise RequestExpiredError("the request was signed before this engine could remember it: sign it anew")
        used = self._by_moment.get(moment)
        if used is None:
            self._forget(now)
            used = self._by_moment[moment] = {}
        key = signature[:KEPT_BYTES]
        until = used.get(key)
        if until is None:
            self._count += 1
        elif now > until:
            raise InvalidSignatureError("the request has been sent before: sign every request anew")
        if once:
            used[key] = NEVER
        elif until is None:
            used[key] = now + limits.TWIN_SECONDS

    def release(self, moment: int, signature: bytes, now: float) -> None:
        """Let a signature be used again at once, since the request changed nothing and clients repeat it.

        Parameters
        ----------
        signature : bytes
            Accepted by `use`.
        """
        used = self._by_moment.get(moment)
        if used is not None:
            used[signature[:KEPT_BYTES]] = now + limits.TWIN_SECONDS

    def _forget(self, now: float) -> None:
        for moment in [one for one in self._by_moment if one < now - limits.SIGNATURE_SECONDS]:
            self._count -= len(self._by_moment.pop(moment))
        while self._count >= limits.USED_SIGNATURES:
            # Rather refuse what is older than memory reaches than accept what may have been used.
            oldest = min(self._by_moment)
            self._count -= len(self._by_moment.pop(oldest))
            self._floor = max(self._floor, oldest + 1)
