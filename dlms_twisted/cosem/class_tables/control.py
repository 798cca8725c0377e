"""
Interface classes of time and event control.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ROWS"]

ROWS: Final = (
    (
        8, "Clock", "0", 60, "X",
        """
        2 time dt|DT
        3 time_zone i16
        4 status u8 !
        5 daylight_savings_begin dt|DT
        6 daylight_savings_end dt|DT
        7 daylight_savings_deviation i8
        8 daylight_savings_enabled bo
        9 clock_base en:clock_base
        """,
        """
        1 adjust_to_quarter zero
        2 adjust_to_measuring_period zero
        3 adjust_to_minute zero
        4 adjust_to_preset_time zero
        5 preset_adjusting_time st{preset_time dt, validity_interval_start dt, validity_interval_end dt}
        6 shift_time i16
        """,
    ),
    (
        9, "Script table", "0", 20, "X",
        """
        2 scripts ar st{script_id u16, actions ar st{service_id en:script_service, class_id u16,
            logical_name LN, index i8, parameter any}}
        """,
        "1 execute u16",
    ),
    (
        10, "Schedule", "0", 20, "X",
        "2 entries ar schedule_entry",
        """
        1 enable/disable st{first_index_A u16, last_index_A u16, first_index_B u16, last_index_B u16}
        2 insert schedule_entry
        3 delete st{first_index u16, last_index u16}
        """,
    ),
    (
        11, "Special days table", "0", 10, "X",
        "2 entries ar special_day",
        "1 insert special_day\n2 delete u16",
    ),
    (
        20, "Activity calendar", "0", 50, "X",
        """
        2 calendar_name_active text
        3 season_profile_active ar season
        4 week_profile_table_active ar week
        5 day_profile_table_active ar day
        6 calendar_name_passive text
        7 season_profile_passive ar season
        8 week_profile_table_passive ar week
        9 day_profile_table_passive ar day
        10 activate_passive_calendar_time dt|DT
        """,
        "1 activate_passive_calendar zero",
    ),
    (
        21, "Register monitor", "0", 0, "X",
        """
        2 thresholds ar any
        3 monitored_value vd
        4 actions ar st{action_up sc, action_down sc}
        """,
        "",
    ),
    (
        22, "Single action schedule", "0", 0, "X",
        """
        2 executed_script sc
        3 type en:single_action_type
        4 execution_time ar st{time ti, date da}
        """,
        "",
    ),
    (
        65, "Parameter monitor", "0-1", 0, "X",
        """
        2 changed_parameter st{class_id u16, logical_name LN, attribute_index i8, attribute_value any} !
        3 capture_time DT|dt !
        4 parameter_list ar vd
        [1] 5 parameter_list_name text
        [1] 6 hash_algorithm_id en
        [1] 7 parameter_value_digest os !
        [1] 8 parameter_values any !
        """,
        "1 add_parameter vd\n2 delete_parameter vd",
    ),
    (66, "Measurement data monitoring", "0", 0, "?", "", ""),
    (
        67, "Sensor manager", "0", 0, "M",
        """
        2 serial_number text
        3 metrological_identification text
        4 output_type en
        5 adjustment_method text
        6 sealing_method en
        7 raw_value any !
        8 scaler_unit su
        9 status any !
        10 capture_time DT|dt !
        11 raw_value_thresholds ar any
        12 raw_value_actions ar any
        13 processed_value vd
        14 processed_value_thresholds ar any
        15 processed_value_actions ar any
        """,
        "1 reset zero",
    ),
    (
        68, "Arbitrator", "0", 0, "X",
        """
        2 actions ar sc
        3 permissions_table ar bs
        4 weightings_table ar ar u16
        5 most_recent_requests_table ar bs !
        6 last_outcome u8 !
        """,
        "1 request_action st{request_actor u8, request_action_list bs}\n2 reset zero",
    ),
    (
        70, "Disconnect control", "0", 20, "X",
        """
        2 output_state bo !
        3 control_state en:control_state !
        4 control_mode en:control_mode
        """,
        "1 remote_disconnect zero\n2 remote_reconnect zero",
    ),
    (
        71, "Limiter", "0", 0, "X",
        """
        2 monitored_value vd
        3 threshold_active any !
        4 threshold_normal any
        5 threshold_emergency any
        6 min_over_threshold_duration u32
        7 min_under_threshold_duration u32
        8 emergency_profile st{emergency_profile_id u16, emergency_activation_time dt, emergency_duration u32}
        9 emergency_profile_group_id_list ar u16
        10 emergency_profile_active bo !
        11 actions st{action_over_threshold sc, action_under_threshold sc}
        """,
        "",
    ),
)  # fmt: skip
