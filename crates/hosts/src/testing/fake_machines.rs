//! A cloud in memory.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use chrono::Utc;
use paas_model::HostId;
use tokio::sync::watch;

use crate::{
    HourlyPrice, InstanceType, Machine, MachineError, MachineId, MachineOrder, MachineState, Machines,
    MissingPermission,
};

/// No cloud has it.
const MISSING_IMAGE: &str = super::machines_contract::MISSING_IMAGE;

/// A cloud without machines: they are pending when launched and run when next looked at. Nothing takes time.
///
/// Clones are handles to one cloud.
#[derive(Clone)]
pub struct FakeMachines {
    installation: String,
    cloud: Arc<Mutex<Cloud>>,
    /// Calls wait.
    stalled: Arc<watch::Sender<bool>>,
}

/// What comes of a launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaunchFault {
    NoCapacity,
    LimitReached,
    Throttled,
    /// Of this action.
    Denied(String),
    /// The caller sees `Unavailable`, and there is no machine.
    NoAnswer,
    /// The caller sees `Unavailable`, and there is a machine.
    UnknownOutcome,
    /// Success, and the machine stays pending.
    NeverBoots,
}

struct Cloud {
    instances: BTreeMap<MachineId, Instance>,
    types: BTreeMap<String, InstanceType>,
    unknown_images: BTreeSet<String>,
    faults: VecDeque<LaunchFault>,
    /// Actions that the credentials may not do.
    denied: BTreeSet<String>,
    down: bool,
}

struct Instance {
    installation: String,
    order: MachineOrder,
    machine: Machine,
    boots: bool,
}

impl Default for FakeMachines {
    fn default() -> Self {
        let types = [("c7i.large", 2_000, 4_096), ("m7i.large", 2_000, 8_192), ("m7i.xlarge", 4_000, 16_384)];
        let cloud = Cloud {
            instances: BTreeMap::new(),
            types: types
                .into_iter()
                .map(|(name, cpu, memory)| (name.to_owned(), instance_type(name, cpu, memory)))
                .collect(),
            unknown_images: BTreeSet::from([MISSING_IMAGE.to_owned()]),
            faults: VecDeque::new(),
            denied: BTreeSet::new(),
            down: false,
        };
        Self { installation: "ours".to_owned(), cloud: Arc::new(Mutex::new(cloud)), stalled: Arc::default() }
    }
}

/// Scripting, and looking at what came of it.
impl FakeMachines {
    /// The same cloud, seen by another installation.
    #[must_use]
    pub fn of_installation(&self, installation: &str) -> Self {
        Self { installation: installation.to_owned(), ..self.clone() }
    }

    /// What comes of the next launch that is not an adoption; several are used up in order.
    pub fn fail_next_launch(&self, fault: LaunchFault) {
        self.cloud().faults.push_back(fault);
    }

    pub fn add_type(&self, name: &str, cpu_millis: u32, memory_mb: u32) {
        self.cloud().types.insert(name.to_owned(), instance_type(name, cpu_millis, memory_mb));
    }

    pub fn forget_image(&self, image: &str) {
        self.cloud().unknown_images.insert(image.to_owned());
    }

    /// The credentials may not do this, such as `ec2:TerminateInstances`.
    pub fn deny(&self, action: &str) {
        self.cloud().denied.insert(action.to_owned());
    }

    /// Every call is `Unavailable` until [`Self::come_back`].
    pub fn go_down(&self) {
        self.cloud().down = true;
    }

    pub fn come_back(&self) {
        self.cloud().down = false;
    }

    /// No call is answered until [`Self::go_on`].
    pub fn stall(&self) {
        self.stalled.send_replace(true);
    }

    pub fn go_on(&self) {
        self.stalled.send_replace(false);
    }

    /// The cloud says that it takes the host's machine back.
    pub fn interrupt(&self, host: HostId) {
        self.change(host, |machine| machine.interrupted = true);
    }

    /// The host gets a second machine, as when two launches cross.
    pub fn launch_twice(&self, host: HostId) {
        if let Some(order) = self.order(host) {
            self.cloud().launch(&self.installation, &order, true);
        }
    }

    /// The host's machine ends by itself.
    pub fn end(&self, host: HostId) {
        self.change(host, end);
    }

    /// What the host's machine was launched with, user data and all.
    #[must_use]
    pub fn order(&self, host: HostId) -> Option<MachineOrder> {
        self.cloud().instances.values().find(|it| it.order.host == host).map(|it| it.order.clone())
    }

    /// Every machine that was ever launched, ended ones too, in the order of their launch.
    #[must_use]
    pub fn machines(&self) -> Vec<Machine> {
        self.cloud().instances.values().map(|it| it.machine.clone()).collect()
    }

    fn change(&self, host: HostId, change: impl FnOnce(&mut Machine)) {
        if let Some(instance) = self.cloud().instances.values_mut().find(|it| it.order.host == host) {
            change(&mut instance.machine);
        }
    }

    fn cloud(&self) -> MutexGuard<'_, Cloud> {
        self.cloud.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answering(&self) {
        // The sender is ours: it cannot be gone.
        let _ = self.stalled.subscribe().wait_for(|stalled| !stalled).await;
    }

    /// The cloud, when it answers and the credentials may do this.
    fn calling(&self, action: &str) -> Result<MutexGuard<'_, Cloud>, MachineError> {
        let cloud = self.cloud();
        if cloud.down {
            return Err(unavailable());
        }
        if cloud.denied.contains(action) {
            return Err(MachineError::Denied { action: action.to_owned() });
        }
        Ok(cloud)
    }
}

#[async_trait]
impl Machines for FakeMachines {
    async fn launch(&self, order: &MachineOrder) -> Result<Machine, MachineError> {
        self.answering().await;
        let mut cloud = self.calling("ec2:RunInstances")?;
        let ours = |it: &&Instance| it.installation == self.installation && it.order.host == order.host;
        if let Some(instance) = cloud.instances.values().find(ours) {
            return Ok(instance.machine.clone());
        }
        cloud.may_be_ordered(order)?;
        let fault = cloud.faults.pop_front();
        match fault {
            None | Some(LaunchFault::NeverBoots) => Ok(cloud.launch(&self.installation, order, fault.is_none())),
            Some(LaunchFault::UnknownOutcome) => {
                cloud.launch(&self.installation, order, true);
                Err(unavailable())
            }
            Some(LaunchFault::NoAnswer) => Err(unavailable()),
            Some(LaunchFault::NoCapacity) => {
                Err(MachineError::NoCapacity { instance_type: order.instance_type.clone(), zone: order.zone.clone() })
            }
            Some(LaunchFault::LimitReached) => {
                Err(MachineError::LimitReached { reason: "no more of these".to_owned() })
            }
            Some(LaunchFault::Throttled) => Err(MachineError::Throttled),
            Some(LaunchFault::Denied(action)) => Err(MachineError::Denied { action }),
        }
    }

    async fn list(&self) -> Result<Vec<Machine>, MachineError> {
        self.answering().await;
        let mut cloud = self.calling("ec2:DescribeInstances")?;
        let ours = cloud.instances.values_mut().filter(|it| it.installation == self.installation);
        Ok(ours
            .filter(|it| it.machine.state != MachineState::Ended)
            .map(|instance| {
                if instance.boots && instance.machine.state == MachineState::Pending {
                    instance.machine.state = MachineState::Running;
                }
                instance.machine.clone()
            })
            .collect())
    }

    async fn terminate(&self, host: HostId, machine: &MachineId) -> Result<(), MachineError> {
        self.answering().await;
        let mut cloud = self.calling("ec2:TerminateInstances")?;
        match cloud.instances.get_mut(machine) {
            None => Ok(()),
            Some(instance) if instance.machine.state == MachineState::Ended => Ok(()),
            Some(instance) if instance.installation == self.installation && instance.order.host == host => {
                end(&mut instance.machine);
                Ok(())
            }
            Some(_) => Err(MachineError::NotOurs { machine: machine.clone() }),
        }
    }

    async fn check(&self, order: &MachineOrder) -> Result<Vec<MissingPermission>, MachineError> {
        self.answering().await;
        let cloud = self.cloud();
        if cloud.down {
            return Err(unavailable());
        }
        cloud.may_be_ordered(order)?;
        Ok(cloud.denied.iter().cloned().map(MissingPermission).collect())
    }

    async fn instance_type(&self, name: &str) -> Result<InstanceType, MachineError> {
        self.answering().await;
        self.calling("ec2:DescribeInstanceTypes")?.instance_type(name).cloned()
    }
}

impl Cloud {
    fn launch(&mut self, installation: &str, order: &MachineOrder, boots: bool) -> Machine {
        let number = u32::try_from(self.instances.len() + 1).unwrap_or(u32::MAX);
        let machine = Machine {
            id: MachineId(format!("i-{number:017x}")),
            host: Some(order.host),
            state: MachineState::Pending,
            private_address: Some(IpAddr::V4(Ipv4Addr::from_bits(Ipv4Addr::new(10, 99, 0, 0).to_bits() + number))),
            instance_type: order.instance_type.clone(),
            zone: order.zone.clone(),
            spot: order.spot,
            launched_at: Some(Utc::now()),
            interrupted: false,
        };
        let instance =
            Instance { installation: installation.to_owned(), order: order.clone(), machine: machine.clone(), boots };
        self.instances.insert(machine.id.clone(), instance);
        machine
    }

    fn may_be_ordered(&self, order: &MachineOrder) -> Result<(), MachineError> {
        if self.unknown_images.contains(&order.image) {
            return Err(MachineError::Invalid { reason: format!("there is no image {}", order.image) });
        }
        self.instance_type(&order.instance_type).map(|_| ())
    }

    fn instance_type(&self, name: &str) -> Result<&InstanceType, MachineError> {
        self.types.get(name).ok_or_else(|| {
            let known: Vec<_> = self.types.keys().map(String::as_str).collect();
            MachineError::Invalid {
                reason: format!("there is no instance type {name}; there are {}", known.join(", ")),
            }
        })
    }
}

impl fmt::Debug for FakeMachines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeMachines").field("installation", &self.installation).finish_non_exhaustive()
    }
}

fn end(machine: &mut Machine) {
    machine.state = MachineState::Ended;
    machine.private_address = None;
}

fn unavailable() -> MachineError {
    MachineError::Unavailable { source: "scripted to fail".into() }
}

/// Five cents per core and hour; spot at 40 %.
fn instance_type(name: &str, cpu_millis: u32, memory_mb: u32) -> InstanceType {
    let on_demand_micros = u64::from(cpu_millis) * 50;
    InstanceType {
        name: name.to_owned(),
        cpu_millis,
        memory_mb,
        price: Some(HourlyPrice { on_demand_micros, spot_micros: on_demand_micros * 2 / 5 }),
    }
}
