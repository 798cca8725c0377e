"""
Clock, breaker, image transfer, Security setup and profiles of L{dlms_twisted.client.Meter} against the simulated meter,
over a ciphered association.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.client import Meter, MeterSettings, connect
from dlms_twisted.client.breaker import ControlState
from dlms_twisted.client.image import ImageStatus
from dlms_twisted.cosem.profile import Row
from dlms_twisted.errors import AccessRefusedError, DLMSError, LinkError
from dlms_twisted.security.certificates import CertificateType
from dlms_twisted.security.curves import generate_private_key, public_of
from dlms_twisted.security.issuing import read_signing_request
from dlms_twisted.security.policy import Policy, SecurityPolicy
from dlms_twisted.security.setup import KeyId
from dlms_twisted.server.description_toml import load_description
from dlms_twisted.testing import Fault, MeterInMemory
from tests.security.samples import Counted

_NOW = datetime(2026, 1, 15, 10, tzinfo=UTC).timestamp()
_PROFILE = "1-0:99.1.0.255"
_MASTER = bytes(range(0x50, 0x60))


class FeatureTests(SynchronousTestCase):
    """
    Tests of L{Meter}.
    """

    def setUp(self) -> None:
        """
        A meter whose answers take a twentieth of a second each way.
        """
        self.clock = Clock()
        self.clock.advance(_NOW)
        self.served = MeterInMemory(self.clock, latency=0.05)
        self.addCleanup(self.served.close)

    def associated(self, framing: str = "wrapper", **changes: Any) -> Meter:
        """
        @return: an association of the management client.
        """
        settings = self.served.settings(1, framing=framing, **changes)
        endpoint = self.served.endpoint(framing)
        meter: Meter = self.run_(connect(self.clock, endpoint, settings))
        return meter

    def run_(self, deferred: Deferred[Any]) -> Any:
        """
        @return: what it fires with, when time has passed.
        """
        return self.served.run(deferred)

    def test_clock(self) -> None:
        """
        Over wrapper and HDLC, the offset is exact to a tenth, and the clock is right when it was set.
        """
        for framing in ("wrapper", "hdlc"):
            meter = self.associated(framing, counter=self.next_counter())
            self.served.meter.set_time(self.clock.seconds() + 1234.0)
            reading = self.run_(meter.clock_offset())
            self.assertApproximates(reading.offset, 1234.0, 0.1)
            done = self.run_(meter.synchronise_clock())
            self.assertEqual(done.how, "set")
            self.assertApproximates(self.served.meter.time(), self.clock.seconds(), 0.11, framing)
            self.run_(meter.close())

    def next_counter(self) -> int:
        """
        @return: more than any counter that was used.
        """
        self.used = getattr(self, "used", 0) + 10_000
        return int(self.used)

    def test_breaker(self) -> None:
        """
        Opened and closed.
        """
        meter = self.associated()
        self.assertEqual(self.run_(meter.disconnect()).control, ControlState.DISCONNECTED)
        self.assertIs(self.run_(meter.breaker()).output, False)
        self.assertEqual(self.run_(meter.reconnect()).control, ControlState.CONNECTED)

    def test_image(self) -> None:
        """
        An image whose transfer is interrupted, by another association, in small APDUs.
        """
        image = bytes(range(256)) * 20
        meter = self.associated(counter=self.next_counter())
        self.served.faults.add(Fault(kind="dropped", after=9, count=1))
        deferred = meter.image_transfer().send(image, b"2.0")
        self.assertRaises(LinkError, self.run_, deferred)
        self.served.faults.clear()
        meter = self.associated(counter=self.next_counter(), max_pdu=128)
        transfer = meter.image_transfer()
        told: list[int] = []
        self.run_(transfer.send(image, b"2.0", resume=True, progress=lambda n, _: told.append(n)))
        self.assertLess(len(told), -(-len(image) // 200))
        self.assertIn(self.run_(transfer.verify()), {ImageStatus.VERIFICATION_SUCCESSFUL})
        self.assertEqual(self.run_(transfer.activate()), ImageStatus.ACTIVATION_SUCCESSFUL)

    def test_new_keys(self) -> None:
        """
        After a key transfer the association goes on under the new keys, and only they open the next one.
        """
        served = self.served.meter
        served.change_keys(evolve(served.keys, master_key=_MASTER))
        old = self.served.settings(1, counter=self.next_counter())
        meter = self.associated(counter=self.next_counter())
        setup = meter.security_setup()
        keys = {KeyId.UNICAST_ENCRYPTION: b"E" * 16, KeyId.AUTHENTICATION: b"A" * 16}
        self.run_(setup.transfer_keys(_MASTER, keys))
        self.assertEqual(served.keys.encryption_key, b"E" * 16)
        self.assertEqual(self.run_(setup.state()).suite, 0)
        self.run_(setup.transfer_keys(_MASTER, {KeyId.AUTHENTICATION: b"B" * 16}))
        self.run_(meter.get("1/0-0:42.0.0.255/2"))
        wrong = setup.transfer_keys(bytes(16), {KeyId.AUTHENTICATION: b"C" * 16})
        self.assertRaises(AccessRefusedError, self.run_, wrong)
        self.run_(meter.get("1/0-0:42.0.0.255/2"))
        self.run_(meter.close())
        refused = connect(self.clock, self.served.endpoint(), old)
        self.assertRaises(DLMSError, self.run_, refused)
        new = evolve(old, encryption_key=b"E" * 16, authentication_key=b"B" * 16)
        meter = self.run_(connect(self.clock, self.served.endpoint(), new))
        self.run_(meter.close())

    def suite_1(self) -> None:
        """
        A meter of suite 1 that knows our key for signatures, and has one of its own.
        """
        description = evolve(load_description("household"), suite=1)
        self.served = MeterInMemory(self.clock, description, latency=0.05)
        self.addCleanup(self.served.close)
        served = self.served.meter
        keys = evolve(
            served.keys,
            signing_private_key=generate_private_key(1, Counted(1)),
            signing_public_key=public_of(generate_private_key(1, Counted(2))),
        )
        served.change_keys(keys)

    def test_agreed_keys(self) -> None:
        """
        Keys that both sides have computed: the association goes on under them.
        """
        self.suite_1()
        served = self.served.meter
        meter = self.associated()
        signing = served.keys.signing_private_key
        assert signing is not None
        agreed = self.run_(
            meter.security_setup().agree_keys(
                [KeyId.UNICAST_ENCRYPTION, KeyId.AUTHENTICATION],
                client_title=MeterSettings().system_title,
                server_title=meter.system_title,
                signing_private=generate_private_key(1, Counted(2)),
                server_signing_public=public_of(signing),
                random=Counted(3),
            )
        )
        self.assertEqual(agreed[KeyId.UNICAST_ENCRYPTION], served.keys.encryption_key)
        self.assertEqual(agreed[KeyId.AUTHENTICATION], served.keys.authentication_key)
        self.assertEqual(self.run_(meter.get("1/0-0:96.1.0.255/2")).values, b"SIM0000000001")
        self.run_(meter.close())

    def test_certificates(self) -> None:
        """
        A key pair of the meter, and the request for its certificate.
        """
        self.suite_1()
        meter = self.associated()
        setup = meter.security_setup()
        kind = CertificateType.DIGITAL_SIGNATURE
        self.run_(setup.generate_key_pair(kind))
        request = read_signing_request(self.run_(setup.certificate_request(kind)))
        self.assertEqual(request.system_title, meter.system_title)
        self.assertEqual(self.run_(setup.certificates()), ())

    def test_policy(self) -> None:
        """
        A policy that the association fulfils is activated; a weaker one is refused afterwards.
        """
        meter = self.associated()
        setup = meter.security_setup()
        both = Policy(authenticated=True, encrypted=True)
        strong = SecurityPolicy(request=both, response=both)
        self.run_(setup.activate(strong))
        self.assertEqual(self.run_(setup.state()).policy, strong)
        self.assertRaises(AccessRefusedError, self.run_, setup.activate(SecurityPolicy()))
        self.run_(meter.get("1/0-0:42.0.0.255/2"))

    def test_rows(self) -> None:
        """
        A profile in many small blocks: rows are there long before the last block.
        """
        meter = self.associated(max_pdu=200)
        self.run_(meter.profile_columns(_PROFILE))
        came: list[Row] = []
        begun = self.clock.seconds()
        first: list[float] = []

        def callback(row: Row) -> None:
            first.append(self.clock.seconds())
            came.append(row)

        count = self.run_(meter.rows(_PROFILE, entries=(1, 200)).each(callback))
        self.assertEqual((count, len(came)), (200, 200))
        self.assertLess(first[0] - begun, (self.clock.seconds() - begun) / 10)
        whole = self.run_(meter.profile(_PROFILE, entries=(1, 200)))
        self.assertEqual(list(whole), came)

    def test_rows_resumed(self) -> None:
        """
        The link is lost in the middle; another association goes on after the last row.
        """
        meter = self.associated(max_pdu=200, counter=self.next_counter())
        start = datetime(2026, 1, 13, tzinfo=UTC)
        self.run_(meter.profile_columns(_PROFILE))
        came: list[Row] = []
        self.served.faults.add(Fault(kind="dropped", after=15, count=1))
        self.assertRaises(LinkError, self.run_, meter.rows(_PROFILE, start).each(came.append))
        self.served.faults.clear()
        read = len(came)
        self.assertGreater(read, 10)
        meter = self.associated(counter=self.next_counter())
        self.run_(meter.rows(_PROFILE, start, since=came[-1]).each(came.append))
        whole = self.run_(meter.profile(_PROFILE, start))
        self.assertGreater(len(came), read)
        self.assertEqual([tuple(one) for one in came], [tuple(one) for one in whole])

    def test_rows_given_up(self) -> None:
        """
        A stream that is cancelled, or left early, leaves an association that can be used.
        """
        meter = self.associated(max_pdu=200)
        self.run_(meter.profile_columns(_PROFILE))
        came: list[Row] = []
        deferred = meter.rows(_PROFILE, entries=(1, 300)).each(came.append)
        for _ in range(20):
            self.clock.advance(0.05)
        self.assertTrue(came)
        deferred.cancel()
        self.failureResultOf(deferred, CancelledError)
        self.assertEqual(self.run_(meter.get("1/0-0:96.1.0.255/2")).values, b"SIM0000000001")

        async def first() -> Row | None:
            async with meter.rows(_PROFILE, entries=(1, 300)) as rows:
                async for row in rows:
                    return row
            return None

        self.assertEqual(self.run_(Deferred.fromCoroutine(first())), came[0])
        self.assertEqual(self.run_(meter.get("1/0-0:96.1.0.255/2")).values, b"SIM0000000001")
        self.run_(meter.close())

    def test_object_values(self) -> None:
        """
        Everything that may be read is read, but secrets.
        """
        meter = self.associated()
        told: list[tuple[int, int]] = []
        listed = self.run_(
            meter.object_values(progress=lambda done, all_: told.append((done, all_)))
        )
        self.assertEqual(told[-1], (len(listed), len(listed)))
        values = sum(len(one.values) for one in listed)
        self.assertGreater(values, 100)
        self.assertFalse([one for one in listed if one.class_id == 15 and 7 in one.values])
