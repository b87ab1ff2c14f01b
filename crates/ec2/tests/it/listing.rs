//! What is seen of instances: interruptions, pages, and instances that are not as expected.

use paas_hosts::{MachineError, MachineId, MachineState, Machines};
use paas_model::HostId;
use uuid::Uuid;

use crate::canned::Canned;

fn instance(id: &str, host: &str, rest: &str) -> String {
    format!(
        "<item><reservationId>r-{id}</reservationId><instancesSet><item><instanceId>{id}</instanceId>\
         <instanceState><code>16</code><name>running</name></instanceState>\
         <tagSet><item><key>paas:installation</key><value>ours</value></item>\
         <item><key>paas:host</key><value>{host}</value></item></tagSet>{rest}</item></instancesSet></item>"
    )
}

fn reservations(items: &[String]) -> String {
    format!("<reservationSet>{}</reservationSet>", items.concat())
}

fn host() -> HostId {
    HostId::from(Uuid::now_v7())
}

#[tokio::test]
async fn a_spot_instance_that_is_marked_is_interrupted_and_others_are_not() {
    let spot = "<instanceLifecycle>spot</instanceLifecycle>";
    let marked = "<spotInstanceRequestSet><item><instanceId>i-1</instanceId>\
                  <status><code>marked-for-termination</code></status></item></spotInstanceRequestSet>";
    let api = Canned::default()
        .answer(
            "DescribeInstances",
            &reservations(&[instance("i-1", &host().to_string(), spot), instance("i-2", &host().to_string(), spot)]),
        )
        .answer("DescribeSpotInstanceRequests", marked);
    let listed = api.machines().await.list().await.unwrap();
    let interrupted: Vec<_> = listed.iter().map(|machine| (machine.id.0.as_str(), machine.interrupted)).collect();
    assert_eq!(interrupted, [("i-1", true), ("i-2", false)]);
    let asked = &api.calls("DescribeSpotInstanceRequests")[0];
    assert!(asked.contains("marked-for-termination") && asked.contains("tag%3Apaas%3Ainstallation"), "{asked}");
}

#[tokio::test]
async fn an_instance_that_ec2_is_ending_says_itself_that_it_was_interrupted() {
    let rest = "<stateReason><code>Server.SpotInstanceTermination</code><message>m</message></stateReason>";
    let api =
        Canned::default().answer("DescribeInstances", &reservations(&[instance("i-1", &host().to_string(), rest)]));
    assert!(api.machines().await.list().await.unwrap()[0].interrupted);
}

#[tokio::test]
async fn nothing_is_asked_about_spot_requests_without_spot_instances() {
    let api = Canned::default().answer("DescribeInstances", &reservations(&[instance("i-1", &host().to_string(), "")]));
    api.machines().await.list().await.unwrap();
    assert_eq!(api.count("DescribeSpotInstanceRequests"), 0);
}

#[tokio::test]
async fn every_page_is_listed() {
    let page = |id, next: &str| reservations(&[instance(id, &host().to_string(), "")]) + next;
    let api = Canned::default()
        .answer("DescribeInstances", &page("i-1", "<nextToken>more</nextToken>"))
        .answer("DescribeInstances", &page("i-2", ""));
    let listed = api.machines().await.list().await.unwrap();
    assert_eq!(listed.iter().map(|machine| machine.id.0.as_str()).collect::<Vec<_>>(), ["i-1", "i-2"]);
    assert!(api.calls("DescribeInstances")[1].contains("NextToken=more"));
}

#[tokio::test]
async fn an_instance_whose_tag_is_no_hosts_id_is_listed_without_a_host() {
    let api = Canned::default().answer("DescribeInstances", &reservations(&[instance("i-1", "web", "")]));
    let listed = api.machines().await.list().await.unwrap();
    assert_eq!((listed[0].host, listed[0].state), (None, MachineState::Running));
}

#[tokio::test]
async fn of_several_instances_for_one_host_the_oldest_that_lives_is_adopted() {
    let order = paas_hosts::testing::machines_contract::order("ami-0123456789abcdef0");
    let id = order.host.to_string();
    let launched = |day: u8| format!("<launchTime>2026-01-0{day}T00:00:00.000Z</launchTime>");
    let ended = instance("i-0", &id, &launched(1)).replace("running", "terminated");
    let api = Canned::default().answer(
        "DescribeInstances",
        &reservations(&[ended, instance("i-3", &id, &launched(3)), instance("i-2", &id, &launched(2))]),
    );
    assert_eq!(api.machines().await.launch(&order).await.unwrap().id, MachineId("i-2".to_owned()));
    assert_eq!(api.count("RunInstances"), 0);
}

#[tokio::test]
async fn what_is_not_tagged_as_the_hosts_is_never_asked_to_end() {
    let api = Canned::default()
        .answer("DescribeInstances", &reservations(&[instance("i-1", &host().to_string(), "")]))
        .answer("TerminateInstances", "");
    let refused = api.machines().await.terminate(host(), &MachineId("i-1".to_owned())).await;
    assert!(matches!(refused, Err(MachineError::NotOurs { .. })), "{refused:?}");
    assert_eq!(api.count("TerminateInstances"), 0);
}

#[tokio::test]
async fn what_has_ended_is_not_asked_to_end_again() {
    let host = host();
    let ended = instance("i-1", &host.to_string(), "").replace("running", "terminated");
    let api = Canned::default().answer("DescribeInstances", &reservations(&[ended])).answer("TerminateInstances", "");
    api.machines().await.terminate(host, &MachineId("i-1".to_owned())).await.unwrap();
    assert_eq!(api.count("TerminateInstances"), 0);
}
