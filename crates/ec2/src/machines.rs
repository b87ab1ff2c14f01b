use std::time::Duration;

use async_trait::async_trait;
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_ec2::{
    Client,
    operation::describe_instances::DescribeInstancesOutput,
    types::{Filter, Reservation},
};
use paas_hosts::{
    InstanceType, Machine, MachineError, MachineId, MachineOrder, MachineState, Machines, MissingPermission,
};
use paas_model::HostId;

use crate::{
    Ec2Config,
    answer::{self, has_code},
    check,
    images::Images,
    instance::{self, HOST_TAG, INSTALLATION_TAG},
    instance_types::InstanceTypes,
    launch, spot,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Of a whole call. Launches answer within a few seconds; after this the outcome is unknown.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Fewer, larger pages: the API counts calls.
const PAGE_SIZE: i32 = 1000;
/// In these it exists, or still costs something.
const NOT_ENDED: [&str; 5] = ["pending", "running", "shutting-down", "stopping", "stopped"];

/// Instances of one installation in one region.
#[derive(Debug)]
pub struct Ec2Machines {
    client: Client,
    installation: String,
    images: Images,
    types: InstanceTypes,
}

impl Ec2Machines {
    /// Finds region and credentials. Calls nothing of EC2's yet; [`Machines::check`] does.
    ///
    /// # Errors
    /// `Invalid` when no region is said anywhere.
    pub async fn connect(config: Ec2Config) -> Result<Self, MachineError> {
        let sdk = aws_config::defaults(BehaviorVersion::latest());
        let sdk = match &config.region {
            Some(region) => sdk.region(Region::new(region.clone())),
            None => sdk,
        };
        Self::new(&sdk.load().await, config)
    }

    /// Over settings that were made otherwise; the configuration's region and endpoint win over theirs.
    ///
    /// # Errors
    /// `Invalid` when neither says a region.
    pub fn new(sdk: &SdkConfig, config: Ec2Config) -> Result<Self, MachineError> {
        let region = config.region.map(Region::new).or_else(|| sdk.region().cloned()).ok_or_else(|| {
            MachineError::Invalid { reason: "no AWS region is set; one is us-east-1, for instance".to_owned() }
        })?;
        let mut settings = aws_sdk_ec2::config::Builder::from(sdk)
            .region(region)
            // The caller's loop tries again, later and having looked. Tries in here would only add to throttling, and
            // EC2 reports missing capacity as an error of the server's.
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_timeout(CALL_TIMEOUT).build(),
            );
        if let Some(url) = config.endpoint_url {
            settings = settings.endpoint_url(url);
        }
        Ok(Self {
            client: Client::from_conf(settings.build()),
            installation: config.installation,
            images: Images::default(),
            types: InstanceTypes::new(config.prices),
        })
    }

    /// Every instance that these find, in any state.
    async fn find(&self, filters: [Filter; 2]) -> Result<Vec<Machine>, MachineError> {
        let pages = self
            .client
            .describe_instances()
            .set_filters(Some(filters.to_vec()))
            .into_paginator()
            .page_size(PAGE_SIZE)
            .send()
            .try_collect()
            .await
            .map_err(|error| answer::failure("ec2:DescribeInstances", error))?;
        let instances = pages.iter().flat_map(DescribeInstancesOutput::reservations).flat_map(Reservation::instances);
        Ok(instances.filter_map(instance::machine).collect())
    }

    /// The instance that was launched for the host. Where there are several, against all intent, the oldest that lives
    /// counts; the others are listed, and belong to no row.
    async fn launched_for(&self, host: HostId) -> Result<Option<Machine>, MachineError> {
        let filters = [self.ours(), filter(&format!("tag:{HOST_TAG}"), [host.to_string()])];
        let machines = self.find(filters).await?;
        let rank = |it: &Machine| (it.state >= MachineState::Stopping, it.launched_at, it.id.clone());
        Ok(machines.into_iter().min_by_key(rank))
    }

    fn ours(&self) -> Filter {
        filter(&format!("tag:{INSTALLATION_TAG}"), [self.installation.clone()])
    }
}

#[async_trait]
impl Machines for Ec2Machines {
    async fn launch(&self, order: &MachineOrder) -> Result<Machine, MachineError> {
        // The client token makes a repeated call harmless too, but only for a while, and only with the same settings.
        if let Some(machine) = self.launched_for(order.host).await? {
            return Ok(machine);
        }
        let root_device = self.images.root_device(&self.client, &order.image).await?;
        let launched = launch::request(&self.client, &self.installation, order, &root_device)?
            .send()
            .await
            .map_err(|error| answer::launch_failure(order, error))?;
        launched.instances().first().and_then(instance::machine).ok_or_else(|| MachineError::Unavailable {
            source: "the answer to ec2:RunInstances has no instance".into(),
        })
    }

    async fn list(&self) -> Result<Vec<Machine>, MachineError> {
        let states = filter("instance-state-name", NOT_ENDED.map(str::to_owned));
        let mut machines = self.find([self.ours(), states]).await?;
        if machines.iter().any(|machine| machine.spot) {
            let interrupted = spot::interrupted(&self.client, self.ours()).await?;
            for machine in &mut machines {
                machine.interrupted |= interrupted.contains(&machine.id);
            }
        }
        Ok(machines)
    }

    async fn terminate(&self, host: HostId, machine: &MachineId) -> Result<(), MachineError> {
        let described = match self.client.describe_instances().instance_ids(&machine.0).send().await {
            Ok(described) => described,
            Err(error) if has_code(&error, "InvalidInstanceID.NotFound") => return Ok(()),
            Err(error) => return Err(answer::failure("ec2:DescribeInstances", error)),
        };
        let mut found = described.reservations().iter().flat_map(Reservation::instances);
        let Some(instance) = found.find(|it| it.instance_id() == Some(&machine.0)) else {
            return Ok(());
        };
        if instance::state(instance) == MachineState::Ended {
            return Ok(());
        }
        if !instance::is_for(instance, &self.installation, host) {
            return Err(MachineError::NotOurs { machine: machine.clone() });
        }
        match self.client.terminate_instances().instance_ids(&machine.0).send().await {
            Ok(_) => Ok(()),
            Err(error) if has_code(&error, "InvalidInstanceID.NotFound") => Ok(()),
            Err(error) => Err(answer::failure("ec2:TerminateInstances", error)),
        }
    }

    async fn check(&self, order: &MachineOrder) -> Result<Vec<MissingPermission>, MachineError> {
        check::check(&self.client, &self.installation, self.ours(), order).await
    }

    async fn instance_type(&self, name: &str) -> Result<InstanceType, MachineError> {
        self.types.get(&self.client, name).await
    }
}

fn filter<const N: usize>(name: &str, values: [String; N]) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into())).build()
}
