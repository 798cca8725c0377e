"""
A meter's session asked octet by octet: no client of ours that would mend or refuse what is sent.
"""

from __future__ import annotations

from itertools import count
from random import Random

from dlms_twisted.apdu import registry
from dlms_twisted.apdu.aare import AARE
from dlms_twisted.apdu.aarq import AARQ
from dlms_twisted.apdu.acse import AUTHENTICATION, ApplicationContext
from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.apdu.envelope import parse_envelope
from dlms_twisted.apdu.initiate import InitiateRequest
from dlms_twisted.security.opening import open_envelope
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protect import protect
from dlms_twisted.security.window import ReplayWindow
from dlms_twisted.server.meter import SimulatedMeter
from dlms_twisted.session.server import ServerSession

__all__ = ["ALL", "BOTH", "TITLE", "Talk"]

#: Everything that logical names have.
ALL = Conformance(0x60FEDF)
#: Security control: authenticated and encrypted.
BOTH = 0x30
TITLE = b"TALK0001"


class Talk:
    """
    One client of a meter's management device.

    @ivar now: What time it is.
    @ivar meter: Theirs.
    @ivar keys: Ours.
    @ivar last_counter: The invocation counter that was used last.
    """

    def __init__(self, meter: SimulatedMeter, client: int = 16) -> None:
        device = meter.device(1)
        if device is None:
            raise AssertionError("a meter has a management device")
        chance = Random(client)
        self.now = 1000.0
        self.session = ServerSession(device, client, random=chance.randbytes)
        self.keys = meter.keys
        self.meter = meter
        self._device, self._client = device, client
        self._counters = count(1)
        self.last_counter = 0

    def octets(self, request: bytes | str | Apdu) -> list[bytes]:
        """
        @param request: Octets, or their hexadecimal text, or an APDU.

        @return: what the meter sends.
        """
        if isinstance(request, str):
            request = bytes.fromhex(request)
        octets = request if isinstance(request, bytes) else request.encode()
        return list(self.session.receive(octets, self.now))

    def ask(self, request: bytes | str | Apdu) -> str:
        """
        @return: the answer in hexadecimal; empty for silence.

        @raise AssertionError: there is more than one.
        """
        answers = self.octets(request)
        if len(answers) > 1:
            raise AssertionError(f"{len(answers)} answers")
        return answers[0].hex() if answers else ""

    def protect(
        self, request: bytes | str, control: int = BOTH, counter: int | None = None, tag: int = 0xDB
    ) -> bytes:
        """
        @return: a request under our keys.
        """
        octets = bytes.fromhex(request) if isinstance(request, str) else request
        counter = next(self._counters) if counter is None else counter
        self.last_counter = counter
        return protect(
            octets, keys=self.keys, title=TITLE, counter=counter, security_control=control, tag=tag
        )

    def secure(self, request: bytes | str, control: int = BOTH, tag: int = 0xDB) -> str:
        """
        @return: the answer to a protected request, opened; in hexadecimal.
        """
        answer = bytes.fromhex(self.ask(self.protect(request, control, tag=tag)))
        return self.opened(answer).hex() if answer[:1] and answer[0] != 0xD8 else answer.hex()

    def keys_of_objects(self) -> list[tuple[int, bytes]]:
        """
        @return: class and logical name of each object of the device.
        """
        return list(self._device.description.by_key)

    def policy(self) -> Policy:
        """
        @return: what the meter demands of our requests and its answers now.
        """
        association = self._device.association(self._client)
        return Policy.NONE if association is None else association.policy | association.answers

    def opened(self, answer: bytes) -> bytes:
        """
        @return: a protected answer of the meter, opened.
        """
        return open_envelope(
            parse_envelope(answer),
            self.keys,
            self._device.title,
            policy=Policy.NONE,
            window=ReplayWindow(),
        ).plaintext

    def associate(
        self,
        conformance: int = ALL,
        *,
        control: int | None = None,
        mechanism: int = 0,
        value: bytes | None = None,
        short_names: bool = False,
        max_pdu: int = 0xFFFF,
    ) -> AARE:
        """
        Ask for an association; a high level is then waiting for the proof.

        @param control: How user information is protected; C{None} for a context without ciphering.

        @return: the answer.
        """
        initiate = InitiateRequest(
            proposed_conformance=Conformance(conformance), client_max_receive_pdu_size=max_pdu
        )
        information: Apdu = initiate
        if control is not None:
            information = registry.decode(self.protect(initiate.encode(), control, tag=0x21))
        name = 1 + short_names + 2 * (control is not None)
        request = AARQ(
            application_context_name=ApplicationContext(name),
            calling_ap_title=TITLE if control is not None or mechanism > 4 else None,
            sender_acse_requirements=AUTHENTICATION if mechanism else None,
            mechanism_name=mechanism or None,
            calling_authentication_value=value,
            user_information=information,
        )
        answer = registry.decode(bytes.fromhex(self.ask(request)))
        if not isinstance(answer, AARE):
            raise AssertionError(f"{answer.NAME} to an AARQ")
        return answer
