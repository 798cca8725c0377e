"""
Interface classes that store and measure, and those of access control and management.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ROWS"]

ROWS: Final = (
    (1, "Data", "0", 0, "X", "2 value any", ""),
    (3, "Register", "0", 28, "X", "2 value any !\n3 scaler_unit su", "1 reset zero"),
    (
        4, "Extended register", "0", 38, "X",
        """
        2 value any !
        3 scaler_unit su
        4 status any !
        5 capture_time dt|DT !
        """,
        "1 reset zero",
    ),
    (
        5, "Demand register", "0", 48, "X",
        """
        2 current_average_value any !
        3 last_average_value any !
        4 scaler_unit su
        5 status any !
        6 capture_time dt|DT !
        7 start_time_current dt|DT !
        8 period u32
        9 number_of_periods u16
        """,
        "1 reset zero\n2 next_period zero",
    ),
    (
        6, "Register activation", "0", 30, "X",
        """
        2 register_assignment ar object
        3 mask_list ar st{mask_name text, index_list ar u8}
        4 active_mask text
        """,
        """
        1 add_register object
        2 add_mask st{mask_name text, index_list ar u8}
        3 delete_mask text
        """,
    ),
    (
        7, "Profile generic", "0-1", 58, "X",
        """
        2 buffer any !
        3 capture_objects ar cap
        4 capture_period u32
        5 sort_method en:sort_method
        6 sort_object cap
        7 entries_in_use u32 !
        8 profile_entries u32
        """,
        """
        1 reset zero
        2 capture zero
        [0] 3 get_buffer_by_range any -> any
        [0] 4 get_buffer_by_index any -> any
        """,
    ),
    (26, "Utility tables", "0", 0, "X", "2 table_ID u16\n3 length u32\n4 buffer os", ""),
    (
        61, "Register table", "0", 28, "X",
        """
        2 table_cell_values any !
        3 table_cell_definition st{class_id u16, logical_name LN, group_E_values ar u8, attribute_index i8}
        4 scaler_unit su
        """,
        "1 reset zero\n2 capture zero",
    ),
    (
        62, "Compact data", "0-1", 0, "G",
        """
        2 compact_buffer os !
        [0] 3 capture_objects ar cap
        [1] 3 capture_objects ar st{class_id u16, logical_name LN, attribute_index i8, data_index u16,
            restriction restriction}|ar capcolumns|ar cap
        4 template_id u8
        5 template_description os !
        6 capture_method en:capture_method
        """,
        "1 reset zero\n2 capture zero",
    ),
    (
        63, "Status mapping", "0", 0, "X",
        """
        2 status_word any !
        3 mapping_table st{ref_table_id u8, ref_table_mapping u16|ar u16}
        """,
        "",
    ),
    (
        12, "Association SN", "0-4", 20, "X",
        """
        2 object_list ar st{base_name i16, class_id u16, version u8, logical_name LN} !
        [2-3] 3 access_rights_list ar st{base_name i16, attribute_access ar attribute_access_1,
            method_access ar method_access_1} !
        [4] 3 access_rights_list ar st{base_name i16, attribute_access ar attribute_access_3,
            method_access ar method_access_3} !
        [2-] 4 security_setup_reference LN
        [3-] 5 user_list ar user
        [3-] 6 current_user user !
        """,
        """
        1 getlist_by_classid u16 -> any
        2 getobj_by_logicalname LN -> any
        3 read_by_logicalname ar st{class_id u16, logical_name LN, attribute_index i8} -> any
        4 get_attributes&services any -> any
        5 change_secret os
        6 change_HLS_secret os
        7 get_HLS_challenge any -> os
        8 reply_to_HLS_authentication os -> os
        [3-] 9 add_user user
        [3-] 10 remove_user user
        """,
    ),
    (
        15, "Association LN", "0-3", 60, "X",
        """
        [0] 2 object_list ar object_0 !
        [1-2] 2 object_list ar object_1 !
        [3] 2 object_list ar object_3 !
        3 associated_partners_id st{client_SAP i8, server_SAP u16} !
        4 application_context_name application_context|os
        5 xDLMS_context_info st{conformance bs, max_receive_pdu_size u16, max_send_pdu_size u16,
            dlms_version_number u8, quality_of_service i8, cyphering_info os}
        6 authentication_mechanism_name application_context|os
        7 secret os ?
        8 association_status en:association_status !
        [1-] 9 security_setup_reference LN
        [2-] 10 user_list ar user
        [2-] 11 current_user user !
        """,
        """
        1 reply_to_HLS_authentication os -> os
        2 change_HLS_secret os
        3 add_object any
        4 remove_object any
        [2-] 5 add_user user
        [2-] 6 remove_user user
        """,
    ),
    (
        17, "SAP assignment", "0", 20, "X",
        "2 SAP_assignment_list ar st{SAP u16, logical_device_name text}",
        "1 connect_logical_device st{SAP u16, logical_device_name text}",
    ),
    (
        18, "Image transfer", "0", 40, "X",
        """
        2 image_block_size u32
        3 image_transferred_blocks_status bs !
        4 image_first_not_transferred_block_number u32 !
        5 image_transfer_enabled bo
        6 image_transfer_status en:image_transfer_status !
        7 image_to_activate_info ar st{image_to_activate_size u32, image_to_activate_identification os,
            image_to_activate_signature os} !
        """,
        """
        1 image_transfer_initiate st{image_identifier os, image_size u32}
        2 image_block_transfer st{image_block_number u32, image_block_value os}
        3 image_verify zero
        4 image_activate zero
        """,
    ),
    (
        30, "COSEM data protection", "0", 0, "X",
        """
        2 protection_buffer os
        3 protection_object_list ar any
        4 protection_parameters_get ar protection
        5 protection_parameters_set ar protection
        6 required_protection en|u8
        """,
        """
        1 get_protected_attributes any -> any
        2 set_protected_attributes any
        3 invoke_protected_method any -> any
        """,
    ),
    (
        64, "Security setup", "0-1", 30, "X",
        """
        [0] 2 security_policy en:security_policy
        [1] 2 security_policy en
        3 security_suite en:security_suite
        4 client_system_title os
        5 server_system_title os
        [1] 6 certificates ar st{certificate_entity en:certificate_entity,
            certificate_type en:certificate_type, serial_number os, issuer os, subject os,
            subject_alt_name os} !
        """,
        """
        1 security_activate en
        [0] 2 global_key_transfer ar st{key_id en:key_id, key_wrapped os}
        [1] 2 key_transfer ar st{key_id en:key_id, key_wrapped os}
        [1] 3 key_agreement ar st{key_id en:key_id, key_data os} -> ar st{key_id en:key_id, key_data os}
        [1] 4 generate_key_pair en:key_pair
        [1] 5 generate_certificate_request en:key_pair -> os
        [1] 6 import_certificate os
        [1] 7 export_certificate st{type en:certificate_identification, options any} -> os
        [1] 8 remove_certificate st{type en:certificate_identification, options any}
        """,
    ),
    (
        40, "Push setup", "0-3", 38, "X",
        """
        [0] 2 push_object_list ar cap
        [1] 2 push_object_list ar st{class_id u16, logical_name LN, attribute_index i8, data_index u16,
            restriction restriction}
        [2-] 2 push_object_list ar capcolumns
        3 send_destination_and_method st{transport_service en:transport_service, destination text,
            message en:message_type}
        4 communication_window ar window
        5 randomisation_start_interval u16
        6 number_of_retries u8
        [0-1] 7 repetition_delay u16
        [2-] 7 repetition_delay st{min u16, exponent u16, max u16}
        [1-] 8 port_reference LN
        [1-] 9 push_client_SAP i8
        [1-] 10 push_protection_parameters ar protection
        [2-] 11 push_operation_method en:push_operation_method
        [2-] 12 confirmation_parameters st{start_date DT|dt, interval u32}
        [2-] 13 last_confirmation_date_time DT|dt !
        """,
        "1 push zero\n[2-] 2 reset zero",
    ),
    (
        122, "Function control", "0", 0, "G",
        """
        2 activation_status ar st{function_name text, function_status bo} !
        3 function_list ar st{function_name text, function_specifications ar object}
        """,
        """
        1 set_function_status ar st{function_name text, function_status bo}
        2 add_function st{function_name text, function_specifications ar object}
        3 remove_function st{function_name text, function_specifications ar object}
        """,
    ),
    (
        123, "Array manager", "0", 0, "G",
        "2 array_object_list ar st{array_id u8, value_definition vd}",
        """
        1 retrieve_number_of_entries u8 -> u16|u32
        2 retrieve_entries st{array_id u8, range st{from u16, to u16}} -> any
        3 insert_entry st{array_id u8, entry st{index u16, value any}}
        4 update_entry st{array_id u8, entry st{index u16, value any}}
        5 remove_entries st{array_id u8, range st{from u16, to u16}}
        """,
    ),
    (
        124, "Communication port protection", "0", 0, "X",
        """
        2 protection_mode en:port_protection_mode
        3 allowed_failed_attempts u16
        4 initial_lockout_time u32
        5 steepness_factor u8
        6 max_lockout_time u32
        7 port_reference LN
        8 protection_status en:port_protection_status !
        9 failed_attempts u32 !
        10 cumulative_failed_attempts u32 !
        """,
        "1 reset zero",
    ),
)  # fmt: skip
