//! What launches the machines of pools, where there is such a thing.

use std::sync::Arc;

use anyhow::Result;
use paas_hosts::Machines;

use crate::{ca::Authority, config::Config};

/// `None`: pools launch nothing.
///
/// # Errors
/// The settings do not fit; the text says which.
#[cfg(feature = "ec2")]
pub(crate) async fn connect(config: &Config, authority: &Authority) -> Result<Option<Arc<dyn Machines>>> {
    use anyhow::Context;
    use paas_ec2::{Ec2Config, Ec2Machines, Prices};

    use crate::progress::line;

    let Some(ec2) = &config.ec2 else {
        return Ok(None);
    };
    let prices = match &ec2.prices {
        None => Prices::builtin(),
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
            Prices::with(&text).with_context(|| format!("reading {}", path.display()))?
        }
    };
    let installation = ec2.installation.clone().unwrap_or_else(|| installation(authority));
    line(format_args!("Pools launch EC2 instances, tagged paas:installation={installation}"));
    let settings = Ec2Config {
        installation,
        region: ec2.region.clone(),
        endpoint_url: ec2.endpoint.as_ref().map(ToString::to_string),
        prices,
    };
    let machines = Ec2Machines::connect(settings).await.context("EC2 cannot be used; set PAAS_EC2_REGION")?;
    Ok(Some(Arc::new(machines)))
}

/// # Errors
/// EC2 is wanted, and this program was built without it.
#[cfg(not(feature = "ec2"))]
#[expect(clippy::unused_async, reason = "the other one connects")]
pub(crate) async fn connect(config: &Config, _: &Authority) -> Result<Option<Arc<dyn Machines>>> {
    if config.ec2.is_some() {
        anyhow::bail!(
            "EC2 is set up, and this paasd was built without it.\n\
             Use one that was built with `--features ec2`, or set PAAS_EC2=off."
        );
    }
    Ok(None)
}

/// The same in every process, and another for every other installation: it comes from the authority, which lasts as long.
#[cfg(any(feature = "ec2", test))]
fn installation(authority: &Authority) -> String {
    use sha2::{Digest, Sha256};

    format!("paas-{}", hex::encode(&Sha256::digest(authority.pem())[..6]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_is_called_by_its_authority() {
        let (one, other) = (Authority::for_test(), Authority::for_test());
        assert_eq!(installation(&one), installation(&one));
        assert_ne!(installation(&one), installation(&other));
        assert_eq!(installation(&one).len(), "paas-".len() + 12);
    }
}
