"""The authority and the certificate of the partners' door: made once, the certificate renewed before it runs out.

Files in `secrets/certificates/`: `ca.pem` (given to partners), `ca-key.pem`, and `server.pem` in the form in which
Kafka reads a PEM keystore: the private key (PKCS#8), the certificate, the authority.
"""

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deploy.local.home import Home, write_whole

_AUTHORITY_DAYS = 3650
_SERVER_DAYS = 397
_RENEW_BEFORE = datetime.timedelta(days=30)


def ensure(home: Home) -> tuple[Path, Path]:
    """Paths of (keystore, authority), both valid for at least another 30 days."""
    directory = home.secrets / "certificates"
    directory.mkdir(mode=0o700, exist_ok=True)
    authority, authority_key, server = (directory / name for name in ("ca.pem", "ca-key.pem", "server.pem"))
    with home.lock("certificates"):
        if not (_lasts(authority) and authority_key.exists()):
            _make_authority(authority, authority_key)
            server.unlink(missing_ok=True)
        if not _lasts(server):
            _make_server(server, authority, authority_key)
    return server, authority


def _lasts(path: Path) -> bool:
    if not path.exists():
        return False
    certificate = x509.load_pem_x509_certificates(path.read_bytes())[0]
    return certificate.not_valid_after_utc > datetime.datetime.now(datetime.UTC) + _RENEW_BEFORE


def _make_authority(path: Path, key_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Portolano local authority")])
    certificate = (
        _begin(name, name, key.public_key(), _AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    # The key first: an authority without its key would be of no use after a crash, and is made anew.
    write_whole(key_path, _private(key), mode=0o600)
    write_whole(path, _public(certificate), mode=0o600)


def _make_server(path: Path, authority_path: Path, authority_key_path: Path) -> None:
    authority = x509.load_pem_x509_certificate(authority_path.read_bytes())
    authority_key = serialization.load_pem_private_key(authority_key_path.read_bytes(), password=None)
    assert isinstance(authority_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    reached_as = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        _begin(name, authority.subject, key.public_key(), _SERVER_DAYS)
        .add_extension(x509.SubjectAlternativeName(reached_as), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    write_whole(path, _private(key) + _public(certificate) + _public(authority), mode=0o600)


def _begin(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _private(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _public(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
