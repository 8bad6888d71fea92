"""The partners' door: a strict client that trusts the authority, and nothing else, gets in."""

import socket
import ssl
import threading
from pathlib import Path

import pytest

from deploy.local import certificates
from deploy.local.home import Home


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_strict_client_accepts_the_server_under_both_its_names(tmp_path: Path, name: str) -> None:
    keystore, authority = certificates.ensure(Home(tmp_path))
    client = ssl.create_default_context(cafile=str(authority))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    assert _shake_hands(keystore, client, name) is None


def test_a_client_that_does_not_know_the_authority_refuses(tmp_path: Path) -> None:
    keystore, _ = certificates.ensure(Home(tmp_path))
    assert isinstance(_shake_hands(keystore, ssl.create_default_context(), "localhost"), ssl.SSLCertVerificationError)


def test_they_are_made_once(tmp_path: Path) -> None:
    before = [path.read_text() for path in certificates.ensure(Home(tmp_path))]
    assert [path.read_text() for path in certificates.ensure(Home(tmp_path))] == before


def _shake_hands(keystore: Path, client: ssl.SSLContext, name: str) -> OSError | None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(keystore)
    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=_answer_once, args=(door, server))
        thread.start()
        try:
            with socket.create_connection(door.getsockname()) as line, client.wrap_socket(line, server_hostname=name):
                return None
        except OSError as refused:
            return refused
        finally:
            thread.join()


def _answer_once(door: socket.socket, context: ssl.SSLContext) -> None:
    line, _ = door.accept()
    try:
        context.wrap_socket(line, server_side=True).close()
    except OSError:
        line.close()
