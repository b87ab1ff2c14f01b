use paas_model::{DEDICATED, Labels, ROLE, ROLE_BUILD};

/// Whom a host is for. Hosts of different audiences have nothing in common, so they are counted apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Audience {
    /// `dedicated=X`: only apps with that label, and those nowhere else. `None`: apps without.
    pub(crate) dedicated: Option<String>,
    /// `role=build`: builds, and no dynos.
    pub(crate) builds: bool,
}

impl Audience {
    /// Whom a host with these labels serves.
    pub(crate) fn of_host(labels: &Labels) -> Self {
        let builds = labels.get(ROLE).is_some_and(|role| role == ROLE_BUILD);
        Self { dedicated: labels.get(DEDICATED).cloned(), builds }
    }

    /// The hosts that the dynos of an app with these labels may be on.
    pub(crate) fn of_app(labels: &Labels) -> Self {
        Self { dedicated: labels.get(DEDICATED).cloned(), builds: false }
    }

    /// The build hosts for the same apps.
    pub(crate) fn builders(&self) -> Self {
        Self { builds: true, ..self.clone() }
    }
}
