//! Instance types beyond the table, and the table against what EC2 says.

use paas_ec2::Prices;
use paas_hosts::{HourlyPrice, Machines, testing::machines_contract::Bench};

use crate::{canned::Canned, moto::MotoBench};

const DESCRIBED: &str = "<instanceTypeSet><item><instanceType>x9.large</instanceType>\
                         <vCpuInfo><defaultVCpus>2</defaultVCpus></vCpuInfo>\
                         <memoryInfo><sizeInMiB>3072</sizeInMiB></memoryInfo></item></instanceTypeSet>";

#[tokio::test]
async fn a_type_that_the_table_lacks_is_asked_for_once_and_has_no_price() {
    let api = Canned::default().answer("DescribeInstanceTypes", DESCRIBED);
    let machines = api.machines().await;
    for _ in 0..2 {
        let found = machines.instance_type("x9.large").await.unwrap();
        assert_eq!((found.cpu_millis, found.memory_mb, found.price), (2_000, 3_072, None));
    }
    assert_eq!(api.count("DescribeInstanceTypes"), 1);
}

#[tokio::test]
async fn a_type_of_the_table_costs_no_call() {
    let api = Canned::default();
    let found = api.machines().await.instance_type("m7i.xlarge").await.unwrap();
    assert_eq!(found.price, Some(HourlyPrice { on_demand_micros: 201_600, spot_micros: 80_640 }));
    assert_eq!(api.count("DescribeInstanceTypes"), 0);
}

/// What moto says is Amazon's own description.
#[tokio::test]
async fn the_tables_capacities_are_those_that_ec2_describes() {
    let bench = MotoBench::start().await;
    let prices = Prices::builtin();
    let names: Vec<_> = prices.names().map(aws_sdk_ec2::types::InstanceType::from).collect();
    let described =
        bench.client.describe_instance_types().set_instance_types(Some(names.clone())).send().await.unwrap();
    assert_eq!(described.instance_types().len(), names.len());
    for info in described.instance_types() {
        let name = info.instance_type().unwrap().as_str();
        let found = bench.ours().instance_type(name).await.unwrap();
        let cpus = info.v_cpu_info().unwrap().default_v_cpus().unwrap();
        let memory = info.memory_info().unwrap().size_in_mib().unwrap();
        assert_eq!(
            (i64::from(found.cpu_millis), i64::from(found.memory_mb)),
            (i64::from(cpus) * 1_000, memory),
            "{name}"
        );
    }
}
