use paas_platform::TwoFactorProof;

use super::login::secret;
use crate::{
    context::{Context, JsonArgs},
    error::Error,
};

/// Show whether logins ask for a second factor
#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    #[command(flatten)]
    json: JsonArgs,
}

impl Show {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let status = context.client()?.two_factor().await?;
        if self.json.json {
            return context.printer.json(&status);
        }
        match status.enabled {
            true => context.printer.line(format!(
                "Two-factor authentication is enabled; {} recovery codes are left",
                status.recovery_codes_left
            )),
            false => context.printer.line("Two-factor authentication is not enabled"),
        }
    }
}

/// Have logins ask for a code from an authenticator app
#[derive(Debug, clap::Args)]
pub(crate) struct Enable {}

impl Enable {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let password = Some(secret("Password: ")?);
        let client = context.client()?;
        let made = client.enroll_two_factor(&TwoFactorProof { password, code: None }).await?;
        context.printer.note("Give this to your authenticator app:");
        context.printer.object(&[("Secret", made.secret.expose()), ("URL", made.url.expose())])?;
        let code = Some(secret("The code that it shows: ")?);
        let codes = client.confirm_two_factor(&TwoFactorProof { password: None, code }).await?;
        context.printer.note("Two-factor authentication is enabled. Keep these recovery codes; each works once:");
        codes.recovery_codes.iter().try_for_each(|code| context.printer.plain(code.expose()))
    }
}

/// Have logins ask for the password alone
#[derive(Debug, clap::Args)]
pub(crate) struct Disable {}

impl Disable {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let password = Some(secret("Password: ")?);
        let code = Some(secret("Two-factor code, or a recovery code: ")?);
        let action = context.printer.action("Disabling two-factor authentication");
        context.client()?.disable_two_factor(&TwoFactorProof { password, code }).await?;
        action.done();
        Ok(())
    }
}
