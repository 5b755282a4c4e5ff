"""The sandbox's own certificate authority: real-looking hosts need certificates that somebody vouches for.

The authority and the server's key are made once and kept in the data folder, so whoever trusts them goes on
doing so after a restart.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate

HOSTS = (
    "localhost",
    "sandbox",  # as Compose calls it
    "*.my.salesforce.com",
    "*.sandbox.my.salesforce.com",
    "login.salesforce.com",
    "test.salesforce.com",
    "api.pubsub.salesforce.com",
)
LIFE = timedelta(days=365)
RENEW_BEFORE = timedelta(days=30)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Papers:
    """Files in PEM. ``bundle`` is the authority and the public ones, for clients that take one file."""

    authority: Path
    bundle: Path
    server: Path
    """Certificate and key; readable by the owner only."""


def papers(folder: Path) -> Papers:
    """The papers in a folder; made when there are none or they run out within a month."""
    found = Papers(
        authority=folder / "salesforce-ca.pem",
        bundle=folder / "salesforce-ca-bundle.pem",
        server=folder / "salesforce-server.pem",
    )
    if not all(one.exists() for one in (found.authority, found.bundle, found.server)) or _stale(found.server):
        _issue(found)
    return found


def _stale(server: Path) -> bool:
    from cryptography import x509  # noqa: PLC0415 - only who opens a door pays for the import

    certificate = x509.load_pem_x509_certificate(server.read_bytes())
    return certificate.not_valid_after_utc - datetime.now(UTC) < RENEW_BEFORE


def _issue(found: Papers) -> None:
    import certifi  # noqa: PLC0415
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    # Nobody keeps the authority's key: it vouches for this one server and for nothing else.
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _certificate("Tradebridge sandbox authority", authority_key, None)
    server = _certificate("Tradebridge sandbox", key, (authority, authority_key))
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    found.authority.parent.mkdir(parents=True, exist_ok=True)
    found.authority.write_bytes(authority.public_bytes(pem))
    found.bundle.write_bytes(Path(certifi.where()).read_bytes() + b"\n" + authority.public_bytes(pem))
    found.server.touch(0o600)
    found.server.write_bytes(server.public_bytes(pem) + private)


def _certificate(
    name: str, key: EllipticCurvePrivateKey, signer: tuple[Certificate, EllipticCurvePrivateKey] | None
) -> Certificate:
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415

    now = datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signing = signer[1] if signer else key
    uses = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer[0].subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + LIFE)
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=signer is None,
                crl_sign=signer is None,
                encipher_only=False,
                decipher_only=False,
                **uses,
            ),
            critical=True,
        )
    )
    if signer:
        names: list[x509.GeneralName] = [x509.DNSName(host) for host in HOSTS]
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return made.sign(signing, hashes.SHA256())
