use std::collections::BTreeMap;

use chrono::TimeDelta;
use paas_db::new_id;
use paas_hosts::ContainerName;
use paas_model::{AppName, DynoSize, ProcessType, ReleaseVersion};

use super::*;
use crate::testing;

const RUNNING: Option<ContainerState> = Some(ContainerState::Running);
const CREATED: Option<ContainerState> = Some(ContainerState::Created);
const ENDED: Option<ContainerState> = Some(ContainerState::Ended { exit_code: 3, out_of_memory: false });
const AFTER_ENDED: Step = Step::Ended { exit_code: 3, out_of_memory: false };

fn dyno(state: DynoState) -> Dyno {
    let now = Utc::now();
    Dyno {
        id: new_id(),
        app_id: new_id(),
        app_name: AppName::parse("example").unwrap(),
        health_path: None,
        release_id: new_id(),
        release_version: ReleaseVersion(3),
        kind: DynoKind::Formation,
        process_type: ProcessType::web(),
        number: 1,
        size: DynoSize::default(),
        command: "node index.js".to_owned(),
        state,
        host_id: None,
        address: None,
        account_email: None,
        attach: false,
        awaits_client: false,
        tty: false,
        expires_at: None,
        crashes: 0,
        restart_at: None,
        restart_requested: false,
        exit_code: None,
        note: None,
        started_at: None,
        up_at: None,
        stopping_at: None,
        logged_until: None,
        created_at: now,
        updated_at: now,
    }
}

fn due(row: &Dyno, container: Option<ContainerState>) -> Option<Step> {
    let status = container.map(|state| ContainerStatus {
        name: ContainerName("dyno-x".to_owned()),
        labels: BTreeMap::new(),
        state,
        is_frozen: false,
        address: None,
    });
    next(row, status.as_ref(), &testing::settings(), Utc::now())
}

#[test]
fn every_pair_of_row_and_container_has_one_step() {
    use DynoState::{Crashed, Gone, Placed, Starting, Stopping, Up, Wanted};
    for (state, container, want) in [
        (Placed, None, Some(Step::Start)),
        (Placed, CREATED, Some(Step::Start)),
        (Placed, RUNNING, Some(Step::Started)),
        (Placed, ENDED, Some(Step::Started)),
        (Starting, None, Some(Step::Vanished)),
        (Starting, CREATED, Some(Step::Vanished)),
        (Starting, RUNNING, Some(Step::AwaitPort)),
        (Starting, ENDED, Some(AFTER_ENDED)),
        (Up, None, Some(Step::Vanished)),
        (Up, RUNNING, None),
        (Up, ENDED, Some(AFTER_ENDED)),
        (Stopping, None, Some(Step::Stop)),
        (Stopping, RUNNING, Some(Step::Stop)),
        (Stopping, ENDED, Some(Step::Stop)),
        (Wanted, RUNNING, None),
        (Crashed, RUNNING, None),
        (Gone, RUNNING, None),
    ] {
        assert_eq!(due(&dyno(state), container), want, "{state} {container:?}");
    }
}

#[test]
fn an_attached_dyno_waits_for_its_client_and_not_for_ever() {
    let mut row = Dyno { attach: true, awaits_client: true, kind: DynoKind::OneOff, ..dyno(DynoState::Placed) };
    assert_eq!(due(&row, None), Some(Step::Start));
    assert_eq!(due(&row, CREATED), None);
    row.updated_at -= TimeDelta::hours(1);
    assert_eq!(due(&row, CREATED), Some(Step::GiveUpAttach));
    assert_eq!(due(&row, RUNNING), Some(Step::Started));
}

#[test]
fn a_dyno_past_its_time_is_stopped() {
    let row = Dyno { expires_at: Some(Utc::now() - TimeDelta::seconds(1)), ..dyno(DynoState::Up) };
    assert_eq!(due(&row, RUNNING), Some(Step::Expire));
}

#[test]
fn a_dyno_is_cycled_when_it_has_been_up_for_its_time_and_a_little_of_its_own() {
    let settings = Settings { cycle_after: Some(std::time::Duration::from_secs(24 * 3_600)), ..testing::settings() };
    let status = ContainerStatus {
        name: ContainerName("dyno-x".to_owned()),
        labels: BTreeMap::new(),
        state: ContainerState::Running,
        is_frozen: false,
        address: None,
    };
    let due = |row: &Dyno, settings: &Settings| next(row, Some(&status), settings, Utc::now());
    let served = |hours| Dyno { up_at: Some(Utc::now() - TimeDelta::hours(hours)), ..dyno(DynoState::Up) };
    assert_eq!(due(&served(23), &settings), None);
    assert_eq!(due(&served(28), &settings), Some(Step::Cycle));
    assert_eq!(due(&Dyno { restart_requested: true, ..served(28) }, &settings), None);
    assert_eq!(due(&Dyno { kind: DynoKind::OneOff, ..served(28) }, &settings), None);
    assert_eq!(due(&served(10_000), &testing::settings()), None, "off unless asked for");
}
