"""Records of used signatures, so that an intercepted request cannot be replayed."""

from __future__ import annotations

from model.engine.personalize import limits
from model.engine.personalize.errors import InvalidSignatureError, RequestExpiredError

STORED_BYTES = 16  # of each signature; two different ones share them by chance once in 2**64
NEVER = 0.0


class UsedSignatures:
    """Records every accepted signature for as long as its date is valid.

    A signature has the resolution of a second, so a client that sends an equal request twice in one second sends the
    same signature twice. Such twins arrive together; later, or where the request changes something, the second one is a
    replay.

    Parameters
    ----------
    since : int
        Epoch seconds; earlier signatures are refused, since it is not known which of them have been used.
    """

    def __init__(self, since: int) -> None:
        self._floor = since
        # Until when each may be used again, by the second it was made in.
        self._by_moment: dict[int, dict[bytes, float]] = {}
        self._count = 0

    def use(self, moment: int, signature: bytes, now: float, *, once: bool) -> None:
        """Record the use of a valid signature.

        Parameters
        ----------
        moment : int
            Epoch seconds at which it was made.
        now : float
            Epoch seconds.
        once : bool
            Whether a twin is refused too.

        Raises
        ------
        InvalidSignatureError
            It has been used before.
        RequestExpiredError
            It is older than the recorded signatures.
        """
        if moment < self._floor:
            raise RequestExpiredError(
                "the request was signed before this engine started to record signatures: sign it again"
            )
        used = self._by_moment.get(moment)
        if used is None:
            self._drop_old(now)
            used = self._by_moment[moment] = {}
        key = signature[:STORED_BYTES]
        until = used.get(key)
        if until is None:
            self._count += 1
        elif now > until:
            raise InvalidSignatureError("the request has been sent before: sign every request again")
        if once:
            used[key] = NEVER
        elif until is None:
            used[key] = now + limits.TWIN_SECONDS

    def release(self, moment: int, signature: bytes, now: float) -> None:
        """Allow a signature to be used again at once, since the request changed nothing and clients retry it."""
        used = self._by_moment.get(moment)
        if used is not None:
            used[signature[:STORED_BYTES]] = now + limits.TWIN_SECONDS

    def _drop_old(self, now: float) -> None:
        for moment in [second for second in self._by_moment if second < now - limits.SIGNATURE_SECONDS]:
            self._count -= len(self._by_moment.pop(moment))
        while self._count >= limits.USED_SIGNATURES:
            # Refuse what is older than the records reach, since it may have been used.
            oldest = min(self._by_moment)
            self._count -= len(self._by_moment.pop(oldest))
            self._floor = max(self._floor, oldest + 1)
