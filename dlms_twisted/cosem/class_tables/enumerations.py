"""
The enumerations of the interface classes: name to members, in the words of the standard.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dlms_twisted.cosem.units import UNITS

__all__ = ["DISCONNECT_MODES", "ENUMERATIONS"]

ENUMERATIONS: Final[Mapping[str, Mapping[int, str]]] = MappingProxyType(
    {
        "unit": MappingProxyType(
            {
                code: unit.symbol or {254: "other", 255: "count"}[code]
                # Where two numbers have one symbol, the second says its number too.
                if [one.symbol for one in UNITS.values()].index(unit.symbol)
                == list(UNITS).index(code)
                or unit.symbol is None
                else f"{unit.symbol} ({code})"
                for code, unit in UNITS.items()
            }
        ),
        "sort_method": {
            1: "fifo",
            2: "lifo",
            3: "largest",
            4: "smallest",
            5: "nearest-to-zero",
            6: "farthest-from-zero",
        },
        "capture_method": {0: "invoke", 1: "implicit"},
        "association_status": {0: "non-associated", 1: "association-pending", 2: "associated"},
        "image_transfer_status": {
            0: "not-initiated",
            1: "initiated",
            2: "verification-initiated",
            3: "verification-successful",
            4: "verification-failed",
            5: "activation-initiated",
            6: "activation-successful",
            7: "activation-failed",
        },
        "security_policy": {0: "nothing", 1: "authenticated", 2: "encrypted", 3: "both"},
        "security_suite": {
            0: "AES-GCM-128",
            1: "ECDH-ECDSA-AES-GCM-128-SHA-256",
            2: "ECDH-ECDSA-AES-GCM-256-SHA-384",
        },
        "certificate_entity": {0: "server", 1: "client", 2: "certification-authority", 3: "other"},
        "certificate_type": {0: "digital-signature", 1: "key-agreement", 2: "tls", 3: "other"},
        "certificate_identification": {0: "by-entity", 1: "by-serial-number"},
        "key_id": {
            0: "global-unicast-encryption-key",
            1: "global-broadcast-encryption-key",
            2: "authentication-key",
            3: "master-key",
        },
        "key_pair": {0: "digital-signature", 1: "key-agreement", 2: "tls"},
        "transport_service": {
            0: "tcp",
            1: "udp",
            2: "ftp",
            3: "smtp",
            4: "sms",
            5: "hdlc",
            6: "m-bus",
            7: "zigbee",
            8: "dlms-gateway",
            9: "coap-reliable",
            10: "coap-unreliable",
        },
        "message_type": {0: "a-xdr", 1: "xml"},
        "push_operation_method": {
            0: "unconfirmed-retry-on-failure",
            1: "unconfirmed-retry-on-missing-confirmation",
            2: "confirmed",
        },
        "restriction_type": {0: "none", 1: "by-date", 2: "by-entry"},
        "protection_type": {
            0: "authentication",
            1: "encryption",
            2: "authentication-and-encryption",
            3: "digital-signature",
        },
        "key_info_type": {0: "identified-key", 1: "wrapped-key", 2: "agreed-key"},
        "port_protection_mode": {0: "locked", 1: "locked-on-failed-attempts", 2: "unlocked"},
        "port_protection_status": {0: "unlocked", 1: "temporarily-locked", 2: "locked"},
        "clock_base": {
            0: "not-defined",
            1: "internal-crystal",
            2: "mains-50-hz",
            3: "mains-60-hz",
            4: "gps",
            5: "radio-controlled",
        },
        "script_service": {1: "write-attribute", 2: "execute-method"},
        "single_action_type": {
            1: "one-time-wildcard-date",
            2: "several-same-time-wildcard-dates",
            3: "several-same-time-fixed-dates",
            4: "several-different-times-wildcard-dates",
            5: "several-different-times-fixed-dates",
        },
        "control_state": {0: "disconnected", 1: "connected", 2: "ready-for-reconnection"},
        "control_mode": {
            0: "mode-0-always-connected",
            1: "mode-1",
            2: "mode-2",
            3: "mode-3",
            4: "mode-4",
            5: "mode-5",
            6: "mode-6",
        },
        "local_port_mode": {0: "iec-62056-21", 1: "hdlc", 2: "unspecified"},
        "baud": {
            0: "300",
            1: "600",
            2: "1200",
            3: "2400",
            4: "4800",
            5: "9600",
            6: "19200",
            7: "38400",
            8: "57600",
            9: "115200",
        },
        "response_time": {0: "20-ms", 1: "200-ms"},
        "address_state": {0: "not-assigned", 1: "assigned"},
        "auto_answer_status": {0: "inactive", 1: "active", 2: "locked"},
        "gsm_status": {
            0: "not-registered",
            1: "registered-home",
            2: "searching",
            3: "registration-denied",
            4: "unknown",
            5: "registered-roaming",
        },
        "gsm_circuit": {0: "inactive", 1: "incoming-call", 2: "active"},
        "gsm_packet": {
            0: "inactive",
            1: "gprs",
            2: "edge",
            3: "umts",
            4: "hsdpa",
            5: "lte",
            6: "cdma",
            7: "lte-cat-m1",
            8: "lte-cat-nb1",
        },
        "ipv6_config": {0: "auto", 1: "dhcpv6", 2: "manual", 3: "neighbour-discovery"},
        "mbus_key_status": {
            0: "no-key",
            1: "set",
            2: "transferred",
            3: "set-and-transferred",
            4: "in-use",
        },
        "ntp_authentication": {0: "none", 1: "shared-secret", 2: "iff-autokey"},
        "sfsk_repeater": {0: "never", 1: "always", 2: "dynamic"},
        "prime_state": {0: "disconnected", 1: "terminal", 2: "switch"},
        "account_mode": {1: "credit", 2: "prepayment"},
        "account_status": {1: "new-inactive", 2: "active", 3: "closed"},
        "credit_type": {
            0: "token",
            1: "reserved",
            2: "emergency",
            3: "time-based",
            4: "consumption-based",
        },
        "credit_status": {
            0: "enabled",
            1: "selectable",
            2: "selected-invoked",
            3: "in-use",
            4: "exhausted",
        },
        "charge_type": {0: "consumption-based", 1: "time-based", 2: "payment-event-based"},
        "token_delivery": {0: "remote", 1: "local", 2: "manual"},
    }
)

#: What each C{control_mode} of Disconnect control allows, as the letters of the standard's state diagram:
#: b, c remote disconnection; f manual disconnection; g local disconnection; a remote reconnection at once, d to "ready
#: for reconnection"; e manual reconnection; h local reconnection.
DISCONNECT_MODES: Final[Mapping[int, str]] = MappingProxyType(
    {0: "", 1: "bcfgde", 2: "bcfgae", 3: "bcgde", 4: "bcgae", 5: "bcfgdeh", 6: "bcgdeh"}
)
