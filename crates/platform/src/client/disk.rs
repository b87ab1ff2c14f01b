use super::{Client, ClientError};
use crate::DiskReport;

impl Client {
    /// What takes the disks. Takes as long as the slowest host, at most a minute.
    ///
    /// # Errors
    /// Any [`ClientError`]; status 403 for accounts that are not the installation's owner.
    pub async fn disk(&self) -> Result<DiskReport, ClientError> {
        self.get(&["disk"]).await
    }
}
