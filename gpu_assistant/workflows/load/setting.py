"""What a load test is asked to do."""

from __future__ import annotations

from dataclasses import dataclass

from gpu_assistant.domain.errors import BadSetting
from gpu_assistant.domain.text import Text

MOST_CONCURRENT = 512
MOST_PER_S = 5_000.0
LONGEST_S = 3_600.0
MOST_IMAGE_BYTES = 64 << 20
"""All images of a load test together: they are kept in memory, in this process and in the one that sends them."""


@dataclass(frozen=True, slots=True)
class LoadSetting:
    """How the service is asked, and when it is enough.

    Without a `rate_per_s` there are always `concurrency` requests on their way (a closed loop: whoever has an answer
    asks again). With one, requests leave at that rate whatever the service does (an open loop), at most `concurrency`
    of them at a time; a request that had to wait for its turn counts from when it should have left.

    What starts in the first `warm_up_s` counts for nothing. The test ends when the throughput of the last
    `stable_windows` windows of `window_s` each lies within `stable_within` (a share) of their mean, or after `limit_s`
    of measuring. `deadline_s` is for each request as a whole.
    """

    concurrency: int = 8
    rate_per_s: float | None = None
    warm_up_s: float = 3.0
    limit_s: float = 60.0
    window_s: float = 1.0
    stable_windows: int = 8
    stable_within: float = 0.05
    deadline_s: float = 65.0

    def check(self) -> None:
        """Raises BadSetting for what makes no sense."""
        for setting, value, least, most in (
            (Text("Concurrent requests"), self.concurrency, 1, MOST_CONCURRENT),
            (Text("Requests per second"), 1.0 if self.rate_per_s is None else self.rate_per_s, 0.1, MOST_PER_S),
            (Text("Warm-up (seconds)"), self.warm_up_s, 0.0, LONGEST_S),
            (Text("Time limit (seconds)"), self.limit_s, 1.0, LONGEST_S),
        ):
            if not least <= value <= most:
                reason = Text("must lie between {least:g} and {most:g}", least=least, most=most)
                raise BadSetting(setting=setting, reason=reason)


RATE_CONCURRENCY = 256
"""With a fixed rate, so many requests may be on their way: more would tell nothing new about a service that is behind
by so much."""
