"""What is not about records: logging in, who am I, versions, resources, limits."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from include.sandbox.salesforce.exchange import DATA, Call, Reply, Route
from include.sandbox.salesforce.oauth import Refused

if TYPE_CHECKING:
    from include.sandbox.salesforce.errors import Json
    from include.sandbox.salesforce.world import World

OAUTH = "/services/oauth2"
SEASONS = ("Spring", "Summer", "Winter")
LAST_SOAP = 64.0
"""The last version with a login of its own."""
RESOURCES = (
    "sobjects", "query", "queryAll", "composite", "limits", "jobs", "search",
)  # fmt: skip
OPENED = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
xmlns="urn:partner.soap.sforce.com">
<soapenv:Body><loginResponse><result><metadataServerUrl>{server}/services/Soap/m/{version}</metadataServerUrl>
<passwordExpired>false</passwordExpired><sandbox>false</sandbox>
<serverUrl>{server}/services/Soap/u/{version}</serverUrl>
<sessionId>{session}</sessionId><userId>{user}</userId></result></loginResponse></soapenv:Body></soapenv:Envelope>"""
FAULT = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
xmlns:sf="urn:fault.partner.soap.sforce.com">
<soapenv:Body><soapenv:Fault><faultcode>sf:{code}</faultcode><faultstring>{code}: {text}</faultstring>
<detail><sf:LoginFault><sf:exceptionCode>{code}</sf:exceptionCode>
<sf:exceptionMessage>{text}</sf:exceptionMessage>
</sf:LoginFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"""


class ServiceRoutes:
    """Sessions and the org itself."""

    def __init__(self, world: World) -> None:
        self._world = world

    def table(self) -> list[Route]:
        """All routes."""
        return [
            Route("POST", f"{OAUTH}/token", self.token, open=True),
            Route("POST", f"{OAUTH}/revoke", self.revoke, open=True),
            Route("GET", f"{OAUTH}/revoke", self.revoke, open=True),
            Route("GET", f"{OAUTH}/userinfo", self.whoami),
            Route("POST", f"{OAUTH}/userinfo", self.whoami),
            Route("GET", "/id/{organization}/{user}", self.whoami),
            Route("POST", "/services/Soap/u/{version}", self.soap_login, open=True),
            Route("GET", "/services/data", self.versions, open=True),
            Route("GET", DATA, self.resources),
            Route("GET", f"{DATA}/limits", self.limits),
        ]

    def token(self, call: Call) -> Reply:
        """The OAuth token endpoint."""
        asked = {**call.query, **_form(call)}
        try:
            session, user = self._world.accounts.token(
                call.headers.get("authorization", ""), asked, self._address(call)
            )
        except Refused as refused:
            body = {"error": refused.error, "error_description": refused.description}
            return Reply(body, 400, {"Cache-Control": "no-store"})
        organization = self._world.organization()
        return Reply(
            {
                "access_token": session,
                "signature": "c2FuZGJveC1zaWduYXR1cmU=",
                "scope": "api",
                "instance_url": self._address(call),
                "id": f"https://login.salesforce.com/id/{organization}/{user}",
                "token_type": "Bearer",
                "issued_at": str(int(self._world.control.clock.now().timestamp() * 1000)),
                "api_instance_url": "https://api.salesforce.com",
            },
            headers={"Cache-Control": "no-store"},
        )

    def revoke(self, call: Call) -> Reply:
        """End a session or a refresh token."""
        token = {**call.query, **_form(call)}.get("token", "")
        if not self._world.accounts.revoke(token):
            return Reply(
                {"error": "unsupported_token_type", "error_description": "this token is unknown"}, 400
            )
        return Reply(raw=b"")

    def whoami(self, call: Call) -> Reply:
        """The OIDC view of the session's user."""
        user = self._world.store.read("User", call.caller.user_id) or {}
        organization = self._world.organization()
        return Reply(
            {
                "sub": f"https://login.salesforce.com/id/{organization}/{call.caller.user_id}",
                "user_id": call.caller.user_id,
                "organization_id": organization,
                "preferred_username": user.get("Username"),
                "nickname": user.get("Alias"),
                "name": user.get("Name"),
                "email": user.get("Email"),
                "email_verified": True,
                "given_name": user.get("FirstName"),
                "family_name": user.get("LastName"),
                "active": True,
                "user_type": "STANDARD",
                "is_app_installed": True,
            }
        )

    def soap_login(self, call: Call) -> Reply:
        """The old login by name and password with the security token behind it."""
        version = call.path["version"]
        text = call.raw.decode("utf-8", "replace")
        name, password = (_element(text, tag) for tag in ("username", "password"))
        headers = {"Content-Type": "text/xml;charset=UTF-8"}
        if float(version) > LAST_SOAP:
            fault = FAULT.format(
                code="UNSUPPORTED_API_VERSION", text="login() is not available in this version"
            )
            return Reply(raw=fault.encode(), status=500, headers=headers)
        try:
            user = self._world.accounts.log_in(name, password)
        except Refused:
            why = "Invalid username, password, security token; or user locked out."
            fault = FAULT.format(code="INVALID_LOGIN", text=why)
            return Reply(raw=fault.encode(), status=500, headers=headers)
        session = self._world.accounts.open(user, "soap")
        opened = OPENED.format(server=self._address(call), version=version, session=session, user=user)
        return Reply(raw=opened.encode(), headers=headers)

    def versions(self, call: Call) -> Reply:
        """Which API versions are served; three come a year, 59 in the winter of 2024."""
        present = self._world.switches.present
        numbers = range(present.oldest_version, present.newest_version + 1)
        return Reply(
            [{"label": _season(n), "url": f"/services/data/v{n}.0", "version": f"{n}.0"} for n in numbers]
        )

    def resources(self, call: Call) -> Reply:
        """Where a version's resources are."""
        return Reply({name: f"{call.root}/{name}" for name in RESOURCES})

    def limits(self, call: Call) -> Reply:
        """The org's allowances."""
        return Reply(self._world.limits.resource())

    def _address(self, call: Call) -> str:
        """The org as this caller reaches it: by its domain behind the proxy, else where he knocked."""
        host = call.headers.get("host", "")
        if host.split(":")[0].endswith(".salesforce.com"):
            return f"https://{self._world.switches.present.my_domain}"
        return f"{call.headers['x-forwarded-proto']}://{host}"


def _season(number: int) -> str:
    season = SEASONS[(number - 60) % 3]
    year = 24 + (number - 60) // 3 + (1 if season == "Winter" else 0)
    return f"{season} '{year}"


def _form(call: Call) -> Json:
    return dict(parse_qsl(call.raw.decode("latin-1"), keep_blank_values=True))


def _element(text: str, tag: str) -> str:
    found = re.search(rf"<(?:\w+:)?{tag}>(.*?)</(?:\w+:)?{tag}>", text, re.DOTALL)
    return html.unescape(found[1]) if found else ""
