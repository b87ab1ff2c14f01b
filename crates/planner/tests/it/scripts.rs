//! Scripts of commands with what the planner does about them. The snapshots are meant to be read as documentation.
//!
//! A line is a command of [`Town::run`]: what changes the world (`host`, `pool`, `app`, `deploy`, `scale`, `crash`,
//! `drain` …), `plan` (what would be done), `step` (do it), `tick` (until the next thing happens by itself), `settle`
//! (both until nothing happens any more), `wait` (both for so many seconds), `show` (all dynos), `hosts` (all hosts). Lines that begin with `#` are prose.

use crate::support::Town;

#[track_caller]
fn transcript(script: &str) -> String {
    let mut town = Town::new();
    let mut told = String::new();
    for line in script.lines() {
        if line.is_empty() || line.starts_with('#') {
            told.push_str(line);
            told.push('\n');
            continue;
        }
        told.push_str(&format!("> {line}\n"));
        town.run(line).lines().for_each(|line| told.push_str(&format!("    {line}\n")));
    }
    told
}

macro_rules! scripts {
    ($($name:ident),+ $(,)?) => {$(
        #[test]
        fn $name() {
            let script = include_str!(concat!("scripts/", stringify!($name), ".txt"));
            insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(stringify!($name), transcript(script));
            });
        }
    )+};
}

scripts! {
    a_rolling_deploy,
    a_deploy_on_a_full_host,
    a_full_host_and_builds,
    a_release_that_never_comes_up,
    crashes_and_back_off,
    draining_and_losing_hosts,
    scaling_and_resizing,
    one_off_dynos,
    where_dynos_go,
    zones,
    cpu,
    dedicated_hosts,
    builds,
    a_canary,
    a_singleton,
    a_pool_grows,
    a_pool_shrinks,
    a_rolling_image_change,
    a_spot_interruption,
    a_host_is_lost,
}
