"""A TLS door before the sandbox's port, with a good certificate or a bad one.

It ends TLS and passes the bytes on, so whatever the sandbox answers in the clear it answers here. The
authority is made on the spot and answered with the port, for clients to trust.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate

CHUNK = 65_536
DAY = timedelta(days=1)


@dataclass(slots=True)
class Door:
    """An open door."""

    server: asyncio.Server
    port: int
    authority: str

    def close(self) -> None:
        """Shut it."""
        self.server.close()


async def open_door(certificate: str, port: int, inner: tuple[str, int]) -> Door:
    """Listen with TLS on a port (0: any) and pass on to the sandbox.

    Args:
        certificate: ``valid``, ``expired`` or ``other_host``.
        port: where to listen.
        inner: the sandbox's own host and port.
    """
    context, authority = _context(certificate)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to, back = await asyncio.open_connection(*inner)
        await asyncio.gather(_pass(reader, back), _pass(to, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", port, ssl=context)
    return Door(server, server.sockets[0].getsockname()[1], authority)


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(CHUNK):
            target.write(chunk)
            await target.drain()
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        target.close()


def _context(which: str) -> tuple[ssl.SSLContext, str]:
    # Only those who open the door pay for the import.
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _certificate("Sandbox authority", authority_key, None)
    shown = _certificate(which, key, (authority, authority_key))
    pem = serialization.Encoding.PEM
    text = shown.public_bytes(pem) + key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "door.pem"
        file.touch(0o600)
        file.write_bytes(text)
        context.load_cert_chain(file)
    return context, authority.public_bytes(pem).decode()


def _certificate(
    which: str,
    key: EllipticCurvePrivateKey,
    signer: tuple[Certificate, EllipticCurvePrivateKey] | None,
) -> Certificate:
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415

    now = datetime.now(UTC)
    until = now - DAY if which == "expired" else now + 30 * DAY
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, which)])
    issuer = signer[0].subject if signer else subject
    signing = signer[1] if signer else key
    host = "elsewhere.test" if which == "other_host" else "localhost"
    names: list[x509.GeneralName] = [x509.DNSName(host)]
    if which != "other_host":
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 60 * DAY)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=signer is None,
                crl_sign=signer is None,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )
    if signer:
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return made.sign(signing, hashes.SHA256())
