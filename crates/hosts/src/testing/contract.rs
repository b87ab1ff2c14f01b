//! What every engine keeps, as tests. `engine_contract!` makes one test function of each rule:
//!
//! ```ignore
//! mod docker {
//!     paas_hosts::engine_contract!(DockerEngine::unix("/var/run/docker.sock"), "debian:trixie-slim");
//! }
//! ```
//!
//! The image needs `/bin/sh`, `sleep`, `cat`, `id` and `nsenter`. Containers run shell scripts; [`programs`] says what each does to
//! engines that run none.

mod bench;
mod files;
mod host;
mod lifecycle;
mod listing;
mod output;
mod streams;

pub use bench::{Bench, holds, programs};
pub use files::*;
pub use host::*;
pub use lifecycle::*;
pub use listing::*;
pub use output::*;
pub use streams::*;

/// A test per rule of the contract. `$engine` is evaluated anew for each.
#[macro_export]
macro_rules! engine_contract {
    ($engine:expr, $image:expr) => {
        $crate::engine_contract!(@rules $engine, $image,
            creating_twice_adopts_the_first,
            creating_again_leaves_a_running_container_alone,
            an_image_that_the_host_lacks_is_not_found,
            starting_twice_is_starting_once,
            starting_what_has_ended_leaves_it_ended,
            a_user_that_the_image_lacks_cannot_start,
            a_container_that_is_not_there_is_said_to_be_missing,
            removing_twice_is_removing_once,
            removing_kills_what_runs,
            signals_to_what_does_not_run_have_no_effect,
            what_is_frozen_can_be_removed,
            what_was_frozen_goes_on_once,
            a_container_has_one_name_at_a_time,
            a_terminated_process_ends_with_143,
            a_process_that_ignores_term_ends_only_when_killed_with_137,
            waiting_gives_the_exit_status_as_often_as_asked,
            waiting_may_begin_before_the_start,
            waiting_ends_when_the_container_is_removed,
            a_running_container_has_an_address_and_others_have_none,
            labels_find_containers_in_every_state,
            labels_are_given_back_as_they_were,
            events_tell_of_starts_and_ends_with_the_label_only,
            the_log_is_complete_after_the_end,
            the_log_is_resumed_after_any_entry,
            the_log_is_followed_while_it_is_written,
            a_container_that_never_started_has_no_log,
            output_of_an_attached_container_is_complete,
            the_end_of_input_reaches_the_process,
            the_end_of_input_reaches_a_process_with_a_terminal,
            attaching_to_what_has_ended_gives_nothing,
            a_terminal_can_be_resized,
            files_put_in_before_the_start_keep_their_owner,
            files_go_into_what_is_frozen_and_come_out,
            files_can_be_had_after_the_end,
            a_path_that_is_not_there_is_said_to_be_missing,
            an_upload_whose_source_fails_fails_with_its_error,
            disk_use_grows_with_what_is_written,
            an_engine_answers_a_ping_and_tells_of_its_host,
            a_running_container_tells_what_it_uses_and_others_do_not,
            pruning_removes_what_nothing_wants_under_one_path,
            the_disk_is_told_of_and_a_container_sees_the_same,
            what_takes_the_disk_is_told_by_image,
            a_root_shell_is_root_and_is_attached_to,
        );
    };
    (@rules $engine:expr, $image:expr, $($rule:ident,)*) => {
        $(
            #[tokio::test]
            async fn $rule() {
                $crate::testing::contract::holds($engine, $image, async |bench| {
                    $crate::testing::contract::$rule(bench).await;
                })
                .await;
            }
        )*
    };
}
