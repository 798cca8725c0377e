"""
Links of every kind, with our own meter at the other end of real sockets and pseudo terminals.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
from pathlib import Path
from random import Random
from typing import Any

from attrs import evolve
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.internet.protocol import Factory
from twisted.trial.unittest import TestCase

from dlms_twisted.client import Call, CallInFactory, Meter, MeterSettings, connect
from dlms_twisted.errors import LinkError
from dlms_twisted.security.policy import Policy
from dlms_twisted.server.described import AssociationDescription
from dlms_twisted.server.description import MeterDescription
from dlms_twisted.server.description_toml import ready_description
from dlms_twisted.server.fleet import Fleet
from dlms_twisted.server.hosted import client_options, hdlc_protocol, wrapper_protocol
from dlms_twisted.server.serving import Host
from dlms_twisted.server.wires import Wire
from dlms_twisted.server.wiring import begin_all, make_wire
from tests.server.meters import CLIENTS, SHORT, with_clients
from tests.transport.terminals import Bridge, until

reactor: Any = _reactor

_SERIAL = "1/0-0:96.1.0.255/2"
#: Clients whose association is there already, and whether they cipher.
_ESTABLISHED = {110: False, 111: True}
_NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


class _Authority:
    """
    A certificate authority, and what it certifies.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.trusted = folder / f"{name}-trusted"
        self.trusted.mkdir(parents=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        own = self._certificate(self._name, self._key.public_key(), "")
        (self.trusted / "ca.pem").write_bytes(_pem(own))

    def certified(self, name: str, host: str) -> tuple[Path, Path]:
        """
        @param host: The IP address that is certified.

        @return: files of the private key, and of the certificate.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        paths = self._folder / f"{name}-key.pem", self._folder / f"{name}.pem"
        paths[0].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        paths[1].write_bytes(_pem(self._certificate(_named(name), key.public_key(), host)))
        return paths

    def _certificate(self, name: x509.Name, key: Any, host: str) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(_NOW)
            .not_valid_after(_NOW + datetime.timedelta(days=36_500))
            .add_extension(x509.BasicConstraints(ca=not host, path_length=None), critical=True)
        )
        if host:
            address = x509.IPAddress(ipaddress.ip_address(host))
            builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _with_established(household: MeterDescription) -> MeterDescription:
    """
    @return: the same meter, with two associations that are there already; one of them ciphers.
    """
    first, *others = household.devices
    more = tuple(
        AssociationDescription(
            client=client,
            pre_established=True,
            ciphered=ciphered,
            security=Policy.AUTHENTICATED_ENCRYPTED if ciphered else Policy.NONE,
            # Nobody says it when there is no AARQ.
            client_title=b"TWD00001",
        )
        for client, ciphered in _ESTABLISHED.items()
    )
    changed = evolve(first, associations=(*first.associations, *more))
    return evolve(household, devices=(changed, *others))


class _LinkTests(TestCase):
    """
    What makes meters.
    """

    timeout = 60.0

    async def wire(self, description: str, **options: Any) -> Wire:
        """
        @return: an open wire to a meter with an association of each kind.
        """
        household = ready_description("household")
        if options.pop("with_clients", False):
            household = _with_established(with_clients(household))
        host = Host(reactor, Fleet(household, 1, clock=reactor))
        wire = make_wire(reactor, description, host, random=Random(1).random, **options)
        await begin_all([wire])
        self.addCleanup(host.clockwork.stop)
        self.addCleanup(wire.stopService)
        return wire

    async def check(self, where: str, wire: Wire, client: int = 1, **changes: Any) -> None:
        """
        Read a short answer, and one in many pieces; close.
        """
        options = {"timeout": 10.0, **client_options(wire.host.meters[0], client), **changes}
        meter = await connect(reactor, where, MeterSettings(**options))
        await self.read(meter, wire)

    async def read(self, meter: Meter, wire: Wire) -> None:
        """
        The same with a meter.
        """
        async with meter:
            data = await meter.get(_SERIAL)
            self.assertEqual(data.values, wire.host.meters[0].serial.encode())
            self.assertGreater(len(await meter.objects()), 20)


class TLSIntegrationTests(_LinkTests):
    """
    The wrapper over TLS, with an authority of one's own.
    """

    def setUp(self) -> None:
        """
        An authority.
        """
        self.folder = Path(self.mktemp())
        self.authority = _Authority(self.folder, "ours")

    async def secured(self, host: str = "127.0.0.1") -> Wire:
        """
        @return: a wire by TLS, whose certificate is for C{host}.
        """
        key, certificate = self.authority.certified("meter", host)
        where = f"ssl:0:interface=127.0.0.1:privateKey={key}:certKey={certificate}"
        return await self.wire(where)

    async def test_trusted(self) -> None:
        """
        With the authority's certificate in a folder of the endpoint.
        """
        wire = await self.secured()
        self.assertTrue(wire.address.startswith("tls:127.0.0.1:"))
        await self.check(f"{wire.address}:trustRoots={self.authority.trusted}", wire)

    async def test_own_certificate(self) -> None:
        """
        With a certificate of our own, which the meter may ask for.
        """
        wire = await self.secured()
        key, certificate = self.authority.certified("client", "127.0.0.1")
        where = f"{wire.address}:trustRoots={self.authority.trusted}"
        await self.check(f"{where}:certificate={certificate}:privateKey={key}", wire)

    async def test_not_trusted(self) -> None:
        """
        A meter of another authority, of none, or of another name is not talked to.
        """
        other = _Authority(self.folder, "other")
        wire = await self.secured()
        for where in (wire.address, f"{wire.address}:trustRoots={other.trusted}"):
            with self.assertRaises(LinkError) as caught:
                await self.check(where, wire)
            self.assertIn("certificate verify failed", str(caught.exception))
        wire = await self.secured("192.0.2.1")
        with self.assertRaises(LinkError) as caught:
            await self.check(f"{wire.address}:trustRoots={self.authority.trusted}", wire)
        self.assertIn("Mismatch", str(caught.exception))

    async def test_no_tls(self) -> None:
        """
        A meter that does not know TLS: an error, not a long wait.
        """
        wire = await self.wire("tcp:0:interface=127.0.0.1")
        port = wire.address.rpartition(":")[2]
        with self.assertRaises(LinkError):
            await self.check(f"tls:127.0.0.1:{port}:trustRoots={self.authority.trusted}", wire)


class CallIntegrationTests(_LinkTests):
    """
    Meters that call in: the meter connects, and is a server all the same.
    """

    async def called(self, listen: str, dial: str, framing: str) -> None:
        """
        @param listen: Our endpoint.
        @param dial: The meter's, less the port.
        """
        host = Host(reactor, Fleet(ready_description("household"), 1, clock=reactor))
        self.addCleanup(host.clockwork.stop)
        make = wrapper_protocol if framing == "wrapper" else hdlc_protocol
        settings = client_options(host.meters[0], 1)
        read: Deferred[bytes] = Deferred()

        async def take(call: Call) -> None:
            async with await call.meter(
                MeterSettings(framing=framing, ask_counter=True, timeout=10.0, **settings)
            ) as meter:
                value = (await meter.get(_SERIAL)).values
                assert isinstance(value, bytes)
            read.callback(value)

        factory = CallInFactory(reactor, take)
        port = await serverFromString(reactor, listen).listen(factory)
        self.addCleanup(port.stopListening)
        endpoint = clientFromString(reactor, dial.format(port=port.getHost().port))
        await endpoint.connect(Factory.forProtocol(lambda: make(reactor, host)))
        self.assertEqual(await read, host.meters[0].serial.encode())
        await until(lambda: factory.calls == 0 and not host.servings)
        self.assertEqual((factory.refused, factory.errors), (0, 0))

    async def test_tcp(self) -> None:
        """
        By wrapper and HDLC; the counter is asked for on the one connection that there is.
        """
        for framing in ("wrapper", "hdlc"):
            await self.called("tcp:0:interface=127.0.0.1", "tcp:127.0.0.1:{port}", framing)

    async def test_tls(self) -> None:
        """
        By TLS, of which we are the server's side.
        """
        authority = _Authority(Path(self.mktemp()), "ours")
        key, certificate = authority.certified("head-end", "127.0.0.1")
        await self.called(
            f"ssl:0:interface=127.0.0.1:privateKey={key}:certKey={certificate}",
            f"tls:127.0.0.1:{{port}}:trustRoots={authority.trusted}",
            "wrapper",
        )


class DatagramIntegrationTests(_LinkTests):
    """
    The wrapper over UDP.
    """

    async def test_ipv4(self) -> None:
        """
        A long answer in blocks, ciphered.
        """
        wire = await self.wire("udp:0:interface=127.0.0.1")
        await self.check(wire.address, wire, max_pdu=512)

    async def test_counter(self) -> None:
        """
        The counter is asked for first.
        """
        wire = await self.wire("udp:0:interface=127.0.0.1")
        await self.check(wire.address, wire, ask_counter=True)
        await self.check(wire.address, wire, ask_counter=True)

    async def test_nobody(self) -> None:
        """
        Nobody is there: an error at once, which is not what a timeout is.
        """
        wire = await self.wire("udp:0:interface=127.0.0.1")
        where = wire.address
        await wire.stopService()
        with self.assertRaises(LinkError) as caught:
            await self.check(where, wire, timeout=15.0)
        self.assertEqual(caught.exception.reason, "refused")


class NamingIntegrationTests(_LinkTests):
    """
    Short names, and associations that are there already.
    """

    async def test_short_names(self) -> None:
        """
        By wrapper and HDLC.
        """
        for framing in ("wrapper", "hdlc"):
            wire = await self.wire("tcp:0:interface=127.0.0.1", framing=framing, with_clients=True)
            for name in ("none", "low", "sha256"):
                client = CLIENTS[name] + SHORT
                await self.check(wire.address, wire, client, framing=framing)

    async def test_pre_established(self) -> None:
        """
        Nothing is negotiated, in clear and ciphered: the first request is answered, by TCP, HDLC and UDP.
        """
        for description, options in (
            ("tcp:0:interface=127.0.0.1", {}),
            ("tcp:0:interface=127.0.0.1", {"framing": "hdlc"}),
            ("udp:0:interface=127.0.0.1", {}),
        ):
            wire = await self.wire(description, with_clients=True, **options)
            for client in _ESTABLISHED:
                settings = {**client_options(wire.host.meters[0], client), **options}
                meter = await connect(reactor, wire.address, timeout=5.0, **settings)
                data = await meter.get(_SERIAL)
                self.assertEqual(data.values, wire.host.meters[0].serial.encode())
                await meter.close()


class SerialIntegrationTests(_LinkTests):
    """
    HDLC over pseudo terminals.
    """

    async def line(self, **options: Any) -> tuple[str, Wire]:
        """
        @return: an endpoint, and the wire at the other end of the line.
        """
        bridge = Bridge(*os.openpty())
        self.addCleanup(bridge.close)
        wire = await self.wire(f"serial:{bridge.meter}:baudrate=9600", with_clients=True, **options)
        await until(lambda: bool(wire.lines))
        return f"serial:{bridge.client}:baudrate=9600", wire

    async def test_naming(self) -> None:
        """
        Logical and short names, one association after the other on the same device.
        """
        where, wire = await self.line()
        for client in (CLIENTS["none"], CLIENTS["low"] + SHORT, 1):
            await self.check(where, wire, client)

    async def test_sign_on(self) -> None:
        """
        After a sign-on by mode E, with short names.
        """
        where, wire = await self.line(mode_e=True)
        await self.check(where, wire, CLIENTS["low"] + SHORT, mode_e=True)

    async def test_held(self) -> None:
        """
        A device that is in use is refused, and is free again afterwards.
        """
        where, wire = await self.line()
        meter = await connect(reactor, where, client=16)
        with self.assertRaises(LinkError) as caught:
            await connect(reactor, where, client=16)
        self.assertEqual(caught.exception.reason, "refused")
        await self.read(meter, wire)
        await self.check(where, wire, 16)
