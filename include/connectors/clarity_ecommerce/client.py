"""One call to Clarity, from admission to judged answer.

Each try passes the shared gate and the circuit breaker, carries the shared token or the key and is judged by
the table in ``errors``. A write is repeated after a lost answer only when the dialect says that
Clarity takes it once: it then carries its idempotency key.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import msgspec

from include.connectors.clarity_ecommerce import errors, wire
from include.connectors.clarity_ecommerce.auth import MINT_PAUSE, Mint, proof
from include.connectors.clarity_ecommerce.errors import UnauthorisedError, Verdict
from include.connectors.clarity_ecommerce.wire import MalformedAnswerError, Reply
from include.connectors.ports import Breaker, Budget, Clock, NoBreaker, Sleep, TokenStore, utcnow
from include.connectors.rest.pace import Gate, Jitter, retry_after, spread
from include.connectors.rest.retries import Retries
from include.connectors.rest.tokens import Credential, SharedToken
from include.connectors.rest.transport import Answer, Call, Transport, new_session
from include.errors import OutcomeUnknownError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    import requests

    from include.connectors.clarity_ecommerce.settings import Settings
    from include.connectors.interval import Allowance

log = logging.getLogger(__name__)

LONGEST_RESET = 3600.0
"""Seconds that ``X-RateLimit-Reset`` may ask for: beyond that it is a clock that is wrong."""


class ClarityClient:
    """Calls one tenant of Clarity eCommerce; safe to share between threads.

    Args:
        settings: who, where, how fast.
        tokens: keeps the access token for all workers.
        budget: counts calls for all workers.
        breaker: knows for all workers whether Clarity answers.
        flow: on whose behalf it calls; its share of the budget may be reserved.
        session: an own ``requests`` session, e.g. with a test's adapter.
        clock: the present.
        sleep: waits in place.
        jitter: spreads waits.
    """

    def __init__(  # noqa: PLR0913 - whatever is shared, and whatever a test replaces
        self,
        settings: Settings,
        *,
        tokens: TokenStore,
        budget: Budget,
        breaker: Breaker | None = None,
        flow: str = "",
        session: requests.Session | None = None,
        clock: Clock = utcnow,
        sleep: Sleep = time.sleep,
        jitter: Jitter = spread,
    ) -> None:
        self.settings = settings
        self.dialect = settings.spoken
        self._clock = clock
        self._retries = Retries(settings.attempts, settings.patience, sleep, jitter)
        self._breaker = breaker or NoBreaker()
        self._gate = Gate(settings, budget, clock, sleep, jitter, flow)
        self._transport = Transport(
            session or new_session(settings.concurrency),
            timeout=settings.timeout,
            deadline=settings.deadline,
            max_bytes=settings.max_response_bytes,
            verify=settings.verify,
        )
        mint = Mint(settings, self._transport, clock, self._breaker)
        self.tokens = SharedToken(
            settings.token_name, mint, store=tokens, budget=budget, clock=clock, pause=MINT_PAUSE
        )

    def close(self) -> None:
        """Give the connections back."""
        self._transport.session.close()

    def __repr__(self) -> str:
        return f"ClarityClient({self.settings.budget_name}, {self.settings.dialect!r})"

    def now(self) -> datetime:
        """The present."""
        return self._clock()

    def allowance(self) -> Allowance:
        """What polls may still spend of today's calls."""
        return self._gate.allowance()

    def ping(self) -> None:
        """The smallest call that shows whether Clarity serves us; raises as :meth:`get`."""
        paging = self.dialect.paging
        reply = self.get(self.dialect.ping, {paging.size: "1"})
        wire.elements(reply.part(self.dialect.envelope.many))

    def get(self, path: str, params: Mapping[str, str | Sequence[str]] | None = None) -> Reply:
        """Read ``path`` below the API's base.

        Raises:
            RateLimitedError: a limit that outlasts our patience; ``retry_after`` says how long.
            CircuitOpenError: Clarity has been out of order for a while; nobody asks it for now.
            TransientError: Clarity is out of order, or its answer is not whole.
            NotFoundError: the record does not exist.
            AuthenticationError, ConfigurationError, ClarityError: asking again cannot help.
        """
        return self._call(Call("GET", path, params or {}))

    def send(
        self,
        method: str,
        path: str,
        content: Any,
        *,
        key: str = "",
        version: str = "",
        idempotent: bool = False,
    ) -> Reply:
        """Write ``content``, which has our names.

        Args:
            method: the HTTP method.
            path: below the API's base.
            content: of JSON's types; numbers as :class:`~decimal.Decimal` or ``int``.
            key: idempotency key; not sent in a dialect that has none.
            version: that we have read and mean to change; not sent in a dialect without preconditions.
            idempotent: doing it twice is doing it once, key or no key.

        Raises:
            OutcomeUnknownError: the write may have taken effect; look before asking again.
            StaleError: the record has another version by now.
            IntegrationError: as :meth:`get`; the write has taken no effect.
        """
        writes, headers = self.dialect.writes, dict[str, str]()
        if key and writes.idempotency:
            headers[writes.idempotency] = key
        if version and writes.precondition:
            headers[writes.precondition] = f'"{version}"'
        return self._call(
            Call(
                method,
                path,
                content=_encoder.encode(self.dialect.names.outgoing(_exact(content))),
                headers=headers,
                idempotent=idempotent or writes.idempotency in headers,
            )
        )

    def _call(self, call: Call) -> Reply:
        credential = Credential(self.tokens)
        return self._retries.run(lambda: self._attempt(call, credential), idempotent=call.idempotent)

    def _attempt(self, call: Call, credential: Credential) -> Reply:
        if self.settings.mode not in {"oauth2", "both"}:
            return self._exchange(call, "")
        try:
            return self._exchange(call, credential.token().value)
        except UnauthorisedError:
            log.info("clarity refuses the access token for %s", call)
            if not credential.renew():
                raise
        return self._exchange(call, credential.token().value)

    def _exchange(self, call: Call, token: str) -> Reply:
        settings = self.settings
        with (
            self._gate.admission(),
            self._breaker.guard(settings.endpoint, subject=call.path, lease=settings.longest),
        ):
            answer = self._transport.send(call, settings.base + call.path, proof(settings, token))
            return self._judged(call, answer)

    def _judged(self, call: Call, answer: Answer) -> Reply:
        """The reply of a success.

        Raises:
            IntegrationError: what the answer means otherwise.
        """
        if 200 <= answer.status < 300:
            return self._success(call, answer)
        problem = wire.problem_of(answer.body)
        verdict = errors.judge(answer.status, problem.code)
        raise errors.error_for(
            verdict,
            problem,
            doing=str(call),
            status=answer.status,
            retry_after=self._pause(verdict, answer),
            safe=call.safe,
        )

    def _success(self, call: Call, answer: Answer) -> Reply:
        body = b""
        if answer.body or call.safe:
            try:
                body = wire.checked(answer.body)
                body = self.dialect.names.incoming(body)
            except MalformedAnswerError as exc:
                if call.safe:
                    raise MalformedAnswerError(f"{call}: {exc}") from None
                raise OutcomeUnknownError(f"{call}: {exc}") from None
        tag = answer.headers.get("ETag", "").removeprefix("W/").strip('"')
        replayed = answer.headers.get("Idempotent-Replayed", "").lower() == "true"
        return Reply(answer.status, body, tag, replayed)

    def _pause(self, verdict: Verdict, answer: Answer) -> float | None:
        """How long an answer keeps us waiting; a limit keeps everyone, and everyone is told."""
        now = self._clock()
        asked = retry_after(answer.headers.get("Retry-After"), now)
        if verdict not in errors.LIMITS:
            return asked
        if asked is None and verdict is Verdict.RATE_LIMITED:
            reset = answer.headers.get("X-RateLimit-Reset", "")
            left = float(reset) - now.timestamp() if reset.isascii() and reset.isdecimal() else -1.0
            asked = left if 0 <= left <= LONGEST_RESET else self._gate.a_minute()
        if asked is not None:
            self._gate.pause_everyone(asked, f"Clarity says: {verdict}")
        return asked


def _exact(content: Any) -> Any:
    """The content, in which no amount has been through a binary float.

    Raises:
        TypeError: one has.
    """
    if isinstance(content, float):
        raise TypeError("a binary float cannot be written to Clarity; keep it decimal")
    if isinstance(content, dict):
        return {name: _exact(value) for name, value in content.items()}
    return [_exact(each) for each in content] if isinstance(content, list | tuple) else content


_encoder = msgspec.json.Encoder(decimal_format="number")
