"""A webhook's raw body, within limits that a stranger cannot exceed: size, time, coding, memory.

Nobody has proved anything yet when a body is read, so every limit is met as early as it can be: what
a header announces is refused before the first byte, and what no header announces as soon as it is too
much. A refused sender is cut off (``Connection: close``), or its remaining bytes would have to be read.

Headers are the server's to limit, and a sender that dribbles headers is the proxy's to cut.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastapi import HTTPException, Request, status
from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MAX_BODY = 1_048_576
"""Bytes. Zoho's default payload of a 100-line order is about 150 kB."""
MAX_BODIES = 64 * MAX_BODY
"""Bytes of all bodies that this process holds at once."""
SECONDS = 10.0
"""For the whole body. A sender that takes longer sends it again; one that means harm is cut."""
RETRY_AFTER = 5

MEDIA_TYPES = ("", "application/json", "application/x-www-form-urlencoded", "text/plain", "text/json")
"""What webhooks come as. Senders mislabel JSON, so the label only tells what need not be tried."""

REFUSALS: dict[int | str, dict[str, str]] = {
    400: {"description": "signed, but no record can be made out of it (kept in the exceptions table)"},
    401: {"description": "signature missing or wrong"},
    404: {"description": "no such system or event"},
    408: {"description": f"the body did not come within {SECONDS:.0f} seconds"},
    413: {"description": f"body larger than {MAX_BODY} bytes"},
    415: {"description": "a coded (compressed) body, or one of another media type"},
    503: {"description": "not kept; Retry-After says when to come back"},
}


class Memory:
    """Bytes of bodies that are held now."""

    def __init__(self) -> None:
        self.held = 0

    def take(self, size: int) -> None:
        """Count bytes in.

        Raises:
            HTTPException: 503, all requests together hold too many.
        """
        if self.held + size > MAX_BODIES:
            raise refusal(status.HTTP_503_SERVICE_UNAVAILABLE, "try again", {"Retry-After": str(RETRY_AFTER)})
        self.held += size

    def give_back(self, size: int) -> None:
        """Count bytes out."""
        self.held -= size


memory = Memory()


async def raw_body(request: Request) -> AsyncIterator[bytes]:
    """The body as it came, held until the answer is given.

    Raises:
        HTTPException: 400 the sender hung up, 408 too slow, 413 too long, 415 coded or of another type,
            503 too many at once.
    """
    _refuse_by_headers(request)
    body = bytearray()
    try:
        await _read(request, body)
        yield bytes(body)
    finally:
        memory.give_back(len(body))


async def _read(request: Request, body: bytearray) -> None:
    try:
        async with asyncio.timeout(SECONDS):
            async for part in request.stream():
                if len(body) + len(part) > MAX_BODY:
                    raise _too_long()
                memory.take(len(part))
                body += part
    except TimeoutError:
        raise refusal(status.HTTP_408_REQUEST_TIMEOUT, "the body came too slowly") from None
    except ClientDisconnect:
        raise refusal(status.HTTP_400_BAD_REQUEST, "the body was cut off") from None


def _refuse_by_headers(request: Request) -> None:
    """A length header is only a claim, but one that is too large is taken at its word."""
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > 12 or int(length) > MAX_BODY:
        raise _too_long()
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise refusal(
            status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, "send it uncompressed", {"Accept-Encoding": "identity"}
        )
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in MEDIA_TYPES and not (media.startswith("application/") and media.endswith("+json")):
        raise refusal(
            status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, "send JSON", {"Accept": ", ".join(MEDIA_TYPES[1:3])}
        )


def _too_long() -> HTTPException:
    return refusal(status.HTTP_413_CONTENT_TOO_LARGE, f"body larger than {MAX_BODY} bytes")


def refusal(code: int, detail: str, headers: dict[str, str] | None = None) -> HTTPException:
    """A refusal that ends the connection: its body need not be read to the end."""
    return HTTPException(code, detail, headers={"Connection": "close", **(headers or {})})
