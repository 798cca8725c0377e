"""
Interface classes of power line and radio networks, and of payment.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ROWS"]

ROWS: Final = (
    (
        50, "S-FSK Phy&MAC setup", "1", 0, "G",
        """
        2 initiator_electrical_phase en
        3 delta_electrical_phase en !
        4 max_receiving_gain u8
        5 max_transmitting_gain u8
        6 search_initiator_threshold u8
        7 frequencies ar st{mark_frequency u32, space_frequency u32}
        8 mac_address u16
        9 mac_group_addresses ar u16
        10 repeater en:sfsk_repeater
        11 repeater_status bo !
        12 min_delta_credit u8
        13 initiator_mac_address u16 !
        14 synchronization_locked bo
        15 transmission_speed en
        """,
        "",
    ),
    (
        51, "S-FSK active initiator", "0", 0, "G",
        "2 active_initiator st{system_title os, MAC_address u16, L_SAP_selector u8} !",
        "1 reset_NEW_not_synchronized u16",
    ),
    (
        52, "S-FSK MAC sync timeouts", "0", 0, "G",
        """
        2 search_initiator_timeout u16
        3 synchronization_confirmation_timeout u16
        4 time_out_not_addressed u16
        5 time_out_frame_not_OK u16
        """,
        "",
    ),
    (
        53, "S-FSK MAC counters", "0", 0, "G",
        """
        2 synchronization_register ar any !
        3 desynchronization_listing any !
        4 broadcast_frames_counter ar any !
        5 repetitions_counter u32 !
        6 transmissions_counter u32 !
        7 CRC_OK_frames_counter u32 !
        8 CRC_NOK_frames_counter u32 !
        """,
        "1 reset zero",
    ),
    (
        55, "IEC 61334-4-32 LLC", "1", 0, "M",
        "2 max_frame_length u8\n3 reply_status_list ar st{L_SAP_selector u16, length_of_waiting_L_SDU u8} !",
        "",
    ),
    (56, "S-FSK reporting system list", "0", 0, "G", "2 reporting_system_list ar os !", ""),
    (
        80, "PRIME LLC SSCS", "0", 0, "G",
        "2 service_node_address u16 !\n3 base_node_address u16 !",
        "1 reset zero",
    ),
    (
        81, "PRIME PHY counters", "0", 0, "G",
        """
        2 phy_stats_crc_incorrect_count u16 !
        3 crc_fail_count u16 !
        4 tx_drop_count u16 !
        5 rx_drop_count u16 !
        """,
        "1 reset zero",
    ),
    (
        82, "PRIME MAC setup", "0", 0, "G",
        """
        2 min_switch_search_time u8
        3 max_promotion_pdu u8
        4 promotion_pdu_tx_period u8
        5 beacons_per_frame u8
        6 scp_max_tx_attempts u8
        7 ctl_re_tx_timer u8
        8 max_ctl_re_tx u8
        """,
        "",
    ),
    (
        83, "PRIME MAC functional", "0", 0, "G",
        """
        2 LNID any !
        3 LSID any !
        4 SID u8 !
        5 SNA os !
        6 state en:prime_state !
        7 SCP_length any !
        8 node_hierarchy_level u8 !
        9 beacon_slot_count u8 !
        10 beacon_rx_slot any !
        11 beacon_tx_slot any !
        12 beacon_rx_frequency any !
        13 beacon_tx_frequency any !
        14 capabilities u16 !
        """,
        "",
    ),
    (
        84, "PRIME MAC counters", "0", 0, "G",
        """
        2 tx_data_pkt u32 !
        3 rx_data_pkt u32 !
        4 tx_ctrl_pkt u32 !
        5 rx_ctrl_pkt u32 !
        6 csma_fail u32 !
        7 csma_ch_busy u32 !
        """,
        "1 reset zero",
    ),
    (
        85, "PRIME MAC network admin", "0", 0, "G",
        """
        2 multicast_entries ar any !
        3 switch_table ar any !
        4 direct_table ar any !
        5 available_switches ar any !
        6 phy_comm ar any !
        """,
        "1 reset zero",
    ),
    (
        86, "PRIME application id", "0", 0, "G",
        "2 firmware_version os !\n3 vendor_ID u16 !\n4 product_ID u16 !",
        "",
    ),
    (
        90, "G3 MAC counters", "0-1", 0, "G",
        """
        2 Tx_data_packet u32 !
        3 Rx_data u32 !
        4 Tx_cmd u32 !
        5 Rx_cmd u32 !
        6 CSMA_fail u32 !
        7 CSMA_no_ACK u32 !
        8 bad_CRC u32 !
        9 Tx_data_broadcast u32 !
        10 Rx_data_broadcast u32 !
        """,
        "1 reset zero",
    ),
    (
        91, "G3 MAC setup", "0-3", 0, "G",
        """
        2 short_address u16
        3 RC_coord u16
        4 PAN_id u16
        5 key_table ar any ?
        6 frame_counter u32
        7 tone_mask bs
        8 TMR_TTL u8
        9 max_frame_retries u8
        10 neighbour_table_entry_TTL u8
        11 neighbour_table ar any !
        12 high_priority_window_size u8
        13 CSMA_fairness_limit u8
        14 beacon_randomization_window_length u8
        15 A u8
        16 K u8
        17 min_CW_attempts u8
        18 cenelec_legacy_mode u8
        19 FCC_legacy_mode u8
        20 max_BE u8
        21 max_CSMA_backoffs u8
        22 min_BE u8
        [2-] 23 broadcast_max_CW_enabled bo
        [2-] 24 transmit_atten u8
        [2-] 25 POS_table ar any !
        [3] 26 duplicate_detection_TTL any
        """,
        "1 get_neighbour_table_entry u16 -> any\n2 get_POS_table_entry any -> any",
    ),
    (
        92, "G3 6LoWPAN", "0-3", 0, "G",
        """
        2 max_hops u8
        3 weak_LQI_value u8
        4 security_level u8
        5 prefix_table ar any
        6 routing_configuration ar any
        7 broadcast_log_table_entry_TTL u16
        8 routing_table ar any !
        9 context_information_table ar any
        10 blacklist_table ar any !
        11 broadcast_log_table ar any !
        12 group_table ar any
        13 max_join_wait_time u16
        14 path_discovery_time u8
        15 active_key_index u8
        16 metric_type u8
        [1-] 17 coord_short_address u16
        [1-] 18 disable_default_routing bo
        [1-] 19 device_type en
        [2-] 20 default_coord_route_enabled bo
        [2-] 21 destination_address ar any
        [3] 22 low_LQI u8
        [3] 23 high_LQI u8
        """,
        "",
    ),
    (95, "Wi-SUN setup", "0", 0, "?", "", ""),
    (96, "Wi-SUN diagnostic", "0", 0, "?", "", ""),
    (97, "RPL diagnostic", "0", 0, "?", "", ""),
    (98, "MPL diagnostic", "0", 0, "?", "", ""),
    (
        101, "ZigBee SAS startup", "0", 0, "M",
        """
        2 short_address u16
        3 extended_PAN_id os
        4 PAN_id u16
        5 channel_mask u32
        6 protocol_version u8
        7 stack_profile u8
        8 startup_control u8
        9 trust_centre_address os
        10 trust_centre_master_key os ?
        11 active_network_key os ?
        12 link_key os ?
        13 use_insecure_join bo
        """,
        "",
    ),
    (
        102, "ZigBee SAS join", "0", 0, "M",
        """
        2 scan_attempts u8
        3 time_between_scans u16
        4 rejoin_interval u16
        5 rejoin_retry_interval u16
        """,
        "",
    ),
    (
        103, "ZigBee SAS APS fragmentation", "0", 0, "M",
        "2 interframe_delay u16\n3 max_window_size u16",
        "",
    ),
    (
        104, "ZigBee network control", "0", 0, "X",
        "2 enable_disable_joining bo\n3 join_timeout u16\n4 active_devices ar any !",
        """
        1 register_device any
        2 unregister_device any
        3 unregister_all_devices zero
        4 backup_PAN any
        5 restore_PAN any
        6 identify_device any
        7 remove_mirror any
        8 update_network_key any
        9 update_link_key any
        10 create_PAN any
        11 remove_PAN any
        """,
    ),
    (
        105, "ZigBee tunnel setup", "0", 0, "M",
        """
        2 max_incoming_transfer_size u16
        3 max_outgoing_transfer_size u16
        4 protocol_address os
        5 close_tunnel_time_out u16
        """,
        "",
    ),
    (
        111, "Account", "0", 0, "X",
        """
        2 account_mode_and_status st{account_mode en:account_mode, account_status en:account_status} !
        3 current_credit_in_use u8 !
        4 current_credit_status bs !
        5 available_credit i32 !
        6 amount_to_clear i32 !
        7 clearance_threshold i32
        8 aggregated_debt i32 !
        9 credit_reference_list ar LN
        10 charge_reference_list ar LN
        11 credit_charge_configuration ar any
        12 token_gateway_configuration ar any
        13 account_activation_time dt|DT
        14 account_closure_time dt|DT
        15 currency st{currency_name text|us|vs, currency_scale i8, currency_unit en}
        16 low_credit_threshold i32
        17 next_credit_available_threshold i32
        18 max_provision u16
        19 max_provision_period i32
        """,
        "1 activate_account zero\n2 close_account zero\n3 reset_account zero",
    ),
    (
        112, "Credit", "0", 0, "X",
        """
        2 current_credit_amount i32 !
        3 credit_type en:credit_type
        4 priority u8
        5 warning_threshold i32
        6 limit i32
        7 credit_configuration bs
        8 credit_status en:credit_status !
        9 preset_credit_amount i32
        10 credit_available_threshold i32
        11 period DT|dt
        """,
        "1 update_amount i32\n2 set_amount_to_value i32\n3 invoke_credit zero",
    ),
    (
        113, "Charge", "0", 0, "X",
        """
        2 total_amount_paid i32 !
        3 charge_type en:charge_type
        4 priority u8
        5 unit_charge_active any !
        6 unit_charge_passive any
        7 unit_charge_activation_time dt|DT
        8 period u32
        9 charge_configuration bs
        10 last_collection_time dt|DT !
        11 last_collection_amount i32 !
        12 total_amount_remaining i32 !
        13 proportion u16
        """,
        """
        1 update_unit_charge ar any
        2 activate_passive_unit_charge zero
        3 collect zero
        4 update_total_amount_remaining i32
        5 set_total_amount_remaining i32
        """,
    ),
    (
        115, "Token gateway", "0", 0, "X",
        """
        2 token os
        3 token_time dt|DT !
        4 token_description ar os !
        5 token_delivery_method en:token_delivery !
        6 token_status st{status_code en, data_value bs} !
        """,
        "1 enter os -> any",
    ),
    (
        116, "IEC 62055-41 attributes", "0", 0, "G",
        """
        2 meter_PAN any
        3 commodity vs
        4 token_carrier_types ar vs
        5 encryption_algorithm u8
        6 supply_group_code u32
        7 tariff_index u8
        8 key_revision_number u8
        9 key_type u8
        10 key_expiry_number u8
        11 no_of_kct_supported u8
        12 STS_certificate_no vs
        """,
        "",
    ),
    (126, "SCHC-LPWAN setup", "0", 0, "?", "", ""),
    (127, "SCHC-LPWAN diagnostic", "0", 0, "?", "", ""),
    (128, "LoRaWAN setup", "0", 0, "?", "", ""),
    (129, "LoRaWAN diagnostic", "0", 0, "?", "", ""),
    (130, "ISO/IEC 14908 identification", "0", 0, "?", "", ""),
    (131, "ISO/IEC 14908 protocol setup", "0", 0, "?", "", ""),
    (132, "ISO/IEC 14908 protocol status", "0", 0, "?", "", ""),
    (133, "ISO/IEC 14908 diagnostic", "0", 0, "?", "", ""),
    (140, "HS-PLC MAC setup", "0", 0, "?", "", ""),
    (141, "HS-PLC CPAS setup", "0", 0, "?", "", ""),
    (142, "HS-PLC IP SSAS setup", "0", 0, "?", "", ""),
    (143, "HS-PLC HDLC SSAS setup", "0", 0, "?", "", ""),
    (160, "G3 hybrid RF MAC counters", "0", 0, "?", "", ""),
    (161, "G3 hybrid RF MAC setup", "0", 0, "?", "", ""),
    (162, "G3 hybrid 6LoWPAN", "0", 0, "?", "", ""),
)  # fmt: skip
