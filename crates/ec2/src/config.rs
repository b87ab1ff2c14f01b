use crate::Prices;

/// Where instances are launched, and whose they are. Credentials come from where every program of Amazon's looks for
/// them: environment variables, profile files, a web identity, the instance's or container's role.
#[derive(Debug, Clone)]
pub struct Ec2Config {
    /// The value of the tag `paas:installation`. Two that share a name would end each other's instances.
    pub installation: String,
    /// `None`: what the environment, the profile or the instance says.
    pub region: Option<String>,
    /// `None`: Amazon's for the region. Another one is a test server, or an endpoint inside a VPC.
    pub endpoint_url: Option<String>,
    pub prices: Prices,
}
