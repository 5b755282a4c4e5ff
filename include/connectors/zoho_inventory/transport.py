"""How Zoho wants its token; everything else about its transport is as anybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from requests.auth import AuthBase

if TYPE_CHECKING:
    import requests


class BearerAuth(AuthBase):
    """Sets the token on each request; also keeps ``requests`` from looking into ``.netrc``."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add Zoho's authorization header."""
        request.headers["Authorization"] = f"Zoho-oauthtoken {self._token}"
        return request
