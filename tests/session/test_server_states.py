"""
Tests of what a server answers to each request in each state: the decision table of 03, section 14, enumerated.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.security.hls import Mechanism
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.served import ServedAssociation
from dlms_twisted.session.server import ServerSession, ServerState
from tests.session.served_device import Device
from tests.session.server_talk import server

_LN = "601da109060760857405080101be10040e01000000065f1f0400007e1f04b0"
_HIGH = (
    "6036a1090607608574050801018a0207808b0760857405080203ac0a80084b35366956616759"
    "be10040e01000000065f1f0400007e1f04b0"
)
#: Context with ciphering; what it proposes is in clear.
_CIPHERED = "6029a109060760857405080103a60a0408434c490000000001be10040e01000000065f1f0400007e1f04b0"
_RELEASE = "6203800100"

_NOT_ALLOWED = "d80101"
_UNKNOWN = "d80202"
_NOT_SUPPORTED = "d80102"
_OTHER = "d80103"
_DECIPHERING = "d80105"
_SILENCE = ""
#: Answers to what security refuses.
_COUNTED = (_DECIPHERING, "0e050006", "0e060006", "6303800101")

#: Each request with: what it is, itself, and what is answered when idle, while a proof is awaited, when associated,
#: after a release, and where protection is demanded.  An answer is compared as far as it is said.
_REQUESTS: list[tuple[str, str, str, str, str, str, str]] = []


def _row(name: str, request: str, *answers: str) -> None:
    idle, pending, associated, released, ciphered = answers
    _REQUESTS.append((name, request, idle, pending, associated, released, ciphered))


def _no(name: str, request: str, associated: str, ciphered: str = _DECIPHERING) -> None:
    """
    A request that nobody may make without an association.
    """
    _row(name, request, _NOT_ALLOWED, _NOT_ALLOWED, associated, _NOT_ALLOWED, ciphered)


def _same(name: str, request: str, answer: str, ciphered: str | None = None) -> None:
    """
    A request that is answered alike in every state.
    """
    _row(name, request, *[answer] * 4, answer if ciphered is None else ciphered)


_no("get", "c001c100010000600100ff0200", "c401c10009083132333435363738")
_no("get, class that the object is not of", "c001c100030000600100ff0200", "c401c10109")
_no("get, no such object", "c001c100010000600900ff0200", "c401c10104")
_no("get, no such attribute", "c001c100010000600100ff0900", "c401c10104")
_no("get, unconfirmed all the same", "c0018100010000600100ff0200", "c4018100")
_no("get, selection", "c001c100010000600100ff020101 00".replace(" ", ""), "c401c100")
_no("get-next without a transfer", "c002c100000001", "c402c101000000010110")
_no("get with list", "c003c10100010000600100ff0200", "c403c101000908")
_no("get with a list of none", "c003c100", "c403c100")
_no("get, cut off", "c001c100010000600100ff", _OTHER)
_no("get, octets left over", "c001c100010000600100ff020000", _OTHER)
_no("get, no such variant", "c009c1", _OTHER)
_no("set", "c101c100010000600100ff020009023132", "c501c100")
_no("set, wrong type", "c101c100010000600100ff02001105", "c501c10c")
_no("set, no such object", "c101c100010000600900ff02001105", "c501c104")
_no("set, first block", "c102c100010000600100ff020000000000010109", "c502c100000001")
_no("set, block without a transfer", "c103c101000000020101", "c503c11200000002")
_no("set with list", "c104c10100010000600100ff02000109023132", "c505c10100")
_no("set with list, first block", "c105c10100010000600100ff020000000000010101", "c502c100000001")
_no("set, cut off", "c101c100010000600100ff02000902", _OTHER)
_row("set, unconfirmed", "c1018100010000600100ff020009023132", _NOT_ALLOWED, _NOT_ALLOWED, _SILENCE,
     _NOT_ALLOWED, _DECIPHERING)  # fmt: skip
_no("action", "c301c10046000060030aff01010f00", "c701c10000")
_no("action, no such method", "c301c10046000060030aff05010f00", "c701c10400")
_no("action, no such object", "c301c10046000060090aff01010f00", "c701c10400")
_no("action-next without a transfer", "c302c100000001", "c701c11000")
_no("action with list", "c303c1010046000060030aff0101 00".replace(" ", ""), "c703c1010000")
_no("action, first block", "c304c10046000060030aff010000000001010f", "c704c100000001")
_no("action with list, first block", "c305c1010046000060030aff01000000000101 01".replace(" ", ""),
    "c704c100000001")  # fmt: skip
_no("action, block without a transfer", "c306c101000000020101", "c701c11000")
_row("action, unconfirmed", "c301810046000060030aff01010f00", _NOT_ALLOWED, _NOT_ALLOWED, _SILENCE,
     _NOT_ALLOWED, _DECIPHERING)  # fmt: skip
_no(
    "access, not negotiated",
    "d940000001000101000100006001 00ff020100".replace(" ", ""),
    _NOT_SUPPORTED,
)
_row("read, in a context of logical names", "0501020008", "0e050201", "0e050201", "0e050302",
     "0e050201", "0e050006")  # fmt: skip
_row("write, in a context of logical names", "060102000801 1105".replace(" ", ""), "0e060201",
     "0e060201", "0e060302", "0e060201", "0e060006")  # fmt: skip
_same("unconfirmed write, in a context of logical names", "1601020008011105", _SILENCE)
_row("general block transfer, not negotiated", "e0c10001000004c001c100", _NOT_ALLOWED, _NOT_SUPPORTED,
     _NOT_SUPPORTED, _NOT_ALLOWED, _NOT_SUPPORTED)  # fmt: skip
_SEALED = "1e3001234567411312ff935a47566827c467bc7d825c3be4a77c3fcc056b6b"
for _name, _octets in (
    ("glo-get", "c8" + _SEALED),
    ("ded-get", "d0" + _SEALED),
    ("general-glo", "db084d4d4d0000bc614e" + _SEALED),
    ("general-ciphering", "dd000000000000" + _SEALED),
    ("general-signing", "df000000000003c002c100"),
):
    _row(
        f"{_name}, in a context without ciphering or forged",
        _octets,
        _NOT_ALLOWED,
        _DECIPHERING,
        _DECIPHERING,
        _NOT_ALLOWED,
        _DECIPHERING,
    )
_row("release", _RELEASE, _NOT_ALLOWED, "6303800100", "6303800100", _NOT_ALLOWED, "6303800101")
_row("release, malformed", "620380", _NOT_ALLOWED, _OTHER, _OTHER, _NOT_ALLOWED, _OTHER)
_same("association request, malformed", "6003a10106", _OTHER)
_same("abort", "6403800101", _SILENCE)
_same("exception-response", "d80101", _SILENCE)
_same("confirmed-service-error", "0e050201", _SILENCE)
_same("data-notification", "0f000000010000", _SILENCE)
_same("data-notification-confirm", "100000000100", _SILENCE)
_same("event-notification", "c20000010000600100ff0200", _SILENCE)
_same("information-report", "18000000", _SILENCE)
for _name, _octets in (
    ("association response", "61"),
    ("release response", "63"),
    ("initiate-request", "01"),
    ("initiate-response", "08"),
    ("read-response", "0c"),
    ("write-response", "0d"),
    ("get-response", "c401c10004"),
    ("set-response", "c501c100"),
    ("action-response", "c701c10000"),
    ("access-response", "da"),
    ("gateway-request", "e6"),
    ("unknown tag 00", "00"),
    ("unknown tag 7f", "7f00"),
    ("unknown tag ff", "ffffff"),
):
    _row(_name, _octets, *[_UNKNOWN] * 4, _DECIPHERING)


def idle() -> tuple[Device, ServerSession]:
    """
    @return: a session to which nobody has associated.
    """
    return server(ServedAssociation(client=16))


def pending() -> tuple[Device, ServerSession]:
    """
    @return: one whose client must still prove who it is.
    """
    served = ServedAssociation(client=16, mechanism=Mechanism.MD5, secret=b"x")
    return server(served, _HIGH)


def clear() -> tuple[Device, ServerSession]:
    """
    @return: one with an association in clear.
    """
    return server(ServedAssociation(client=16), _LN)


def released() -> tuple[Device, ServerSession]:
    """
    @return: one whose association was released.
    """
    return server(ServedAssociation(client=16), _LN, _RELEASE)


def ciphered() -> tuple[Device, ServerSession]:
    """
    @return: one in which each request must be authenticated.
    """
    device, session = server(ServedAssociation(client=16, ciphered=True), _CIPHERED)
    # A policy that is activated holds at once.
    device.change(16, policy=Policy.AUTHENTICATED)
    return device, session


class DecisionTests(SynchronousTestCase):
    """
    Request and state give the answer.
    """

    def check(
        self, column: int, make: Callable[[], tuple[Device, ServerSession]], state: ServerState
    ) -> None:
        """
        Compare a column of the table.
        """
        for row in _REQUESTS:
            name, request, wanted = row[0], row[1], row[column]
            device, session = make()
            self.assertEqual(session.state, state)
            answers = [one.hex() for one in session.receive(bytes.fromhex(request), 0.0)]
            self.assertLessEqual(len(answers), 1, name)
            if wanted:
                self.assertTrue(
                    answers and answers[0].startswith(wanted), f"{name}: {answers}, not {wanted}"
                )
            else:
                self.assertEqual(answers, [], name)
            if wanted in _COUNTED:
                self.assertEqual(device.refusals.total(), 1, name)

    def test_idle(self) -> None:
        """
        Nobody has associated.
        """
        self.check(2, idle, ServerState.IDLE)

    def test_pending(self) -> None:
        """
        The client must still prove who it is.
        """
        self.check(3, pending, ServerState.AUTHENTICATING)

    def test_associated(self) -> None:
        """
        There is an association in clear.
        """
        self.check(4, clear, ServerState.ASSOCIATED)

    def test_released(self) -> None:
        """
        There was one.
        """
        self.check(5, released, ServerState.IDLE)

    def test_protection_demanded(self) -> None:
        """
        Each request must be authenticated, and comes in clear.
        """
        self.check(6, ciphered, ServerState.ASSOCIATED)
