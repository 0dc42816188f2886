"""What the API server for tests gets wrong on request: a rule says on which requests and how often, a fault says what."""

import dataclasses
import random


REASONS = {
    400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 410: "Expired",
    422: "Invalid", 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout",
}


@dataclasses.dataclass
class Refuse:
    """Answers with a Status instead; its reason is the code's usual one."""

    code: int
    reason: str = ""
    message: str = "the test says no"
    retry_after: int | None = None

    def __post_init__(self):
        self.reason = self.reason or REASONS.get(self.code, "")


@dataclasses.dataclass
class ErrorEvent:
    """A watch begins with an ERROR event."""

    code: int = 410
    reason: str = "Expired"
    message: str = "too old resource version: 1 (2)"


@dataclasses.dataclass
class Reset:
    """The connection is reset after so many octets of the body."""

    after: int = 0


@dataclasses.dataclass
class Hang:
    """No reply ever comes."""


@dataclasses.dataclass
class Mute:
    """A watch opens, and never says anything."""


@dataclasses.dataclass
class EndAtOnce:
    """A watch opens and ends."""


@dataclasses.dataclass
class Slow:
    """The body trickles."""

    bytes_per_second: int


@dataclasses.dataclass
class Malformed:
    """The body's second half is no longer what it should be; a watch begins with a frame that is none."""


@dataclasses.dataclass
class Rule:
    fault: object
    resource: str = ""  # plural
    verb: str = ""  # get, list or watch
    path: str = ""  # part of the path with its parameters
    times: int | None = 1  # None: always
    probability: float = 1.0
    hits: int = 0

    def applies_to(self, request):
        return (
            (self.times is None or self.hits < self.times)
            and self.resource in ("", request.resource)
            and self.verb in ("", request.verb)
            and self.path in request.target
            and random.random() < self.probability
        )


class Faults:
    def __init__(self):
        self._rules = []

    def add(self, fault, **conditions):
        rule = Rule(fault, **conditions)
        self._rules.append(rule)
        return rule

    def clear(self):
        self._rules = []

    def take(self, request):
        """The fault of the first rule that applies to a request."""
        for rule in self._rules:
            if rule.applies_to(request):
                rule.hits += 1
                return rule.fault
        return None
