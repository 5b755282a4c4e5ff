"""One call to Zoho Inventory, from admission to opened envelope.

Each try passes the shared gate and the circuit breaker, carries the shared token and is judged by the
table in ``errors``. Tries are repeated only for what waiting can heal and what cannot have taken
effect: a limit, a lost connection, an outage met by a read. A write whose fate is unknown is never
repeated here; the caller looks it up first.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from include import failpoints
from include.connectors.ports import (
    AccessToken,
    Breaker,
    Budget,
    Clock,
    NoBreaker,
    Sleep,
    TokenStore,
    utcnow,
)
from include.connectors.rest.pace import Jitter, retry_after, spread
from include.connectors.rest.retries import Retries
from include.connectors.rest.tokens import Credential
from include.connectors.rest.transport import Answer, Call, Transport, new_session
from include.connectors.zoho_inventory import errors, hosts
from include.connectors.zoho_inventory.auth import TokenSource
from include.connectors.zoho_inventory.errors import UnauthorisedError, Verdict
from include.connectors.zoho_inventory.limits import Gate
from include.connectors.zoho_inventory.transport import BearerAuth
from include.connectors.zoho_inventory.wire import Envelope, MalformedAnswerError, open_envelope
from include.errors import OutcomeUnknownError, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

    from include.connectors.zoho_inventory.settings import Settings

log = logging.getLogger(__name__)

_JSON = msgspec.json.Encoder(decimal_format="number")


class ZohoClient:
    """Calls one organisation of Zoho Inventory; safe to share between threads.

    Args:
        settings: who, where, how fast.
        tokens: keeps the access token for all workers.
        budget: counts calls for all workers.
        breaker: knows for all workers whether Zoho answers.
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
        self._clock = clock
        self._retries = Retries(settings.attempts, settings.patience, sleep, jitter)
        self._breaker = breaker or NoBreaker()
        self._gate = Gate(settings, budget, clock, sleep, jitter, flow)
        self._transport = Transport(
            session or new_session(settings.concurrency),
            timeout=settings.timeout,
            deadline=settings.deadline,
            max_bytes=settings.max_response_bytes,
        )
        self.tokens = TokenSource(settings, tokens, budget, self._transport, clock, breaker=self._breaker)

    def close(self) -> None:
        """Give the connections back."""
        self._transport.session.close()

    def __repr__(self) -> str:
        return f"ZohoClient({self.settings.budget_name})"

    def ping(self) -> None:
        """The smallest call that shows whether Zoho serves us; raises as :meth:`get`."""
        self.get("/salesorders", {"per_page": "1"}).part("salesorders")

    def get(self, path: str, params: Mapping[str, str] | None = None, *, scoped: bool = True) -> Envelope:
        """Read ``path`` below the API base.

        Args:
            path: e.g. ``/salesorders``.
            params: query parameters; the organisation is added.
            scoped: False for the one call that belongs to no organisation.

        Raises:
            RateLimitedError: a limit that outlasts our patience; ``retry_after`` says how long.
            CircuitOpenError: Zoho has been out of order for a while; nobody asks it for now.
            TransientError: Zoho is out of order, or its answer is not whole.
            NotFoundError: the record does not exist.
            AuthenticationError, ConfigurationError, ZohoError: asking again cannot help.
        """
        return self._call(Call("GET", path, self._query(params, scoped=scoped)))

    def send_json(
        self,
        method: str,
        path: str,
        content: object,
        params: Mapping[str, str] | None = None,
        *,
        idempotent: bool = False,
    ) -> Envelope:
        """Write ``content`` as JSON; decimals are numbers with all their digits.

        Args:
            method: ``POST`` or ``PUT``.
            path: below the API base.
            content: the body.
            params: query parameters; the organisation is added.
            idempotent: done twice it does what it does once, so it may be repeated when its answer is lost.

        Raises:
            OutcomeUnknownError: the write may have taken effect; look before asking again.
            IntegrationError: as :meth:`get`; the write has taken no effect.
        """
        body = _JSON.encode(content)
        return self._write(Call(method, path, self._query(params), body, idempotent=idempotent))

    def send_form(self, method: str, path: str, fields: Mapping[str, str]) -> Envelope:
        """Write a form; see :meth:`send_json`."""
        content = urlencode(fields).encode()
        kind = "application/x-www-form-urlencoded;charset=UTF-8"
        return self._write(Call(method, path, self._query(None), content, kind))

    def _query(self, params: Mapping[str, str] | None, *, scoped: bool = True) -> dict[str, str]:
        own = {"organization_id": self.settings.organization_id} if scoped else {}
        return {**own, **(params or {})}

    def _write(self, call: Call) -> Envelope:
        with failpoints.request("zoho_inventory", call.method, call.path):
            return self._call(call)

    def _call(self, call: Call) -> Envelope:
        credential = Credential(self.tokens)
        return self._retries.run(lambda: self._attempt(call, credential), idempotent=call.idempotent)

    def _attempt(self, call: Call, credential: Credential) -> Envelope:
        try:
            return self._exchange(call, credential.token())
        except UnauthorisedError:
            log.info("zoho refuses the access token for %s", call)
            if not credential.renew():
                raise
        return self._exchange(call, credential.token())

    def _exchange(self, call: Call, token: AccessToken) -> Envelope:
        base = hosts.api_base(
            override=self.settings.api_base, api_domain=token.api_domain, centre=self.settings.data_centre
        )
        endpoint = self.settings.budget_name
        with (
            self._gate.admission(),
            self._breaker.guard(endpoint, subject=call.path, lease=self.settings.longest),
        ):
            answer = self._transport.send(call, base + call.path, BearerAuth(token.value))
            return self._judged(call, answer)

    def _judged(self, call: Call, answer: Answer) -> Envelope:
        """The opened envelope of a success.

        Raises:
            IntegrationError: what the answer means otherwise.
        """
        try:
            envelope = open_envelope(answer.body)
        except MalformedAnswerError as exc:
            if answer.status < 300:
                raise self._unread(call, str(exc)) from exc
            envelope = Envelope(code=None, message="", parts={})
        verdict = errors.judge(answer.status, envelope.code, envelope.message)
        if verdict is Verdict.SUCCESS:
            if envelope.code is None and not call.safe:
                raise self._unread(call, "an answer without a code")
            return envelope
        asked = retry_after(answer.headers.get("Retry-After"), self._clock())
        pause = self._gate.pause_after(verdict, asked) if _waits(verdict) else None
        raise errors.error_for(
            verdict,
            doing=str(call),
            status=answer.status,
            code=envelope.code,
            retry_after=pause,
            safe=call.safe,
            field=errors.field_of(envelope.message),
        )

    def _unread(self, call: Call, what: str) -> TransientError:
        return (TransientError if call.safe else OutcomeUnknownError)(f"{call}: {what}")


def _waits(verdict: Verdict) -> bool:
    return verdict in errors.LIMITS or verdict is Verdict.OUTAGE
