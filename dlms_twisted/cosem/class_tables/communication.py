"""
Interface classes that set up local ports, modems, IP, M-Bus and mobile networks.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ROWS"]

ROWS: Final = (
    (
        19, "IEC local port setup", "0-1", 0, "X",
        """
        2 default_mode en:local_port_mode
        3 default_baud en:baud
        4 prop_baud en:baud
        5 response_time en:response_time
        6 device_addr text
        7 pass_p1 text ?
        8 pass_p2 text ?
        9 pass_w5 text ?
        """,
        "",
    ),
    (
        23, "IEC HDLC setup", "0-1", 0, "X",
        """
        2 comm_speed en:baud
        3 window_size_transmit u8
        4 window_size_receive u8
        [0] 5 max_info_field_length_transmit u8
        [1] 5 max_info_field_length_transmit u16
        [0] 6 max_info_field_length_receive u8
        [1] 6 max_info_field_length_receive u16
        7 inter_octet_time_out u16
        8 inactivity_time_out u16
        9 device_address u16
        """,
        "",
    ),
    (
        24, "IEC twisted pair(1)", "0-1", 0, "G",
        """
        [0] 2 secondary_address os
        [0] 3 primary_address_list ar u8
        [0] 4 tabi_list ar i8
        [0] 5 fatal_error en
        [1] 2 mode en
        [1] 3 speed en:baud
        [1] 4 primary_address_list ar u8
        [1] 5 tabi_list ar i8
        """,
        "",
    ),
    (
        25, "M-Bus slave port setup", "0", 0, "X",
        """
        2 default_baud en:baud
        3 avail_baud en:baud
        4 addr_state en:address_state
        5 bus_address u8
        """,
        "",
    ),
    (
        27, "Modem configuration", "0-1", 0, "X",
        """
        2 comm_speed en:baud
        3 initialization_string ar st{request text, response text, delay_after_response u16}
        4 modem_profile ar text
        """,
        "",
    ),
    (
        28, "Auto answer", "0,2", 0, "X",
        """
        2 mode en
        3 listening_window ar window
        4 status en:auto_answer_status !
        5 number_of_calls u8
        6 number_of_rings st{nr_rings_in_window u8, nr_rings_out_of_window u8}
        [2] 7 list_of_allowed_callers ar st{caller_id text, call_type en}
        """,
        "",
    ),
    (
        29, "Auto connect", "0-2", 0, "X",
        """
        2 mode en
        3 repetitions u8
        4 repetition_delay u16
        5 calling_window ar window
        6 destination_list ar text
        """,
        "[2] 1 connect zero",
    ),
    (
        41, "TCP-UDP setup", "0", 0, "X",
        """
        2 port u16
        3 IP_reference LN
        4 MSS u16
        5 nb_of_sim_conn u8
        6 inactivity_time_out u16
        """,
        "",
    ),
    (
        42, "IPv4 setup", "0", 0, "X",
        """
        2 DL_reference LN
        3 IP_address u32
        4 multicast_IP_address ar u32
        5 IP_options ar st{IP_option_type u8, IP_option_length u8, IP_option_data os}
        6 subnet_mask u32
        7 gateway_IP_address u32
        8 use_DHCP_flag bo
        9 primary_DNS u32
        10 secondary_DNS u32
        """,
        """
        1 add_mc_IP_address u32
        2 delete_mc_IP_address u32
        3 get_nbof_mc_IP_addresses zero -> u16
        """,
    ),
    (43, "MAC address setup", "0", 0, "X", "2 MAC_address os", ""),
    (
        44, "PPP setup", "0", 0, "X",
        """
        2 PHY_reference LN
        3 LCP_options ar st{option_type u8, option_length u8, option_data any}
        4 IPCP_options ar st{option_type u8, option_length u8, option_data any}
        5 PPP_authentication st{user_name text, password text}|any ?
        """,
        "",
    ),
    (
        45, "GPRS modem setup", "0", 0, "X",
        """
        2 APN text
        3 PIN_code u16 ?
        4 quality_of_service st{default qos, requested qos}
        """,
        "",
    ),
    (
        46, "SMTP setup", "0", 0, "X",
        """
        2 server_port u16
        3 user_name text
        4 login_password text ?
        5 server_address text
        6 sender_address text
        """,
        "",
    ),
    (
        47, "GSM diagnostic", "0-2", 0, "X",
        """
        2 operator vs !
        3 status en:gsm_status !
        4 cs_attachment en:gsm_circuit !
        5 ps_status en:gsm_packet !
        [0] 6 cell_info st{cell_ID u16, location_ID u16, signal_quality u8, ber u8} !
        [1-] 6 cell_info st{cell_ID u32, location_ID u16, signal_quality u8, ber u8, mcc u16, mnc u16,
            channel_number u32} !
        [0] 7 adjacent_cells ar st{cell_ID u16, signal_quality u8} !
        [1-] 7 adjacent_cells ar st{cell_ID u32, signal_quality u8} !
        8 capture_time DT|dt !
        """,
        "",
    ),
    (
        48, "IPv6 setup", "0", 0, "X",
        """
        2 DL_reference LN
        3 address_config_mode en:ipv6_config
        4 unicast_IPv6_addresses ar os
        5 multicast_IPv6_addresses ar os
        6 gateway_IPv6_addresses ar os
        7 primary_DNS os
        8 secondary_DNS os
        9 traffic_class u8
        10 neighbor_discovery_setup ar st{RS_max_retry u8, RS_retry_wait_time u16, RA_send_period u32}
        """,
        """
        1 add_IPv6_address st{type en, address os}
        2 remove_IPv6_address st{type en, address os}
        """,
    ),
    (57, "8802-2 LLC type 1", "0", 0, "G", "2 max_octets_ui_pdu u16", ""),
    (
        58, "LLC type 2", "0", 0, "G",
        """
        2 k u8
        3 rw u8
        4 max_octets_i_pdu u16
        5 max_number_transmissions u8
        6 ack_timer u16
        7 p_bit_timer u16
        8 reject_timer u16
        9 busy_state_timer u16
        """,
        "",
    ),
    (
        59, "LLC type 3", "0", 0, "G",
        """
        2 max_octets_acn_pdu u16
        3 max_number_transmissions u8
        4 ack_time u16
        5 receive_lifetime u16
        6 transmit_lifetime u16
        """,
        "",
    ),
    (
        72, "M-Bus client", "0-1", 60, "X",
        """
        2 mbus_port_reference LN
        3 capture_definition ar st{data_information_block os, value_information_block os}
        4 capture_period u32
        5 primary_address u8
        6 identification_number u32
        7 manufacturer_id u16
        8 version u8
        9 device_type u8
        10 access_number u8 !
        11 status u8 !
        12 alarm u8 !
        [1] 13 configuration u16
        [1] 14 encryption_key_status en:mbus_key_status !
        """,
        """
        1 slave_install u8
        2 slave_deinstall zero
        3 capture zero
        4 reset_alarm zero
        5 synchronize_clock zero
        6 data_send ar st{data_information_block os, value_information_block os, data any}
        7 set_encryption_key os
        8 transfer_key os
        """,
    ),
    (
        73, "Wireless mode Q channel", "1", 0, "G",
        "2 addr_state en:address_state\n3 device_address os\n4 address_mask os",
        "",
    ),
    (74, "M-Bus master port setup", "0", 0, "X", "2 comm_speed en:baud", ""),
    (
        76, "DLMS server M-Bus port setup", "0", 0, "G",
        """
        2 M_Bus_profile_selection LN
        3 M_Bus_port_communication_status en !
        4 M_Bus_data_header_type en
        5 primary_address u8
        6 identification_number u32
        7 manufacturer_id u16
        8 version u8
        9 device_type u8
        10 max_pdu_size u16
        11 listening_window ar window
        """,
        "",
    ),
    (
        77, "M-Bus diagnostic", "0", 0, "G",
        """
        2 received_signal_strength u8 !
        3 channel_Id u8 !
        4 link_status en !
        5 broadcast_frames_counter ar st{client_id u8, counter u32, time_stamp DT} !
        6 transmissions_counter u32 !
        7 FCS_OK_frames_counter u32 !
        8 FCS_NOK_frames_counter u32 !
        9 capture_time st{attribute_id u8, time_stamp DT} !
        """,
        "1 reset zero",
    ),
    (
        100, "NTP setup", "0", 0, "X",
        """
        2 activated bo
        3 server_address text
        4 server_port u16
        5 authentication_method en:ntp_authentication
        6 authentication_keys ar st{key_id u32, key os} ?
        7 client_key os ?
        """,
        """
        1 synchronize zero
        2 add_authentication_key st{key_id u32, key os}
        3 delete_authentication_key u32
        """,
    ),
    (
        151, "LTE monitoring", "0-1", 0, "G",
        """
        [0] 2 LTE_network_parameters any !
        [1] 2 LTE_network_parameters st{T3402 u16, T3412 u16, T3412ext2 u32, T3324 u16, TeDRX u32,
            TPTW u16, qRxlevMin i8, qRxlevMinCE i8, qRxlevMinCE1 i8} !
        [0] 3 LTE_quality_of_service any !
        [1] 3 LTE_quality_of_service st{signal_quality i8, signal_level i8, signal_to_noise_ratio i8,
            coverage_enhancement en} !
        """,
        "",
    ),
    (
        152, "CoAP setup", "0", 0, "G",
        """
        2 UDP_reference LN
        3 ack_timeout any
        4 ack_random_factor any
        5 max_retransmit any
        6 nstart any
        7 delay_ack_timeout any
        8 exponential_back_off any
        9 probing_rate any
        10 CoAP_uri_path os
        11 transport_mode en
        12 wrapper_version any
        13 token_length u8
        """,
        "",
    ),
    (
        153, "CoAP diagnostic", "0", 0, "G",
        """
        2 messages_counter any !
        3 request_response_counter any !
        4 bt_counter any !
        5 capture_time any !
        """,
        "1 reset zero",
    ),
)  # fmt: skip
