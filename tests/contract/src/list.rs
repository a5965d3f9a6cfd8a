//! The one list of cases, in reading order. `lib.rs` makes a table of it, native tests make a
//! `#[test]` of each, and `tests/build.mjs` reads the names for the list of browser tests.

/// Hands the list to a macro that takes `module: [case, case], …`.
#[macro_export]
macro_rules! for_each_case {
    ($use:ident) => {
        $use! {
            open: [
                creates_a_file_only_when_asked,
                opens_what_is_there,
                exclusive_creation_wants_a_new_file,
                tells_how_a_file_was_opened,
                a_read_only_file_cannot_be_changed,
                a_read_only_file_shows_what_others_write,
                connections_share_a_file,
                opens_every_kind_of_named_file,
                opens_every_kind_of_temporary_file,
                a_named_temporary_file_is_gone_after_close,
                directories_are_part_of_a_name,
                impossible_names_are_refused,
                a_full_pathname_is_whole_or_refused,
                a_deleted_file_is_gone,
                deleting_what_is_missing_says_so,
                side_files_are_there_once_they_are_written,
                side_files_can_be_deleted_twice,
                side_files_outlive_their_connection,
                access_answers_for_files,
                a_failed_open_leaves_nothing_behind
            ],
            bytes: [
                what_is_written_is_read,
                a_short_read_is_filled_with_zeros,
                an_empty_file_reads_as_zeros,
                a_gap_is_zeros,
                an_overwrite_changes_its_range_only,
                what_is_cut_off_never_comes_back,
                truncating_upwards_adds_zeros,
                a_sync_changes_nothing,
                random_writes_add_up,
                closing_keeps_the_content
            ],
            locks: [
                one_connection_climbs_and_descends,
                asking_for_less_changes_nothing,
                readers_share,
                one_writer_reserves_beside_readers,
                pending_keeps_new_readers_out,
                giving_up_pending_lets_readers_in,
                a_writer_is_alone,
                exclusive_may_follow_shared_directly,
                a_refusal_leaves_what_was_held,
                closing_gives_up_the_lock,
                files_are_locked_one_by_one,
                a_read_only_connection_takes_part,
                coming_and_going_changes_no_lock
            ],
            shm: [
                a_region_is_made_when_asked,
                regions_are_shared,
                regions_stay_where_they_are,
                files_do_not_share_regions,
                an_exclusive_slot_is_exclusive,
                a_shared_slot_is_shared,
                a_range_of_slots_is_all_or_nothing,
                giving_up_nothing_changes_nothing,
                unmapping_leaves_the_others_alone,
                the_last_unmap_frees_the_regions,
                unmapping_twice_is_no_error,
                closing_gives_up_the_slots
            ],
            host: [
                randomness_is_random,
                randomness_has_no_limit,
                the_clock_tells_julian_time,
                sleeping_takes_time,
                the_last_error_is_told_in_words,
                unknown_file_controls_are_not_found,
                a_size_hint_does_no_harm,
                the_sector_size_is_one,
                only_what_holds_is_claimed,
                side_files_are_on_the_same_medium
            ],
            journals: [
                every_mode_commits_and_rolls_back,
                connections_see_commits_of_each_other,
                a_second_writer_is_busy_at_once,
                a_commit_waits_for_readers,
                an_exclusive_transaction_is_alone,
                a_deadlock_is_told_at_once,
                a_hot_journal_is_rolled_back,
                a_spilled_transaction_is_whole_or_nothing,
                savepoints_go_back_step_by_step,
                a_journal_mode_can_be_changed,
                exclusive_locking_mode_keeps_others_out
            ],
            wal: [
                a_reader_keeps_its_snapshot,
                many_snapshots_at_once,
                one_writer_beside_readers,
                an_old_snapshot_cannot_be_written_to,
                every_checkpoint_mode_moves_all,
                checkpoints_leave_readers_alone,
                checkpoints_leave_the_writer_alone,
                a_leftover_wal_recovers,
                a_torn_wal_gives_its_whole_part,
                the_mark_of_a_wal_alone_is_no_obstacle,
                the_last_close_empties_the_wal,
                a_long_wal_needs_more_regions,
                the_wal_stays_bounded,
                a_read_only_connection_reads_the_wal
            ],
            features: [
                small_pages_work,
                large_pages_work,
                pages_of_every_size_work_in_a_wal,
                vacuum_changes_the_page_size,
                vacuum_gives_space_back,
                vacuum_into_makes_a_copy,
                auto_vacuum_cuts_the_file,
                attached_files_commit_together,
                a_file_may_be_attached_twice,
                serialize_and_deserialize,
                backup_copies_a_database,
                blobs_are_read_and_written_in_place,
                temporary_files_take_what_does_not_fit,
                a_foreign_file_is_left_alone,
                a_read_only_connection_changes_nothing,
                a_uri_may_name_a_database
            ],
            suite: [
                the_suite_of_rsqlite_vfs_passes
            ]
        }
    };
}

/// The cases for media that keep a hole as a hole, in the same form.
#[macro_export]
macro_rules! for_each_sparse_case {
    ($use:ident) => {
        $use! {
            sparse: [
                a_file_may_be_beyond_4_gib
            ]
        }
    };
}
