"""
One association of a meter's description.
"""

from __future__ import annotations

from typing import Final

from dlms_twisted.apdu.conformance import Conformance
from dlms_twisted.cosem.obis import ObisPattern
from dlms_twisted.errors import ConfigurationError, ObisError
from dlms_twisted.keys.parsing import parse_octets, parse_policy, parse_title
from dlms_twisted.security.hls import Mechanism
from dlms_twisted.security.policy import Policy
from dlms_twisted.server.described import AssociationDescription
from dlms_twisted.toml_reader import TomlTable

__all__ = ["AUTHENTICATIONS", "read_association"]

#: What C{authentication} may say.
AUTHENTICATIONS: Final = {
    "none": Mechanism.LOWEST,
    "low": Mechanism.LOW,
    "manufacturer": Mechanism.MANUFACTURER,
    "md5": Mechanism.MD5,
    "sha1": Mechanism.SHA1,
    "gmac": Mechanism.GMAC,
    "sha256": Mechanism.SHA256,
    "ecdsa": Mechanism.ECDSA,
}
_CIPHERED: Final = {Mechanism.GMAC, Mechanism.ECDSA}
_LEAST_PDU: Final = 64


def read_association(table: TomlTable) -> AssociationDescription:
    """
    @param table: C{[[association]]}.

    @raise ConfigurationError: it is wrong; the text names the key.
    """
    client = table.integer("client", 1, 0xFF)
    if client is None:
        raise table.error("client", "1 to 255 wanted")
    mechanism = table.convert("authentication", _mechanism) or Mechanism.LOWEST
    security = table.convert("security", parse_policy) or Policy.NONE
    answers = table.convert("answers", parse_policy) or Policy.NONE
    protected = security | answers != Policy.NONE or mechanism in _CIPHERED
    ciphered = table.boolean("ciphered")
    short_names = table.boolean("short_names") or False
    version = table.integer("version", 0, 4 if short_names else 3)
    patterns = table.texts("objects")
    writes = table.boolean("writes")
    plan = AssociationDescription(
        client=client,
        name=table.text("name") or "",
        version=(2 if short_names else 1) if version is None else version,
        mechanism=mechanism,
        short_names=short_names,
        ciphered=protected if ciphered is None else ciphered,
        secret=_secret(table),
        security=security,
        answers=answers,
        pre_established=table.boolean("pre_established") or False,
        conformance=_conformance(table),
        max_receive=table.integer("max_pdu", _LEAST_PDU, 0xFFFF) or 0xFFFF,
        authentication_timeout=table.number("authentication_timeout", 0.1, 3600) or 30.0,
        objects=_patterns(table, ("*-*:*.*.*.*",) if patterns is None else patterns),
        writes=True if writes is None else writes,
        client_title=table.convert("client_title", parse_title),
        client_signing_key=table.convert("client_signing_key", _public_key),
        client_agreement_key=table.convert("client_agreement_key", _public_key),
    )
    if protected and not plan.ciphered:
        raise table.error("ciphered", "the security that is demanded needs it")
    table.finish()
    return plan


def _mechanism(text: str, key: str) -> Mechanism:
    if text not in AUTHENTICATIONS:
        raise ConfigurationError(f"{key}: one of {', '.join(AUTHENTICATIONS)} wanted")
    return AUTHENTICATIONS[text]


def _public_key(text: str, key: str) -> bytes:
    return parse_octets(text, key, (64, 96))


def _secret(table: TomlTable) -> bytes | None:
    password = table.text("password")
    secret = table.convert("secret", lambda text, key: parse_octets(text, key, tuple(range(1, 65))))
    if password is not None and secret is not None:
        raise table.error("secret", "either this or password")
    return secret if password is None else password.encode()


def _conformance(table: TomlTable) -> Conformance:
    names = table.texts("conformance")
    if names is None:
        return Conformance(0x00FFFFFF)
    known = {name: bit for bit in Conformance for name in bit.names}
    found = Conformance(0)
    for index, name in enumerate(names):
        if name not in known:
            raise table.error(f"conformance[{index}]", f"one of {', '.join(known)} wanted")
        found |= known[name]
    return found


def _patterns(table: TomlTable, texts: tuple[str, ...]) -> tuple[ObisPattern, ...]:
    found = []
    for index, text in enumerate(texts):
        try:
            found.append(ObisPattern.parse(text))
        except ObisError as error:
            raise table.error(f"objects[{index}]", str(error)) from None
    return tuple(found)
