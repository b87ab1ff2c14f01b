use std::collections::{BTreeMap, BTreeSet};

use crate::ProcessType;

/// What came of an app's Dockerfiles: an image for each process type, in place of one slug for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerImages {
    /// As hosts pull them, by digest.
    pub images: BTreeMap<ProcessType, String>,
    /// Types that run what their image says; the others have a command for a shell.
    pub own_commands: BTreeSet<ProcessType>,
}
