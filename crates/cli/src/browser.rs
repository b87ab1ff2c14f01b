use std::process::{Command, Stdio};

use crate::{context::Context, error::Error};

/// Opens an address in the user's browser, and prints it for whoever has none here, and for scripts.
pub(crate) fn open(context: &Context, url: &str) -> Result<(), Error> {
    context.printer.line(url)?;
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let ran = Command::new(opener).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).status();
    if !ran.is_ok_and(|status| status.success()) {
        context.printer.warn(format!("{opener} did not open a browser; the address is above."));
    }
    Ok(())
}
