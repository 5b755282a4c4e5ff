"""One call to Salesforce, from admission to judged answer, through simple-salesforce as it is.

Each try passes the shared gate and the circuit breaker and carries the shared session. simple-salesforce is
given a session id, so it never logs in by itself: its own answer to a refused session is to log in again, in
calls of some objects without end. A session is renewed here, once per call, for all workers.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, TypeVar

import msgspec
import requests
from urllib3.exceptions import HTTPError

from include import failpoints
from include.connectors.ports import Breaker, Budget, Clock, NoBreaker, Sleep, TokenStore, utcnow
from include.connectors.rest.pace import Gate, Jitter, retry_after, spread
from include.connectors.rest.retries import Retries
from include.connectors.rest.tokens import Credential, SharedToken
from include.connectors.rest.transport import Call, failure
from include.connectors.salesforce import errors
from include.connectors.salesforce.errors import CursorLostError, UnauthorisedError, Verdict
from include.connectors.salesforce.login import MINT_PAUSE, Mint
from include.connectors.salesforce.session import SalesforceSession
from include.errors import AuthenticationError, OutcomeUnknownError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from simple_salesforce.api import Salesforce

    from include.connectors.interval import Allowance
    from include.connectors.ports import AccessToken
    from include.connectors.salesforce.login import Login
    from include.connectors.salesforce.settings import Settings

log = logging.getLogger(__name__)

T = TypeVar("T")

DAY_PAUSE = 3600.0
"""Seconds that all calls pause once the org's calls are spent: its 24 hours roll on hour by hour."""
SHARE_PAUSE = 900.0
"""Seconds that all calls pause once our share of the org's calls is reached."""
BUSY_PAUSE = (5.0, 15.0)
"""Seconds that all calls pause when too many long ones are under way."""
MOST_RESTARTS = 2
"""How often a query is asked again whose cursor went with its session."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the session speaks for."""

    user_id: str
    organization_id: str


class SalesforceClient:
    """Calls one org; safe to share between threads.

    Args:
        settings: who, where, how fast.
        login: opens a session; called by one worker at a time. See :mod:`.login`.
        tokens: keeps the session for all workers.
        budget: counts calls for all workers.
        breaker: knows for all workers whether Salesforce answers.
        flow: on whose behalf it calls; its share of the budget may be reserved.
        session: the ``requests`` session under all calls; the login may share it.
        clock: the present.
        sleep: waits in place.
        jitter: spreads waits.
    """

    def __init__(  # noqa: PLR0913 - whatever is shared, and whatever a test replaces
        self,
        settings: Settings,
        login: Callable[[], Login],
        *,
        tokens: TokenStore,
        budget: Budget,
        breaker: Breaker | None = None,
        flow: str = "",
        session: SalesforceSession | None = None,
        clock: Clock = utcnow,
        sleep: Sleep = time.sleep,
        jitter: Jitter = spread,
    ) -> None:
        self.settings = settings
        self.jitter = jitter
        self._clock = clock
        self._sleep = sleep
        self._retries = Retries(settings.attempts, settings.patience, sleep, jitter)
        self._breaker = breaker or NoBreaker()
        self._gate = Gate(settings, budget, clock, sleep, jitter, flow)
        self.session = session or SalesforceSession(settings)
        self.session.on_usage = self._heed
        self._opened: tuple[str, Salesforce] | None = None
        self.tokens = SharedToken(
            settings.token_name,
            Mint(settings, login, clock, self._breaker),
            store=tokens,
            budget=budget,
            clock=clock,
            pause=MINT_PAUSE,
        )

    def close(self) -> None:
        """Give the connections back."""
        self.session.close()

    def __repr__(self) -> str:
        return f"SalesforceClient({self.settings.budget_name})"

    def now(self) -> datetime:
        """The present."""
        return self._clock()

    def pause(self, seconds: float) -> None:
        """Wait in place."""
        self._sleep(seconds)

    def ping(self) -> None:
        """The smallest call that shows whether Salesforce serves us; raises as :meth:`get`."""
        self.query("SELECT Id FROM Account LIMIT 1")

    def allowance(self) -> Allowance:
        """What polls may still spend of today's calls."""
        return self._gate.allowance()

    def identity(self) -> Identity:
        """Whose session it is: the integration user, and the org that Pub/Sub calls the tenant."""
        told = self._run(Call("GET", "userinfo"), lambda sf: sf.oauth2("userinfo"))
        if not isinstance(told, dict) or not told.get("user_id") or not told.get("organization_id"):
            raise TransientError("GET userinfo: the answer names no user or no organisation")
        return Identity(str(told["user_id"]), str(told["organization_id"]))

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """Read ``path`` below ``/services/data/vXX.X/``.

        Returns:
            Parsed JSON, numbers as ``int`` or ``Decimal``; None of an empty answer.

        Raises:
            RateLimitedError: a limit that outlasts our patience; ``retry_after`` says how long.
            CircuitOpenError: Salesforce has been out of order for a while; nobody asks it for now.
            TransientError: Salesforce is out of order, or its answer is not whole.
            NotFoundError: it does not exist.
            AuthenticationError: the credentials are refused; names the connection.
            ConfigurationError, SalesforceRefusal: asking again cannot help.
        """
        return self._run(Call("GET", path), lambda sf: sf.restful(path, params=dict(params or {})))

    def send(
        self,
        method: str,
        path: str,
        content: Any = None,
        *,
        params: Mapping[str, str] | None = None,
        idempotent: bool = False,
    ) -> Any:
        """Write ``content`` as JSON and give the answer's JSON.

        Args:
            method: the HTTP method.
            path: below ``/services/data/vXX.X/``.
            content: of JSON's types; numbers as :class:`~decimal.Decimal` or ``int``.
            params: query parameters.
            idempotent: doing it twice is doing it once.

        Raises:
            OutcomeUnknownError: the write may have taken effect; look before asking again.
            IntegrationError: as :meth:`get`; the write has taken no effect.
        """
        body = None if content is None else encoded(content)
        call = Call(method, path, idempotent=idempotent)
        asked = dict(params or {})
        with failpoints.request("salesforce", method, path):
            return self._run(call, lambda sf: sf.restful(path, params=asked, method=method, data=body))

    def query(self, soql: str, *, deleted: bool = False) -> list[dict[str, Any]]:
        """All rows of a query. A cursor that goes with its session makes it begin anew.

        Args:
            soql: the question.
            deleted: rows of the recycle bin too.

        Raises as :meth:`get`.
        """
        for _ in range(MOST_RESTARTS + 1):
            try:
                return [row for page in self._pages(soql, deleted=deleted) for row in page]
            except CursorLostError:
                log.info("salesforce: a query's cursor is gone; asking again")
        raise TransientError(f"a query lost its cursor {MOST_RESTARTS + 1} times; ask again later")

    def upload(self, path: str, file: IO[bytes]) -> None:
        """PUT a CSV file as it is read, once; raises as :meth:`send`."""

        def put(sf: Salesforce) -> None:
            from simple_salesforce.util import call_salesforce

            file.seek(0)
            headers = {**sf.headers, "Content-Type": "text/csv; charset=UTF-8"}
            call_salesforce(sf.base_url + path, "PUT", sf.session, headers, data=file)

        with failpoints.request("salesforce", "PUT", path):
            self._run(Call("PUT", path), put)

    def download(self, path: str, read: Callable[[requests.Response], T]) -> T:
        """What ``read`` makes of a CSV answer, which comes as a stream.

        ``read`` may be called again with a new answer. Raises as :meth:`get`.
        """

        def fetch(sf: Salesforce) -> T:
            from simple_salesforce.util import call_salesforce

            headers = {**sf.headers, "Accept": "text/csv"}
            with call_salesforce(sf.base_url + path, "GET", sf.session, headers, stream=True) as answer:
                return read(answer)

        with failpoints.request("salesforce", "GET", path):
            return self._run(Call("GET", path), fetch)

    def _pages(self, soql: str, *, deleted: bool) -> Iterator[list[dict[str, Any]]]:
        size = {"Sforce-Query-Options": f"batchSize={self.settings.page_size}"}
        credential = Credential(self.tokens)
        page = self._run(
            Call("GET", "queryAll" if deleted else "query"),
            lambda sf: sf.query(soql, include_deleted=deleted, headers=size),
            credential,
        )
        opened_by = credential.token().value
        while True:
            yield page["records"]
            if page["done"]:
                return
            url = page["nextRecordsUrl"]

            def more(sf: Salesforce, url: str = url) -> Any:
                if sf.session_id != opened_by:
                    raise CursorLostError("the session changed in the middle of a query")
                return sf.query_more(url, identifier_is_url=True)

            page = self._run(Call("GET", "query more"), more)

    def _run(self, call: Call, do: Callable[[Salesforce], T], credential: Credential | None = None) -> T:
        credential = credential or Credential(self.tokens)
        try:
            return self._retries.run(lambda: self._attempt(call, do, credential), idempotent=call.idempotent)
        except UnauthorisedError as error:
            raise AuthenticationError(f"connection {self.settings.connection!r}: {error}") from None

    def _attempt(self, call: Call, do: Callable[[Salesforce], T], credential: Credential) -> T:
        try:
            return self._exchange(call, do, credential.token())
        except UnauthorisedError:
            log.info("salesforce refuses the session for %s", call)
            if not credential.renew():
                raise
        return self._exchange(call, do, credential.token())

    def _exchange(self, call: Call, do: Callable[[Salesforce], T], token: AccessToken) -> T:
        from simple_salesforce.exceptions import SalesforceError

        settings = self.settings
        with (
            self._gate.admission(),
            self._breaker.guard(settings.endpoint, subject=call.path.split("?")[0], lease=settings.longest),
        ):
            # Nothing of theirs is chained: their errors carry bodies and addresses.
            try:
                return do(self._salesforce(token))
            except SalesforceError as error:
                status, content = int(error.status), error.content
            except requests.JSONDecodeError:
                raise self._unread(call, "the answer is no JSON") from None
            except requests.RequestException as error:
                raise failure(call, error) from None
            except (HTTPError, UnicodeDecodeError) as error:
                raise self._unread(call, f"no whole answer ({type(error).__name__})") from None
            raise self._judged(call, status, content)

    def _judged(self, call: Call, status: int, content: Any) -> Exception:
        problem = errors.problem_of(content)
        verdict = errors.judge(status, problem)
        return errors.error_for(
            verdict,
            problem,
            doing=str(call),
            status=status,
            retry_after=self._pause(verdict),
            safe=call.safe,
        )

    def _pause(self, verdict: Verdict) -> float | None:
        """How long an answer keeps us waiting; a limit keeps everyone, and everyone is told."""
        asked = retry_after(self.session.retry_after, self._clock())
        if verdict not in errors.LIMITS:
            return asked
        usual = DAY_PAUSE if verdict is Verdict.DAY_SPENT else self.jitter(*BUSY_PAUSE)
        seconds = usual if asked is None else asked
        self._gate.pause_everyone(seconds, f"Salesforce says: {verdict}")
        return seconds

    def _heed(self, used: int, total: int) -> None:
        """Stop before the org's people cannot work any more."""
        if total > 0 and used >= total * self.settings.org_share:
            self._gate.pause_everyone(SHARE_PAUSE, f"{used} of the org's {total} daily calls are used")

    def _salesforce(self, token: AccessToken) -> Salesforce:
        from simple_salesforce.api import Salesforce

        opened = self._opened
        if opened is None or opened[0] != token.value:
            made = Salesforce(
                session_id=token.value,
                instance_url=token.api_domain,
                version=self.settings.api_version,
                session=self.session,
                parse_float=Decimal,
                object_pairs_hook=dict,
            )
            self._opened = opened = (token.value, made)
        return opened[1]

    def _unread(self, call: Call, what: str) -> TransientError:
        return (TransientError if call.safe else OutcomeUnknownError)(f"{call}: {what}")


def encoded(content: Any) -> bytes:
    """JSON in which no amount has been through a binary float.

    Raises:
        TypeError: one has.
    """
    _refuse_floats(content)
    return _ENCODER.encode(content)


def _refuse_floats(content: Any) -> None:
    if isinstance(content, float):
        raise TypeError("a binary float cannot be written to Salesforce; keep it decimal")
    if isinstance(content, dict):
        for value in content.values():
            _refuse_floats(value)
    elif isinstance(content, list | tuple):
        for value in content:
            _refuse_floats(value)


_ENCODER = msgspec.json.Encoder(decimal_format="number")
