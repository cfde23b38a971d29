"""Each signed request counts once, and only while it is fresh. Times are chain time, nanoseconds."""

from broker.errors import RequestRefused

NS_PER_S = 10**9
REMEMBERED_MAX = 200_000
"""More requests than that in one window are refused until older ones have left it."""


class Replays:
    """The signatures used within the window, forgotten as soon as their timestamp alone refuses them."""

    def __init__(self) -> None:
        self._expires_ns: dict[str, int] = {}
        self._swept_ns = 0

    def admit(
        self, signature: str, timestamp_ns: int, now_ns: int, expiration_s: int, advance_s: int
    ) -> None:
        """Takes note of a request whose signature is good. RequestRefused when it is old, early or known."""
        if timestamp_ns < now_ns - expiration_s * NS_PER_S:
            raise RequestRefused(
                400,
                "timestamp_expired",
                f"the request was signed more than {expiration_s} s ago; sign it again",
                "x-timestamp",
            )
        if timestamp_ns > now_ns + advance_s * NS_PER_S:
            raise RequestRefused(
                400,
                "timestamp_in_future",
                f"the request is dated more than {advance_s} s ahead of the chain; check the clock",
                "x-timestamp",
            )
        self._sweep(now_ns)
        if signature in self._expires_ns:
            raise RequestRefused(400, "signature_reused", "this signature was used already; sign it again")
        if len(self._expires_ns) >= REMEMBERED_MAX:
            raise RequestRefused(503, "overloaded", "too many requests; try again in a minute", "", 60)
        self._expires_ns[signature] = timestamp_ns + (expiration_s + advance_s) * NS_PER_S

    def _sweep(self, now_ns: int) -> None:
        """Once a second of chain time, so that admitting stays cheap."""
        if 0 <= now_ns - self._swept_ns < NS_PER_S:
            return
        self._swept_ns = now_ns
        self._expires_ns = {key: at for key, at in self._expires_ns.items() if at >= now_ns}
