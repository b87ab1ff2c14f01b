use paas_platform::DomainUpdate;

use super::Files;
use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Add a certificate to an app, and serve the domains with it that it is good for and that have none yet
#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    app: AppArgs,
}

impl Add {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let body = self.files.read()?;
        let action = context.printer.action(format!("Adding SSL certificate to {}", printer::app(&app)));
        let client = context.client()?;
        let endpoint = client.add_sni_endpoint(&app, &body).await?;
        action.done();
        super::print(context, &endpoint, "Certificate details:", &[])?;
        let covers = |hostname: &str| endpoint.ssl_cert.cert_domains.iter().any(|name| is_covered(hostname, name));
        for domain in client.domains(&app).await? {
            if domain.kind == "custom" && domain.sni_endpoint.is_none() && covers(&domain.hostname) {
                let name = printer::command(&domain.hostname);
                let action = context.printer.action(format!("Serving {name} with {}", endpoint.name));
                let body = DomainUpdate { sni_endpoint: Some(endpoint.name.clone()) };
                client.update_domain(&app, &domain.hostname, &body).await?;
                action.done();
            }
        }
        Ok(())
    }
}

/// A wildcard stands for one label.
fn is_covered(hostname: &str, name: &str) -> bool {
    let below = |parent: &str| hostname.split_once('.').is_some_and(|(_, rest)| rest == parent);
    hostname == name || name.strip_prefix("*.").is_some_and(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_one_label() {
        for (hostname, name, want) in [
            ("www.example.com", "www.example.com", true),
            ("www.example.com", "*.example.com", true),
            ("*.example.com", "*.example.com", true),
            ("a.b.example.com", "*.example.com", false),
            ("example.com", "*.example.com", false),
            ("www.example.org", "*.example.com", false),
        ] {
            assert_eq!(is_covered(hostname, name), want, "{hostname} {name}");
        }
    }
}
