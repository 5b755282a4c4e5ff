"""Zoho's data centres.

A token of one data centre is refused by all others, and the hosts do not follow one pattern
(Canada's accounts live under another name than its API), so they are a table. The token response
names the API host that goes with it; only a host of this table is believed, because the access
token is sent there.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from include.errors import ConfigurationError

API_PATH = "/inventory/v1"


@dataclass(frozen=True, slots=True)
class DataCentre:
    """Where one data centre answers: two origins without a trailing slash."""

    api: str
    accounts: str


DATA_CENTRES: dict[str, DataCentre] = {
    "us": DataCentre("https://www.zohoapis.com", "https://accounts.zoho.com"),
    "eu": DataCentre("https://www.zohoapis.eu", "https://accounts.zoho.eu"),
    "in": DataCentre("https://www.zohoapis.in", "https://accounts.zoho.in"),
    "au": DataCentre("https://www.zohoapis.com.au", "https://accounts.zoho.com.au"),
    "jp": DataCentre("https://www.zohoapis.jp", "https://accounts.zoho.jp"),
    "ca": DataCentre("https://www.zohoapis.ca", "https://accounts.zohocloud.ca"),
    "cn": DataCentre("https://www.zohoapis.com.cn", "https://accounts.zoho.com.cn"),
    "sa": DataCentre("https://www.zohoapis.sa", "https://accounts.zoho.sa"),
    "uk": DataCentre("https://www.zohoapis.uk", "https://accounts.zoho.uk"),
    "ae": DataCentre("https://www.zohoapis.ae", "https://accounts.zoho.ae"),
}


def data_centre(code: str) -> DataCentre:
    """The hosts of a data centre.

    Raises:
        ConfigurationError: no such data centre; the message lists those there are.
    """
    try:
        return DATA_CENTRES[code]
    except KeyError:
        known = ", ".join(sorted(DATA_CENTRES))
        raise ConfigurationError(f"no Zoho data centre {code!r}; there are {known}") from None


def centre_of(api_domain: str) -> str | None:
    """The data centre whose API host this origin is, or None."""
    origin = api_domain.rstrip("/").lower()
    return next((code for code, centre in DATA_CENTRES.items() if centre.api == origin), None)


def api_base(*, override: str, api_domain: str, centre: str) -> str:
    """The prefix of every API call, without a trailing slash.

    Args:
        override: a base from the settings, used as it is (``/inventory/v1`` is added to a bare origin).
        api_domain: the origin named by the token response, or ``""``.
        centre: the data centre of the settings.

    Raises:
        ConfigurationError: the token names a host that is none of Zoho's.
    """
    if override:
        base = override.rstrip("/")
        return base if urlsplit(base).path else base + API_PATH
    if not api_domain:
        return data_centre(centre).api + API_PATH
    if centre_of(api_domain) is None:
        raise ConfigurationError(
            "the token names an API host that is none of Zoho's; set the API base if it is right"
        )
    return api_domain.rstrip("/").lower() + API_PATH
