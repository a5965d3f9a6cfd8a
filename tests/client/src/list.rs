//! The one list of cases, in reading order. `lib.rs` makes a table of it, `tests/native.rs` a
//! `#[test]` of each, and `tests/build.mjs` reads the names for the list of browser tests.

/// Hands the list to a macro that takes `module: [case, case], …`.
#[macro_export]
macro_rules! for_each_case {
    ($use:ident) => {
        $use! {
            values: [
                come_back_as_they_went_in,
                by_name,
                numbers_without_a_fraction_are_integers,
                a_parameter_that_cannot_be_is_refused
            ],
            rows: [
                become_structs,
                become_tuples_and_single_values,
                nulls_are_none,
                mistyped_columns_are_named,
                missing_columns_are_named
            ],
            statements: [
                tell_what_they_changed,
                errors_have_codes,
                first_rows,
                export_and_import,
                closed_is_closed
            ],
            transactions: [
                commit,
                roll_back_on_error,
                roll_back_when_dropped,
                may_be_dropped_at_any_time,
                others_wait,
                sqlite_rolls_back,
                are_over_when_they_end
            ],
            streams: [all_rows, dropped_early, inside_of_a_transaction, errors_end_them],
            lives: [see_what_is_committed, see_what_others_commit, only_questions],
            cancels: [an_endless_query, a_stream, what_was_not_begun]
        }
    };
}
