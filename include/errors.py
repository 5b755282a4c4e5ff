"""The error tree, drawn once and grouped by what to do next.

::

    IntegrationError
    ├── TransientError            ask again later
    │   ├── RateLimitedError      the remote told us to slow down, or our own budget did
    │   ├── UnreachableError      no connection was made, so nothing was sent
    │   ├── CircuitOpenError      the remote has failed so often that nobody calls it for now
    │   └── OutcomeUnknownError   sent, no answer: read back before asking again
    ├── PermanentError            the same request can never succeed
    │   ├── AuthenticationError   credentials are dead; a person must renew them
    │   ├── ConfigurationError    our own set-up is wrong; the message says where
    │   ├── MappingError          a mapping file is wrong; found when it is loaded
    │   └── SetError              a whole set fails its checks; nothing of it may go on
    │       ├── UnbalancedError   what came in and what became of it differ: something was lost or made up
    │       └── UnfinishedError   rows of a run have no end yet; they come again by themselves
    └── RecordError               one record is wrong; the run goes on

``tradebridge.retries`` turns the tree into Airflow's verdicts. Messages name codes, keys and
the way out, never response bodies or secrets: those quote customers' data.
"""

from __future__ import annotations


class IntegrationError(Exception):
    """Anything that goes wrong between two systems."""


class TransientError(IntegrationError):
    """Ask again later.

    Args:
        message: what we were doing and what came back.
        retry_after: seconds the remote asked us to wait, if it said so.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimitedError(TransientError):
    """The remote, or our own shared budget, refuses calls for now."""


class UnreachableError(TransientError):
    """No connection was made: nothing was sent, and nothing can have happened."""


class CircuitOpenError(TransientError):
    """The remote has failed so often that nobody calls it for now; nothing was sent."""


class OutcomeUnknownError(TransientError):
    """A write was sent and no answer came: the target must be asked before any retry."""


class PermanentError(IntegrationError):
    """The same request can never succeed."""


class AuthenticationError(PermanentError):
    """Credentials are refused and a refresh did not help."""


class ConfigurationError(PermanentError):
    """Something in our own set-up is missing or contradicts itself."""


class MappingError(PermanentError):
    """A mapping file does not say something we can carry out."""


class SetError(PermanentError):
    """A set of records fails a check that no single record explains."""


class UnbalancedError(SetError):
    """What came in and what became of it differ: something was lost, doubled or made up."""


class UnfinishedError(SetError):
    """Some rows of a run have no end yet: they wait or are in doubt, and come again by themselves."""


class RecordError(IntegrationError):
    """One record is wrong; its siblings go on.

    Args:
        message: names the record, the field, the value and the way out.
        code: a value of :class:`include.canonical.reasons.Reason`.
    """

    def __init__(self, message: str, *, code: str = "invalid") -> None:
        super().__init__(message)
        self.code = code
