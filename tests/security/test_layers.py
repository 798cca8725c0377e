"""
Tests of L{dlms_twisted.security.layers} and L{dlms_twisted.security.protection}.
"""

from __future__ import annotations

from itertools import permutations, product

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from dlms_twisted.apdu.ciphered import Envelope, encode_envelope
from dlms_twisted.errors import DecodeError, LocalProtocolError, Reason, SecurityError
from dlms_twisted.security.counters import TransmitCounter, TransmitCounters
from dlms_twisted.security.fields import Fields
from dlms_twisted.security.keys import MeterKeys, key_epoch
from dlms_twisted.security.layers import MAX_LAYERS, OpenedMessage, is_protected, open_message
from dlms_twisted.security.policy import Policy
from dlms_twisted.security.protection import KeyChoice, Protection, mirror, protect_message
from dlms_twisted.security.window import ReplayWindow
from tests.security.parties import Parties, parties
from tests.security.samples import CLIENT_TITLE, OTHER_KEYS, PUSH, TITLE, Counted

_GLO, _DED, _CIPHER, _SIGN = 0xDB, 0xDC, 0xDD, 0xDF
_REQUEST = bytes.fromhex("C001C100080000010000FF0200")
_RESPONSE = bytes.fromhex("C401C100090C07EA0601010C000000FF8880")


class Sender:
    """
    One side that sends, with counters for its keys.
    """

    def __init__(self, keys: MeterKeys, title: bytes, seed: int = 1000) -> None:
        self.keys = keys
        self.title = title
        self.counters = TransmitCounters()
        self.random = Counted(seed)
        for key in (keys.encryption_key, keys.dedicated_key, keys.broadcast_key):
            if key is not None:
                self.counters.put(key, TransmitCounter(1, reserved=1000))

    def send(self, plaintext: bytes, *plan: Protection) -> bytes:
        """
        @return: the protected message.
        """
        return protect_message(
            plaintext,
            plan,
            keys=self.keys,
            title=self.title,
            take_counter=self.counters.take,
            random=self.random,
        )


def layer(sides: Parties, tag: int | None, **options: int | bool) -> Protection:
    """
    @return: a layer of each kind from the meter to the client.
    """
    control = 0 if tag == _SIGN else sides.control
    return Protection(tag=tag, security_control=control, fields=sides.fields, **options)  # type: ignore[arg-type]


class LayerTests(SynchronousTestCase):
    """
    Tests of messages in layers.
    """

    def setUp(self) -> None:
        self.sides = parties()
        self.meter = Sender(self.sides.meter, TITLE)

    def open(self, octets: bytes, policy: Policy = Policy.NONE, **options: object) -> OpenedMessage:
        """
        Open as the client.
        """
        return open_message(
            octets,
            lambda _: self.sides.client,
            TITLE,
            policy=policy,
            **options,  # type: ignore[arg-type]
        )

    def refused(self, reason: Reason, octets: bytes, *arguments: object, **options: object) -> None:
        """
        Opening is refused for this reason.
        """
        error = self.assertRaises(SecurityError, self.open, octets, *arguments, **options)
        self.assertEqual(error.reason, reason)

    def test_plain(self) -> None:
        """
        A plain message is itself, and as strong as that.
        """
        self.assertEqual(self.open(PUSH), (PUSH, ()))
        self.refused(Reason.DOWNGRADE, PUSH, Policy.ENCRYPTED)
        self.assertFalse(is_protected(b""))

    def test_any_order(self) -> None:
        """
        Three layers of three kinds, in each order.
        """
        kinds = (
            layer(self.sides, _GLO),
            layer(self.sides, _DED),
            layer(self.sides, _CIPHER, key_choice=KeyChoice.WRAPPED),
            layer(self.sides, _SIGN),
        )
        everything = Policy(authenticated=True, encrypted=True, signed=True)
        for plan in permutations(kinds, 3):
            found = self.open(self.meter.send(PUSH, *plan))
            self.assertEqual(found.plaintext, PUSH)
            self.assertEqual([one.tag for one in found.layers], [one.tag for one in plan])
            signed = any(one.tag == _SIGN for one in plan)
            self.assertEqual(found.signed, signed)
            self.assertTrue(found.authenticated and found.encrypted)
            if not signed:
                self.refused(Reason.DOWNGRADE, self.meter.send(PUSH, *plan), everything)

    def test_depth(self) -> None:
        """
        As many layers as allowed, and one more.
        """
        plan = [layer(self.sides, _GLO)] * MAX_LAYERS
        self.assertEqual(len(self.open(self.meter.send(PUSH, *plan)).layers), MAX_LAYERS)
        self.refused(Reason.LIMIT, self.meter.send(PUSH, *plan, plan[0]))

    def test_counters(self) -> None:
        """
        Each verified layer's counter is judged, and given to be accepted; nothing is accepted by opening.
        """
        windows: dict[tuple[bytes, str], ReplayWindow] = {}

        def window_of(title: bytes, epoch: str) -> ReplayWindow:
            return windows.setdefault((title, epoch), ReplayWindow())

        octets = self.meter.send(PUSH, layer(self.sides, _DED), layer(self.sides, _GLO))
        found = self.open(octets, window_of=window_of)
        self.assertEqual(self.open(octets, window_of=window_of), found)
        keys = self.sides.meter
        assert keys.encryption_key is not None and keys.dedicated_key is not None
        self.assertEqual(
            found.counters,
            ((TITLE, key_epoch(keys.dedicated_key), 1), (TITLE, key_epoch(keys.encryption_key), 1)),
        )
        for title, epoch, counter in found.counters:
            window_of(title, epoch).accept(counter)
        self.refused(Reason.REPLAY, octets, window_of=window_of)

    def test_one_shot_replay(self) -> None:
        """
        A message whose key was made for it is refused the second time as well.
        """
        window = ReplayWindow()
        for choice, scheme in ((1, 0), (2, 1), (2, 2)):
            plan = layer(self.sides, _CIPHER, key_choice=choice, key_scheme=scheme)
            octets = self.meter.send(PUSH, plan)
            windows = {epoch: window for _, epoch, _ in self.open(octets).counters}

            def window_of(
                _: bytes, epoch: str, known: dict[str, ReplayWindow] = windows
            ) -> ReplayWindow | None:
                return known.get(epoch)

            found = self.open(octets, window_of=window_of)
            self.assertEqual([counter for _, _, counter in found.counters], [0])
            window.accept(0)
            self.refused(Reason.REPLAY, octets, window_of=window_of)
            window = ReplayWindow()

    def test_pending_window(self) -> None:
        """
        A key to come is judged by its own window.
        """
        self.sides = self.sides._replace(
            client=evolve(
                self.sides.client,
                encryption_key=OTHER_KEYS[0],
                pending_encryption_key=self.sides.meter.encryption_key,
            )
        )
        old = ReplayWindow()
        old.accept(0xFFFF)

        def window_of(_: bytes, epoch: str) -> ReplayWindow:
            return old if epoch == key_epoch(OTHER_KEYS[0]) else ReplayWindow()

        found = self.open(self.meter.send(PUSH, layer(self.sides, _GLO)), window_of=window_of)
        self.assertTrue(found.layers[0].pending)

    def test_signature_policy(self) -> None:
        """
        A signature that must be there and cannot be checked is an unknown key; a wrong one is always refused.
        """
        octets = self.meter.send(PUSH, layer(self.sides, _SIGN))
        signed = Policy(signed=True)
        self.assertTrue(self.open(octets, signed).signed)
        forged = octets[:-1] + bytes((octets[-1] ^ 1,))
        self.refused(Reason.BAD_SIGNATURE, forged)
        self.sides = self.sides._replace(client=evolve(self.sides.client, signing_public_key=None))
        self.refused(Reason.UNKNOWN_KEY, octets, signed)
        self.assertFalse(self.open(octets).signed)

    def test_unknown_sender(self) -> None:
        """
        A sender whose keys nobody has.
        """
        for tag in (_GLO, _CIPHER):
            plan = layer(self.sides, tag, key_choice=KeyChoice.IDENTIFIED)
            octets = self.meter.send(PUSH, plan)
            error = self.assertRaises(SecurityError, open_message, octets, lambda _: None)
            self.assertEqual(error.reason, Reason.UNKNOWN_KEY)

    def test_missing_authentication_key(self) -> None:
        """
        A tag that nobody can check is no authentication, and the reason says which key is missing.
        """
        octets = self.meter.send(PUSH, layer(self.sides, _GLO))
        self.sides = self.sides._replace(client=evolve(self.sides.client, authentication_key=None))
        self.assertFalse(self.open(octets).authenticated)
        self.assertEqual(self.open(octets).counters, ())
        self.refused(Reason.UNKNOWN_KEY, octets, Policy.AUTHENTICATED)

    def test_presence_octet(self) -> None:
        """
        The octet that says whether Key-Info follows is covered by no tag, so it must be 00 or 01.
        """
        octets = self.meter.send(PUSH, layer(self.sides, _CIPHER, key_choice=0))
        place = 1 + len(self.sides.fields.encode())
        self.assertEqual(octets[place], 1)
        self.refused(Reason.MALFORMED, octets[:place] + b"\x03" + octets[place + 1 :])

    def test_malformed(self) -> None:
        """
        A layer that is no layer is a L{DecodeError}.
        """
        for octets in (b"\xdb", b"\xdd\x00", b"\xdf\x01", b"\xc8"):
            self.assertRaises(DecodeError, self.open, octets)

    def test_repr(self) -> None:
        """
        It says how much there is, and not what.
        """
        found = self.open(self.meter.send(PUSH, layer(self.sides, _GLO)))
        self.assertEqual(repr(found), f"<OpenedMessage {len(PUSH)} octets 1 layers>")


class MirrorTests(SynchronousTestCase):
    """
    Tests of answers: a client asks in some way, and the meter answers in the same.
    """

    def setUp(self) -> None:
        self.sides = parties()
        self.meter = Sender(self.sides.meter, TITLE, 7)
        self.client = Sender(self.sides.client, CLIENT_TITLE, 8)
        self.fields = Fields(b"\x05", CLIENT_TITLE, TITLE)

    def exchange(
        self, *plan: Protection, demands: Policy = Policy.NONE, keep: bool = True
    ) -> tuple[OpenedMessage, OpenedMessage]:
        """
        @return: the request as the meter opened it, and the response as the client did.
        """
        request = open_message(
            self.client.send(_REQUEST, *plan), lambda _: self.sides.meter, CLIENT_TITLE
        )
        self.assertEqual(request.plaintext, _REQUEST)
        answer = mirror(
            request.layers,
            demands,
            own_title=TITLE,
            peer_title=CLIENT_TITLE,
            suite=1,
            keep=keep,
        )
        response = open_message(
            self.meter.send(_RESPONSE, *answer),
            lambda _: self.sides.client,
            TITLE,
            own_title=CLIENT_TITLE,
        )
        self.assertEqual(response.plaintext, _RESPONSE)
        return request, response

    def test_nothing(self) -> None:
        """
        A plain request has a plain response, where nothing is demanded.
        """
        self.assertEqual(self.exchange()[1].layers, ())

    def test_services(self) -> None:
        """
        C{glo-} is answered by C{glo-}, C{ded-} by C{ded-}, with the tag of the response.
        """
        for dedicated, tag in ((False, 0xCC), (True, 0xD4)):
            plan = Protection(dedicated=dedicated, security_control=0x31)
            _, response = self.exchange(plan)
            self.assertEqual([one.tag for one in response.layers], [tag])
            self.assertEqual(response.layers[0].security_control, 0x31)

    def test_same_kinds(self) -> None:
        """
        Each kind of layer and of key is answered by the same, titles swapped.
        """
        for tag, choice, scheme in (
            (_GLO, None, 0),
            (_DED, None, 0),
            (_SIGN, None, 0),
            (_CIPHER, None, 0),
            (_CIPHER, 0, 0),
            (_CIPHER, 1, 0),
            (_CIPHER, 2, 1),
            (_CIPHER, 2, 2),
        ):
            control = 0 if tag == _SIGN else 0x31
            plan = Protection(
                tag=tag,
                security_control=control,
                fields=self.fields,
                key_choice=choice,
                key_scheme=scheme,
            )
            request, response = self.exchange(plan)
            (ours,), (theirs,) = request.layers, response.layers
            self.assertEqual((ours.tag, ours.key_choice), (theirs.tag, theirs.key_choice))
            self.assertEqual(ours.key_scheme, theirs.key_scheme)
            if tag in (_CIPHER, _SIGN):
                self.assertEqual(theirs.fields, self.fields.answered())
            self.assertEqual(
                (theirs.authenticated, theirs.encrypted, theirs.signed),
                (ours.authenticated, ours.encrypted, ours.signed),
            )

    def test_sign_then_cipher(self) -> None:
        """
        The order of the layers is that of the request.
        """
        _, response = self.exchange(
            Protection(
                tag=_CIPHER, security_control=0x31, fields=self.fields, key_choice=2, key_scheme=1
            ),
            Protection(tag=_SIGN, fields=self.fields),
        )
        self.assertEqual([one.tag for one in response.layers], [_CIPHER, _SIGN])
        self.assertTrue(response.signed and response.authenticated)

    def test_demands(self) -> None:
        """
        Whatever the request had, the answer meets the demands.
        """
        plans = (
            (),
            (Protection(security_control=0x11),),
            (Protection(tag=_GLO, security_control=0x21),),
            (Protection(tag=_CIPHER, security_control=0x11, fields=self.fields, key_choice=0),),
            (Protection(tag=_SIGN, fields=self.fields),),
        )
        for plan, bits, keep in product(plans, range(8), (True, False)):
            demands = Policy(
                authenticated=bool(bits & 1), encrypted=bool(bits & 2), signed=bool(bits & 4)
            )
            _, response = self.exchange(*plan, demands=demands, keep=keep)
            self.assertTrue(
                demands.allows(response.authenticated, response.encrypted, response.signed)
            )

    def test_dropping(self) -> None:
        """
        On request, as the standard has it: what is not demanded is dropped, and the layer itself stays.
        """
        plan = Protection(tag=_CIPHER, security_control=0x31, fields=self.fields, key_choice=0)
        _, response = self.exchange(plan, Protection(tag=_SIGN, fields=self.fields), keep=False)
        self.assertEqual([one.tag for one in response.layers], [_CIPHER])
        self.assertEqual(response.layers[0].security_control, 0x01)
        glo = Protection(tag=_GLO, security_control=0x31)
        self.assertTrue(self.exchange(glo, keep=False)[1].authenticated)

    def test_broadcast_is_answered_to_one(self) -> None:
        """
        The key-set bit of a request is not mirrored.
        """
        plan = Protection(tag=_GLO, security_control=0x71)
        request, response = self.exchange(plan)
        self.assertEqual(request.layers[0].security_control, 0x71)
        self.assertEqual(response.layers[0].security_control, 0x31)

    def test_no_signing_key(self) -> None:
        """
        A plan that asks for what there is not is our own mistake.
        """
        self.meter.keys = evolve(self.meter.keys, signing_private_key=None)
        self.assertRaises(
            LocalProtocolError, self.meter.send, PUSH, Protection(tag=_SIGN, fields=self.fields)
        )

    def test_clear_layer_of_glo(self) -> None:
        """
        A request in a clear envelope is answered in one, where nothing is demanded.
        """
        octets = encode_envelope(Envelope(_GLO, CLIENT_TITLE, 0x00, 1, _REQUEST, b""))
        request = open_message(octets, lambda _: self.sides.meter)
        self.assertEqual((request.plaintext, request.encrypted), (_REQUEST, False))
        (plan,) = mirror(request.layers, Policy.AUTHENTICATED, own_title=TITLE)
        self.assertEqual(plan.security_control & 0x30, 0x10)
