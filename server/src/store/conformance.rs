//! What every driver promises, one sentence a case: [`conformance_suite`] makes a test of each. Beside it, [`model`]
//! holds SQLite and PostgreSQL against the in-memory store by random writes.

pub(crate) mod append;
pub(crate) mod changes;
pub(crate) mod direct;
pub(crate) mod heads;
pub(crate) mod history;
pub(crate) mod idempotency;
pub(crate) mod kit;
pub(crate) mod markers;
mod model;
pub(crate) mod notifications;
pub(crate) mod observe;
pub(crate) mod people;
pub(crate) mod retention;
pub(crate) mod revocations;
pub(crate) mod rooms;
pub(crate) mod search;

/// A test of each case. `$open` is a function that gives, when awaited, a fixture with an empty store.
macro_rules! conformance_suite {
    ($open:path) => {
        $crate::store::conformance::each_case! {
            $open;
            append {
                seqs_of_a_room_begin_at_1_and_have_no_holes,
                an_append_answers_the_entry_that_the_log_then_holds,
                any_text_comes_back_as_it_was_sent,
                who_is_not_a_member_cannot_tell_whether_there_is_a_room,
                a_refused_append_leaves_the_others_of_its_batch_as_they_are,
                a_batch_is_done_in_order_whatever_stands_in_it,
                the_log_is_read_from_any_position_in_order,
                an_answer_names_what_it_answers,
            }
            idempotency {
                a_retransmit_is_stored_once_and_answered_with_the_first_position,
                a_long_batch_is_stored_as_a_short_one_is_and_known_again,
                the_second_of_two_equal_appends_in_one_batch_is_a_duplicate,
                a_key_used_for_anything_else_is_a_conflict,
                keys_of_notifications_and_broadcasts_conflict_with_appends,
                a_key_belongs_to_its_sender,
                without_a_key_the_same_text_is_another_message,
                a_duplicate_is_known_after_the_sender_has_left,
                every_kind_of_change_is_known_by_its_key,
                what_was_refused_or_changed_nothing_uses_up_no_key,
            }
            changes {
                an_edit_has_its_own_seq_and_history_shows_the_new_text,
                replay_shows_messages_and_edits_in_their_present_state,
                a_deleted_message_has_no_text_anywhere,
                only_the_sender_edits_and_deletes,
                a_message_of_another_room_is_not_found,
                a_deleted_message_takes_no_edit_and_no_reaction,
                deleting_a_deleted_message_makes_no_entry,
                setting_what_is_set_makes_no_entry,
                reactions_are_counted_in_the_order_in_which_each_first_came,
                a_user_puts_only_so_many_emojis_on_a_message,
                a_message_can_be_changed_in_the_batch_that_makes_it,
            }
            direct {
                the_first_message_makes_the_direct_room_and_both_ways_lead_to_it,
                each_entry_stands_in_both_inboxes_without_holes,
                the_inbox_shows_messages_in_their_present_state,
                many_direct_messages_of_one_batch_share_one_room,
                a_change_makes_no_direct_room,
                a_user_may_write_to_oneself,
                nobody_enters_leaves_or_renames_a_direct_room,
                a_retransmit_does_not_reach_the_inbox_twice,
                who_was_never_seen_has_an_inbox_but_no_record,
                a_direct_log_says_where_each_entry_stands_in_the_readers_inbox,
            }
            rooms {
                joining_what_does_not_exist_makes_a_public_room_of_ones_own,
                a_new_member_starts_at_the_head,
                a_private_room_lets_in_members_and_who_is_admitted,
                a_room_is_created_once_with_its_members,
                a_room_changes_its_name_and_kind,
                who_was_removed_to_stay_out_comes_back_by_a_join_or_an_invitation_alone,
                members_come_and_go,
                an_owner_who_comes_back_is_the_owner_again,
                members_are_listed_by_id_page_by_page_with_their_names,
                a_room_shows_what_is_new_to_its_member,
                a_direct_room_shows_its_peer,
                a_private_room_is_hidden_from_who_is_not_a_member,
                many_rooms_are_read_at_once,
                rooms_are_listed_by_id_page_by_page,
                only_rooms_within_reach_are_listed,
            }
            markers {
                the_read_marker_moves_forward_to_the_head_and_never_back,
                only_members_have_markers,
                sending_moves_ones_own_read_marker_and_reacting_does_not,
                markers_of_one_batch_are_moved_in_order,
                a_direct_message_is_reported_delivered_once,
                delivery_to_a_shared_room_moves_the_marker_and_reports_nothing,
                an_inbox_position_delivers_all_direct_rooms_up_to_it,
                what_stands_below_a_delivered_part_of_the_inbox_is_not_delivered,
                inboxes_of_one_batch_are_delivered_each_on_its_own,
                at_most_a_thousand_deliveries_are_listed_and_all_are_done,
            }
            heads {
                heads_of_rooms_and_users_are_those_of_their_logs,
                heads_of_nothing_are_only_that_of_the_broadcasts,
                who_is_no_member_of_a_room_is_an_outsider,
            }
            history {
                the_newest_page_is_in_the_order_of_the_log,
                pages_lead_backwards_and_forwards_without_overlap,
                a_room_that_is_not_there_has_no_history,
                a_page_says_up_to_which_entry_it_is_told,
            }
            search {
                every_word_must_occur_in_any_order_and_case,
                the_last_word_may_be_the_beginning_of_one,
                no_text_is_taken_for_a_query_language,
                what_is_no_letter_parts_words_however_new_it_is,
                every_word_of_a_long_message_is_found,
                only_what_the_user_may_read_is_found,
                who_is_let_in_by_name_finds_what_is_there_and_nothing_elsewhere,
                search_follows_edits_and_forgets_what_is_deleted,
                results_come_newest_first_page_by_page,
            }
            people {
                a_user_is_known_once_seen,
                many_users_are_read_at_once,
                a_name_stays_until_another_comes_and_last_seen_never_goes_back,
                people_are_found_by_the_beginning_of_id_or_name_in_any_case,
            }
            notifications {
                a_notification_comes_back_as_it_was_sent,
                positions_are_dense_for_each_user_and_for_the_broadcasts,
                a_retransmitted_notification_or_broadcast_is_stored_once,
                a_stream_merges_both_by_time_each_in_its_own_order,
                broadcasts_begin_when_the_user_was_first_seen,
                what_was_handed_moves_forward_only_and_to_the_heads_at_most,
                the_list_is_newest_first_page_by_page_and_counts_all_that_is_unread,
                notifications_are_marked_read_one_by_one_or_all,
                a_deleted_notification_is_seen_no_more_but_its_key_still_knows_it,
            }
            retention {
                the_oldest_go_first_and_at_most_so_many_of_each,
                positions_go_on_after_everything_has_gone,
                a_key_goes_with_what_it_made,
                the_log_can_be_named_anew,
                a_store_that_can_write_says_so,
            }
            revocations {
                a_revocation_comes_back_as_it_was_written,
                changes_of_revocations_are_read_in_their_order_page_by_page,
                a_restored_subject_is_a_change_and_restored_once,
                revocations_that_are_over_go_and_the_count_of_changes_goes_on,
            }
        }
    };
}

macro_rules! each_case {
    ($open:path; $($module:ident { $($case:ident,)* })*) => {
        $(mod $module {
            $(#[tokio::test]
            async fn $case() {
                let fixture = $open().await;
                let kit = $crate::store::conformance::kit::Kit::new(&*fixture.store);
                $crate::store::conformance::$module::$case(&kit).await;
            })*
        })*
    };
}

pub(crate) use {conformance_suite, each_case};

mod on_memory {
    super::conformance_suite!(crate::store::conformance::kit::Fixture::memory);
}

mod on_sqlite {
    super::conformance_suite!(crate::store::conformance::kit::Fixture::sqlite);
}

mod on_postgres {
    super::conformance_suite!(crate::store::conformance::kit::Fixture::postgres);
}
