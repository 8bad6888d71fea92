"""What is done about databases and roles: nothing where all is right, the least where it is not."""

from base64 import b64decode
from dataclasses import replace

from deploy.postgres.roles import Database, Role, Server, steps, verifier

NAMES = {"intake": "t1_intake", "notifier": "t1_notifier"}
VERIFIERS = {"intake": "VERIFIER-1", "notifier": "VERIFIER-2"}
RIGHT = Server(
    roles={
        "intake": Role(can_login=True),
        "intake_owner": Role(can_login=False),
        "notifier": Role(can_login=True),
        "notifier_owner": Role(can_login=False),
    },
    databases={
        "t1_intake": Database("intake_owner", frozenset({"intake", "intake_owner"}), search_path="public"),
        "t1_notifier": Database("notifier_owner", frozenset({"notifier", "notifier_owner"}), search_path="public"),
        "postgres": Database("portolano", frozenset({"portolano"})),
        "template1": Database("portolano", frozenset({"portolano"})),
    },
    members=frozenset(),
    locked_out=frozenset(),
)


def lines(server: Server) -> list[str]:
    return [str(step) for step in steps(server, NAMES, VERIFIERS)]


def with_database(name: str, database: Database) -> Server:
    return replace(RIGHT, databases={**RIGHT.databases, name: database})


def test_where_all_is_right_nothing_is_done() -> None:
    assert lines(RIGHT) == []


def test_a_new_server_gets_roles_then_databases_then_closed_doors() -> None:
    everybody = Database("portolano", frozenset({"public"}))
    new = Server({}, {"postgres": everybody, "template1": everybody}, frozenset(), frozenset())
    assert [line for line in lines(new) if "notifier" not in line] == [
        "create role intake_owner",
        "create role intake",
        "create database t1_intake",
        "revoke connect to database t1_intake from public",
        "revoke temporary tables in database t1_intake from public",
        "let intake connect to database t1_intake",
        "set the search path of database t1_intake",
        "revoke connect to database postgres from public",
        "revoke connect to database template1 from public",
    ]


def test_a_role_that_has_grown_rights_loses_them() -> None:
    roles = {**RIGHT.roles, "intake": Role(True, plain=False), "intake_owner": Role(can_login=True)}
    server = replace(RIGHT, roles=roles, members=frozenset({("intake_owner", "intake")}))
    assert lines(server) == [
        "strip role intake_owner of what it need not have",
        "set role intake to log in and nothing more",
        "take role intake_owner from intake",
    ]


def test_a_neighbour_that_was_let_in_is_shut_out() -> None:
    found = RIGHT.databases["t1_intake"]
    server = with_database("t1_intake", replace(found, may_connect=found.may_connect | {"notifier"}))
    assert lines(server) == ["revoke connect to database t1_intake from notifier"]


def test_a_password_that_works_is_left_alone() -> None:
    assert lines(replace(RIGHT, locked_out=frozenset({"intake"}))) == [
        "set the password of role intake anew: the one in the secrets does not let it in"
    ]


def test_a_step_does_not_show_its_statement() -> None:
    (step,) = steps(replace(RIGHT, locked_out=frozenset({"intake"})), NAMES, VERIFIERS)
    assert "VERIFIER-1" in step.statement
    assert "VERIFIER-1" not in f"{step} {step!r}"


def test_a_verifier_is_the_one_that_the_server_would_make() -> None:
    # Password and salt of the example in RFC 7677, section 3.
    made = verifier("pencil", b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
    assert made == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )
