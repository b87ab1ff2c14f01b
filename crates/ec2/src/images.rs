use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use aws_sdk_ec2::Client;
use paas_hosts::MachineError;

use crate::answer;

/// What images call their root disk. The size of that disk is ordered by this name, and every distribution has another.
/// An image never changes, so one look is enough.
#[derive(Debug, Default)]
pub(crate) struct Images {
    root_devices: Mutex<BTreeMap<String, String>>,
}

impl Images {
    pub(crate) async fn root_device(&self, client: &Client, image: &str) -> Result<String, MachineError> {
        if let Some(known) = self.root_devices.lock().unwrap_or_else(PoisonError::into_inner).get(image) {
            return Ok(known.clone());
        }
        let found = root_device(client, image).await?;
        let mut known = self.root_devices.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(image.to_owned(), found.clone());
        Ok(found)
    }
}

/// # Errors
/// `Invalid` when the image does not exist, or is not for this account.
pub(crate) async fn root_device(client: &Client, image: &str) -> Result<String, MachineError> {
    let described = client
        .describe_images()
        .image_ids(image)
        .send()
        .await
        .map_err(|error| answer::failure("ec2:DescribeImages", error))?;
    let found = described.images().first().ok_or_else(|| invalid(format!("there is no image {image} here")))?;
    let device = found.root_device_name().filter(|device| !device.is_empty());
    device.map(str::to_owned).ok_or_else(|| invalid(format!("image {image} has no root disk")))
}

fn invalid(reason: String) -> MachineError {
    MachineError::Invalid { reason }
}
